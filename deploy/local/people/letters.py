"""A mail as its reader understands it: what it says, where its links lead, which meeting it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_string, policy
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cached_property
from urllib.parse import urlsplit

from icalendar import Calendar

LINK = re.compile(r"https?://[^\s<>\"')\]]+")
PURPOSES = ("join", "proposal", "agreement", "pair", "feedback")


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
    mail = message_from_string(raw.decode(errors="surrogateescape"), policy=policy.default)  # UTF-8 headers
    assert isinstance(mail, EmailMessage)
    part = mail.get_body(("plain",))
    text = str(part.get_content()) if part is not None else ""
    return Letter(
        to=next((address for _, address in getaddresses(mail.get_all("to", []))), "").lower(),
        message_id=str(mail.get("message-id", "")),
        subject=str(mail.get("subject", "")),
        text=text,
        links=_links(LINK.findall(text)),
        meeting=_meeting(mail),
    )


def _links(found: Iterable[str]) -> Mapping[str, str]:
    links: dict[str, str] = {}
    for link in found:
        steps = urlsplit(link).path.strip("/").split("/")
        if len(steps) >= 2 and steps[-2] in PURPOSES:
            links.setdefault(steps[-2], link)
    return links


def _meeting(mail: EmailMessage) -> Meeting | None:
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            return meeting(payload)
    return None


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
