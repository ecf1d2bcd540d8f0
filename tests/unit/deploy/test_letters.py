from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage

from deploy.local.people import letters

ICS = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//x//y//EN\r
METHOD:{method}\r
BEGIN:VTIMEZONE\r
TZID:Europe/Madrid\r
BEGIN:STANDARD\r
DTSTART:19701025T030000\r
TZOFFSETFROM:+0200\r
TZOFFSETTO:+0100\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
UID:session-1@mentoring.example\r
SEQUENCE:2\r
DTSTAMP:20260301T080000Z\r
DTSTART;TZID=Europe/Madrid:20260310T100000\r
DTEND;TZID=Europe/Madrid:20260310T104500\r
END:VEVENT\r
END:VCALENDAR\r
"""


def a_mail(*, method: str | None = None) -> bytes:
    mail = EmailMessage()
    mail["To"] = "Ana Reyes <Ana0@adventure-works.example>"
    mail["Subject"] = "Your session"
    mail["Message-ID"] = "<42@mentoring.example>"
    mail.set_content(
        "Hello Ana,\nopen http://127.0.0.1:8001/pair/abc.def-1 or (http://127.0.0.1:8001/pair/second)\n"
        "see also https://adventure-works.example/help\n"
    )
    mail.add_alternative("<p>Hello</p>", subtype="html")
    if method is not None:
        mail.add_attachment(ICS.format(method=method).encode(), maintype="text", subtype="calendar")
    return mail.as_bytes()


def test_a_letter_has_an_addressee_and_the_first_link_of_each_purpose() -> None:
    letter = letters.read(a_mail())
    assert letter.to == "ana0@adventure-works.example"
    assert letter.message_id == "<42@mentoring.example>"
    assert letter.links == {"pair": "http://127.0.0.1:8001/pair/abc.def-1"}
    assert letter.meeting is None


def test_the_gist_of_a_letter_is_free_of_links_which_differ_from_telling_to_telling() -> None:
    gist = letters.read(a_mail()).gist
    assert gist.startswith("Your session\nHello Ana,")
    assert "http" not in gist


def test_a_calendar_part_is_understood_with_its_method_and_zone() -> None:
    meeting = letters.read(a_mail(method="CANCEL")).meeting
    assert meeting == letters.Meeting(
        "session-1@mentoring.example",
        "CANCEL",
        2,
        datetime(2026, 3, 10, 9, 0, tzinfo=UTC),
        datetime(2026, 3, 10, 9, 45, tzinfo=UTC),
    )


def test_an_addressee_outside_ascii_is_understood() -> None:
    """RFC 6532: a header may hold UTF-8 as it is."""
    raw = a_mail().replace(b"Ana0@", "zo\u00eb0@".encode())
    assert letters.read(raw).to == "zo\u00eb0@adventure-works.example"
