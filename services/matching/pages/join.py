"""The join page: how somebody wants to take part, and what they tell about themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.matching import commands, core, store, taxonomy
from services.matching.core.ids import Role
from services.matching.core.joining import Filled
from services.matching.core.participations import CAPACITY_MAX, LEVEL_MAX
from services.matching.core.programmes import Programme
from services.matching.pages import forms, joined
from shared import api, auth, look
from shared.look import times
from shared.tx import Connection

Skills = Mapping[str, taxonomy.Skill]

# O*NET's families under the headings of the page.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Working with people", ("2.B.1",)),
    ("Leading and organising", ("2.B.5", "2.C.1")),
    ("Thinking and deciding", ("2.A.2", "2.B.2", "2.B.4")),
    ("Language and numbers", ("2.A.1", "2.C.7")),
    ("Media and communication", ("2.C.9",)),
    ("Technology and engineering", ("2.B.3", "2.C.3")),
    ("Production and transport", ("2.C.2", "2.C.10")),
    ("Science", ("2.C.4",)),
    ("Health, teaching and law", ("2.C.5", "2.C.6", "2.C.8")),
)
LEVELS = tuple((str(level), str(level)) for level in range(1, LEVEL_MAX + 1))
STANDS = (("", "No answer"), ("0", "0, new to me"), *LEVELS)
VALUES = (
    ("growth", "Learning and growing"),
    ("autonomy", "Deciding for myself"),
    ("stability", "A secure, steady job"),
    ("recognition", "Being seen for what I do"),
    ("service", "Being useful to others"),
)
STYLES = (
    ("pace", "Pace", "unhurried", "quick"),
    ("directness", "Feedback", "gentle", "straight"),
    ("structure", "Meetings", "open talk", "clear agenda"),
    ("guidance", "Help", "advice", "hands-on"),
)
CADENCES = {
    "weekly": "every week",
    "biweekly": "every two weeks",
    "monthly": "every month",
    "quarterly": "every quarter",
}
FORMS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "peer": (("Form", "peers: two equals who learn from each other"),),
    "circle": (("Form", "a circle: one mentor and several mentees"),),
    "reverse": (("Form", "reverse mentoring: the junior one mentors the senior one"),),
    "flash": (("Form", "flash mentoring: one short talk with somebody who knows what you want to learn"),),
}


async def show(link: joined.Link, read: api.Reading, request: Request) -> HTMLResponse:
    guest = await joined.guest(read.conn, link)
    if not guest.open_roles or await auth.is_used(read.conn, link):
        return await joined.welcome(request, read.conn, guest)
    commands.programmes.refuse_closed(guest.programme)
    role = await _role(read.conn, guest)
    filled = core.joining.known([one.profile for one in guest.joined], role=role)
    return _form(request, guest, filled, {})


async def _role(conn: Connection, guest: joined.Guest) -> str:
    """The only role that is left, or the one that the groups of the person stand for."""
    named = await store.scim_groups.roles_of_person(conn, guest.programme.id, guest.person.id)
    wanted = [role for role in guest.open_roles if role in named] or guest.open_roles
    return wanted[0] if len(wanted) == 1 else ""


async def join(link: joined.Link, form: forms.Form, tx: api.InTx, request: Request) -> Response:
    guest = await joined.guest(tx.conn, link)
    filled = core.joining.read(form)
    if guest.programme.rules.form in ("circle", "flash", "peer"):
        # A circle or a flash mentor has as many seats as the programme says, a peer one: nobody is asked.
        filled = replace(filled, capacity="1")
    wrong = core.joining.wrong(filled, skills=set(taxonomy.skills()), open_roles=guest.open_roles)
    if wrong and not await auth.is_used(tx.conn, link):
        return _form(request, guest, filled, wrong, said=form.get("group", ()))
    await auth.use_once(tx, link)
    joining = core.joining.joining(filled)
    told = [(role, *joining.for_role(role)) for role in joining.roles]
    made = await commands.enrolment.enrol(tx, guest.programme, guest.person.id, told, consent=True)
    await commands.groups.keep(tx, guest.programme, made, form.get("group", ()))
    return RedirectResponse(request.url.path, status_code=303)


def _form(
    request: Request,
    guest: joined.Guest,
    filled: Filled,
    wrong: Mapping[str, str],
    *,
    said: Sequence[str] = (),
) -> HTMLResponse:
    skills = taxonomy.skills()
    return look.page(
        request.app.state.look,
        "join.html",
        422 if wrong else 200,
        guest=guest,
        terms=terms(guest.programme, guest.person.card.time_zone),
        roles=_roles(guest.open_roles),
        filled=filled,
        errors=wrong,
        groups=[(title, _members(skills, families)) for title, families in GROUPS],
        levels=LEVELS,
        stands=STANDS,
        learning=tuple(core.joining.LEARNING.items()),
        values=VALUES,
        styles=STYLES,
        languages=tuple(core.joining.LANGUAGES.items()),
        interests=tuple(core.joining.INTERESTS.items()),
        days=tuple(enumerate(core.joining.DAYS)),
        capacities=range(1, CAPACITY_MAX + 1),
        asked=tuple(guest.programme.rules.group_names.items()),
        said=said,
    )


def _roles(open_roles: Sequence[Role]) -> list[tuple[str, str, str]]:
    options = {
        "mentee": ("mentee", "As a mentee", "I would like somebody to learn from."),
        "mentor": ("mentor", "As a mentor", "I would like to share what I know."),
        "peer": ("peer", "As a peer", "I would like to learn from an equal, and to share what I know."),
    }
    found = [options[role] for role in open_roles]
    both = ("both", "As both", "I would like to learn from one person and to share with another.")
    return [*found, both] if len(found) > 1 else found


def _members(skills: Skills, families: Sequence[str]) -> list[tuple[str, str]]:
    return [(skill.code, skill.name) for skill in skills.values() if skill.family in families]


def terms(programme: Programme, zone: str) -> list[tuple[str, str]]:
    """What a match of this programme means, in words; times are those of `zone`."""
    found = [*FORMS.get(programme.rules.form, ()), *_meetings(programme, zone)]
    if programme.match_on is not None:
        found.append(("Pairs are formed", f"from {programme.match_on:%-d %B %Y}"))
    if programme.ends_on is not None and programme.rules.form != "flash":
        found.append(("Until", f"{programme.ends_on:%-d %B %Y}"))
    return found


def _meetings(programme: Programme, zone: str) -> list[tuple[str, str]]:
    talks = programme.rules.talks_at
    if talks:
        first, last = (times.day_and_hour(at, zone) for at in (talks[0], talks[-1]))
        return [
            ("First talk", first),
            ("Last talk", last),
            ("Your time", f"one talk of {programme.session_minutes} minutes; mentors give several"),
        ]
    hours = programme.hours_per_month
    return [
        ("Meetings", f"{CADENCES[programme.cadence]}, {programme.session_minutes} minutes each"),
        ("Your time", f"about {hours} {'hour' if hours == 1 else 'hours'} a month"),
    ]


def router() -> APIRouter:
    made = APIRouter()
    made.get("/join/{token}", response_class=HTMLResponse)(show)
    made.post("/join/{token}", response_class=HTMLResponse)(join)
    return made
