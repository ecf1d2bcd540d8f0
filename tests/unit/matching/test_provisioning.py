"""What a user of an identity provider says, and which facts a change of it brings."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.local.scim import a_user
from services.matching.core import provisioning
from services.matching.core.provisioning import Change

ADA = a_user("ada", employeeNumber="100", department="Research", manager={"value": "boss"}, title="Engineer")


def kinds(before: dict[str, Any] | None, after: dict[str, Any], status: str = "active") -> list[str]:
    change = Change(provisioning.read(before) if before else None, provisioning.read(after))
    managers = {"manager_employee_number": "1"} if change.is_about_manager else {}
    return [kind for kind, _ in provisioning.kinds(change, change.fields, managers, status=status)]


def test_the_words_of_the_standard_are_ours() -> None:
    said = provisioning.read(
        {**ADA, **a_user("ada", hireDate="2026-01-05T00:00:00Z", site="Rome", pool="alumni")}
    )
    assert said.fields["hire_date"] == "2026-01-05"
    assert said.fields["site"] == "Rome"
    assert said.fields["pool"] == "alumni"
    said = provisioning.read(ADA)
    assert said.fields["employee_number"] == "100"
    assert said.fields["work_email"] == "ada@example.org"
    assert said.manager == "boss"
    assert said.is_active
    assert provisioning.read({**ADA, "active": False}).is_active is False


@pytest.mark.parametrize(
    ("said", "given", "family"),
    [
        ({"name": {"givenName": "Ada", "familyName": "King"}}, "Ada", "King"),
        ({"name": {"familyName": "King"}}, "King", ""),
        ({"name": None, "displayName": "Ada de Lovelace"}, "Ada", "de Lovelace"),
        ({"name": {"formatted": "Ada King"}}, "Ada", "King"),
        ({"name": None, "userName": "ada@example.org"}, "ada", ""),
    ],
)
def test_a_name_is_found_wherever_it_stands(said: dict[str, Any], given: str, family: str) -> None:
    fields = provisioning.read({**ADA, **said}).fields
    assert (fields["given_name"], fields["family_name"] or "") == (given, family)


@pytest.mark.parametrize(
    ("emails", "found"),
    [
        ([{"value": "h@x", "type": "home", "primary": True}, {"value": "w@x", "type": "work"}], "w@x"),
        ([{"value": "a@x"}, {"value": "b@x", "primary": True}], "b@x"),
        ([{"value": "a@x"}], "a@x"),
        ([], None),
    ],
)
def test_the_address_at_work_counts_then_the_main_one(emails: list[Any], found: str | None) -> None:
    assert provisioning.read({**ADA, "emails": emails}).fields["work_email"] == found


def test_each_change_brings_the_fact_of_its_kind() -> None:
    off = {**ADA, "active": False}
    assert kinds(None, ADA) == ["hire"]
    assert kinds(None, off) == ["hire", "inactive"]
    assert kinds(ADA, {**ADA, "title": "Curator"}) == ["change"]
    assert kinds(ADA, a_user("ada", employeeNumber="100", department="Research", title="Engineer")) == [
        "manager"
    ]
    assert kinds(ADA, off) == ["inactive"]
    assert kinds(off, ADA, "inactive") == ["return"]
    assert kinds(off, ADA, "terminated") == ["rehire"]
    assert kinds(ADA, {**ADA, "nickName": "x", "phoneNumbers": [{"value": "1"}]}) == []


def test_what_nobody_can_be_without_is_not_taken_away() -> None:
    bare = {**ADA, "emails": None, "name": None, "title": None}
    change = Change(provisioning.read(ADA), provisioning.read(bare))
    assert change.fields == {"given_name": "ada", "family_name": None, "title": None}


def test_a_zone_is_due_where_none_is_said_or_the_site_changes_without_one() -> None:
    def is_due(before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
        return Change(provisioning.read(before) if before else None, provisioning.read(after)).is_zone_due

    nowhere, rome = a_user("ada", timezone=None), a_user("ada", timezone=None, site="Rome")
    assert is_due(None, nowhere)
    assert is_due(ADA, nowhere)
    assert is_due(nowhere, rome)
    assert not is_due(rome, {**rome, "title": "x"})
    assert not is_due(None, ADA)
    assert not is_due(rome, a_user("ada", site="Oslo"))
