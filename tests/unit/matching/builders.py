"""People, files of people and join forms as tests need them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.matching.core import roster
from services.matching.core.ids import MatchId, ParticipationId, PersonId, ProgrammeId
from services.matching.core.matches import Match
from services.matching.core.programmes import Programme, Rules
from services.matching.core.roster import COLUMNS, Bad, Places, Row
from services.matching.core.tables import Reject

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ZONES = frozenset({"Europe/Madrid", "America/New_York", "Asia/Tokyo"})
HEADER = ",".join(COLUMNS)


def a_row(number: int | str, **changes: str) -> str:
    """One line of a file of people."""
    cells = {
        "employee_number": str(number),
        "user_name": f"user{number}",
        "given_name": "Ana",
        "family_name": f"Number{number}",
        "work_email": f"user{number}@example.org",
        "title": "Design Engineer",
        "department": "Engineering",
        "site": "Madrid",
        "time_zone": "Europe/Madrid",
        "manager_employee_number": "",
        "hire_date": "2019-05-01",
        "status": "active",
        "effective_date": "",
    }
    return ",".join({**cells, **changes}.values())


def a_file(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def a_wide_row(number: int | str, **changes: str) -> str:
    """One line of a file that has the optional columns, too."""
    more = {"leave_from": "", "leave_until": "", "termination_date": "", "pool": ""}
    kept = {name: changes.pop(name, "") for name in more}
    return ",".join([a_row(number, **changes), *kept.values()])


def a_wide_file(*rows: str) -> bytes:
    return "\n".join([",".join(roster.ALL), *rows, ""]).encode()


def reading(
    content: bytes, sites: Mapping[str, str] | None = None, *, encoding: str = "utf-8"
) -> tuple[list[Row], list[Reject]]:
    """The good rows of a file, and what is wrong with the others."""
    found = list(roster.read(content, Places(ZONES, sites or {}), encoding=encoding))
    rejects = [reject for one in found if isinstance(one, Bad) for reject in one.rejects]
    return [one for one in found if isinstance(one, Row)], rejects


def cells(row: Row) -> dict[str, str | None]:
    return dict(zip(roster.ALL, row.cells, strict=True))


def a_programme(**changes: Any) -> Programme:
    plain: dict[str, Any] = {
        "id": ProgrammeId(UUID(int=900)),
        "name": "Career growth",
        "kind": "evergreen",
        "state": "open",
        "starts_on": date(2026, 1, 1),
        "ends_on": None,
        "match_on": None,
        "cadence": "monthly",
        "hours_per_month": 2,
        "session_minutes": 60,
        "rules": Rules(),
        "organiser_id": None,
        "next_round_at": None,
        "version": 1,
        "created_at": NOW,
    }
    return Programme(**{**plain, **changes})


def a_proposal(**changes: Any) -> Match:
    plain: dict[str, Any] = {
        "id": MatchId(UUID(int=50)),
        "programme_id": ProgrammeId(UUID(int=900)),
        "run_id": None,
        "mentee_participation_id": ParticipationId(UUID(int=11)),
        "mentor_participation_id": ParticipationId(UUID(int=12)),
        "mentee_id": PersonId(UUID(int=1)),
        "mentor_id": PersonId(UUID(int=2)),
        "state": "proposed",
        "weight": 71_000,
        "answer_by": datetime(2026, 3, 5, 9, 0, tzinfo=UTC),
        "created_at": NOW,
    }
    return Match(**{**plain, **changes})


def a_form(**changes: Any) -> dict[str, list[str]]:
    """A join form for both roles without a mistake, as a browser sends it."""
    plain: dict[str, Any] = {
        "role": ["both"],
        "goal": ["2.B.1.d", "2.A.1.d"],
        "level_2.A.1.b": ["5"],
        "level_2.A.1.c": ["0"],
        "value_growth": ["4"],
        "value_service": [""],
        "style_pace": ["2"],
        "language": ["en", "es"],
        "day": ["0", "2"],
        "starts": ["09:00"],
        "ends": ["17:30"],
        "capacity": ["2"],
        "consent": ["yes"],
    }
    return {**plain, **changes}
