"""A store for tests of the storage itself, outside any loop of theirs; each has a source of its own in it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from services.matching import store
from services.matching.hris import credentials
from services.matching.hris.scim import comparing, models
from services.matching.hris.scim.storage import Storage
from shared import tx

PROVIDER = models.provider()
USERS, GROUPS = PROVIDER.resource_types
KINDS = {one.name: one for one in (comparing.kind(PROVIDER, kind) for kind in PROVIDER.resource_types)}
USER, GROUP = KINDS["User"].model, KINDS["Group"].model


@dataclass
class Ground:
    door: tx.Door
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def source(self) -> str:
        """A new one, with nothing in it."""
        name = f"source-{next(self.numbers)}"
        async with tx.transaction(self.door) as unit:
            await store.sources.add(unit.conn, credentials.new_source(name, "scim"))
        return name

    async def storage(self) -> Storage:
        return Storage(self.door, await self.source(), KINDS)
