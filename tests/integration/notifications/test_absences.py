"""What facts about people mean for their mails: nothing to whoever lost access, hardly any in a leave."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from services.notifications.store import deliveries
from shared import events
from shared.events import PersonId
from tests.integration.notifications import facts, world
from tests.integration.notifications.world import MENTEE, MENTOR, World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ORGANISER = PersonId(world.UUID(int=5))


async def planned(matched: World) -> datetime:
    """A session in three days, in both calendars."""
    start = matched.now + 3 * DAY
    await matched.hear(world.a_session(matched.now, start))
    await matched.send()
    matched.inbox.mails.clear()
    return start


def status(world_: World, who: PersonId, said: str, version: int = 2) -> events.PersonChanged:
    name = "Mia" if who == MENTEE else "Tom"
    return world.a_person(who, world_.now, version=version, status=said, name=name)


def plain(mail: world.EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


@pytest.mark.parametrize("lost", ["inactive", "terminated"])
async def test_U6_whoever_loses_access_is_owed_nothing_from_that_moment(matched: World, lost: str) -> None:
    start = await planned(matched)
    assert await matched.waiting(MENTEE)
    await matched.hear(status(matched, MENTEE, lost))
    assert await matched.waiting(MENTEE) == {}
    await matched.hear(
        world.a_move(matched.now, start + DAY, was=start),
        world.a_cancellation(matched.now, start + DAY, sequence=2),
        world.an_end(matched.now, "left-company"),
        world.an_invitation(matched.now),
    )
    assert await matched.waiting(MENTEE) == {}
    matched.at(start + 2 * DAY)
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == []
    assert matched.inbox.kinds(MENTOR) == ["session-cancelled", "ended"]


async def test_U6_whatever_is_heard_first_a_leaver_hears_nothing_of_the_end(matched: World) -> None:
    await matched.hear(world.an_end(matched.now, "left-company"))
    await matched.send()
    await matched.hear(status(matched, MENTOR, "terminated"))
    matched.at(matched.now + HOUR)
    await matched.send()
    assert matched.inbox.kinds(MENTOR) == []
    [mail] = matched.inbox.mails
    assert "Tom Person 2 is no longer available for mentoring" in plain(mail)
    assert "we look for somebody new for you" in plain(mail)


async def test_U6_whoever_is_let_in_again_hears_nothing_of_the_time_before_in_whatever_order(
    matched: World,
) -> None:
    start, then = await planned(matched), matched.now
    matched.at(then + HOUR)
    await matched.hear(
        status(matched, MENTEE, "inactive"),
        status(matched, MENTEE, "active", version=3),
        world.a_move(then, start + DAY, was=start),
    )
    assert await matched.waiting(MENTEE) == {}
    await matched.hear(world.a_move(matched.now, start + 2 * DAY, was=start, sequence=2))
    assert "session-moved" in await matched.waiting(MENTEE)


async def test_an_older_card_takes_nobodys_access(matched: World) -> None:
    await planned(matched)
    owed = await matched.waiting(MENTEE)
    await matched.hear(status(matched, MENTEE, "active", version=5), status(matched, MENTEE, "terminated", 4))
    assert await matched.waiting(MENTEE) == owed


async def test_U6_in_a_leave_only_the_cancellation_reaches_the_calendar(matched: World) -> None:
    start = await planned(matched)
    await matched.hear(
        status(matched, MENTEE, "leave"),
        facts.a_pause(matched.now, MENTEE, start.date()),
        world.a_cancellation(matched.now, start, sequence=1),
    )
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == ["session-cancelled"]
    [mail] = [one for one in matched.inbox.mails if one["to"].addresses[0].addr_spec == world.address(MENTEE)]
    [entry] = [one for one in mail.walk() if one.get_content_subtype() == "calendar"]
    assert entry.get_param("method") == "CANCEL"
    assert matched.inbox.kinds(MENTOR) == ["partner-away", "session-cancelled"]


async def test_U6_what_still_matters_after_a_leave_is_told_then_and_what_does_not_is_dropped(
    matched: World,
) -> None:
    start = await planned(matched)
    await matched.hear(status(matched, MENTEE, "leave"))
    later = start + 30 * DAY
    await matched.hear(world.other_terms(matched.now), world.a_move(matched.now, later, was=start))
    matched.at(matched.now + 20 * DAY)
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == []
    async with matched.door.pool.acquire() as conn:
        due = await deliveries.next_due(conn)  # type: ignore[arg-type]
        assert due == later - DAY, "a stepped clock does not stand still for mails that wait for a return"
        assert await deliveries.busy(conn) == 0  # type: ignore[arg-type]
    matched.at(later - 20 * HOUR)
    await matched.hear(status(matched, MENTEE, "active", version=3))
    await matched.send()
    assert sorted(matched.inbox.kinds(MENTEE)) == ["reminder-day", "session-moved", "terms-changed"]
    mine = [one for one in await matched.rows() if one["recipient_id"] == MENTEE]
    assert {one["due_at"] for one in mine if one["sent_at"] == matched.now} == {matched.now}


async def test_U6_a_proposal_that_ended_during_a_leave_is_never_mailed(known: World) -> None:
    await known.hear(status(known, MENTEE, "leave"), world.a_proposal(known.now))
    known.at(known.now + 4 * DAY)
    await known.hear(status(known, MENTEE, "active", version=3))
    await known.send()
    assert known.inbox.kinds(MENTEE) == []


async def test_U6_the_partner_hears_until_when_somebody_is_away_and_not_why(matched: World) -> None:
    await matched.hear(facts.a_pause(matched.now, MENTEE, date(2026, 4, 3)))
    await matched.send()
    [mail] = matched.inbox.mails
    assert mail["to"].addresses[0].addr_spec == world.address(MENTOR)
    assert "Mia Person 1 is away until Friday 3 April 2026." in plain(mail)
    assert "leave" not in plain(mail)


async def test_U6_a_partner_of_whom_is_heard_later_hears_of_the_absence_then(known: World) -> None:
    made = world.a_match(known.now)
    await known.hear(facts.a_pause(known.now + HOUR, MENTEE, date(2026, 4, 3)), made)
    assert "partner-away" in await known.waiting(MENTOR)
    assert "partner-away" not in await known.waiting(MENTEE)


async def test_U6_of_whoever_may_be_gone_no_day_is_promised(matched: World) -> None:
    await matched.hear(facts.a_pause(matched.now, MENTEE, date(2026, 3, 16), reason="inactive"))
    await matched.send()
    [mail] = matched.inbox.mails
    assert "is away for the time being" in plain(mail)
    assert "March" not in plain(mail)


async def test_that_nobody_new_is_looked_for_is_no_news_to_a_partner(matched: World) -> None:
    await matched.hear(facts.a_pause(matched.now, MENTEE, date(2026, 4, 3), reason="not-now"))
    assert "partner-away" not in await matched.states()


@pytest.mark.parametrize("order", ["away first", "back first"])
async def test_U6_a_return_or_departure_takes_back_that_somebody_is_away(matched: World, order: str) -> None:
    matched.at(matched.now.replace(hour=22))
    news = [facts.a_pause(matched.now, MENTEE, date(2026, 4, 3)), facts.a_return(matched.now, MENTEE)]
    await matched.hear(*(news if order == "away first" else reversed(news)))
    assert "partner-away" not in await matched.waiting(MENTOR)


async def test_U6_somebody_on_leave_still_hears_later_that_the_partner_is_away(matched: World) -> None:
    await matched.hear(
        status(matched, MENTEE, "leave"),
        facts.a_pause(matched.now, MENTEE, date(2026, 3, 6)),
        facts.a_pause(matched.now, MENTOR, date(2026, 4, 3)),
    )
    matched.at(datetime(2026, 3, 7, 9, tzinfo=matched.now.tzinfo))
    await matched.hear(status(matched, MENTEE, "active", version=3), facts.a_return(matched.now, MENTEE))
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == ["partner-away"]


async def test_U6_who_runs_the_programme_is_asked_to_look_at_a_flagged_pair(matched: World) -> None:
    await matched.hear(
        world.a_person(ORGANISER, matched.now, name="Olga"),
        world.a_programme(matched.now, version=2, organiser_id=ORGANISER),
        facts.a_flag(matched.now),
    )
    await matched.send()
    [mail] = matched.inbox.mails
    assert mail["to"].addresses[0].addr_spec == world.address(ORGANISER)
    assert "one of Mia Person 1 and Tom Person 2 now reports to the other" in plain(mail)


async def test_a_flagged_pair_of_a_programme_that_nobody_runs_is_told_to_nobody(matched: World) -> None:
    await matched.hear(facts.a_flag(matched.now))
    assert "flagged" not in await matched.states()


async def test_U6_a_transfer_moves_the_mails_to_the_new_zone_and_no_session(matched: World) -> None:
    start = await planned(matched)
    await matched.hear(world.a_person(MENTEE, matched.now, version=2, zone="Asia/Kathmandu"))
    matched.at(start - DAY)
    await matched.send()
    [mail] = [one for one in matched.inbox.mails if one["to"].addresses[0].addr_spec == world.address(MENTEE)]
    assert "14:45" in plain(mail), "09:00 in UTC"
    assert "Kathmandu time" in plain(mail)
