"""Every kind of event as it really comes: the golden files, with the ids of many pairs, in story order."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import envelope, events
from shared.events import Event

GOLDEN = Path(__file__).parents[1] / "contract" / "golden"
CANCELLED, MISSED = 1, 2
"""Sessions that a pair has besides the one that takes place."""
WEEK = tuple({"weekday": day, "starts": "09:00", "ends": "17:00"} for day in range(5))


def some_id(kind: int, number: int) -> str:
    return str(uuid.UUID(int=(0x019536A1 << 96) | (0x7 << 76) | (0x8 << 60) | (kind << 48) | number))


@dataclass(frozen=True)
class Pair:
    """The n-th mentee and mentor of the programme, and all that happens to them."""

    number: int

    @property
    def ids(self) -> Mapping[str, Any]:
        return {
            "match_id": some_id(7, self.number),
            "programme_id": some_id(3, 0),
            "mentee_id": some_id(1, 2 * self.number),
            "mentor_id": some_id(1, 2 * self.number + 1),
        }

    def session(self, ordinal: int = 0) -> Mapping[str, Any]:
        return {**self.ids, "session_id": some_id(9, 4 * self.number + ordinal), "ordinal": ordinal + 1}

    def people(self) -> Iterator[tuple[str, str, str]]:
        """(person, role, partner)"""
        mentee, mentor = self.ids["mentee_id"], self.ids["mentor_id"]
        yield from ((mentee, "mentee", mentor), (mentor, "mentor", mentee))


def story(pairs: int, *, first: int = 0) -> Iterator[tuple[type[Event], list[Event]]]:
    """All events of each kind, the kinds in an order in which every fact's parents are known."""
    everybody = [Pair(number) for number in range(first, first + pairs)]
    for kind in sorted(events.EVENTS, key=lambda kind: kind in LAST):
        fields = FIELDS.get(kind, _of_match)
        yield (
            kind,
            [kind.model_validate({**golden(kind), **one}) for pair in everybody for one in fields(pair)],
        )


def golden(kind: type[Event]) -> dict[str, Any]:
    name = envelope.type_of(kind.topic(), kind.version_of_schema)
    data: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())["data"]
    return data


LAST = (
    events.MatchEnded,
    events.MatchContinued,
    events.ParticipantLeft,
    events.PersonErased,
    events.PersonForgotten,
)
Fields = Callable[[Pair], Sequence[Mapping[str, Any]]]


def _programme(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{"programme_id": some_id(3, pair.number), "version": 1, "organiser_id": pair.ids["mentor_id"]}]


def _persons(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [
        {"person_id": person, "version": 1, "employee_number": re.sub(r"\D", "", person)[-6:]}
        for person, _, _ in pair.people()
    ]


def _invited(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{"person_id": person, "programme_id": some_id(3, 0)} for person, _, _ in pair.people()]


def _joined(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "participation_id": some_id(5, 2 * pair.number + (role == "mentor")),
            "person_id": person,
            "programme_id": some_id(3, 0),
            "role": role,
            "version": 1,
            "hours": WEEK,
        }
        for person, role, _ in pair.people()
    ]


def _participations(pair: Pair) -> Sequence[Mapping[str, Any]]:
    names = "participation_id", "person_id", "programme_id", "role"
    return [{**{name: one[name] for name in names}, "version": 2} for one in _joined(pair)]


def _erased(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{"person_id": person} for person, _, _ in pair.people()]


def _run(pair: Pair) -> Sequence[Mapping[str, Any]]:
    waiting = [
        {"person_id": some_id(1, 10_000 + n), "role": "mentee", "reason": "no-seat"} for n in range(10)
    ]
    return [{"run_id": some_id(6, pair.number), "programme_id": some_id(3, pair.number), "waiting": waiting}]


def _proposed(pair: Pair) -> Sequence[Mapping[str, Any]]:
    """One that will be made and one that will not."""
    return [{**pair.ids, "version": 1}, {**pair.ids, "match_id": _other(pair), "version": 1}]


def _declined(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{**pair.ids, "match_id": _other(pair), "version": 2, "declined_by": pair.ids["mentor_id"]}]


def _other(pair: Pair) -> str:
    return some_id(8, pair.number)


def _of_match(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{**pair.ids, "version": 2}]


def _ended(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{**pair.ids, "version": 3, "reason": "completed"}]


def _continued(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{**pair.ids, "version": 4}]


def _changed(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{**_terms(pair), "changed_by": pair.ids["mentee_id"]}]


def _terms(pair: Pair) -> Mapping[str, Any]:
    return {name: pair.ids[name] for name in ("match_id", "programme_id")}


def _scheduled(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [{**pair.session(ordinal), "sequence": 0} for ordinal in (0, CANCELLED, MISSED)]


def _feedback(pair: Pair) -> Sequence[Mapping[str, Any]]:
    session = {"session_id": pair.session()["session_id"], **_terms(pair)}
    return [
        {**session, "author_id": person, "author_role": role, "about_id": partner}
        for person, role, partner in pair.people()
    ]


def _message(pair: Pair) -> Sequence[Mapping[str, Any]]:
    return [
        {"message_id": some_id(10, pair.number), "recipient_id": pair.ids["mentee_id"], "kind": "feedback"}
    ]


FIELDS: Mapping[type[Event], Fields] = {
    events.ProgrammeChanged: _programme,
    events.PersonChanged: _persons,
    events.ParticipantInvited: _invited,
    events.ParticipantJoined: _joined,
    events.ParticipantPaused: _participations,
    events.ParticipantResumed: _participations,
    events.ParticipantLeft: _participations,
    events.PersonErased: _erased,
    events.PersonForgotten: _erased,
    events.MatchingRunFinished: _run,
    events.MatchProposed: _proposed,
    events.MatchDeclined: _declined,
    events.MatchEnded: _ended,
    events.MatchContinued: _continued,
    events.AgreementChanged: _changed,
    events.AgreementConfirmed: lambda pair: [_terms(pair)],
    events.SessionScheduled: _scheduled,
    events.SessionMoved: lambda pair: [pair.session()],
    events.SessionCancelled: lambda pair: [pair.session(CANCELLED)],
    events.SessionMissed: lambda pair: [pair.session(MISSED)],
    events.SessionCompleted: lambda pair: [pair.session()],
    events.FeedbackSubmitted: _feedback,
    events.MessageSent: _message,
    events.MessageFailed: lambda pair: [
        {**one, "message_id": some_id(11, pair.number)} for one in _message(pair)
    ],
}
