"""Where facts about people come from, and what opens the door to each of these sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

Kind = Literal["scim", "webhook", "csv", "feed", "desk"]
Scope = Literal["scim", "hris:events", "hris:files"]
Opener = Literal["token", "secret"]

SCOPES: Mapping[Kind, Scope] = {"scim": "scim", "webhook": "hris:events", "csv": "hris:files"}
"""The door of each kind of source. A feed is let in by Kafka's own rules, the desk by the desk's."""
LIVE_MAX = 2
"""The one in use and the one that replaces it."""
TOKEN_DAYS = 365
TOKEN_DAYS_MAX = 730
OVERLAP_HOURS = 24
OVERLAP_HOURS_MAX = 168
EXPIRES_SOON = timedelta(days=14)


@dataclass(frozen=True)
class Source:
    """All times are wall time. Of two sources the smaller precedence wins, for some fields maybe another."""

    name: str
    kind: Kind
    precedence: int
    created_at: datetime
    retired_at: datetime | None
    last_contact_at: datetime | None
    last_success_at: datetime | None
    silent_after_hours: int | None
    by_field: Mapping[str, int] = field(default_factory=dict)

    def is_silent(self, now: datetime) -> bool:
        """Whether it has said nothing that was kept for longer than it may be silent."""
        if self.silent_after_hours is None or self.retired_at is not None:
            return False
        since = self.last_success_at or self.created_at
        return now - since > timedelta(hours=self.silent_after_hours)


@dataclass(frozen=True)
class Credential:
    """A token or a secret, without what is secret of it. A secret may be for good: no `expires_at`."""

    id: UUID
    source: str
    kind: Opener
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class Ending(NamedTuple):
    """Until when a credential is valid from now on."""

    id: UUID
    expires_at: datetime


def live(credentials: Sequence[Credential], now: datetime) -> list[Credential]:
    """Those that open the door now, the newest first."""
    found = [one for one in credentials if one.is_live(now)]
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def rotated(credentials: Sequence[Credential], *, now: datetime, overlap: timedelta) -> list[Ending]:
    """What becomes of those that are live when a new one is made: the newest stays for the overlap, unless it
    ends before, and any other ends now; so never more than two are live."""
    endings = []
    for place, one in enumerate(live(credentials, now)):
        wanted = now + overlap if place == 0 else now
        endings.append(Ending(one.id, wanted if one.expires_at is None else min(one.expires_at, wanted)))
    return endings
