"""An identity provider's side of SCIM: what the demo, the benches and tests say to /scim/v2, over HTTP.

async with httpx.AsyncClient(base_url=doors["scim"]["url"]) as client:
    directory = Directory(client, doors["scim"]["token"])
    ada = await directory.hire(a_user("ada", employeeNumber="100"))
    await directory.change(ada, {"title": "Engineer"})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

CORE = "urn:ietf:params:scim:schemas:core:2.0"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
EMPLOYMENT = "urn:mentoring:params:scim:schemas:extension:employment:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
IN_ENTERPRISE = ("employeeNumber", "department", "manager")
IN_EMPLOYMENT = ("site", "hireDate", "pool")
MEDIA_TYPE = "application/scim+json"


class Declined(Exception):
    """What /scim/v2 did not do, with its own words."""


@dataclass(frozen=True)
class Directory:
    """Speaks for one source. The client's base address ends in /scim/v2."""

    client: httpx.AsyncClient
    token: str

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Any request, whatever comes back."""
        headers = {"authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if body is not None:
            headers.setdefault("content-type", MEDIA_TYPE)
        address = f"{str(self.client.base_url).rstrip('/')}{path}"
        return await self.client.request(method, address, json=body, headers=headers, **options)

    async def hire(self, user: Mapping[str, Any]) -> str:
        """Creates a user and returns its SCIM id. Raises Declined."""
        return str(_told(await self.call("POST", "/Users", dict(user)))["id"])

    async def change(self, scim_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Replaces attributes by their paths; an attribute that is None is removed. Raises Declined."""
        return _told(await self.call("PATCH", f"/Users/{scim_id}", a_patch(values)))

    async def put_manager(self, scim_id: str, manager_id: str | None) -> None:
        """Names somebody's manager by their SCIM id; None: nobody is. Raises Declined."""
        value = None if manager_id is None else {"value": manager_id}
        await self.change(scim_id, {f"{ENTERPRISE}:manager": value})

    async def suspend(self, scim_id: str) -> None:
        """Nobody knows yet whether they come back. Raises Declined."""
        await self.change(scim_id, {"active": False})

    async def restore(self, scim_id: str) -> None:
        await self.change(scim_id, {"active": True})

    async def end(self, scim_id: str) -> None:
        """The employment is over. Raises Declined."""
        _told(await self.call("DELETE", f"/Users/{scim_id}"))

    async def find(self, filter_text: str) -> list[dict[str, Any]]:
        """The users that a filter keeps, at most a page of them. Raises Declined."""
        found = _told(await self.call("GET", "/Users", params={"filter": filter_text}))
        return list(found["Resources"])

    async def group(self, name: str, members: list[str]) -> str:
        """Creates a group and returns its id. Raises Declined."""
        body = {"schemas": [f"{CORE}:Group"], "displayName": name, "members": [{"value": m} for m in members]}
        return str(_told(await self.call("POST", "/Groups", body))["id"])


def _told(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise Declined(f"{asked}: {answer.status_code} {answer.text}")
    return dict(answer.json()) if answer.content else {}


def a_patch(values: Mapping[str, Any]) -> dict[str, Any]:
    operations = [
        {"op": "remove", "path": path} if value is None else {"op": "replace", "path": path, "value": value}
        for path, value in values.items()
    ]
    return {"schemas": [PATCH], "Operations": operations}


def a_user(user_name: str, **said: Any) -> dict[str, Any]:
    """A user in the standard's words. Attributes of the enterprise extension (employeeNumber, department,
    manager) and of ours (site, hireDate, pool) go where they belong; the rest is the user's own."""
    enterprise = {name: said.pop(name) for name in IN_ENTERPRISE if name in said}
    employment = {name: said.pop(name) for name in IN_EMPLOYMENT if name in said}
    body: dict[str, Any] = {
        "schemas": [f"{CORE}:User", ENTERPRISE, EMPLOYMENT],
        "userName": user_name,
        "active": True,
        "emails": [{"value": f"{user_name}@example.org", "type": "work", "primary": True}],
        "name": {"givenName": user_name.title(), "familyName": "Example"},
        "timezone": "Europe/Madrid",
        **said,
    }
    return {**body, ENTERPRISE: enterprise, EMPLOYMENT: employment}
