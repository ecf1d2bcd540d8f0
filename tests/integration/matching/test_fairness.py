from __future__ import annotations

from typing import Any

from tests.integration.matching import world
from tests.integration.matching.world import World
from tests.unit.matching import builders

GROUPS = {"first-generation": "First in my family to study", "part-time": "I work part time"}


async def a_programme(here: World, people: int = 14, seats: int = 5, **rules: Any) -> tuple[str, list[str]]:
    """As many mentees; those of the second half of the numbers can meet less. The participations' ids."""
    await here.hire(*world.a_company(people + seats))
    programme = await here.open(rules={"group_names": GROUPS, **rules})
    ids = []
    for number in range(1, people + 1):
        hours = world.NINE_TO_FIVE if number <= people // 2 else [world.NINE_TO_FIVE[0] | {"ends": "11:30"}]
        answer = await here.enrol(programme, number, "mentee", hours=hours)
        ids.append(answer.json()["items"][0]["participation_id"])
    for number in range(people + 1, people + seats + 1):
        await here.enrol(programme, number, "mentor")
    return programme, ids


async def say(here: World, programme: str, participation: str, *codes: str) -> Any:
    path = f"/v1/programmes/{programme}/participations/{participation}/groups"
    return await here.call("PUT", path, {"codes": list(codes)})


async def ledger(here: World, run: dict[str, Any]) -> dict[str, Any]:
    answer = await here.call("GET", f"/v1/runs/{run['run_id']}/fairness")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_U14_every_round_keeps_a_ledger_and_raises_the_alarm_at_four_fifths(here: World) -> None:
    programme, ids = await a_programme(here)
    for one in ids[7:]:
        assert (await say(here, programme, one, "part-time")).status_code == 200
    for one in ids[:3]:
        await say(here, programme, one, "first-generation")
    run = await here.hold_round(programme)
    told = await ledger(here, run)
    assert (told["alarm"], run["alarm"]) == (True, True)
    first, part_time = told["groups"]
    assert (first["code"], first["suppressed"], first["members"], first["ratio"]) == (
        "first-generation",
        True,
        None,
        None,
    )
    assert (part_time["name"], part_time["members"], part_time["matched"], part_time["waiting"]) == (
        "I work part time",
        7,
        0,
        7,
    )
    assert (part_time["ratio"], part_time["alarm"]) == (0.0, True)
    assert part_time["gap"] is None


async def test_S15_groups_are_said_in_no_event_and_in_no_answer(here: World) -> None:
    programme, ids = await a_programme(here, people=2, seats=1)
    await say(here, programme, ids[0], "part-time")
    await here.hold_round(programme)
    assert "part-time" not in str(await here.said())
    listed = await here.call("GET", f"/v1/programmes/{programme}/participations")
    assert "part-time" not in listed.text
    rows = {table: rows for table, rows in (await here.snapshot()).items() if "part-time" in str(rows)}
    assert set(rows) - {"idempotency", "audit_entry"} == {"participation_group", "programme", "run_ledger"}
    noted = [one for one in rows.get("audit_entry", []) if "part-time" in one]
    assert all(",programme," in one for one in noted), "which groups there are, never who is in them"


async def test_S15_groups_change_no_pair_unless_the_programme_balances_them(here: World) -> None:
    programme, ids = await a_programme(here, people=6, seats=2)
    found = await here.call("POST", f"/v1/programmes/{programme}/what-if", {"target_gap": 1})
    before = found.json()["before"]
    for one in ids:
        await say(here, programme, one, "part-time")
    again = await here.call("POST", f"/v1/programmes/{programme}/what-if", {"target_gap": 1})
    assert again.json()["before"] == before


async def test_U14_who_waits_is_preferred_in_the_next_round_and_the_pair_says_so(here: World) -> None:
    programme, _ = await a_programme(here, people=2, seats=1, ageing_bonus=0.02)
    first = await here.hold_round(programme)
    (made,) = first["proposals"]
    other = next(here.people[number] for number in "12" if here.people[number] != made["mentee_id"])
    await here.say(made["match_id"], "3", "decline")
    await here.enrol(programme, 3, "mentor")
    pair = await here.call("GET", f"/v1/runs/{first['run_id']}/pairs/{other}/{here.people['3']}")
    assert not any("adds" in reason for reason in pair.json()["reasons"])
    second = await here.hold_round(programme)
    (aged,) = second["proposals"]
    assert aged["mentee_id"] == other
    sentence = "The programme adds 0.02 to the score of all pairs of the mentee."
    assert sentence in aged["explanation"]["reasons"]
    looked = await here.call("GET", f"/v1/runs/{second['run_id']}/pairs/{other}/{here.people['3']}")
    assert looked.json()["verdict"] == "made"
    assert second["gap"] == 0


async def test_U14_groups_that_the_programme_does_not_ask_for_are_refused(here: World) -> None:
    programme, ids = await a_programme(here, people=1, seats=1)
    wrong = await say(here, programme, ids[0], "part-time", "left-handed")
    assert wrong.status_code == 422
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/codes/1"]
    rules = {"balanced_groups": ["left-handed"]}
    refused = await here.call("POST", "/v1/programmes", world.a_programme(name="Other", rules=rules))
    assert refused.status_code == 422
    assert "balanced_groups are among group_names" in refused.text


async def test_U14_what_was_said_can_be_taken_back(here: World) -> None:
    programme, ids = await a_programme(here, people=1, seats=1)
    await say(here, programme, ids[0], "part-time")
    assert (await say(here, programme, ids[0])).json()["codes"] == []
    assert (await here.snapshot())["participation_group"] == []


async def test_U14_a_mentee_may_say_it_while_joining_and_need_not(company: World) -> None:
    programme = await company.open(rules={"group_names": GROUPS})
    people = [str(number) for number in range(1, 4)]
    await company.call("POST", f"/v1/programmes/{programme}/invitations", {"employee_numbers": people})
    asked = await company.client.get(company.link("join", programme, 1))
    assert "I work part time" in asked.text
    plain = builders.a_form(role=["mentee"])
    for number, group in ((1, ["part-time", "left-handed"]), (2, [])):
        page = company.link("join", programme, number)
        answer = await company.client.post(page, data={**plain, "group": group})
        assert answer.status_code == 303, answer.text
    again = {**plain, "goal": [], "group": ["part-time"]}
    wrong = await company.client.post(company.link("join", programme, 3), data=again)
    assert wrong.status_code == 422
    assert 'name="group" value="part-time" checked' in wrong.text
    (kept,) = (await company.snapshot())["participation_group"]
    assert kept.endswith(",part-time)")


async def test_S15_a_balanced_programme_gives_nobodys_group_away_in_its_explanations(here: World) -> None:
    """Of forty mentees twenty can meet less; there are seats for twenty."""
    rules = {"balanced_groups": ["part-time"]}
    programme, ids = await a_programme(here, people=40, seats=20, **rules)
    for one in ids[20:]:
        await say(here, programme, one, "part-time")
    run = await here.hold_round(programme)
    (line,) = (await ledger(here, run))["groups"]
    assert line["bonus"] > 0
    assert line["matched"] > 0
    said = [[r for r in one["explanation"]["reasons"] if "programme" in r] for one in run["proposals"]]
    sentence = "The programme evens out who finds a mentor: groups that find fewer may gain up to 0.05."
    assert said == [[sentence]] * 20
    assert run["gap"] == 0
