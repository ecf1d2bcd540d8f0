"""One replay from beginning to end: snapshot, rebuild, compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.local.child import Trouble
from deploy.replay import cards, figures, scratch
from deploy.replay.report import Outcome
from deploy.replay.scratch import Place


@dataclass(frozen=True)
class Live:
    """The running company, as far as a replay needs it."""

    service: str
    dsn: str
    kafka: str
    topic_prefix: str


async def replay(live: Live, place: Place, *, until: datetime | None, screen: Console) -> Outcome:
    """Rebuilds and compares what a service keeps. Raises Trouble."""
    place.check()
    if live.service not in cards.KEPT:
        raise Trouble(f"{live.service} keeps nothing that it could rebuild from events: it is who says them.")
    if until is not None and live.service != "analytics":
        raise Trouble(f"What {live.service} keeps of events has no past: --until is for analytics.")
    outcome = Outcome()
    with _bar(screen) as bar:
        if live.service == "analytics":
            outcome.add(await replay_figures(live, place, until, bar=bar))
        if until is None:
            outcome.add(await replay_cards(live, place, bar=bar))
    return outcome


async def replay_figures(live: Live, place: Place, until: datetime | None, *, bar: Progress) -> Outcome:
    """Analytics out of its log."""
    async with scratch.snapshot(live.dsn) as seen, scratch.fresh(place, live.service) as store:
        when = await figures.moment(seen, until)
        async with scratch.door(store, live.service) as door:
            await figures.rebuild(seen, door, when, _steps(bar, "events of the log", when.events))
        _steps(bar, "comparing figures", None)
        found = await figures.verdicts(seen, store.owner_dsn, when)
    title = f"analytics out of {when.events:,} events of its log, as of {when.as_of:%Y-%m-%d %H:%M} UTC"
    not_compared = [f"Not compared: {name} ({why})." for name, why in figures.NOT_COMPARED.items()]
    return Outcome([(title, found)], [*when.notes, *not_compared, *_kept(place, store.name)])


async def replay_cards(live: Live, place: Place, *, bar: Progress) -> Outcome:
    """Cards out of their topics."""
    of = await cards.topics(live.kafka, live.topic_prefix, live.service)
    async with scratch.snapshot(live.dsn) as seen, scratch.fresh(place, live.service) as store:
        async with scratch.door(store, live.service) as door:
            in_motion = await cards.rebuild(seen, door, of, _steps(bar, "records of cards", None))
        found = await cards.verdicts(seen, store.owner_dsn, of, in_motion)
    title = f"cards of {live.service} out of {', '.join(card.event.topic() for card in of.cards)}"
    notes = [f"Not compared: {len(in_motion)} cards of which news was on its way."] if in_motion else []
    return Outcome([(title, found)], [*notes, *_kept(place, store.name)])


def _kept(place: Place, name: str) -> list[str]:
    return [f"The rebuilt database is kept: {name}"] if place.keep else []


def _bar(screen: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=screen, disable=not screen.is_terminal)


def _steps(bar: Progress, what: str, total: int | None) -> Callable[[int], None]:
    task = bar.add_task(what, total=total)
    return partial(_advance, bar, task)


def _advance(bar: Progress, task: TaskID, many: int) -> None:
    bar.advance(task, many)
