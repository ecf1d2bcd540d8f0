"""What a person does about a letter, and when they get round to it.

Every choice is a function of (seed, employee number, partner's employee number, ordinal): nothing depends on
who wrote first or on what others do in the meantime.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from deploy.local import chance
from deploy.local.company.made_up import Person
from deploy.local.people import temper
from deploy.local.people.letters import Letter, Meeting

Deed = Literal["join", "answer", "confirm", "move", "cancel", "tell", "write"]

NOTICE = timedelta(hours=26)
LATE = timedelta(hours=7)


@dataclass(frozen=True)
class Plan:
    """Something a person means to do at `due` behind one link. `ordinal` counts the pair's meetings from 1,
    for a join or an answer the letters of that kind."""

    due: datetime
    number: int
    deed: Deed
    link: str
    partner: int = 0
    ordinal: int = 0
    meeting: str = ""


@dataclass
class Diary:
    """What a person remembers: the meetings with each partner in the order of their first invitations."""

    meetings: dict[int, dict[str, Meeting]] = field(default_factory=dict)
    letters: dict[tuple[str, int], int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def count(self, kind: str, partner: int) -> int:
        """How many letters of a kind came from or about a partner, this one included."""
        self.letters[kind, partner] = self.letters.get((kind, partner), 0) + 1
        return self.letters[kind, partner]

    def note(self, partner: int, meeting: Meeting) -> bool:
        """Writes a meeting down; tells whether it is a new one. Older news of a meeting are ignored."""
        known = self.meetings.setdefault(partner, {})
        old = known.get(meeting.uid)
        if old is None or meeting.sequence >= old.sequence:
            known[meeting.uid] = meeting
        return old is None

    def last_over(self, partner: int, now: datetime) -> tuple[int, Meeting] | None:
        """The latest meeting with a partner that should be over by now, and its ordinal."""
        over = [
            (ordinal, meeting)
            for ordinal, meeting in enumerate(self.meetings.get(partner, {}).values(), 1)
            if meeting.ends_at <= now and meeting.method != "CANCEL"
        ]
        return max(over, key=lambda one: one[1].ends_at, default=None)


def plans(
    person: Person, diary: Diary, letter: Letter, now: datetime, *, seed: int, partner: int
) -> Iterator[Plan]:
    """What the person makes of a letter that came at `now`; `partner` is 0 where none is named."""
    desk = _Desk(person, diary, letter, now, seed, partner)
    if letter.meeting is not None:
        yield from desk.invited(letter.meeting)
    elif "join" in letter.links:
        yield from desk.asked_to_join()
    elif "proposal" in letter.links:
        yield from desk.asked_for_an_answer()
    elif "feedback" in letter.links:
        yield from desk.asked_for_feedback()
    elif "agreement" in letter.links:
        yield from desk.asked_to_agree()
    elif "pair" in letter.links:
        yield from desk.asked_whether_it_happened()


def came(people: Mapping[int, Person], seed: int, plan: Plan) -> bool:
    """Whether both came to the meeting: what the two of them saw, and what either will tell."""
    pair = ((plan.number, plan.partner), (plan.partner, plan.number))
    return all(temper.comes(seed, people[one], other, plan.ordinal) for one, other in pair)


@dataclass(frozen=True)
class _Desk:
    """One letter on one person's desk."""

    person: Person
    diary: Diary
    letter: Letter
    now: datetime
    seed: int
    partner: int

    def _happens(self, probability: float, what: str, ordinal: int) -> bool:
        return chance.happens(probability, self.seed, self.person.number, self.partner, what, ordinal)

    def _plan(self, deed: Deed, kind: str, ordinal: int, hours: temper.Hours, *, meeting: str = "") -> Plan:
        waited = temper.wait(hours, self.seed, self.person.number, self.partner, deed, ordinal)
        due = temper.mail_time(self.person, self.now + waited)
        link = self.letter.links[kind]
        return Plan(due, self.person.number, deed, link, self.partner, ordinal, meeting)

    def asked_to_join(self) -> Iterator[Plan]:
        temperament = temper.of(self.person)
        ordinal = self.diary.count("join", 0)
        if self._happens(temperament.joins, "joins", ordinal):
            yield self._plan("join", "join", ordinal, temperament.join_wait)

    def asked_for_an_answer(self) -> Iterator[Plan]:
        temperament = temper.of(self.person)
        ordinal = self.diary.count("proposal", self.partner)
        if self._happens(temperament.answers, "answers", ordinal):
            yield self._plan("answer", "proposal", ordinal, temperament.wait)

    def asked_to_agree(self) -> Iterator[Plan]:
        temperament = temper.of(self.person)
        ordinal = self.diary.count("agreement", self.partner)
        if self._happens(temperament.answers, "agrees", ordinal):
            yield self._plan("confirm", "agreement", ordinal, temperament.wait)

    def asked_for_feedback(self) -> Iterator[Plan]:
        temperament = temper.of(self.person)
        last = self.diary.last_over(self.partner, self.now)
        ordinal = last[0] if last else self.diary.count("feedback", self.partner)
        if self._happens(temperament.writes, "writes", ordinal):
            yield self._plan("write", "feedback", ordinal, temperament.wait)

    def asked_whether_it_happened(self) -> Iterator[Plan]:
        """Reminders lead to the pair's page, too; only after a meeting is there something to tell."""
        last = self.diary.last_over(self.partner, self.now)
        if last is None or last[1].uid in self.diary.told:
            return
        ordinal, meeting = last
        self.diary.told.add(meeting.uid)
        temperament = temper.of(self.person)
        if self._happens(temperament.tells, "tells", ordinal):
            low, high = temperament.wait
            yield self._plan("tell", "pair", ordinal, (low / 2, high / 2), meeting=meeting.uid)

    def invited(self, meeting: Meeting) -> Iterator[Plan]:
        """A new meeting may not suit: then it is moved in good time, or cancelled, sometimes late."""
        if not self.diary.note(self.partner, meeting) or "pair" not in self.letter.links:
            return
        ordinal = len(self.diary.meetings[self.partner])
        temperament = temper.of(self.person)
        left = meeting.starts_at - self.now
        if self._happens(temperament.moves, "moves", ordinal) and left > NOTICE:
            yield self._before(meeting, "move", ordinal, (left - NOTICE) / 2)
        elif self._happens(temperament.cancels, "cancels", ordinal) and left > LATE:
            late = self._happens(0.4, "cancels late", ordinal)
            yield self._before(meeting, "cancel", ordinal, left - LATE if late else left / 3)

    def _before(self, meeting: Meeting, deed: Deed, ordinal: int, waited: timedelta) -> Plan:
        due = self.now + waited
        link = self.letter.links["pair"]
        return Plan(due, self.person.number, deed, link, self.partner, ordinal, meeting.uid)
