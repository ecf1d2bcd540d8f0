from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from deploy.local import chance
from deploy.local.company import made_up, roster
from deploy.local.demo import organiser
from tests.unit.deploy.builders import the_company


def test_the_company_has_290_people_with_67_titles_and_one_head() -> None:
    company = the_company()
    assert len(company.employees) == 290
    assert len({employee.title for employee in company.employees}) == 67
    assert [e.title for e in company.employees if e.manager is None] == ["Chief Executive Officer"]
    assert max(len(company.chain(e.number)) for e in company.employees) == 4


def test_every_title_has_an_occupation_and_an_aspired_one_with_all_skills() -> None:
    company = the_company()
    assert set(company.careers) == {employee.title for employee in company.employees}
    for career in company.careers.values():
        assert career.occupation != career.aspired
        for code in (career.occupation, career.aspired):
            assert set(company.occupations[code]) == set(company.skills)
    assert len(company.skills) == 35 + 33


def test_levels_and_importances_are_on_their_scales() -> None:
    for needs in the_company().occupations.values():
        assert all(1 <= need.importance <= 5 and 0 <= need.level <= 7 for need in needs.values())


@given(seed=st.integers(0, 50))
def test_goals_are_chosen_only_from_the_gap_to_the_aspired_occupation(seed: int) -> None:
    company = the_company()
    for employee in company.employees[::17]:
        career = company.careers[employee.title]
        own, aspired = company.occupations[career.occupation], company.occupations[career.aspired]
        chosen = made_up.goals(company, employee, seed=seed)
        assert 1 <= len(chosen) <= 4
        assert all(aspired[goal].level - own[goal].level >= made_up.GAP for goal in chosen)
        assert all(aspired[goal].importance >= made_up.IMPORTANT for goal in chosen)


def test_skills_to_share_are_the_own_occupations_high_ones() -> None:
    company = the_company()
    for employee in company.employees:
        needs = company.occupations[company.careers[employee.title].occupation]
        shared = made_up.shares(company, employee, seed=1)
        assert shared
        assert all(1 <= level <= 7 for level in shared.values())
        assert all(needs[skill].level >= made_up.HIGH for skill in shared)


def test_the_same_seed_makes_the_same_people_in_any_order() -> None:
    company = the_company()
    forwards = made_up.people(company, seed=3)
    backwards = [made_up.person(company, e, seed=3) for e in reversed(company.employees)]
    assert [asdict(one) for one in forwards] == [asdict(one) for one in reversed(backwards)]
    assert [asdict(one) for one in made_up.people(company, seed=4)] != [asdict(one) for one in forwards]


def test_nobody_shares_a_full_name_or_an_address_with_somebody() -> None:
    for seed in range(20):
        people = made_up.people(the_company(), seed=seed)
        assert len({(one.given_name, one.family_name) for one in people}) == 290
        assert len({one.email for one in people}) == 290


def test_at_least_four_zones_change_their_clocks_differently() -> None:
    moments = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((1, 15), (3, 15), (4, 15), (7, 15))]

    def changes(zone: ZoneInfo) -> tuple[float, ...]:
        offsets = [at.astimezone(zone).utcoffset() or timedelta() for at in moments]
        return tuple((offset - offsets[0]).total_seconds() / 3600 for offset in offsets)

    patterns = {changes(ZoneInfo(site.time_zone)) for site in made_up.SITES}
    assert patterns >= {(0, 1, 1, 1), (0, 0, 1, 1), (0, 0, -1, -1), (0, 0, -0.5, -0.5), (0, 0, 0, 0)}


def test_a_team_works_at_one_site_and_its_lead_with_it() -> None:
    company = the_company()
    site = {one.number: one.site.name for one in made_up.people(company, seed=2)}
    for employee in company.employees:
        if employee.number not in company.leads and employee.manager is not None:
            assert site[employee.number] == site[employee.manager]
    assert len(set(site.values())) >= 4


def test_a_smaller_company_keeps_everybodys_managers() -> None:
    small = roster.smaller(the_company(), 40, seed=1)
    assert 35 <= len(small.employees) <= 40
    numbers = {employee.number for employee in small.employees}
    assert all(e.manager is None or e.manager in numbers for e in small.employees)
    assert small.employees == roster.smaller(the_company(), 40, seed=1).employees


def test_every_character_and_wish_is_met() -> None:
    people = made_up.people(the_company(), seed=1)
    assert set(Counter(one.character for one in people)) == set(made_up.CHARACTERS)
    assert set(Counter(one.wish for one in people)) == {"mentee", "mentor", "both"}


def test_draws_are_spread_evenly_and_follow_their_weights() -> None:
    draws = [chance.share(1, "x", n) for n in range(2000)]
    assert all(0 <= draw < 1 for draw in draws)
    assert 0.47 < sum(draws) / len(draws) < 0.53
    heavy = Counter(chance.weighted({"a": 3.0, "b": 1.0}, 1, n) for n in range(2000))
    assert 0.70 < heavy["a"] / 2000 < 0.80
    assert {chance.whole(1, 3, 1, n) for n in range(50)} == {1, 2, 3}
    assert chance.several("abc", 5, 1) == ("a", "b", "c")


def test_nobody_is_invited_twice_and_a_small_company_at_once() -> None:
    people = made_up.people(the_company(), seed=1)
    invited = [person.number for number in range(3) for person in organiser.wave(people, number, seed=1)]
    assert len(invited) == len(set(invited)) == sum(many for _, many in organiser.WAVES)
    assert organiser.wave(people[:20], 0, seed=1) == list(people[:20])
