"""People, a pair, a session and messages about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_string, policy
from email.message import EmailMessage
from functools import cache
from uuid import UUID

from services.notifications import core
from services.notifications.channels import letters
from services.notifications.service import stationery
from services.notifications.settings import Settings

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "a key for tests that is long enough"
DOMAIN = "mentoring.example"
PROGRAMME = UUID(int=1)


def a_card(number: int, name: str = "Zoë Müller", zone: str = "Europe/Madrid") -> core.Card:
    given, _, family = name.partition(" ")
    return core.Card(UUID(int=number), given, family, f"p{number}@adventure.example", "Engineer", zone)


MENTEE = a_card(11)
MENTOR = a_card(12, "Roberto Tamburello", "Australia/Lord_Howe")
CARDS: Mapping[UUID, core.Card] = {MENTEE.person_id: MENTEE, MENTOR.person_id: MENTOR}


def a_pair() -> core.Pair:
    return core.Pair(UUID(int=21), PROGRAMME, MENTEE.person_id, MENTOR.person_id, date(2026, 9, 1))


def a_meeting(
    starts_at: datetime = NOW + timedelta(days=3), *, sequence: int = 0, ordinal: int = 1, minutes: int = 45
) -> core.Meeting:
    ends_at = starts_at + timedelta(minutes=minutes)
    return core.Meeting(UUID(int=31), ordinal, sequence, starts_at, ends_at, "video")


def a_notice(kind: core.Kind, to: core.Card = MENTEE) -> core.Notice:
    """A notice of any kind with everything that its words can speak of."""
    until = NOW + timedelta(days=3)
    meeting = replace(a_meeting(), was_at=NOW + timedelta(days=2))
    return core.Notice(
        to.person_id, kind, PROGRAMME, NOW, NOW, a_pair(), meeting, reason="completed", useful_until=until
    )


def a_message(notice: core.Notice, number: int = 41) -> core.Message:
    return core.Message(UUID(int=number), notice, 0, UUID(int=51), "00-0-0-01", UUID(int=52))


@cache
def a_stationery() -> letters.Stationery:
    return stationery(
        Settings(
            dsn="unused",
            kafka="unused",
            link_key=KEY,
            mail_from=f"hello@{DOMAIN}",
            pages_matching="https://who.example/",
            pages_scheduling="https://when.example",
        )
    )


def names(*more: core.Card, programme: str = "Career growth") -> letters.Names:
    return letters.Names({**CARDS, **{card.person_id: card for card in more}}, {PROGRAMME: programme})


def written(notice: core.Notice, *, known: letters.Names | None = None, now: datetime = NOW) -> EmailMessage:
    """The mail about a notice, as its reader's program takes it apart."""
    raw = letters.write(a_stationery(), a_message(notice), known or names(), now)
    mail = message_from_string(raw.decode(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, subtype: str) -> str:
    """The text of one alternative."""
    [found] = [one for one in mail.walk() if one.get_content_type() == f"text/{subtype}"]
    assert isinstance(found, EmailMessage)
    content = found.get_content()
    return content if isinstance(content, str) else content.decode()
