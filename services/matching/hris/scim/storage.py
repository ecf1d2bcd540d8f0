"""Where /scim/v2 keeps its resources: rows of our store, each write one transaction with all that follows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import scim2_models as scim
from scim2_server.storage import AsyncScimStorage, SearchPage

from services.matching import store
from services.matching.core.scim import Kept
from services.matching.hris.scim import members, searching, shapes, telling
from services.matching.hris.scim.comparing import Kind
from services.matching.hris.scim.searching import Found
from shared import envelope
from shared.tx import Connection, Door, Tx, lent, transaction


@dataclass(eq=False)
class Storage(AsyncScimStorage):
    """The resources of one source, for one request at a time."""

    door: Door
    source: str
    kinds: Mapping[str, Kind]
    default_zone: str = "UTC"
    _tx: Tx | None = None
    _locked: dict[UUID, Kept] = field(default_factory=dict)

    @asynccontextmanager
    async def operation(self) -> AsyncIterator[None]:
        """One transaction; what is locked in it is read once."""
        async with transaction(self.door) as self._tx:
            try:
                yield
            finally:
                self._tx = None
                self._locked.clear()

    @asynccontextmanager
    async def _within(self) -> AsyncIterator[Tx]:
        """The transaction of the operation, else one of its own."""
        if self._tx is not None:
            yield self._tx
            return
        async with transaction(self.door) as tx:
            try:
                yield tx
            finally:
                self._locked.clear()

    async def get(
        self,
        resource_type: scim.ResourceType,
        resource_id: str,
        *,
        response_parameters: scim.ResponseParameters[Any] | None = None,
    ) -> scim.Resource[Any]:
        """Without response parameters somebody is about to change it: it is locked then."""
        kind = self.kinds[str(resource_type.name)]
        async with self._within() as tx:
            if response_parameters is None:
                return await shapes.modelled(kind, await self._lock(tx, kind, resource_id))
            listed = searching.are_members_asked_for(kind, response_parameters)
            return await shapes.modelled(kind, await self._find(tx.conn, kind, resource_id, listed=listed))

    async def read(self, resource_type: scim.ResourceType, resource_id: str) -> Kept:
        """A whole resource, not yet rendered. Raises NotFoundException."""
        async with lent(self.door) as conn:
            return await self._find(conn, self.kinds[str(resource_type.name)], resource_id, listed=True)

    async def _find(self, conn: Connection, kind: Kind, resource_id: str, *, listed: bool) -> Kept:
        place = shapes.uuid(resource_id)
        kept = place and await store.scim.find(conn, self.source, kind.name, place, members=listed)
        if not kept:
            raise _missing(kind, resource_id)
        (whole,) = await members.with_groups(conn, [kept])
        return whole

    async def _lock(self, tx: Tx, kind: Kind, resource_id: str | None) -> Kept:
        place = shapes.uuid(resource_id)
        if place in self._locked:
            return self._locked[place]
        kept = place and await store.scim.find_locked(tx.conn, self.source, kind.name, place)
        if not kept:
            raise _missing(kind, resource_id)
        (whole,) = await members.with_groups(tx.conn, [kept])
        self._locked[whole.id] = whole
        return whole

    async def search(
        self,
        resource_types: list[scim.ResourceType],
        search_request: scim.SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        found = await self.find(resource_types, search_request)
        return SearchPage(found.total, [shapes.as_model(self.kinds[row.kind], row) for row in found.rows])

    async def find(self, resource_types: list[scim.ResourceType], asked: scim.SearchRequest[Any]) -> Found:
        """The rows of a page, not yet rendered. Raises InvalidFilterException."""
        kinds = [self.kinds[str(one.name)] for one in resource_types]
        if self._tx is not None:
            return await searching.find(self._tx.conn, self.source, kinds, asked)
        async with lent(self.door) as conn:
            return await searching.find(conn, self.source, kinds, asked)

    async def create(
        self, resource_type: scim.ResourceType, resource: scim.Resource[Any]
    ) -> scim.Resource[Any]:
        kind = self.kinds[str(resource_type.name)]
        async with self._within() as tx:
            said = shapes.as_json(resource)
            kept = Kept(
                id=envelope.new_id(),
                source=self.source,
                kind=kind.name,
                resource=orjson.dumps(said).decode(),
                name_key=shapes.name_key(kind, said),
                external_id=said.get("externalId"),
                person_id=None,
                version=1,
                created_at=tx.now,
                modified_at=tx.now,
            )
            kept = await _told(tx, None, kept, self.default_zone)
            if not await store.scim.add(tx.conn, kept, shapes.compared(kind, kept, said)):
                raise _taken(said)
            kept = replace(kept, members=await members.keep(tx, kept, resource))
            return await shapes.modelled(kind, kept)

    async def update(
        self,
        resource_type: scim.ResourceType,
        resource: scim.Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> scim.Resource[Any]:
        kind = self.kinds[str(resource_type.name)]
        async with self._within() as tx:
            before = await self._lock(tx, kind, resource.id)
            _refuse_outdated(before, expected_version)
            said = shapes.as_json(resource)
            after = replace(
                before,
                resource=orjson.dumps(said).decode(),
                name_key=shapes.name_key(kind, said),
                external_id=said.get("externalId"),
                version=before.version + 1,
                modified_at=tx.now,
            )
            after = await _told(tx, before, after, self.default_zone)
            try:
                await store.scim.save(tx.conn, after, shapes.compared(kind, after, said))
            except asyncpg.UniqueViolationError as error:
                raise _taken(said) from error
            after = replace(after, members=await members.keep(tx, before, resource))
            self._locked[after.id] = after
            return await shapes.modelled(kind, after)

    async def delete(
        self, resource_type: scim.ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        kind = self.kinds[str(resource_type.name)]
        async with self._within() as tx:
            before = await self._lock(tx, kind, resource_id)
            _refuse_outdated(before, expected_version)
            if kind.name == "User":
                await telling.gone(tx, before)
            else:
                await members.leave_all(tx, before)
            await store.scim.delete(tx.conn, before, tx.now)
            del self._locked[before.id]


async def _told(tx: Tx, before: Kept | None, after: Kept, default_zone: str) -> Kept:
    if after.kind != "User":
        return after
    return await telling.changed(tx, before, after, default_zone=default_zone)


def _missing(kind: Kind, resource_id: str | None) -> scim.NotFoundException:
    return scim.NotFoundException(detail=f"There is no {kind.name} with the id {resource_id}.")


def _taken(said: Mapping[str, Any]) -> scim.UniquenessException:
    return scim.UniquenessException(detail=f"The userName {said.get('userName')} belongs to another user.")


def _refuse_outdated(kept: Kept, expected_version: str | None) -> None:
    if expected_version is not None and kept.etag != expected_version:
        raise scim.PreconditionFailedException(
            detail="The resource has changed. Read it again and try again."
        )
