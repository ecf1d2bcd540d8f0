"""U6: what all facts about somebody add up to, in any order and however often they are said.

`MATCHING_FACT_STEPS` asks for the long form of the state machine: at least that many steps.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from services.matching.core import facts, standing
from services.matching.core.facts import Fact, Heard, Identity, Voice
from services.matching.core.standing import Folded

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
VOICES = {
    "hr": Voice("hr", 1, {"title": 9}),
    "directory": Voice("directory", 2),
    "count": Voice("count", 2),
}
WHO = Identity(employee_number="7")
MADRID, TOKYO, HONOLULU = "Europe/Madrid", "Asia/Tokyo", "Pacific/Honolulu"


def said(
    kind: Any, *, at: datetime | None = MONDAY, source: str = "hr", arrival: int = 0, **more: Any
) -> Heard:
    """A fact with a name of its own; where it has no time it counts by its `arrival`."""
    about = {field: more.pop(field) for field in list(more) if field in facts.FIELDS}
    received = more.pop("received", at or MONDAY)
    name = f"{kind} {source} {at} {arrival} {about} {more}"
    return Heard(Fact(source, name, kind, WHO, about, said_at=at, **more), received, arrival)


def fold(heard: Sequence[Heard], now: datetime = MONDAY, zone: str = MADRID) -> Folded:
    return standing.fold(heard, VOICES, zone=zone, zones=ZoneInfo, now=now)


def status(heard: Sequence[Heard], now: datetime = MONDAY) -> str:
    found = fold(heard, now).standing
    assert found is not None
    return found.status


def days(many: float) -> timedelta:
    return timedelta(days=many)


def test_a_field_has_its_newest_word_whatever_came_in_first() -> None:
    old = said("change", title="Buyer")
    new = said("change", title="Lead Buyer", at=MONDAY + days(1))
    for order in ([old, new], [new, old]):
        found = fold(order, MONDAY + days(2))
        assert found.fields == {"title": "Lead Buyer"}
        assert found.states == {old.key: "superseded", new.key: "applied"}
        assert found.settled == {old.key}


def test_a_source_whose_word_counts_more_keeps_its_field_and_another_may_count_more_for_one_field() -> None:
    ours = said("change", site="Madrid", title="Buyer")
    theirs = said("change", site="Lima", title="Head of Buying", source="directory", at=MONDAY + days(1))
    assert fold([ours, theirs], MONDAY + days(2)).fields == {"site": "Madrid", "title": "Head of Buying"}


def test_a_later_version_is_newer_though_it_was_said_by_an_earlier_clock() -> None:
    second = said("change", title="Lead", source="count", said_version=2, at=None)
    first = said("change", title="Buyer", source="count", said_version=1, at=None, received=MONDAY + days(3))
    assert fold([second, first], MONDAY + days(4)).fields["title"] == "Lead"


def test_a_fact_without_a_time_counts_by_arrival() -> None:
    first = said("change", title="Buyer", at=None, arrival=1)
    second = said("change", title="Lead", at=None, arrival=2)
    assert fold([second, first]).fields["title"] == "Lead"


def test_a_fact_waits_for_midnight_where_the_person_works() -> None:
    move = said("change", title="Lead", effective_on=date(2026, 3, 10))
    found = fold([move], zone=TOKYO)
    assert (found.fields, found.states[move.key]) == ({}, "waiting")
    assert found.pending == ((datetime(2026, 3, 9, 15, tzinfo=UTC), move.key),)
    assert found.due_at == datetime(2026, 3, 9, 15, tzinfo=UTC)
    assert fold([move], datetime(2026, 3, 9, 15, tzinfo=UTC), zone=TOKYO).fields == {"title": "Lead"}
    moved = said("change", time_zone=HONOLULU)
    assert fold([move, moved], zone=TOKYO).due_at == datetime(2026, 3, 10, 10, tzinfo=UTC)


def test_what_was_announced_is_newer_on_its_day_than_what_was_said_before_it() -> None:
    announced = said("change", title="Director", effective_on=date(2026, 6, 1))
    meanwhile = said("change", title="Senior Buyer", at=MONDAY + days(20))
    afterwards = said("change", title="Vice President", at=MONDAY + days(120))
    heard = [meanwhile, afterwards, announced]
    assert fold(heard[:1] + heard[2:], MONDAY + days(30)).fields["title"] == "Senior Buyer"
    assert fold(heard[:1] + heard[2:], MONDAY + days(100)).fields["title"] == "Director"
    assert fold(heard, MONDAY + days(130)).fields["title"] == "Vice President"


def test_U6_a_leave_has_a_first_and_a_last_day_and_ends_by_itself() -> None:
    leave = said("leave", effective_on=date(2026, 3, 10), until=date(2026, 3, 20))
    assert fold([leave]).standing is None
    during = fold([leave], datetime(2026, 3, 12, 9, tzinfo=UTC))
    assert during.standing == standing.Standing("leave", date(2026, 3, 10), date(2026, 3, 20))
    assert during.due_at == datetime(2026, 3, 20, 23, tzinfo=UTC)
    assert status([leave], datetime(2026, 3, 20, 22, 59, tzinfo=UTC)) == "leave"
    assert status([leave], datetime(2026, 3, 20, 23, tzinfo=UTC)) == "active"


def test_U6_a_return_ends_a_leave_and_not_one_that_is_still_to_come() -> None:
    leave = said("leave")
    back = said("return", at=MONDAY + days(5))
    next_one = said("leave", effective_on=date(2026, 6, 1), at=MONDAY + days(1))
    assert status([back, next_one, leave], MONDAY + days(6)) == "active"
    assert status([back, next_one, leave], MONDAY + days(120)) == "leave"


def test_U6_whoever_is_inactive_has_fourteen_days_and_two_sources_give_no_more() -> None:
    gone = said("inactive")
    again = said("inactive", source="directory", at=MONDAY + days(10))
    found = fold([again, gone], MONDAY + days(11)).standing
    assert found is not None
    assert (found.status, found.grace_until) == ("inactive", date(2026, 3, 16))
    assert (found.is_over(date(2026, 3, 16)), found.is_over(date(2026, 3, 17))) == (False, True)
    assert status([again, gone, said("return", at=MONDAY + days(12))], MONDAY + days(13)) == "active"


def test_U6_a_termination_holds_whatever_was_said_before_it_and_by_whom() -> None:
    hired = said("hire", user_name="ana")
    gone = said("termination", source="directory", at=MONDAY + days(1))
    assert status([gone, hired], MONDAY + days(2)) == "terminated"
    assert status([gone, hired, said("return", at=MONDAY + days(3))], MONDAY + days(4)) == "terminated"
    assert status([gone, hired, said("rehire", at=MONDAY + days(3))], MONDAY + days(4)) == "active"
    assert status([gone, said("hire", at=MONDAY + days(3))], MONDAY + days(4)) == "active"


def test_U6_a_cancelled_termination_is_not_pending_any_more_and_one_said_later_is() -> None:
    gone = said("termination", effective_on=date(2026, 4, 1))
    back = said("termination-cancelled", at=MONDAY + days(1))
    found = fold([back, gone], MONDAY + days(2))
    assert (found.pending, found.states[gone.key]) == ((), "superseded")
    assert status([back, gone], MONDAY + days(90)) == "active"
    again = said("termination", effective_on=date(2026, 4, 1), at=MONDAY + days(2))
    assert status([back, again, gone], MONDAY + days(90)) == "terminated"


def test_a_manager_is_one_field_however_it_is_named() -> None:
    first = said("change", manager_employee_number="12")
    then = said("manager", manager_external_id="ext-9", at=MONDAY + days(1))
    found = fold([first, then], MONDAY + days(2))
    assert found.boss == standing.Boss(None, "hr", "ext-9", MONDAY + days(1))
    nobody = fold(
        [first, said("manager", manager_employee_number=None, at=MONDAY + days(1))], MONDAY + days(2)
    )
    assert nobody.boss is not None
    assert (nobody.boss.number, nobody.boss.external_id) == (None, None)


# --- any order ----------------------------------------------------------------------------------------------

LONG = int(os.environ.get("MATCHING_FACT_STEPS", "0"))
STEPS = 50
VALUES: Mapping[str, st.SearchStrategy[str | None]] = {
    "title": st.sampled_from(["Buyer", "Lead"]),
    "site": st.sampled_from(["Lima", "Madrid", ""]),
    "time_zone": st.sampled_from([MADRID, TOKYO, HONOLULU]),
    "manager_employee_number": st.sampled_from(["1", "2", None]),
}
KINDS = st.sampled_from(sorted(facts.KINDS))
DAYS = st.one_of(st.none(), st.integers(-3, 40).map(lambda many: (MONDAY + days(many)).date()))


@st.composite
def any_fact(draw: st.DrawFn) -> dict[str, Any]:
    """Everything about a fact but its name and its arrival."""
    source = draw(st.sampled_from(sorted(VOICES)))
    kind = draw(KINDS)
    first = draw(DAYS)
    last = None
    if kind == "leave" and draw(st.booleans()):
        last = (first or MONDAY.date()) + timedelta(days=draw(st.integers(0, 15)))
    timed: dict[str, Any] = {"said_at": MONDAY + timedelta(hours=draw(st.integers(0, 500)))}
    if source == "count":
        timed["said_version"] = draw(st.integers(1, 40))
    elif draw(st.integers(0, 3)) == 0:
        timed = {}
    named = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True))
    return {
        "source": source,
        "kind": kind,
        "who": WHO,
        "fields": {name: draw(VALUES[name]) for name in named},
        "effective_on": first,
        "until": last,
        **timed,
    }


class Model:
    """The same in the plainest words: looks at everything there is, again for every question."""

    def __init__(self, heard: Sequence[Heard], now: datetime) -> None:
        self.heard, self.now = heard, now

    def first(self) -> str:
        """The zone as long as nothing that gives one holds."""
        zones = [one for one in self.heard if one.fact.effective_on and one.fact.fields.get("time_zone")]
        zones.sort(key=lambda one: (one.fact.effective_on, one.stamp))
        return zones[0].fact.fields["time_zone"] or MADRID if zones else MADRID

    def holds(self) -> list[Heard]:
        found = [one for one in self.heard if one.fact.effective_on is None]
        later = [one for one in self.heard if one.fact.effective_on is not None]
        later.sort(key=lambda one: (one.fact.effective_on, one.stamp))
        for one in later:
            zone = self.value("time_zone", found) or self.first()
            assert one.fact.effective_on is not None
            midnight = datetime.combine(one.fact.effective_on, datetime.min.time(), ZoneInfo(zone))
            if midnight <= self.now:
                found.append(one)
        return found

    def value(self, name: str, holding: Sequence[Heard]) -> str | None:
        told = [one for one in holding if name in one.fact.fields]
        if not told:
            return None
        top = min(VOICES[one.fact.source].precedence_of(name) for one in told)
        best = [one for one in told if VOICES[one.fact.source].precedence_of(name) == top]
        return max(best, key=lambda one: one.stamp).fact.fields[name]

    def status(self) -> str | None:
        holding, cancelled = self.holds(), set()
        for one, other in itertools.product(self.heard, self.heard):
            kinds = one.fact.kind, other.fact.kind
            if kinds == ("termination", "termination-cancelled") and facts.is_said_after(other, one):
                cancelled.add(one.key)
        zone = ZoneInfo(self.value("time_zone", holding) or self.first())
        word, until = None, None
        told = [one for one in holding if one.fact.kind not in facts.STAYS and one.key not in cancelled]
        for one in standing.in_order(told):
            kind = one.fact.kind
            word = word or "active"
            if (
                kind == "rehire"
                or (kind == "return" and word != "terminated")
                or (kind == "hire" and word == "terminated")
            ):
                word = "active"
            elif kind == "termination":
                word = "terminated"
            elif kind == "inactive" and word != "terminated":
                word = "inactive"
            elif kind == "leave" and word in ("active", "leave"):
                word, until = "leave", one.fact.until
        if word == "leave" and until is not None and self.now.astimezone(zone).date() > until:
            return "active"
        return word


class AnyOrder(RuleBasedStateMachine):
    """Facts come in with repetitions and time goes on; beside it a store that forgets what is settled."""

    @initialize()
    def begin(self) -> None:
        self.all: list[Heard] = []
        self.kept: list[Heard] = []
        self.card: dict[str, str | None] = {}
        self.now = MONDAY

    @rule(told=any_fact())
    def hear(self, told: dict[str, Any]) -> None:
        one = Heard(Fact(event_id=str(len(self.all)), **told), self.now, len(self.all))
        self.all.append(one)
        self.kept.append(one)

    @rule(hours=st.integers(1, 100))
    def go_on(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(order=st.randoms(use_true_random=False))
    def any_order_is_the_same(self, order: Any) -> None:
        shuffled = list(self.all)
        order.shuffle(shuffled)
        assert fold(shuffled, self.now) == fold(self.all, self.now)

    @invariant()
    def the_model_says_the_same(self) -> None:
        found, model = fold(self.all, self.now), Model(self.all, self.now)
        assert (found.standing.status if found.standing else None) == model.status()
        holding = model.holds()
        for name in VALUES:
            assert found.fields.get(name) == model.value(name, holding)
        waiting = {one.key for one in self.all} - {one.key for one in holding}
        void = {key for key in waiting if found.states[key] == "superseded"}
        assert {key for _, key in found.pending} == waiting - void

    @invariant()
    def what_is_settled_is_not_missed(self) -> None:
        zone = self.card.get("time_zone") or MADRID
        whole, part = fold(self.all, self.now), fold(self.kept, self.now, zone)
        self.card = {**self.card, **part.fields}
        assert {name: self.card[name] for name in whole.fields} == whole.fields
        assert (part.standing, part.pending, part.due_at) == (whole.standing, whole.pending, whole.due_at)
        self.kept = [one for one in self.kept if one.key not in part.settled]


@pytest.mark.timeout(3600)
def test_U6_any_order_and_repetition_of_facts_ends_the_same() -> None:
    steps: list[datetime] = []

    class Counted(AnyOrder):
        @invariant()
        def count(self) -> None:
            steps.append(self.now)

    form = settings(
        max_examples=max(10, LONG // 15),
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Counted, settings=form)
    assert len(steps) >= LONG
