"""What a webhook delivers: whose signature fits, and which fact an event states or what is wrong with it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from standardwebhooks import Webhook
from starlette.datastructures import Headers

from services.matching.core.facts import Identity
from services.matching.hris import signature, statements, webhook
from services.matching.hris.webhook import MalformedEvents, NotJson
from tests.unit.matching.hr_events import a_hire, an_event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SENT = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
SECRET = "whsec_" + "QUJD" * 11
KEYS = [b"another", b"ABC" * 11]


def read(*events: dict[str, Any], batch: bool = False) -> Any:
    body = json.dumps(list(events) if batch else events[0]).encode()
    return webhook.read(body, "core", batch=batch, now=NOW)


def headers(**changes: str) -> Headers:
    fitting = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(SENT.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", SENT, "{}"),
    }
    return Headers({**fitting, **{name.replace("_", "-"): value for name, value in changes.items()}})


def check(given: Headers, body: bytes = b"{}", *, later_s: float = 0) -> None:
    signature.check(signature.read(given, now_s=SENT.timestamp() + later_s), body, KEYS)


def test_what_the_standards_own_library_signs_is_let_in() -> None:
    check(headers())
    check(headers(), later_s=300)
    check(headers(), later_s=-300)
    both = f"v1a,c2ln v1,AAAA {headers()['webhook-signature']}"
    check(headers(webhook_signature=both))


@pytest.mark.parametrize(
    "given",
    ["v1,", "v1,!!", "garbage", "v1a,c2ln", ",", "v1", "v1,AAAA", "v2," + headers()["webhook-signature"][3:]],
)
def test_a_signature_that_is_none_lets_nobody_in(given: str) -> None:
    with pytest.raises(signature.SignatureForged):
        check(headers(webhook_signature=given))


def test_a_signature_holds_for_its_body_its_id_and_its_time_alone() -> None:
    with pytest.raises(signature.SignatureForged):
        check(headers(), b"{ }")
    with pytest.raises(signature.SignatureForged):
        check(headers(webhook_id="msg_2"))
    with pytest.raises(signature.SignatureForged):
        check(headers(webhook_timestamp=str(int(SENT.timestamp()) + 1)))


@pytest.mark.parametrize("later_s", [301, -301])
def test_a_signature_is_let_in_for_five_minutes(later_s: float) -> None:
    with pytest.raises(signature.SignatureStale):
        check(headers(), later_s=later_s)


@pytest.mark.parametrize("timestamp", ["soon", "1.5", "-1", "\xb2", "9" * 40, " "])
def test_a_time_that_is_none_is_refused(timestamp: str) -> None:
    with pytest.raises(signature.SignatureMissing):
        check(headers(webhook_timestamp=timestamp))


@pytest.mark.parametrize("name", signature.NAMES)
def test_a_header_is_there_once(name: str) -> None:
    for raw in ([], [(name.encode(), b"1"), (name.encode(), b"2")]):
        others = [(key, value) for key, value in headers().raw if key.decode() != name]
        with pytest.raises(signature.SignatureMissing, match=name):
            check(Headers(raw=[*others, *raw]))


def test_an_event_states_a_fact() -> None:
    event = an_event(
        "leave",
        17,
        effective_on="2026-05-01",
        until="2026-07-31",
        version=3,
        attributes={"id": "e1", "time": "2026-03-01T08:00:00+01:00"},
    )
    (fact,) = read(event)
    assert (fact.source, fact.event_id, fact.kind) == ("core", "e1", "leave")
    assert fact.who == Identity(employee_number="17")
    assert (fact.effective_on, fact.until) == (date(2026, 5, 1), date(2026, 7, 31))
    assert (fact.said_at, fact.said_version) == (NOW - timedelta(hours=26), 3)
    assert fact.fields == {}


def test_what_is_left_out_is_not_said_and_null_is() -> None:
    (fact,) = read(an_event("manager", fields={"manager_employee_number": None}))
    assert fact.fields == {"manager_employee_number": None}


@pytest.mark.parametrize("kind", ["return", "inactive", "termination", "termination-cancelled", "erase"])
def test_what_says_how_somebody_stands_needs_no_more_than_who(kind: str) -> None:
    (fact,) = read(an_event(kind))
    assert fact.kind == kind


@pytest.mark.parametrize(
    ("event", "pointer", "says"),
    [
        (an_event("promotion"), "/type", "is none of mentoring.hris.hire.v1"),
        (an_event("change", fields={"shoe_size": "44"}), "/data/fields/shoe_size", "known here"),
        (an_event("return", salary=1), "/data/salary", "known here"),
        (an_event("return", person={"ssn": "1"}), "/data/person/ssn", "known here"),
        (an_event("return", person={}), "/data/person", "names nobody"),
        (an_event("return", person={"work_email": "nobody"}), "/data/person/work_email", ""),
        (a_hire(time_zone="Mars/Olympus"), "/data/fields/time_zone", "zone"),
        (a_hire(hire_date="31.12.2025"), "/data/fields/hire_date", ""),
        (a_hire(title="x" * 201), "/data/fields/title", "200"),
        (a_hire(title="a\0b"), "/data/fields/title", "control"),
        (an_event("termination", effective_on="2026-02-30"), "/data/effective_on", ""),
        (an_event("termination", effective_on="2026-02-20T00:00:00Z"), "/data/effective_on", ""),
        (an_event("termination", effective_on=20260230), "/data/effective_on", ""),
        (an_event("leave", effective_on="2026-05-02", until="2026-05-01"), "/data/until", "before the first"),
        (an_event("return", until="2026-05-01"), "/data/until", "known here"),
        (an_event("return", version=-1), "/data/version", "greater than or equal to 0"),
        (an_event("return", version="1"), "/data/version", "integer"),
        (an_event("return", attributes={"specversion": "0.3"}), "/specversion", "1.0"),
        (an_event("return", attributes={"time": "yesterday"}), "/time", ""),
        (an_event("return", attributes={"time": "2026-03-02T09:00:00"}), "/time", "timezone"),
        (an_event("return", attributes={"time": "2026-03-03T09:00:01Z"}), "/time", "ahead"),
        (an_event("return", attributes={"id": ""}), "/id", "at least 1"),
        (an_event("return", attributes={"id": "a\nb"}), "/id", "characters"),
        (an_event("return", attributes={"data": None}), "/data", ""),
        (an_event("hire"), "/data/fields", "is missing"),
    ],
    ids=lambda part: part["type"].split(".")[-2] if isinstance(part, dict) else part,
)
def test_what_is_malformed_is_answered_with_its_place(event: dict[str, Any], pointer: str, says: str) -> None:
    for batch, place in ((False, ""), (True, "/1")):
        with pytest.raises(MalformedEvents) as refused:
            read(*([an_event("return"), event] if batch else [event]), batch=batch)
        (error,) = refused.value.errors
        assert error.pointer == place + pointer
        assert says in error.detail


def test_every_fault_of_a_batch_is_named() -> None:
    batch = [a_hire(1), a_hire(2, time_zone="Nowhere"), an_event("change", 4, fields={"hire_date": "never"})]
    with pytest.raises(MalformedEvents, match=r"^Nothing was stored\. /1/data/fields/time_zone: ") as refused:
        read(*batch, batch=True)
    pointers = [error.pointer for error in refused.value.errors]
    assert pointers == ["/1/data/fields/time_zone", "/2/data/fields/hire_date"]


@pytest.mark.parametrize("batch", [[], [an_event("return")] * 501], ids=len)
def test_a_batch_has_1_to_500_events(batch: list[Any]) -> None:
    with pytest.raises(MalformedEvents):
        read(*batch, batch=True)


@pytest.mark.parametrize("body", [b"", b"{", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"id": "\xff"}', b"NaN"])
def test_what_is_no_json_is_told_so(body: bytes) -> None:
    with pytest.raises((NotJson, MalformedEvents)):
        webhook.read(body, "core", batch=False, now=NOW)


def test_the_schema_that_is_shown_takes_what_the_door_takes() -> None:
    shown = statements.schema(statements.ONE)
    jsonschema.Draft202012Validator.check_schema(shown)
    good = jsonschema.Draft202012Validator(shown)
    assert good.is_valid(a_hire())
    assert good.is_valid(an_event("leave", until="2026-05-01"))
    assert not good.is_valid(an_event("promotion"))
    assert not good.is_valid(an_event("return", salary=1))
