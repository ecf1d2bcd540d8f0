"""CloudEvents about people: their shape, and the facts they state. The webhook and the feed speak them alike.

One event is one fact about one person; its `id` is unique within its source. `time` is when the source said
it and `data.version` its own count of what it says of that person: the newer word wins, and without either
they count as they come. Extension attributes are let pass; what is unknown in `data` is refused, for it would
be lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from services.matching.core import facts
from services.matching.core.facts import Fact, FactKind, Identity
from shared.errors import FieldError

TYPE_BEGINS, TYPE_ENDS = "mentoring.hris.", ".v1"
TYPES = tuple(f"{TYPE_BEGINS}{kind}{TYPE_ENDS}" for kind in get_args(FactKind))
BATCH_MAX = 500
AHEAD_MAX = timedelta(hours=24)
"""A source whose clock is further ahead would keep everybody else from being heard."""
ERRORS_MAX = 50

Text: TypeAlias = Annotated[str, StringConstraints(max_length=200)]
Key: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Part(BaseModel):
    """What is unknown in it is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Who(Part):
    """Whom it is about: at least one of these. `external_id` is the source's own id of the person."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    employee_number: Key | None = None
    external_id: Key | None = None
    work_email: Key | None = None


class BossFields(Part):
    """The manager by employee number, or by the source's own id; null: nobody."""

    manager_employee_number: Text | None = None
    manager_external_id: Text | None = None


class Fields(BossFields):
    """What is said of the person, and nothing of what is left out. `time_zone` is an IANA name."""

    employee_number: Text | None = None
    user_name: Text | None = None
    given_name: Text | None = None
    family_name: Text | None = None
    work_email: Text | None = None
    title: Text | None = None
    department: Text | None = None
    site: Text | None = None
    time_zone: Text | None = None
    hire_date: Text | None = Field(None, json_schema_extra={"format": "date"})
    pool: Text | None = None


class About(Part):
    """Without `effective_on` it holds at once, else from 00:00 of that day where the person works."""

    person: Who
    effective_on: date | None = None
    version: Annotated[int | None, Field(ge=0, le=facts.VERSION_MAX)] = None


class Hiring(About):
    fields: Fields


class Change(About):
    fields: Fields


class Boss(About):
    fields: BossFields


class Leave(About):
    """`until` is the last day of the leave; without it the end is open."""

    until: date | None = None


class Statement(BaseModel):
    """The CloudEvents attributes that are read; others may come along."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    specversion: Literal["1.0"]
    id: Key
    source: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    time: AwareDatetime | None = None
    datacontenttype: Literal["application/json"] = "application/json"


class Hired(Statement):
    """Somebody works here (again)."""

    type: Literal["mentoring.hris.hire.v1", "mentoring.hris.rehire.v1"]
    data: Hiring


class Changed(Statement):
    """Something about somebody is different: title, department, site, zone, name, mail."""

    type: Literal["mentoring.hris.change.v1"]
    data: Change


class Reports(Statement):
    """Somebody has another manager, or none."""

    type: Literal["mentoring.hris.manager.v1"]
    data: Boss


class Leaves(Statement):
    """Somebody is away for a while and comes back."""

    type: Literal["mentoring.hris.leave.v1"]
    data: Leave


class Stands(Statement):
    """Somebody is back, is inactive for whatever reason, ends, does not end after all, or is to be erased."""

    type: Literal[
        "mentoring.hris.return.v1",
        "mentoring.hris.inactive.v1",
        "mentoring.hris.termination.v1",
        "mentoring.hris.termination-cancelled.v1",
        "mentoring.hris.erase.v1",
    ]
    data: About


AnyStatement: TypeAlias = Annotated[
    Hired | Changed | Reports | Leaves | Stands, Field(discriminator="type", title="HR event")
]
ONE: TypeAdapter[AnyStatement] = TypeAdapter(AnyStatement)
MANY: TypeAdapter[list[AnyStatement]] = TypeAdapter(
    Annotated[list[AnyStatement], Field(min_length=1, max_length=BATCH_MAX, title="HR events")]
)


def fact_of(statement: AnyStatement, source: str) -> Fact:
    """The fact that it states, as said by that source."""
    data = statement.data
    said: Mapping[str, str | None] = {}
    if isinstance(data, Hiring | Change | Boss):
        said = data.fields.model_dump(exclude_unset=True)
    return Fact(
        source=source,
        event_id=statement.id,
        kind=cast(FactKind, statement.type.removeprefix(TYPE_BEGINS).removesuffix(TYPE_ENDS)),
        who=Identity(**data.person.model_dump()),
        fields=said,
        effective_on=data.effective_on,
        until=data.until if isinstance(data, Leave) else None,
        said_at=statement.time,
        said_version=data.version,
    )


def wrong_in(
    found: Sequence[Fact], *, zones: frozenset[str], now: datetime, prefix: Sequence[str] = ("",)
) -> list[FieldError]:
    """What is wrong with well-shaped facts, each with a JSON pointer; `prefix` has the place of each fact."""
    errors = []
    for place, fact in zip(prefix, found, strict=True):
        wrong = facts.wrong(fact, sources={fact.source}, zones=zones)
        if wrong is not None:
            errors.append(FieldError(place + _pointer(fact, wrong.field), wrong.reason))
        elif fact.said_at is not None and fact.said_at > now + AHEAD_MAX:
            errors.append(
                FieldError(f"{place}/time", "is more than a day ahead: set the clock of the source")
            )
    return errors[:ERRORS_MAX]


def fault(kind: str, place: Sequence[str | int], message: str) -> FieldError:
    """What a validation found, in words and with a JSON pointer; the type of an event is no place in it."""
    path = [str(part) for part in place if not str(part).startswith(TYPE_BEGINS)]
    where = "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)
    if kind.startswith("union_tag"):
        return FieldError(f"{where}/type", f"is none of {', '.join(TYPES)}")
    words = {"extra_forbidden": "is nothing that is known here", "missing": "is missing"}
    return FieldError(where, words.get(kind, message))


def _pointer(fact: Fact, field: str) -> str:
    """Where in the event a field of its fact stands."""
    if field in ("event_id", "said_at"):
        return {"event_id": "/id", "said_at": "/time"}[field]
    if field in ("kind", "source"):
        return f"/{'type' if field == 'kind' else field}"
    if field == "said_version":
        return "/data/version"
    if field == "who":
        return "/data/person"
    if field in fact.fields:
        return f"/data/fields/{field}"
    return f"/data/person/{field}" if field in Identity.__dataclass_fields__ else f"/data/{field}"


def schema(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """Its JSON Schema without references, to stand in any document."""
    made = adapter.json_schema(mode="validation")
    parts = made.pop("$defs", {})
    inlined: dict[str, Any] = _inlined(made, parts)
    return inlined


def _inlined(part: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(one, parts) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(parts[part["$ref"].rpartition("/")[2]], parts)
    # Which schema is meant is told by the type itself; the mapping would only point at what is inlined.
    return {name: _inlined(one, parts) for name, one in part.items() if name != "discriminator"}
