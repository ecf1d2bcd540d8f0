"""What matching says fits into what can be said, however large a programme is."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.matching import said
from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, RunId
from services.matching.core.runs import Left, Run
from shared import envelope, outbox
from tests.unit.matching.builders import NOW

RUN = Run(id=RunId(UUID(int=70)), programme_id=ProgrammeId(UUID(int=900)), created_at=NOW, mentees=90_000)


def left(many: int) -> list[Left]:
    return [
        Left(ParticipationId(UUID(int=n)), PersonId(UUID(int=n)), "mentee", "all-mentors-full", "")
        for n in range(many)
    ]


@pytest.mark.parametrize(("many", "parts"), [(0, 1), (1, 1), (2_000, 1), (2_001, 2), (60_000, 30)])
def test_a_run_that_leaves_many_waiting_is_said_in_parts_that_can_be_sent(many: int, parts: int) -> None:
    found = list(said.matching_run_finished(RUN, left(many), at=NOW))
    assert [one.part for one in found] == list(range(parts))
    assert {one.waiting_in_all for one in found} == {many}
    assert [one.person_id for part in found for one in part.waiting] == [UUID(int=n) for n in range(many)]
    for one in found:
        outbox.said(one, "matching", envelope.new_trace())
