"""The mail as it is written: words from templates, as text and as HTML, and the calendar entry with them.

`templates/words/<kind>.txt` holds the words of one kind, once, in blocks: subject, preview, heading, before,
facts (lines "name: value"), action (what the button says), after. Both forms of the mail are made of them.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from uuid import UUID

import jinja2

from services.notifications import core
from services.notifications.channels import calendar
from shared import auth

WIDTH = 72
HEADER_WIDTH = 200
ADDRESS = re.compile(r'([^\s<>@,;:"()\[\]\\]+)@([^\s<>@,;:"()\[\]\\]+)')
ON_THE_WIRE = compat32.clone(linesep="\r\n", max_line_length=HEADER_WIDTH)
MODES: Mapping[str, str] = {"video": "by video call", "in-person": "in person", "chat": "in a chat"}
CANNOT_WRITE = (jinja2.TemplateError, LookupError, ValueError, AssertionError)


@dataclass(frozen=True)
class Stationery:
    """What it takes to write mails. `pages` are base URLs by the purpose of a link."""

    env: jinja2.Environment
    sender: str
    link_key: str
    pages: Mapping[core.Purpose, str]
    zones: calendar.Zones = field(default_factory=calendar.Zones)

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


@dataclass(frozen=True)
class Names:
    """The people and programmes that a batch of messages speaks of, and the mentees of circles by meeting."""

    cards: Mapping[UUID, core.Card]
    programmes: Mapping[UUID, str]
    circles: Mapping[UUID, Sequence[UUID]] = field(default_factory=dict)

    def circle(self, notice: core.Notice) -> list[core.Card]:
        """With whom the mentor of a circle meets, where that is what the notice is about."""
        meeting = notice.meeting
        found = self.circles.get(meeting.session_id, ()) if meeting else ()
        return sorted((self.cards[one] for one in found), key=lambda card: card.name)


@dataclass(frozen=True)
class Words:
    """The plain text of one mail; paragraphs and facts in order. `url` is where `action` leads."""

    subject: str
    preview: str
    heading: str
    before: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    action: str
    url: str | None
    after: tuple[str, ...]


def write(stationery: Stationery, message: core.Message, names: Names, now: datetime) -> bytes:
    """The whole mail. The same message gives the same Message-ID and link whenever it is written.

    Raises one of CANNOT_WRITE where names or templates are missing.
    """
    me = names.cards[message.notice.recipient_id]
    words = _words(stationery, message, names)
    mail = MIMEMultipart("alternative", boundary=f"=_{message.id.hex}")
    mail["Date"] = format_datetime(now)
    for name, value in _headers(stationery, message, to=_to(me), subject=words.subject).items():
        mail[name] = value
    mail.attach(_part(stationery.env.get_template("letter.txt").render(words=_wrapped(words)), "plain"))
    html = stationery.env.get_template("letter.html").render(words=words, subject=words.subject)
    mail.attach(_part(html, "html"))
    if message.notice.calendar:
        entry = _entry(stationery, message, names, words)
        mail.attach(_calendar_part(calendar.write(entry, now, stationery.zones), entry.method))
    return mail.as_bytes(policy=ON_THE_WIRE)


def _headers(stationery: Stationery, message: core.Message, *, to: str, subject: str) -> dict[str, str]:
    return {
        "From": formataddr(("Mentoring", stationery.sender)),
        "To": to,
        "Subject": subject if subject.isascii() else Header(subject, "utf-8", HEADER_WIDTH).encode(),
        "Message-ID": f"<{message.id}@{stationery.domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Mentoring-Kind": message.notice.kind,
    }


def address(card: core.Card) -> str:
    """The mail address as servers know it: the domain in ASCII. Raises ValueError if it is none."""
    found = ADDRESS.fullmatch(card.email)
    if found is None or not card.email.isprintable():
        raise ValueError("this is no mail address")
    return f"{found[1]}@{found[2].encode('idna').decode()}"


def _to(card: core.Card) -> str:
    """Name and address. A local part that is not ASCII stays as UTF-8 (RFC 6532)."""
    name = formataddr((_one_line(card.name), "")).removesuffix("<>")
    return f"{name}<{address(card)}>".encode().decode("ascii", "surrogateescape")


def _part(text: str, subtype: str) -> MIMEText:
    """HTML says what is not ASCII in references, so that it needs no encoding for the way."""
    if subtype == "html":
        text = text.encode("ascii", "xmlcharrefreplace").decode()
    return MIMEText(text, subtype, "us-ascii" if text.isascii() else "utf-8")


def _calendar_part(text: str, method: calendar.Method) -> MIMEText:
    part = MIMEText(text, "calendar", "utf-8")
    part.set_param("method", method)
    return part


def _words(stationery: Stationery, message: core.Message, names: Names) -> Words:
    notice = message.notice
    link = core.link(notice)
    template = stationery.env.get_template(f"words/{notice.kind}.txt")
    context = template.new_context(_context(notice, names, link))

    def block(name: str) -> str:
        return "".join(template.blocks[name](context)).strip() if name in template.blocks else ""

    return Words(
        subject=_one_line(block("subject")),
        preview=_one_line(block("preview")),
        heading=_one_line(block("heading")),
        before=_paragraphs(block("before")),
        facts=_facts(block("facts")),
        action=_one_line(block("action")),
        url=_url(stationery, message, link) if link else None,
        after=_paragraphs(block("after")),
    )


def _context(notice: core.Notice, names: Names, link: core.Link | None) -> dict[str, object]:
    me = names.cards[notice.recipient_id]
    pair, meeting, circle = notice.pair, notice.meeting, names.circle(notice)
    partner = names.cards[pair.partner_of(me.person_id)] if pair else None
    if circle and partner:
        partner = replace(partner, given_name="your circle", family_name="", title=_listed(circle))
    return {
        "me": me,
        "zone": me.time_zone,
        "programme": names.programmes.get(notice.programme_id, ""),
        "partner": partner,
        "circle": _listed(circle),
        "session": "meeting" if circle else f"session {meeting.ordinal}" if meeting else "",
        "role": pair.role_of(me.person_id) if pair else None,
        "mentee": names.cards[pair.mentee_id] if pair else None,
        "mentor": names.cards[pair.mentor_id] if pair else None,
        "meeting": meeting,
        "mode": MODES.get(meeting.mode, meeting.mode) if meeting else "",
        "reason": notice.reason,
        "until": link.expires_at if link else notice.useful_until,
    }


def _url(stationery: Stationery, message: core.Message, link: core.Link) -> str:
    recipient = message.notice.recipient_id
    signed = auth.SignedLink(link.purpose, link.subject, recipient, link.expires_at, message.id)
    token = auth.mint(stationery.link_key, signed)
    return f"{stationery.pages[link.purpose].rstrip('/')}/{link.purpose}/{token}"


def _entry(stationery: Stationery, message: core.Message, names: Names, words: Words) -> calendar.Entry:
    notice = message.notice
    assert notice.meeting is not None
    assert notice.pair is not None
    mentee, mentor = (names.cards[person_id] for person_id in notice.pair.people)
    people = (*(names.circle(notice) or [mentee]), mentor)
    lines = [words.preview, *([f"{words.action}: {words.url}"] if words.url else [])]
    return calendar.Entry(
        method="CANCEL" if notice.kind in core.CANCELLATIONS else "REQUEST",
        meeting=notice.meeting,
        time_zone=names.cards[notice.recipient_id].time_zone,
        summary=f"Mentoring: {_listed(people)}",
        description="\n\n".join(lines),
        url=words.url,
        organizer=stationery.sender,
        attendees=people,
    )


def _listed(people: Sequence[core.Card]) -> str:
    """Their names as one says them: "Ada, Leo and Mia"."""
    names = [one.name for one in people]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(_one_line(part) for part in text.split("\n\n") if part.strip())


def _facts(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition(": ") for line in text.splitlines() if line.strip())
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _wrapped(words: Words) -> Words:
    """For the text form: lines of at most 72 characters."""

    def fill(text: str) -> str:
        return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)

    return Words(
        subject=words.subject,
        preview=words.preview,
        heading=fill(words.heading),
        before=tuple(map(fill, words.before)),
        facts=words.facts,
        action=words.action,
        url=words.url,
        after=tuple(map(fill, words.after)),
    )
