"""The ways in which the company's HR tells the product something: SCIM, and signed webhooks.

Who works here, where and under whom comes by SCIM, as identity providers tell it; leaves, endings and
returns, for which SCIM has no words, come as signed webhooks.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import aiohttp

from deploy.local.company.made_up import Person
from deploy.local.demo import hr
from deploy.local.demo.organiser import Declined

ENDS = frozenset({"inactive", "termination"})
BULK_MAX = 100
MESSAGES = "urn:ietf:params:scim:api:messages:2.0"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
EMPLOYMENT = "urn:mentoring:params:scim:schemas:extension:employment:2.0:User"
MEDIA_TYPE = "application/cloudevents-batch+json"
TRIES, TRY_AGAIN_S = 60, 0.5


@dataclass(frozen=True)
class Sent:
    """A fact that was delivered, and when by the wall: what became of it is measured from then on.

    `at_once`: it names no later day."""

    kind: hr.Kind
    number: int
    wall_at: datetime
    at_once: bool


@dataclass
class Office:
    """HR's side of a story: two systems, each with its own way in."""

    scim: Scim
    webhook: Webhook
    sent: list[Sent] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    """Who does not work here at the moment."""

    async def hire(self, people: Sequence[Person]) -> None:
        """Everybody who works here, managers before those who report to them."""
        depth = _depths(people)
        ordered = sorted(people, key=lambda one: (depth[one.number], one.number))
        wall_at = datetime.now(UTC)
        await self.scim.create(ordered)
        self.sent += [Sent("hire", one.number, wall_at, at_once=True) for one in ordered]

    async def say(self, one: hr.Happening) -> None:
        """One fact, as HR systems send what happens to single people."""
        self.sent.append(Sent(one.kind, one.number, datetime.now(UTC), "effective_on" not in one.about))
        if one.kind in ("change", "manager"):
            await self.scim.change(one)
        else:
            await self.webhook.send(one, f"{one.kind}-{one.number}-{len(self.sent)}")
        if one.kind in ENDS and self.sent[-1].at_once:
            self.gone.add(one.number)
        elif one.kind in ("return", "rehire"):
            self.gone.discard(one.number)


@dataclass
class Scim:
    """An identity provider. `base` is the address of the interface; `ids` are its ids by employee number."""

    client: aiohttp.ClientSession
    base: str
    token: str
    ids: dict[int, str] = field(default_factory=dict)

    async def create(self, people: Sequence[Person]) -> None:
        for start in range(0, len(people), BULK_MAX):
            batch = people[start : start + BULK_MAX]
            operations = [
                {"method": "POST", "path": "/Users", "bulkId": str(one.number), "data": _user(one)}
                for one in batch
            ]
            asked = {"schemas": [f"{MESSAGES}:BulkRequest"], "Operations": operations}
            for made in (await self._send("POST", "/Bulk", asked))["Operations"]:
                if made["status"] != "201":
                    raise Declined(f"SCIM did not create {made['bulkId']}: {made}")
                self.ids[int(made["bulkId"])] = made["location"].rsplit("/", 1)[1]

    async def change(self, one: hr.Happening) -> None:
        """Another site and zone, or another manager."""
        values = _scim_values(one.about["fields"])
        asked = {"schemas": [f"{MESSAGES}:PatchOp"], "Operations": [{"op": "replace", "value": values}]}
        await self._send("PATCH", f"/Users/{self.ids[one.number]}", asked)

    async def _send(self, method: str, path: str, asked: Mapping[str, Any]) -> Any:
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/scim+json"}
        body = json.dumps(asked).encode()
        return await _sent(self.client, method, f"{self.base}{path}", body=body, headers=lambda: headers)


@dataclass(frozen=True)
class Webhook:
    """An HR system that signs what it says."""

    client: aiohttp.ClientSession
    url: str
    secret: str

    async def send(self, one: hr.Happening, event_id: str) -> None:
        body = json.dumps([_event(one, event_id)]).encode()

        def headers() -> Mapping[str, str]:
            return {"content-type": MEDIA_TYPE, **signature(self.secret, event_id, body)}

        await _sent(self.client, "POST", self.url, body=body, headers=headers)


async def _sent(
    client: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    body: bytes,
    headers: Callable[[], Mapping[str, str]],
) -> Any:
    """The answer; asks again where none came. Raises Declined."""
    for left in reversed(range(TRIES)):
        try:
            async with client.request(method, url, data=body, headers=headers()) as answer:
                if answer.ok:
                    return await answer.json(content_type=None)
                if answer.status < 500 or not left:
                    said = (await answer.text())[:500]
                    raise Declined(f"{method} {url} answered {answer.status}: {said}")
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            if not left:
                raise Declined(f"{method} {url} did not answer: {error!r}") from error
        await asyncio.sleep(TRY_AGAIN_S)
    raise AssertionError("the last try returns or raises")


def signature(secret: str, delivery_id: str, body: bytes) -> Mapping[str, str]:
    """The headers of a delivery, as Standard Webhooks has them; its time is the wall's."""
    at = str(int(datetime.now(UTC).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"{delivery_id}.{at}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def _user(one: Person) -> Mapping[str, Any]:
    """A user as identity providers send them; managers by employee number."""
    employee = one.employee
    boss = {} if employee.manager is None else {"manager": {"value": str(employee.manager)}}
    return {
        "schemas": [USER, ENTERPRISE, EMPLOYMENT],
        "externalId": str(one.number),
        "userName": employee.login,
        "name": {"givenName": one.given_name, "familyName": one.family_name},
        "emails": [{"value": one.email, "type": "work", "primary": True}],
        "title": employee.title,
        "timezone": one.site.time_zone,
        "active": True,
        ENTERPRISE: {"employeeNumber": str(one.number), "department": employee.department, **boss},
        EMPLOYMENT: {"site": one.site.name, "hireDate": employee.hire_date.isoformat()},
    }


def _scim_values(fields: Mapping[str, str]) -> Mapping[str, Any]:
    """Fields of a fact as SCIM has them."""
    if "manager_employee_number" in fields:
        return {ENTERPRISE: {"manager": {"value": fields["manager_employee_number"]}}}
    return {"timezone": fields["time_zone"], EMPLOYMENT: {"site": fields["site"]}}


def _event(one: hr.Happening, id: str) -> Mapping[str, Any]:
    about = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in one.about.items()
    }
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/hr",
        "type": f"mentoring.hris.{one.kind}.v1",
        "time": one.at.isoformat(),
        "data": {"person": {"employee_number": str(one.number)}, **about},
    }


def _depths(people: Sequence[Person]) -> dict[int | None, int]:
    """How many managers are above each of them."""
    above = {one.number: one.employee.manager for one in people}
    found: dict[int | None, int] = {}
    for number in above:
        steps, at = 0, above[number]
        while at is not None:
            steps, at = steps + 1, above.get(at)
        found[number] = steps
    return found
