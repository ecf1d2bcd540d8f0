"""The operator's buttons: each wish is made sure of where it cannot be undone, sent to its service, answered.

Buttons stand in templates as `<button data-do="drop" data-service="matching" data-id="7">`; one listener per
part of the page hears them all, so they survive each new rendering.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast, get_args

from nicegui import events, ui

from services.analytics.console.house import House
from services.analytics.console.parked import NoAnswer, Operator, Refusal
from services.analytics.core import words
from shared import log

Deed: TypeAlias = Literal["retry", "retry-all", "drop", "resume"]

ASKED_FIRST: frozenset[Deed] = frozenset({"retry-all", "drop", "resume"})
REASON_CHARS_MAX = 500
PRESSED = """(event) => {
  const button = event.target.closest('button[data-do]');
  if (button) emit([button.dataset.do, button.dataset.service, button.dataset.id || '']);
}"""
DECIDED = """(event) => {
  if (event.submitter && event.submitter.value === 'cancel') return;
  event.preventDefault();
  const reason = event.target.querySelector('textarea');
  if (reason && !reason.value.trim()) {
    reason.setCustomValidity('Say why: it is kept with the event.');
    reason.reportValidity();
    reason.oninput = () => reason.setCustomValidity('');
    return;
  }
  emit(reason ? reason.value : '');
}"""
OPEN = "requestAnimationFrame(() => document.getElementById('ask').showModal())"
CLOSE = "document.getElementById('ask').close()"


@dataclass(frozen=True)
class Wish:
    """`number` is 0 where the wish is about a whole service."""

    deed: Deed
    service: str
    number: int


@dataclass
class Desk:
    """What one open page needs for its buttons; `then` is called when something was done."""

    house: House
    operator: Operator
    then: Callable[[Wish], Awaitable[None]]
    _asked: list[Wish] = field(default_factory=list)

    def build(self) -> None:
        """The dialog and the line that says what became of a wish."""
        self._notice = ui.label("").classes("notice said").props("role=status")
        self._notice.set_visibility(False)
        self._dialog = ui.html("", sanitize=False, tag="dialog").classes("ask")
        self._dialog.props("id=ask aria-labelledby=ask-title")
        self._dialog.on("submit", self._decided, js_handler=DECIDED)

    def hears(self, part: ui.html) -> None:
        part.on("click", self._pressed, js_handler=PRESSED)

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        self._notice.set_text(sentence)
        self._notice.classes(add="problem" if wrong else "", remove="" if wrong else "problem")
        self._notice.set_visibility(True)

    async def _pressed(self, event: events.GenericEventArguments) -> None:
        wish = self._wish(event.args)
        if wish is None:
            return
        if wish.deed not in ASKED_FIRST:
            await self._do(wish, "")
            return
        self._asked[:] = [wish]
        self._dialog.set_content(self.house.render("ask.html", wish=wish, reason_max=REASON_CHARS_MAX))
        ui.run_javascript(OPEN)

    def _wish(self, said: object) -> Wish | None:
        """What a button says; what no button of ours says is nothing."""
        if not isinstance(said, list) or len(said) != 3:
            return None
        deed, service, number = map(str, said)
        if deed not in get_args(Deed) or service not in self.operator.urls or len(number) > 18:
            return None
        return Wish(cast(Deed, deed), service, int(number) if number.isdecimal() else 0)

    async def _decided(self, event: events.GenericEventArguments) -> None:
        ui.run_javascript(CLOSE)
        if self._asked:
            await self._do(self._asked.pop(), str(event.args))

    async def _do(self, wish: Wish, reason: str) -> None:
        try:
            said = await self._send(wish, reason)
        except (NoAnswer, Refusal) as refused:
            self.say(str(refused), wrong=True)
            return
        finally:
            log.info(
                "operated", deed=wish.deed, service=wish.service, parked=wish.number, by=self.operator.by
            )
        self.say(said)
        await self.then(wish)

    async def _send(self, wish: Wish, reason: str) -> str:
        """Raises NoAnswer or Refusal."""
        ask, name = self.operator.ask, words.code_words(wish.service)
        match wish.deed:
            case "retry":
                done = await ask(wish.service, "POST", f"/v1/parked/{wish.number}/retry")
                return _tried(f"Event {wish.number} of {name} is", done)
            case "retry-all":
                done = await ask(wish.service, "POST", "/v1/parked/retry")
                many = done["retried"]
                return _tried(
                    f"{many} event{'' if many == 1 else 's'} of {name} {'is' if many == 1 else 'are'}", done
                )
            case "drop":
                path = f"/v1/parked/{wish.number}/drop"
                await ask(wish.service, "POST", path, json={"reason": reason})
                return f"Event {wish.number} of {name} is dropped; what waited behind it goes on."
            case "resume":
                done = await ask(wish.service, "POST", "/v1/consumer/resume")
                return f"{name} goes on listening." if done["was_stopped"] else f"{name} was not stopped."


def _tried(who: str, done: dict[str, object]) -> str:
    if done["stopped_reason"]:
        return f"{who} due now, but the service is stopped: resume it."
    return f"{who} tried again now."
