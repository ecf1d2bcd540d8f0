"""Rounds held, cancelled and published by hand; decisions about one under review, their cost shown first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.matching import commands, engine, store
from services.matching.commands.reviewing import Wish
from services.matching.core.reviewing import Difference, Kind
from services.matching.core.runs import Found, Run
from services.matching.desk.house import House, as_id, link
from shared import api, auth
from shared.errors import NotFound, Refused
from shared.tx import Connection, snapshot

WRITES = "matches:write"
REASON_CHARS = (3, 500)
WORDS: Mapping[Kind, tuple[str, str]] = {
    "approve": ("Keep this pair", "It stays, whatever else is decided."),
    "reject": ("Do not make this pair", "Both get the best others, if there are any."),
    "pin": ("Make these two a pair", "All other pairs are the best ones again."),
    "swap": ("Swap two mentors", "Each of the two mentees gets the other's mentor."),
    "exclude": ("Leave somebody out of this round", "The next round looks at them again."),
    "exclude-pair": ("Never bring these two together", "Not in this round and not in a later one."),
    "release": ("Take a decision back", "What was decided about this person does not hold any more."),
}
FIELDS = ("kind", "mentee", "mentor", "other")


class MayNotDecide(Refused):
    status = 403
    code = "may-not-decide"


@dataclass(frozen=True)
class Named:
    """A pair by names."""

    mentee: str
    mentor: str
    score: float


@dataclass(frozen=True)
class View:
    run: Run
    cost: float
    gone: list[Named]
    new: list[Named]
    without: list[str]
    changed: bool


async def decide(house: House, request: Request) -> Response:
    """GET shows what a decision costs, POST makes it."""
    run_id = as_id(request, "run_id")
    caller = _decider(request)
    form = await request.form() if request.method == "POST" else request.query_params
    said = {name: str(form.get(name, "")) for name in (*FIELDS, "reason", "version")}
    wish = _wish(said, by=caller.id)
    wrong = {}
    if request.method == "POST":
        if REASON_CHARS[0] <= len(wish.reason) <= REASON_CHARS[1]:
            async with house.writing(caller.id) as tx:
                run = await store.runs.get_locked(tx.conn, run_id)
                api.check_version(int(said["version"] or 0), run.version)
                await commands.reviewing.decide(tx, house.kept, run, wish)
            return RedirectResponse(link(f"runs/{run_id}"), 303)
        wrong = {"reason": "Please say why, in 3 to 500 letters: it is kept with your decision."}
    async with snapshot(house.door) as conn:
        view = await _view(house, conn, run_id, wish)
        programme = await store.programmes.get(conn, view.run.programme_id)
    words = WORDS[wish.kind]
    status = 422 if wrong else 200
    return house.page(
        "decide.html",
        status,
        view=view,
        words=words,
        said=said,
        fields=FIELDS,
        errors=wrong,
        programme=programme,
    )


async def publish(house: House, request: Request) -> Response:
    """Proposes the pairs as they stand, if nobody changed them since the page was seen."""
    run_id = as_id(request, "run_id")
    caller = _decider(request)
    form = await request.form()
    async with house.writing(caller.id) as tx:
        run = await store.runs.get(tx.conn, run_id)
        api.check_version(int(str(form.get("version") or 0)), run.version)
        await commands.reviewing.publish(tx, run_id)
    return RedirectResponse(link(f"runs/{run_id}"), 303)


async def hold(house: House, request: Request) -> Response:
    """Asks for a round now instead of at its time."""
    caller = _decider(request)
    async with house.writing(caller.id) as tx:
        programme = await store.programmes.lock(tx.conn, as_id(request, "programme_id"))
        commands.programmes.refuse_closed(programme)
        run = await commands.rounds.ask(tx, programme, by=caller.id)
    return RedirectResponse(link(f"runs/{run.id}"), 303)


async def cancel(house: House, request: Request) -> Response:
    """Stops a round that is not published: nothing of it will be."""
    caller = _decider(request)
    run_id = as_id(request, "run_id")
    async with house.writing(caller.id) as tx:
        await commands.rounds.cancel(tx, run_id, by=caller.id)
    return RedirectResponse(link(f"runs/{run_id}"), 303)


def may_decide(request: Request) -> bool:
    """Whether the visitor's token may change matches."""
    caller = getattr(request.state, "caller", None)
    return isinstance(caller, auth.Caller) and caller.may(WRITES)


def _decider(request: Request) -> auth.Caller:
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, auth.Caller) or not caller.may(WRITES):
        raise MayNotDecide(f"Your token only reads. To decide, come in with one that has {WRITES}.")
    return caller


def _wish(said: Mapping[str, str], *, by: str) -> Wish:
    """Raises NotFound for a decision there is not."""
    if said["kind"] not in get_args(Kind):
        raise NotFound("There is no such decision. Please go back to the round.")
    kind: Kind = next(one for one in get_args(Kind) if one == said["kind"])
    return Wish(
        kind,
        by,
        said["reason"].strip(),
        mentee_id=_id(said["mentee"]),
        mentor_id=_id(said["mentor"]),
        other_mentee_id=_id(said["other"]),
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise NotFound("There is no such person. Please go back to the round.") from error


async def _view(house: House, conn: Connection, run_id: UUID, wish: Wish) -> View:
    run = await store.runs.get(conn, run_id)
    now = house.door.clock.now()
    found, changed = await commands.reviewing.preview(conn, house.kept, run, wish, now=now)
    names = await _names(conn, found)
    members = await store.participations.by_ids(conn, list(found.without))
    people = await store.people.by_ids(conn, [one.person_id for one in members.values()])
    return View(
        run=run,
        cost=found.cost / engine.WEIGHT_OF_ONE,
        gone=[_named(one, names) for one in found.gone],
        new=[_named(one, names) for one in found.new],
        without=sorted(one.name for one in people),
        changed=changed,
    )


async def _names(conn: Connection, found: Difference) -> dict[UUID, str]:
    pairs = (*found.gone, *found.new)
    ids = {one.mentee_id for one in pairs} | {one.mentor_id for one in pairs}
    return {one.id: one.name for one in await store.people.by_ids(conn, sorted(ids))}


def _named(one: Found, names: Mapping[UUID, str]) -> Named:
    return Named(names[one.mentee_id], names[one.mentor_id], one.weight / engine.WEIGHT_OF_ONE)
