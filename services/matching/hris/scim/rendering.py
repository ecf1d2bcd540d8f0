"""Pages of found resources, without keeping everybody else waiting.

As a page is mostly asked for, its rows are already what is sent, but for the addresses. Where attributes are
chosen the library renders it, some resources at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import scim2_models as scim
from scim2_server.conditions import Conditions
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from services.matching.core.scim import Kept
from services.matching.hris.scim import models
from services.matching.hris.scim.comparing import Kind
from services.matching.hris.scim.searching import Found
from services.matching.hris.scim.shapes import as_model, with_meta

SLICE = 10
"""Resources rendered by the library in one go: some 5 ms."""
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


async def page(
    service: ScimService,
    kinds: Mapping[str, Kind],
    found: Found,
    *,
    base_url: str,
    asked: scim.SearchRequest[Any],
) -> ScimResponse:
    shown: list[Any] = []
    chosen = bool(asked.attributes or asked.excluded_attributes)
    for start in range(0, len(found.rows), SLICE):
        for row in found.rows[start : start + SLICE]:
            if chosen:
                shown.append(_chosen(service, kinds[row.kind], row, base_url=base_url, asked=asked))
            else:
                shown.append(whole(service, row, base_url))
        await asyncio.sleep(0)
    body = {
        "schemas": [LIST],
        "totalResults": found.total,
        "itemsPerPage": len(shown),
        "startIndex": asked.start_index or 1,
        "Resources": shown,
    }
    return ScimResponse(HTTPStatus.OK, body)


def one(service: ScimService, row: Kept, *, base_url: str, conditions: Conditions) -> ScimResponse:
    """A whole resource, or that it is still the one that was read before."""
    if not conditions.check(row.etag, "GET"):
        return ScimResponse(HTTPStatus.NOT_MODIFIED, None, {"ETag": row.etag})
    body = whole(service, row, base_url)
    headers = {"ETag": row.etag, "Content-Location": body["meta"]["location"]}
    return ScimResponse(HTTPStatus.OK, body, headers)


def _chosen(
    service: ScimService, kind: Kind, row: Kept, *, base_url: str, asked: scim.SearchRequest[Any]
) -> Any:
    published = service.publish(base_url, as_model(kind, row))
    return published.model_dump(scim_ctx=scim.Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked)


def whole(service: ScimService, row: Kept, base_url: str) -> dict[str, Any]:
    """A resource as the library would publish it."""
    said = with_meta(row)
    endpoint = "Users" if row.kind == "User" else "Groups"
    said["meta"]["location"] = f"{base_url.rstrip('/')}/{endpoint}/{row.id}"
    for other in (*said.get("members", ()), *said.get("groups", ())):
        other["$ref"] = f"{base_url.rstrip('/')}/{other['$ref']}"
    manager = said.get(models.ENTERPRISE, {}).get("manager") or {}
    if "$ref" in manager:
        manager["$ref"] = service.reference_location(base_url, manager["$ref"])
    return said
