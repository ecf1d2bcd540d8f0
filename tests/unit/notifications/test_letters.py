from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import get_args
from uuid import UUID

import pytest

from services.notifications import core
from services.notifications.channels import letters
from shared import auth
from tests.unit.notifications import builders
from tests.unit.notifications.builders import KEY, MENTEE, MENTOR, NOW, part, written

KINDS: tuple[core.Kind, ...] = get_args(core.Kind)
URL = re.compile(r"https://\S+")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reader", [MENTEE, MENTOR], ids=["mentee", "mentor"])
def test_every_kind_has_words_in_text_and_html_that_say_the_same(kind: core.Kind, reader: core.Card) -> None:
    mail = written(builders.a_notice(kind, reader))
    text, html = part(mail, "plain"), part(mail, "html")
    assert mail.get_content_type() == "multipart/alternative"
    assert 10 < len(str(mail["subject"])) < 110
    assert reader.given_name in text
    assert URL.findall(text) == re.findall(r'href="(https://[^"]+)"', html)
    readable = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    for paragraph in [" ".join(one.split()) for one in text.split("-- ")[0].split("\n\n")]:
        if "https://" not in paragraph and ": " not in paragraph and "only for you" not in paragraph:
            assert paragraph in readable


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_says_what_it_is_and_that_nobody_typed_it(kind: core.Kind) -> None:
    mail = written(builders.a_notice(kind))
    assert mail["message-id"] == f"<{UUID(int=41)}@{builders.DOMAIN}>"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["x-mentoring-kind"] == kind
    assert mail["to"].addresses[0].addr_spec == MENTEE.email
    assert mail["to"].addresses[0].display_name == "Zoë Müller"
    assert mail["from"].addresses[0].addr_spec == f"hello@{builders.DOMAIN}"
    assert mail["date"].datetime == NOW


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_is_longer_than_mail_allows_and_every_line_is_ended_as_mail_wants(kind: core.Kind) -> None:
    raw = letters.write(
        builders.a_stationery(), builders.a_message(builders.a_notice(kind)), builders.names(), NOW
    )
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) < 998
    assert not any(b"\n" in line for line in lines)
    assert raw.isascii()


def test_an_address_in_any_script_can_be_written_to() -> None:
    card = replace(MENTEE, email="françois@bücher.example")
    mail = written(builders.a_notice("matched"), known=builders.names(card))
    [to] = mail["to"].addresses
    assert (to.display_name, to.addr_spec) == ("Zoë Müller", "françois@xn--bcher-kva.example")
    assert letters.address(card) == "françois@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("kind", "start", "subject"),
    [
        ("invited", "https://who.example/join/", builders.PROGRAMME),
        ("proposal", "https://who.example/proposal/", UUID(int=21)),
        ("matched", "https://when.example/agreement/", UUID(int=21)),
        ("agreed", "https://when.example/pair/", UUID(int=21)),
        ("session-scheduled", "https://when.example/pair/", UUID(int=21)),
        ("session-over", "https://when.example/pair/", UUID(int=21)),
        ("feedback", "https://when.example/feedback/", UUID(int=31)),
    ],
)
def test_U16_a_mail_carries_a_signed_link_that_opens_the_page_for_its_reader_alone(
    kind: core.Kind, start: str, subject: UUID
) -> None:
    [url] = URL.findall(part(written(builders.a_notice(kind)), "plain"))
    assert url.startswith(start)
    purpose, token = url.split("/")[-2:]
    link = auth.verify(KEY, token, purpose=purpose, now=NOW)
    assert (link.subject, link.audience, link.id) == (subject, MENTEE.person_id, UUID(int=41))
    with pytest.raises(auth.LinkInvalid):
        auth.verify("another key", token, purpose=purpose, now=NOW)


def test_a_mail_that_is_written_again_has_the_same_id_and_link() -> None:
    first = written(builders.a_notice("proposal"))
    again = written(builders.a_notice("proposal"), now=NOW + timedelta(hours=1))
    assert first["message-id"] == again["message-id"]
    assert part(first, "plain") == part(again, "plain")


def test_the_two_of_a_pair_are_told_in_their_own_words_and_times() -> None:
    mentee, mentor = (written(builders.a_notice("proposal", one)) for one in (MENTEE, MENTOR))
    assert mentee["subject"] == "A mentor for you: Roberto Tamburello"
    assert mentor["subject"] == "Would you be a mentor for Zoë Müller?"
    session = [
        part(written(builders.a_notice("session-scheduled", one)), "plain") for one in (MENTEE, MENTOR)
    ]
    assert "When: Thursday 5 March 2026, 10:00–10:45, Madrid time (UTC+1)" in session[0]
    assert "When: Thursday 5 March 2026, 20:00–20:45, Lord Howe time (UTC+11)" in session[1]


def test_a_refusal_is_told_without_who_and_why() -> None:
    notice = replace(builders.a_notice("not-matched"), reason="not-my-goals")
    mails = [part(written(replace(notice, recipient_id=one.person_id)), "plain") for one in (MENTEE, MENTOR)]
    for text in mails:
        assert "not-my-goals" not in text
        assert not re.search(r"declin|refus|said no|reject", text, re.IGNORECASE)


def test_an_end_is_told_in_the_words_of_its_reason() -> None:
    notice = builders.a_notice("ended")
    ended = {
        reason: part(written(replace(notice, reason=reason)), "plain")
        for reason in ("completed", "not-a-good-fit", "withdrawn", "a reason of a later year")
    }
    assert "is complete" in ended["completed"]
    assert "nobody's fault" in ended["not-a-good-fit"]
    assert ended["withdrawn"] == ended["a reason of a later year"]


def test_S24_S25_the_end_of_a_completed_match_leads_to_what_comes_next_and_an_early_end_to_nothing() -> None:
    notice = builders.a_notice("ended")
    done = part(written(replace(notice, reason="completed")), "plain")
    assert "https://who.example/match/" in done
    assert "as a mentor yourself" in " ".join(done.split())
    mentors = part(written(replace(notice, reason="completed", recipient_id=MENTOR.person_id)), "plain")
    assert "as a mentor yourself" not in " ".join(mentors.split())
    assert "/match/" not in part(written(replace(notice, reason="not-a-good-fit")), "plain")


def test_names_cannot_bring_html_or_headers_along() -> None:
    odd = builders.a_card(12, "<b>Bob</b> O'Neil\r\nBcc: all@x.example")
    mail = written(builders.a_notice("matched"), known=builders.names(odd))
    assert "<b>" not in part(mail, "html")
    assert mail["bcc"] is None
    to_odd = written(builders.a_notice("matched", odd), known=builders.names(odd))
    assert to_odd["bcc"] is None
    assert to_odd["to"].addresses[0].addr_spec == odd.email


@pytest.mark.parametrize(
    "address", ["nobody", "a b@x.example", "a@x.example\r\nBcc: all@x.example", "<a@x.example>", "a@b@c"]
)
def test_an_address_that_is_none_cannot_be_written_to(address: str) -> None:
    card = replace(MENTEE, email=address)
    with pytest.raises(letters.CANNOT_WRITE):
        written(builders.a_notice("matched"), known=builders.names(card))


def test_a_name_that_the_words_need_and_nobody_knows_cannot_be_written() -> None:
    unknown = replace(builders.a_notice("matched"), recipient_id=UUID(int=99))
    with pytest.raises(letters.CANNOT_WRITE):
        written(unknown)
