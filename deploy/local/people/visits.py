"""What a person does behind a link: opens the page, fills in its form, sends it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

import aiohttp

from deploy.local import chance
from deploy.local.company.made_up import Person
from deploy.local.people import forms, temper, words
from deploy.local.people.forms import Answer, Form, Page
from deploy.local.people.habits import Plan

PATIENCE_S = 30.0
TRY_AGAIN_S = 0.25
ASKED = {"join": "role", "answer": "answer", "confirm": "hours_per_month", "write": "rating_overall"}
"""The field by which a page's form is known."""
CONFIRMED = "has confirmed the terms below"
"""How the agreement's page says that the partner was here before."""
SUPERVISED = "New managers"
"""In this programme who leads a team for the first time wants a mentor, whatever they do elsewhere."""


@dataclass(frozen=True)
class Browser:
    """Opens pages; waits out a server that is away for a moment, as a person would press reload."""

    client: aiohttp.ClientSession

    async def get(self, url: str) -> tuple[int, Page]:
        return await self._send("GET", url)

    async def post(self, url: str, form: Form, answers: Mapping[str, Answer]) -> tuple[int, Page]:
        return await self._send(
            "POST", urljoin(url, form.action) if form.action else url, form.filled(answers)
        )

    async def _send(self, method: str, url: str, body: str | None = None) -> tuple[int, Page]:
        headers = {"content-type": "application/x-www-form-urlencoded"} if body is not None else {}
        tries = int(PATIENCE_S / TRY_AGAIN_S)
        for left in reversed(range(tries)):
            try:
                async with self.client.request(method, url, data=body, headers=headers) as answer:
                    text = await answer.text()
            except (aiohttp.ClientError, TimeoutError):
                if not left:
                    raise
            else:
                if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or not left:
                    return answer.status, forms.read(text)
            await asyncio.sleep(TRY_AGAIN_S)
        raise AssertionError("the last try returns or raises")


@dataclass(frozen=True)
class Visit:
    """One plan being carried out. `happened` is what the person saw of the meeting in question."""

    browser: Browser
    person: Person
    plan: Plan
    seed: int
    happened: bool
    mark: str

    async def run(self) -> str:
        """What came of it in one word: done, gone (nothing to do any more) or the status of the refusal."""
        status, page = await self.browser.get(self.plan.link)
        if status != HTTPStatus.OK:
            return str(status)
        found = self._answers(page)
        if found is None:
            return "gone"
        form, answers = found
        status, after = await self.browser.post(self.plan.link, form, answers)
        if status == HTTPStatus.UNPROCESSABLE_ENTITY and self.plan.deed == "write":
            status = await self._in_full(after)
        return "done" if status < HTTPStatus.BAD_REQUEST else str(status)

    async def _in_full(self, page: Page) -> int:
        """The page asked for something concrete: it gets the whole text."""
        form = page.form("rating_overall")
        assert form is not None
        status, _ = await self.browser.post(self.plan.link, form, self._feedback(form, whole=True))
        return status

    def _answers(self, page: Page) -> tuple[Form, Mapping[str, Answer]] | None:
        deed = self.plan.deed
        if deed == "tell":
            return self._act(page, "happened" if self.happened else "missed")
        if deed == "move" or deed == "cancel":
            return self._act(page, deed)
        form = page.form(ASKED[deed])
        if form is None:
            return None
        match deed:
            case "join":
                return form, self._join(form, page)
            case "answer":
                return form, self._answer(form)
            case "confirm":
                return form, self._terms(form, page)
            case "write":
                return form, self._feedback(form, whole=False)

    def _draw(self, probability: float, what: str) -> bool:
        plan = self.plan
        return chance.happens(probability, self.seed, plan.number, plan.partner, what, plan.ordinal)

    def _join(self, form: Form, page: Page) -> Mapping[str, Answer]:
        person = self.person
        role = person.wish
        if SUPERVISED in page.words and "Supervisor" in person.employee.title:
            role = "mentee"
        answers: dict[str, Answer] = {
            "role": role,
            "day": tuple(str(day) for day in person.days),
            "starts": person.starts,
            "ends": person.ends,
            "language": tuple(code for code in person.languages if code in form.offers("language")),
            "interest": chance.several(form.offers("interest"), 3, self.seed, person.number, "interests"),
            "consent": form.offers("consent"),
        }
        for scale in (*person.values.items(), *person.styles.items()):
            answers[self._scale_name(form, scale[0])] = str(scale[1] or "")
        if role != "mentor":
            answers["goal"] = tuple(goal for goal in person.goals if goal in form.offers("goal"))
        if role != "mentee":
            answers["capacity"] = str(person.capacity)
            answers |= {f"level_{skill}": str(level) for skill, level in person.shares.items()}
        return answers

    def _scale_name(self, form: Form, scale: str) -> str:
        return f"value_{scale}" if f"value_{scale}" in form.names() else f"style_{scale}"

    def _answer(self, form: Form) -> Mapping[str, Answer]:
        if self._draw(temper.of(self.person).accepts, "accepts"):
            return {"answer": "accept"}
        reasons = [reason for reason in form.offers("reason") if reason]
        plan = self.plan
        return {
            "answer": "decline",
            "reason": chance.among(reasons, self.seed, plan.number, plan.partner, "reason", plan.ordinal),
        }

    def _terms(self, form: Form, page: Page) -> Mapping[str, Answer]:
        """What the partner has confirmed is accepted; else the eager want to meet more, the busy less."""
        if CONFIRMED in page.words:
            return {}
        focus = chance.among(form.offers("focus"), self.seed, self.plan.number, self.plan.partner, "focus")
        answers: dict[str, Answer] = {"focus": focus}
        if self.person.character == "over-eager" and self._draw(0.3, "terms"):
            answers["cadence"] = "biweekly"
        if self.person.character == "busy" and self._draw(0.2, "terms"):
            answers["cadence"] = "quarterly"
        return answers

    def _act(self, page: Page, action: str) -> tuple[Form, Mapping[str, Answer]] | None:
        """The form for the meeting in question that takes this action; none when it is decided already."""
        session = self.plan.meeting.partition("@")[0]
        for form in page.forms:
            if session in form.offers("session_id") and action in form.offers("action"):
                slots = form.offers("slot")
                if action != "move":
                    return form, {"action": action}
                if slots:
                    plan = self.plan
                    slot = chance.among(slots, self.seed, plan.number, plan.partner, "slot", plan.ordinal)
                    return form, {"action": action, "slot": slot}
        return None

    def _feedback(self, form: Form, *, whole: bool) -> Mapping[str, Answer]:
        person, partner, ordinal = self.person, self.plan.partner, self.plan.ordinal
        ratings = words.ratings(person, partner, ordinal, seed=self.seed)
        texts = dict(words.texts(person, partner, ordinal, seed=self.seed, mark=self.mark))
        if not whole and ratings["rating_overall"] <= words.LOW and self._draw(0.5, "curt"):
            texts["went_well"] = texts["to_improve"] = ""
        answers: dict[str, Answer] = {**{name: str(rating) for name, rating in ratings.items()}, **texts}
        if "fit" in form.names():
            answers["fit"] = words.fit(person, partner, seed=self.seed)
        answers["share"] = "partner" if self._draw(0.6, "shares") else "private"
        return answers
