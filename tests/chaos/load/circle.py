"""The life of one small programme: few seats, one mentee more, from import to feedback."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy.local.demo import organiser
from deploy.local.people.forms import Answer
from tests.chaos.load.desk import Declined, Desk
from tests.chaos.load.hurry import Hurry
from tests.chaos.load.people import Someone, as_csv
from tests.chaos.load.post import Post

A_GOAL = "2.A.1.d"
WAIT_S = 120.0
LOOK_S = 0.4
HOURS: Mapping[str, Answer] = {
    "language": "en", "day": ("0", "1", "2", "3", "4", "5", "6"), "starts": "06:00", "ends": "22:00",
    "consent": "yes",
}  # fmt: skip
MENTEE: Mapping[str, Answer] = {**HOURS, "role": "mentee", "goal": (A_GOAL,)}
FEEDBACK: Mapping[str, Answer] = {
    "rating_overall": "5", "rating_usefulness": "4", "rating_listening": "5",
    "went_well": "You asked one question at a time.", "share": "partner",
}  # fmt: skip


class Stuck(Exception):
    """What a circle waited for did not come about."""


@dataclass(eq=False)
class Circle:
    """One programme and its people. `seats` is the mentor's capacity; there is one mentee more than that."""

    desk: Desk
    post: Post
    hurry: Hurry
    name: str
    zone: str
    chance: random.Random
    seats: int = 1
    ids: dict[str, str] = field(default_factory=dict)
    programme_id: str = ""

    @property
    def mentor(self) -> Someone:
        return Someone(f"{self.name}-m", "Lead")

    @property
    def mentees(self) -> list[Someone]:
        return [Someone(f"{self.name}-{place}", "Buyer") for place in range(self.seats + 1)]

    @property
    def everybody(self) -> list[Someone]:
        return [self.mentor, *self.mentees]

    async def live(self) -> None:
        """From the import to the last feedback. Raises Declined, Stuck, NoMail, NoAnswer."""
        await self._open()
        await asyncio.gather(*(self._join(person) for person in self.everybody))
        matches = await self._propose()
        made = [match for match in await asyncio.gather(*map(self._answer, matches)) if match is not None]
        await self._crowd_in(matches)
        await asyncio.gather(*(self._pair(match) for match in made))

    async def _open(self) -> None:
        ledger = self.desk.ledger
        csv = as_csv(self.everybody, self.zone)
        report = await self.desk.post(
            "matching", "/v1/people/import", data=csv.encode(), headers={"content-type": "text/csv"}
        )
        assert report["applied"] == len(self.everybody), report
        ledger.acknowledged(("person-changed", one.number, one.title) for one in self.everybody)
        opening = {**organiser.growth(datetime.now(UTC).date()), "name": self.name, "cadence": "weekly"}
        made = await self.desk.post("matching", "/v1/programmes", json=opening)
        self.programme_id = made["programme_id"]
        ledger.acknowledged([("programme-changed", self.programme_id)])
        for person in self.everybody:
            invited = await self.desk.post(
                "matching",
                f"/v1/programmes/{self.programme_id}/invitations",
                json={"employee_numbers": [person.number]},
            )
            self.ids[person.number] = invited["invited"][0]
        told = [("participant-invited", self.programme_id, one) for one in self.ids.values()]
        ledger.acknowledged(told)

    async def _join(self, person: Someone) -> None:
        """By the link in the mail; some of the mentees are enrolled by the organiser instead."""
        role = "mentor" if person == self.mentor else "mentee"
        answers = MENTEE
        if person == self.mentor:
            answers = {**HOURS, "role": role, "capacity": str(self.seats), f"level_{A_GOAL}": "6"}
        if person == self.mentees[0] and self.chance.random() < 0.3:
            await self._enrol(person)
        else:
            whose = self.ids[person.number]
            link = await self.post.link("join", self.programme_id, whose, within_s=WAIT_S)
            await self.desk.visit(link, "role", answers)
        self.desk.ledger.acknowledged(
            [("participant-joined", self.programme_id, self.ids[person.number], role)]
        )

    async def _enrol(self, person: Someone) -> None:
        hours = [{"weekday": day, "starts": "06:00", "ends": "22:00"} for day in range(7)]
        told = {"employee_number": person.number, "role": "mentee", "consent": True, "goals": [A_GOAL]}
        place = f"/v1/programmes/{self.programme_id}/participations"
        await self.desk.post("matching", place, json={**told, "languages": ["en"], "hours": hours})

    async def _propose(self) -> list[dict[str, Any]]:
        run = await self.desk.post("matching", f"/v1/programmes/{self.programme_id}/runs")
        deadline = time.monotonic() + WAIT_S
        while run["state"] in ("queued", "solving"):
            if time.monotonic() > deadline:
                raise Stuck(f"the run {run['run_id']} is still {run['state']}")
            await asyncio.sleep(LOOK_S)
            run = await self.desk.get("matching", f"/v1/runs/{run['run_id']}")
        proposals: list[dict[str, Any]] = run["proposals"]
        self.desk.ledger.acknowledged(("match-proposed", match["match_id"]) for match in proposals)
        return proposals

    async def _answer(self, match: dict[str, Any]) -> dict[str, Any] | None:
        """Both answer at once; now and then the mentee says no."""
        declines = self.chance.random() < 0.1
        words: list[Mapping[str, Answer]] = [{"answer": "accept"}, {"answer": "accept"}]
        if declines:
            words[0] = {"answer": "decline", "reason": "no-time"}
        sides = [match["mentee_id"], match["mentor_id"]]
        links = [await self.post.link("proposal", match["match_id"], one, within_s=WAIT_S) for one in sides]
        if declines:
            await self.desk.visit(links[0], "answer", words[0])
            self.desk.ledger.acknowledged([("match-declined", match["match_id"])])
            return None
        await asyncio.gather(
            *(self.desk.visit(link, "answer", word) for link, word in zip(links, words, strict=True))
        )
        self.desk.ledger.acknowledged([("match-made", match["match_id"])])
        return match

    async def _crowd_in(self, matches: list[dict[str, Any]]) -> None:
        """The organiser tries to give the mentor one mentee more than there are seats, twice at once."""
        placed = {match["mentee_id"] for match in matches}
        left = [self.ids[one.number] for one in self.mentees if self.ids[one.number] not in placed]
        await asyncio.gather(*(self._by_hand(mentee) for mentee in [*left, *left]))

    async def _by_hand(self, mentee_id: str) -> None:
        pair = {"mentee_id": mentee_id, "mentor_id": self.ids[self.mentor.number]}
        try:
            made = await self.desk.post(
                "matching", "/v1/matches", json={"programme_id": self.programme_id, **pair}
            )
        except Declined:
            return
        self.desk.ledger.acknowledged([("match-made", made["match_id"])])

    async def _pair(self, match: dict[str, Any]) -> None:
        """Terms, a session, perhaps at another time or called off, and what both thought of it."""
        for side in (match["mentee_id"], match["mentor_id"]):
            link = await self.post.link("agreement", match["match_id"], side, within_s=WAIT_S)
            await self.desk.visit(link, "hours_per_month", {"focus": "career"})
        self.desk.ledger.acknowledged([("agreement-confirmed", match["match_id"])])
        session = await self._booked(match["match_id"])
        if self.chance.random() < 0.5:
            session = await self._moved(session)
        if self.chance.random() < 0.2:
            await self._act(session, "cancel", "session-cancelled")
            session = await self._booked(match["match_id"])
        await self.hurry.pass_by(session["session_id"])
        await self._act(session, "complete", "session-completed")
        await asyncio.gather(*(self._feedback(session, match, side) for side in ("mentee", "mentor")))

    async def _booked(self, match_id: str) -> dict[str, Any]:
        """The pair's open session, once there is one."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            await self.hurry.book(match_id)
            found = await self.desk.get("scheduling", f"/v1/sessions?match_id={match_id}")
            open_ones = [one for one in found["items"] if one["state"] == "scheduled"]
            if open_ones:
                session: dict[str, Any] = open_ones[-1]
                return session
            await asyncio.sleep(LOOK_S)
        raise Stuck(f"no session for {match_id}")

    async def _moved(self, session: dict[str, Any]) -> dict[str, Any]:
        offered = await self.desk.get("scheduling", f"/v1/sessions/{session['session_id']}/slots")
        if not offered["slots"]:
            return session
        slot = self.chance.choice(offered["slots"])["starts_at"]
        return await self._act(session, "move", "session-moved", starts_at=slot)

    async def _act(self, session: dict[str, Any], act: str, topic: str, **more: str) -> dict[str, Any]:
        body = {"sequence": session["sequence"], **more}
        done = await self.desk.post("scheduling", f"/v1/sessions/{session['session_id']}/{act}", json=body)
        values = [done["session_id"], *([str(done["sequence"])] if act == "move" else [])]
        self.desk.ledger.acknowledged([(topic, *values)])
        return done

    async def _feedback(self, session: dict[str, Any], match: dict[str, Any], side: str) -> None:
        person_id = match[f"{side}_id"]
        link = await self.post.link("feedback", session["session_id"], person_id, within_s=WAIT_S)
        fit = "not-good" if side == "mentee" and self.chance.random() < 0.2 else "good"
        await self.desk.visit(link, "rating_overall", {**FEEDBACK, "fit": fit})
        self.desk.ledger.acknowledged([("feedback-submitted", session["session_id"], person_id)])
