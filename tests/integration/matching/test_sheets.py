"""Pairs as files: those that exist come in, all of them go out."""

from __future__ import annotations

import csv
import io

import httpx

from services.matching import core
from tests.integration.matching.world import World, bearer
from tests.unit.matching.builders import a_row


async def bring(company: World, programme: str, *rows: str, dry: bool = False) -> httpx.Response:
    text = "\n".join(["mentee_number,mentor_number,since", *rows])
    path = f"/v1/programmes/{programme}/pairs/import"
    headers = {**bearer("organiser"), "content-type": "text/csv"}
    params = {"dry_run": "true"} if dry else {}
    return await company.client.post(path, content=text.encode(), headers=headers, params=params)


async def a_programme(company: World) -> str:
    programme = await company.open()
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
    await company.enrol(programme, 8, "mentor", capacity=2)
    await company.enrol(programme, 9, "mentor")
    return programme


async def test_pairs_that_exist_are_taken_over_once(
    company: World,
) -> None:
    programme = await a_programme(company)
    before = await company.snapshot()
    dry = await bring(company, programme, "1,8,2025-10-01", "2,8,2026-03-01", dry=True)
    assert dry.json() == {"applied": 2, "unchanged": 0, "rejected": []}
    assert await company.snapshot() == before
    real = await bring(company, programme, "1,8,2025-10-01", "2,8,2026-03-01")
    assert real.json() == dry.json()
    assert await company.pairs(state="active") == [("1", "8"), ("2", "8")]
    assert len(await company.said("match-made")) == 2
    (first, second) = await company.matches(state="active")
    assert {first["ends_on"], second["ends_on"]} == {"2026-04-01", "2026-08-30"}
    again = await bring(company, programme, "1,8,2025-10-01", "2,8,2026-03-01")
    assert again.json() == {"applied": 0, "unchanged": 2, "rejected": []}
    run = await company.hold_round(programme)
    assert await company.pairs(run_id=run["run_id"], state="proposed") == [("3", "9")]


async def test_S20_peers_who_are_a_pair_already_are_taken_over_whichever_column_they_are_in(
    company: World,
) -> None:
    programme = await company.open(rules={"form": "peer"})
    for number in (1, 2, 3, 11):
        await company.enrol(programme, number, "peer")
    taken = await bring(company, programme, "11,2,2025-10-01", "2,3,2026-03-01", "1,12,2026-03-01")
    assert (taken.json()["applied"], taken.json()["unchanged"]) == (1, 0)
    wrong = [(one["line"], one["field"], one["reason"]) for one in taken.json()["rejected"]]
    assert wrong == [
        (3, "mentee_number", "has another peer, or an open proposal, in this programme"),
        (4, "mentor_number", "is no peer of this programme: invite or enrol them first"),
    ]
    (match,) = await company.matches(state="active")
    assert (match["peer"], match["mentee_id"]) == (True, company.people["2"])
    again = await bring(company, programme, "2,11,2025-10-01")
    assert again.json() == {"applied": 0, "unchanged": 1, "rejected": []}
    run = await company.hold_round(programme)
    assert await company.pairs(run_id=run["run_id"], state="proposed") == [("1", "3")]


async def test_S21_mentees_taken_over_with_one_mentor_of_a_circle_share_its_id(company: World) -> None:
    programme = await company.open(rules={"form": "circle", "group_size": 4, "group_size_min": 2})
    for number in (1, 2):
        await company.enrol(programme, number, "mentee")
    await company.enrol(programme, 8, "mentor")
    await bring(company, programme, "1,8,2025-10-01", "2,8,2026-03-01")
    (first, second) = await company.matches(state="active")
    assert first["group_id"] == second["group_id"] is not None


async def test_a_wrong_row_is_rejected_with_its_line_its_field_and_the_reason(company: World) -> None:
    programme = await a_programme(company)
    answer = await bring(
        company,
        programme,
        "1,9,2025-10-01",
        "2,9,2025-10-01",
        "1,8,2025-10-01",
        "12,8,2025-10-01",
        "3,3,2025-10-01",
        "3,8,yesterday",
        "3,8,2030-01-01",
        "3,8",
        "3,,2025-10-01",
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["applied"] == 1
    found = {(one["line"], one["field"]) for one in answer.json()["rejected"]}
    assert found == {
        (3, "mentor_number"),
        (4, "mentee_number"),
        (5, "mentee_number"),
        (6, "mentor_number"),
        (7, "since"),
        (8, "since"),
        (10, "mentor_number"),
        (9, "row"),
    }
    wrong = await company.client.post(
        f"/v1/programmes/{programme}/pairs/import",
        content=b"mentee,mentor\n1,2\n",
        headers={**bearer("organiser"), "content-type": "text/csv"},
    )
    assert (wrong.status_code, wrong.json()["type"].rpartition(":")[2]) == (422, "wrong-header")


async def test_the_export_has_every_pair_with_its_reasons_and_no_formula(company: World) -> None:
    programme = await a_programme(company)
    await company.hire(a_row(1, given_name='=HYPERLINK("http://x")', manager_employee_number="9001"))
    await company.hold_round(programme)
    path = f"/v1/programmes/{programme}/pairs/export"
    answer = await company.call("GET", path, token="reader")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {(row["mentee_number"], row["state"]) for row in rows} == {
        ("1", "proposed"),
        ("2", "proposed"),
        ("3", "proposed"),
    }
    assert all("Negotiation" in row["reasons"] for row in rows)
    assert next(row for row in rows if row["mentee_number"] == "1")["mentee_name"].startswith("'=HYPERLINK")
    assert (await company.call("GET", path, token="nobody")).status_code == 403


def test_a_cell_that_begins_like_a_formula_is_text() -> None:
    cells = ["=1+1", "+1", "-1", "@x", "\tx", " =1", 'say "hi"', "plain", None, -0.5]
    text = core.sheets.text(("a",) * len(cells), [cells])
    (_, row) = list(csv.reader(io.StringIO(text)))
    assert row == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "' =1", 'say "hi"', "plain", "", "-0.5"]
