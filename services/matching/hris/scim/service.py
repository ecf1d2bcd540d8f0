"""The protocol with our rules: who may do what, what is too much, and how errors of ours are said in SCIM."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import asyncpg
import scim2_models as scim
from scim2_server.conditions import Conditions
from scim2_server.errors import MethodNotAllowedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse
from scim2_server.routing import Target
from scim2_server.service import ScimService
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from services.matching.core.sources import Source
from services.matching.hris.scim import filters, models
from shared import log
from shared.errors import Refused, Transient

RETRY_AFTER_S = 2


class Service(ScimService):
    def authorize(self, request: ScimRequest, target: Target, resource_type: scim.ResourceType) -> None:
        """The token of a source opens all of that source and nothing else; nobody acts without one."""
        if not isinstance(request.subject, Source):
            raise scim.UnauthorizedException(detail="A source's token is needed: Authorization: Bearer …")

    def max_body_size(self, request: ScimRequest) -> int | None:
        return models.BODY_BYTES_MAX

    def read_search(self, resource_types: list[scim.ResourceType], payload: Any) -> tuple[Any, Any]:
        if isinstance(payload, dict):
            for name, value in payload.items():
                if name.casefold() == "filter":
                    filters.refuse_huge(str(value))
        return super().read_search(resource_types, payload)

    def apply_patch(
        self, current: scim.Resource[Any], patch_op: scim.PatchOp[Any], conditions: Conditions
    ) -> scim.Resource[Any] | None:
        for operation in patch_op.operations or ():
            if operation.op == scim.PatchOperation.Op.remove and isinstance(operation.value, list):
                operation.value = [_without_nulls(entry) for entry in operation.value]
        return super().apply_patch(current, patch_op, conditions)

    def patch_response(
        self, base_url: str, resource: scim.Resource[Any], response_parameters: scim.ResponseParameters[Any]
    ) -> ScimResponse:
        """200 with the user: Okta reads it. 204 for a group: Entra wants it, and its members can be many."""
        if isinstance(resource, scim.Group) and not _are_chosen(response_parameters):
            assert resource.meta is not None
            return ScimResponse(HTTPStatus.NO_CONTENT, None, {"ETag": str(resource.meta.version)})
        return self.replacement_response(base_url, resource, response_parameters)

    @staticmethod
    def error_of(exception: Exception) -> scim.Error:
        """The SCIM error of whatever went wrong; of a bug of ours it says nothing."""
        if isinstance(exception, scim.SCIMException):
            return exception.to_error()
        if isinstance(exception, Refused):
            kind = "invalidValue" if exception.status in (400, 422) else None
            return scim.Error(status=exception.status, scim_type=kind, detail=exception.detail)
        if isinstance(exception, HTTPException):
            return scim.Error(status=exception.status_code, detail=str(exception.detail))
        if isinstance(exception, Transient):
            detail = "This cannot be done at the moment. Please try again shortly."
            return scim.Error(status=HTTPStatus.SERVICE_UNAVAILABLE, detail=detail)
        if isinstance(exception, (asyncpg.DataError, UnicodeError)):
            detail = "A value is out of range or has a character that cannot be stored."
            return scim.Error(status=400, scim_type="invalidValue", detail=detail)
        log.exception("scim", outcome="bug", error=type(exception).__name__)
        return scim.Error(status=500, detail="Something went wrong on our side.")

    def error_response(self, exception: Exception) -> ScimResponse:
        error = self.error_of(exception)
        status = HTTPStatus(error.status or 500)
        response = ScimResponse(status, error.model_dump())
        if isinstance(exception, MethodNotAllowedException):
            response.headers["Allow"] = ", ".join(exception.allowed)
        if status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = 'Bearer realm="SCIM"'
        wait_s = exception.retry_after_s if isinstance(exception, Refused) else None
        if wait_s or status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = str(wait_s or RETRY_AFTER_S)
        return response


def _are_chosen(parameters: scim.ResponseParameters[Any]) -> bool:
    return bool(parameters.attributes or parameters.excluded_attributes)


def _without_nulls(entry: Any) -> Any:
    """Entra names a member to be removed with `"$ref": null`, which is true of none."""
    if not isinstance(entry, dict):
        return entry
    return {name: value for name, value in entry.items() if value is not None}


def refusal(status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """What the edge refuses, as a SCIM error; `code` is said by the status here."""
    body = scim.Error(status=status, detail=detail).model_dump()
    return JSONResponse(body, status, dict(headers or {}), media_type=SCIM_MEDIA_TYPE)
