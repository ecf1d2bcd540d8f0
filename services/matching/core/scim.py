"""What is kept of a user or a group of an identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from services.matching.core.ids import PersonId, ProgrammeId, Role


@dataclass(frozen=True)
class Kept:
    """`resource` is JSON, and so are `members` of a group, where they were asked for, and `groups` of a user
    who is in any. `employee_number` and `status` are those of the person it is about, where they were asked
    for and somebody is known."""

    id: UUID
    source: str
    kind: str
    resource: str
    name_key: str
    external_id: str | None
    person_id: PersonId | None
    version: int
    created_at: datetime
    modified_at: datetime
    members: str | None = None
    groups: str | None = None
    employee_number: str | None = None
    status: str = ""

    @property
    def etag(self) -> str:
        """A user's groups change without a new version of the user, so they are a part of it."""
        if self.groups is None:
            return f'W/"{self.version}"'
        return f'W/"{self.version}-{blake2b(self.groups.encode(), digest_size=6).hexdigest()}"'


@dataclass(frozen=True)
class GroupRole:
    """The role in a programme that a group stands for."""

    group_id: UUID
    programme_id: ProgrammeId
    role: Role


@dataclass(frozen=True)
class Listed:
    """A group as an administrator sees it."""

    group_id: UUID
    source: str
    display_name: str
    members: int
    stands_for: GroupRole | None


@dataclass(frozen=True)
class Wanted:
    """One kind in a search: what keeps a resource of it (a jsonpath predicate, None: all are kept), and three
    jsonpaths of what it is sorted by (None: it has no such value)."""

    kind: str
    path: str | None = None
    primary: str | None = None
    of_primary: str | None = None
    of_first: str | None = None

    @property
    def may_ask_groups(self) -> bool:
        """Whether the groups that users belong to are compared, which are not kept with the users."""
        return any('"groups"' in (path or "") for path in (self.path, self.primary, self.of_first))


@dataclass(frozen=True)
class Slice:
    """Which part of what is found: at most `limit` (None: all) after the first `offset`."""

    offset: int = 0
    limit: int | None = None
    descending: bool = False
    members: bool = True
