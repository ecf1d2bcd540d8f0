"""Negative controls: the checker finds each wrong line of the plumbing, and nothing of the right ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests import infra
from tests.chaos.miniature.guarantees import r1_sent_once
from tests.chaos.miniature.mutants import LONG_FETCHES, MUTANTS, Mutant, overlay
from tests.chaos.miniature.pair import KEYS, QUIET_S, pair
from tests.chaos.miniature.phrases import MADE, a_match
from tests.chaos.miniature.processes import Nursery, nursery
from tests.chaos.miniature.scenes import SCENES

SEED = 1
CAUGHT_S = 4.0
"""A wrong line may leave something open for ever: the checker does not wait as long as D7 allows."""


def test_every_wrong_line_has_its_scene() -> None:
    assert SCENES.keys() == MUTANTS.keys()


def test_a_control_refuses_a_line_that_is_not_there_once(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not once but 0 times: no such line"):
        overlay(tmp_path, Mutant("relay", "no such line", ""))


async def findings(
    cradle: Nursery, servers: tuple[str, infra.Databases], folder: Path, *, within_s: float
) -> list[str]:
    """Plays the scene of the folder's name and looks what is wrong afterwards."""
    scene = SCENES[folder.name]
    async with pair(cradle, servers, folder, SEED) as one:
        await one.speak()
        await one.listen()
        one.order(*((MADE, a_match(number)) for number in range(KEYS)))
        # Chance may show a wrong line before its scene does.
        early = await one.findings()
        if early:
            return early
        await scene.play(one)
        found = await one.findings(within_s=within_s)
        return [*found, *(r1_sent_once(await one.books.ledger()) if scene.shows == "R1" else ())]


@pytest.mark.parametrize("wrong", MUTANTS)
async def test_the_checker_catches(wrong: str, kafka: str, postgres: infra.Databases, tmp_path: Path) -> None:
    path = overlay(tmp_path / "overlay", *preparing(wrong), MUTANTS[wrong])
    async with nursery(path) as cradle:
        found = await findings(cradle, (kafka, postgres), tmp_path / wrong, within_s=CAUGHT_S)
    assert any(one.startswith(SCENES[wrong].shows) for one in found), found


async def test_the_checker_finds_nothing_in_the_same_scenes_of_the_right_lines(
    kafka: str, postgres: infra.Databases, tmp_path: Path
) -> None:
    async with nursery() as cradle, nursery(overlay(tmp_path / "overlay", LONG_FETCHES)) as patient:
        scenes = [
            findings(
                patient if preparing(wrong) else cradle,
                (kafka, postgres),
                tmp_path / wrong,
                within_s=QUIET_S,
            )
            for wrong in SCENES
        ]
        found = await asyncio.gather(*scenes)
    assert dict(zip(SCENES, found, strict=True)) == {wrong: [] for wrong in SCENES}


def preparing(wrong: str) -> tuple[Mutant, ...]:
    """The two scenes with a rebalance need a listener that does not come back with nothing meanwhile."""
    return (LONG_FETCHES,) if wrong in ("epoch-drop", "commit without offsets") else ()
