"""The mail of all people: whoever waits for a link is told when it has come."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from itsdangerous import URLSafeSerializer

from deploy.local.people.mailbox import Mailbox

LOOK_S = 0.25


class NoMail(Exception):
    """A mail did not come within the patience of its reader."""


@dataclass(eq=False)
class Post:
    """`links` are the newest of each (purpose, what it is about, whose it is); `wire` has all Message-IDs."""

    folder: Path
    links: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wire = Mailbox(self.folder)

    async def watch(self) -> None:
        """Reads what comes until it is cancelled."""
        while True:
            self.read()
            await asyncio.sleep(LOOK_S)

    def read(self) -> None:
        for letter in self.wire.new():
            for link in letter.links.values():
                self.links[_about(link)] = link

    async def link(self, purpose: str, about: str, whose: str, *, within_s: float) -> str:
        """Raises NoMail."""
        deadline = time.monotonic() + within_s
        while (found := self.links.get((purpose, about, whose))) is None:
            if time.monotonic() > deadline:
                raise NoMail(f"{purpose} about {about} to {whose}")
            await asyncio.sleep(LOOK_S)
        return found


def _about(link: str) -> tuple[str, str, str]:
    """What a signed link says of itself; the signature is the services' affair."""
    _, said = URLSafeSerializer("").loads_unsafe(link.rpartition("/")[2])
    purpose, subject, audience, _, _ = said
    return str(purpose), str(UUID(subject)), str(UUID(audience))
