"""A mail as its reader understands it: what it says, where its links lead, which meeting it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from functools import cached_property
from urllib.parse import urlsplit

from icalendar import Calendar

LINK = re.compile(r"https?://[^\s<>\"')\]]+")
PURPOSES = ("join", "proposal", "match", "agreement", "pair", "feedback")


@dataclass(frozen=True)
class Meeting:
    """What the mail's calendar part says about one meeting; the newest `sequence` of a `uid` is true."""

    uid: str
    method: str
    sequence: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Letter:
    """A mail to one person. `links` holds the first signed link of each purpose."""

    to: str
    message_id: str
    subject: str
    text: str
    links: Mapping[str, str]
    meeting: Meeting | None

    @cached_property
    def gist(self) -> str:
        """The words without links: the same in every telling of the same story."""
        return f"{self.subject}\n{LINK.sub('', self.text)}"


def read(raw: bytes) -> Letter:
    """Kept to what is needed: the email package's own policy for headers costs more than all the rest."""
    mail = message_from_bytes(raw)
    headers = {name.lower(): value for name, value in mail.raw_items()}
    text = (_part(mail, "text/plain") or b"").decode()
    ics = _part(mail, "text/calendar")
    return Letter(
        to=parseaddr(_words(headers["to"]))[1].lower(),
        message_id=_words(headers["message-id"]),
        subject=_words(headers["subject"]),
        text=text,
        links=_links(LINK.findall(text)),
        meeting=meeting(ics) if ics is not None else None,
    )


def _words(header: str) -> str:
    """A header unfolded, whether it is encoded or in plain UTF-8."""
    plain = "".join(header.encode("ascii", "surrogateescape").decode().splitlines()).strip()
    return str(make_header(decode_header(plain))) if "=?" in plain else plain


def _part(mail: Message, kind: str) -> bytes | None:
    """The content of the first part of a kind."""
    for part in mail.walk():
        if part.get_content_type() == kind:
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else None
    return None


def _links(found: Iterable[str]) -> Mapping[str, str]:
    links: dict[str, str] = {}
    for link in found:
        steps = urlsplit(link).path.strip("/").split("/")
        if len(steps) >= 2 and steps[-2] in PURPOSES:
            links.setdefault(steps[-2], link)
    return links


def meeting(ics: bytes) -> Meeting:
    """The one event of an iCalendar object."""
    calendar = Calendar.from_ical(ics)
    event = next(iter(calendar.walk("VEVENT")))
    return Meeting(
        uid=str(event["UID"]),
        method=str(calendar.get("METHOD", "REQUEST")),
        sequence=int(event.get("SEQUENCE", 0)),
        starts_at=event.decoded("DTSTART").astimezone(UTC),
        ends_at=event.decoded("DTEND").astimezone(UTC),
    )
