"""The people themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from pydantic import Field

from shared.events.event import Event, PersonId

WITH_ACCESS: Final = frozenset({"active", "leave"})
"""Statuses of people for whom links open and mails are due; whoever has another one is shut out."""


class PersonErased(Event):
    """A person is to be forgotten: every service deletes what it has of them. Cannot be taken back."""

    key_field = "person_id"

    person_id: PersonId


class PersonForgotten(Event):
    """A service has deleted what it had of a person who was erased: how many rows, by what they were."""

    key_field = "person_id"

    person_id: PersonId
    service: str
    removed: Mapping[str, int]


class PersonChanged(Event):
    """The card of a person. The only event with personal data; compacted, newest `version` wins."""

    key_field = "person_id"
    compacted = True
    tombstone = PersonErased

    person_id: PersonId
    version: int
    employee_number: str
    given_name: str
    family_name: str
    email: str
    title: str
    department: str
    site: str
    time_zone: str
    manager_id: PersonId | None
    hire_date: date | None
    status: str = Field(description="active, leave, inactive or terminated")
