"""What a pair agrees on at its start. It holds once both confirmed the same terms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal

from services.scheduling.core.ids import Cadence, GroupId, MatchId, PersonId, ProgrammeId, Role
from shared.errors import FieldError, Refused

MISSING_AFTER = timedelta(days=14)
HOURS_MAX = 20
CADENCES: Final[tuple[Cadence, ...]] = ("weekly", "biweekly", "monthly", "quarterly")

Focus = Literal["career", "skills", "leadership", "network", "change"]
FOCUSES: Final[tuple[Focus, ...]] = ("career", "skills", "leadership", "network", "change")
FOCUS_TO_BEGIN_WITH: Final[Focus] = "career"

State = Literal["draft", "confirmed", "closed"]


class NotOfThisPair(Refused):
    """The person is neither the mentee nor the mentor."""

    status = 403
    code = "not-of-this-pair"


class PairEnded(Refused):
    """The match is over."""

    code = "pair-ended"


class AlreadyAgreed(Refused):
    """Both confirmed other terms before."""

    code = "already-agreed"


class StaleTerms(Refused):
    """The partner changed the terms since the caller looked."""

    code = "stale-terms"


class TermsWrong(Refused):
    """What was filled in cannot be agreed on."""

    status = 422
    code = "terms-wrong"


@dataclass(frozen=True)
class Terms:
    """What both promise each other."""

    hours_per_month: int
    cadence: Cadence
    focus: Focus


@dataclass(frozen=True)
class Agreement:
    """A pair and what it agrees on. `version` counts the terms; a confirmation names the version it meant.

    `group_id` is shared by the pairs of a circle; `talk_at` is when the one session of a flash match begins.
    """

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    made_at: datetime
    ends_on: date
    session_minutes: int
    terms: Terms
    version: int = 1
    state: State = "draft"
    mentee_confirmed: int | None = None
    mentor_confirmed: int | None = None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str | None = None
    talk_at: datetime | None = None
    group_id: GroupId | None = None

    def role_of(self, person_id: PersonId) -> Role:
        """Raises NotOfThisPair."""
        if person_id == self.mentee_id:
            return "mentee"
        if person_id == self.mentor_id:
            return "mentor"
        raise NotOfThisPair("This page belongs to other people.")

    def partner_of(self, person_id: PersonId) -> PersonId:
        return self.mentor_id if self.role_of(person_id) == "mentee" else self.mentee_id

    def confirmed_by(self, person_id: PersonId) -> bool:
        """Whether the person confirmed the terms as they are now."""
        mine = self.mentee_confirmed if self.role_of(person_id) == "mentee" else self.mentor_confirmed
        return mine == self.version


def terms_from(hours_per_month: str, cadence: str, focus: str) -> Terms:
    """The terms of a filled-in form. Raises TermsWrong, naming every wrong field."""
    hours = int(hours_per_month) if hours_per_month.isascii() and hours_per_month.isdigit() else 0
    chosen_cadence = next((known for known in CADENCES if known == cadence), None)
    chosen_focus = next((known for known in FOCUSES if known == focus), None)
    errors: list[FieldError] = []
    if not 1 <= hours <= HOURS_MAX:
        errors.append(FieldError("hours_per_month", f"Give the hours per month, from 1 to {HOURS_MAX}."))
    if chosen_cadence is None:
        errors.append(FieldError("cadence", "Choose how often you meet."))
    if chosen_focus is None:
        errors.append(FieldError("focus", "Choose what your sessions are about."))
    if errors or chosen_cadence is None or chosen_focus is None:
        raise TermsWrong("Some answers need another look.", errors)
    return Terms(hours, chosen_cadence, chosen_focus)


def confirm(
    agreement: Agreement, person_id: PersonId, terms: Terms, *, seen_version: int, now: datetime
) -> Agreement:
    """One side confirms `terms`. Other terms than the current ones replace them and undo the partner's word.

    Raises PairEnded, AlreadyAgreed once both agreed on other terms, and StaleTerms where the terms changed
    since the person saw them and are not the ones being confirmed. The same word twice changes nothing.
    """
    role = agreement.role_of(person_id)
    if agreement.state == "closed":
        raise PairEnded("Your mentoring has ended, so there is nothing left to agree on.")
    if agreement.state == "confirmed":
        if terms != agreement.terms:
            raise AlreadyAgreed("You have both confirmed already.")
        return agreement
    if terms != agreement.terms:
        if seen_version != agreement.version:
            raise StaleTerms("Your partner has changed the terms in the meantime. Here they are.")
        agreement = _changed(agreement, terms)
    return _agreed(_spoken_for(agreement, role), now)


def for_a_talk(draft: Agreement, talk_at: datetime) -> Agreement:
    """The agreement of a flash match: both said yes to the talk, and there is nothing else to agree on."""
    return replace(
        draft,
        state="confirmed",
        talk_at=talk_at,
        mentee_confirmed=draft.version,
        mentor_confirmed=draft.version,
        confirmed_at=draft.made_at,
    )


def must_look_again(before: Agreement, after: Agreement, person_id: PersonId) -> bool:
    """Whether what `person_id` did undid a confirmation of the partner."""
    return before.confirmed_by(before.partner_of(person_id)) and after.version > before.version


def closed(agreement: Agreement, reason: str, now: datetime) -> Agreement:
    """The match has ended; what was agreed stays readable."""
    return replace(agreement, state="closed", ended_at=now, ended_reason=reason)


def _changed(agreement: Agreement, terms: Terms) -> Agreement:
    return replace(
        agreement, terms=terms, version=agreement.version + 1, mentee_confirmed=None, mentor_confirmed=None
    )


def _spoken_for(agreement: Agreement, role: Role) -> Agreement:
    if role == "mentee":
        return replace(agreement, mentee_confirmed=agreement.version)
    return replace(agreement, mentor_confirmed=agreement.version)


def _agreed(agreement: Agreement, now: datetime) -> Agreement:
    if agreement.mentee_confirmed == agreement.mentor_confirmed == agreement.version:
        return replace(agreement, state="confirmed", confirmed_at=now)
    return agreement
