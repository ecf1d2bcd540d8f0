from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from deploy.local.company.made_up import Character, Person
from deploy.local.people import habits, temper, words
from deploy.local.people.habits import Diary, Plan
from deploy.local.people.letters import Letter
from tests.unit.deploy.builders import MONDAY, a_letter, a_meeting, a_person

OVER = MONDAY + timedelta(days=8)


def planned(person: Person, letter: Letter, *, diary: Diary | None = None, seed: int = 1) -> Sequence[Plan]:
    now = MONDAY if letter.meeting is not None else OVER
    return list(habits.plans(person, diary or Diary(), letter, now, seed=seed, partner=7))


def how_many(character: Character, kind: str) -> int:
    return sum(
        len(planned(a_person(number, character), a_letter(a_person(number), kind)))
        for number in range(40, 140)
    )


def test_the_over_eager_always_join_and_the_silent_rarely() -> None:
    assert how_many("over-eager", "join") == 100
    assert how_many("silent", "join") < 60


def test_people_act_only_when_they_read_their_mail_in_working_hours() -> None:
    for number in range(20, 120):
        person = a_person(number, "busy")
        for plan in planned(person, a_letter(person, "proposal")):
            local = plan.due.astimezone(ZoneInfo(person.site.time_zone))
            assert local.weekday() in person.days
            assert person.starts <= f"{local:%H:%M}" < person.ends
            assert plan.due >= OVER


def test_a_reminder_before_a_meeting_leads_to_nothing_and_the_question_after_it_to_telling() -> None:
    person, diary = a_person(character="over-eager"), Diary()
    planned(person, a_letter(person, "pair", meeting=a_meeting(OVER + timedelta(days=1))), diary=diary)
    assert planned(person, a_letter(person, "pair"), diary=diary) == []
    planned(person, a_letter(person, "pair", meeting=a_meeting(uid="s2@x")), diary=diary)
    (plan,) = planned(person, a_letter(person, "pair"), diary=diary)
    assert (plan.deed, plan.meeting, plan.ordinal) == ("tell", "s2@x", 2)
    assert planned(person, a_letter(person, "pair"), diary=diary) == []


def test_a_cancelled_meeting_needs_no_telling() -> None:
    person, diary = a_person(character="over-eager"), Diary()
    planned(person, a_letter(person, "pair", meeting=a_meeting()), diary=diary)
    cancelled = a_meeting(method="CANCEL", sequence=1)
    planned(person, a_letter(person, "pair", meeting=cancelled), diary=diary)
    assert planned(person, a_letter(person, "pair"), diary=diary) == []


def test_older_news_of_a_meeting_do_not_overwrite_newer_ones() -> None:
    diary = Diary()
    assert diary.note(7, a_meeting(sequence=3))
    assert not diary.note(7, a_meeting(MONDAY, sequence=2))
    assert diary.meetings[7]["s1@x"].sequence == 3


def test_meetings_are_moved_in_good_time_and_cancelled_before_they_begin() -> None:
    deeds = set()
    for number in range(20, 280):
        person = a_person(number, "busy")
        for plan in planned(person, a_letter(person, "pair", meeting=a_meeting())):
            deeds.add(plan.deed)
            assert MONDAY < plan.due < a_meeting().starts_at
            if plan.deed == "move":
                assert plan.due <= a_meeting().starts_at - habits.NOTICE
    assert deeds == {"move", "cancel"}


def test_both_sides_tell_the_same_about_a_meeting() -> None:
    people = {number: a_person(number, "fading") for number in (60, 70)}
    for ordinal in range(1, 12):
        ours, theirs = (
            Plan(MONDAY, one, "tell", "", partner=other, ordinal=ordinal)
            for one, other in ((60, 70), (70, 60))
        )
        assert habits.came(people, 1, ours) == habits.came(people, 1, theirs)


def test_the_fading_come_less_and_less() -> None:
    def share_of(ordinal: int) -> int:
        return sum(temper.comes(seed, a_person(60, "fading"), 70, ordinal) for seed in range(300))

    assert share_of(1) > share_of(4) > share_of(7)


def test_every_feedback_text_carries_the_mark_and_ratings_stay_on_their_scale() -> None:
    for number in range(20, 120):
        person = a_person(number, "unhappy")
        assert all("plum" in text for text in words.texts(person, 7, 1, seed=1, mark="plum").values())
        assert all(1 <= rating <= 5 for rating in words.ratings(person, 7, 1, seed=1).values())


def test_the_unhappy_say_not_a_good_fit_more_often_than_the_diligent() -> None:
    def refusals(character: Character) -> int:
        return [words.fit(a_person(n, character), 7, seed=1) for n in range(20, 220)].count("not-good")

    assert refusals("unhappy") > 3 * refusals("diligent")
