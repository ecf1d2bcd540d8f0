"""What a user of an identity provider says about a person: SCIM's attributes in our words, and the news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.matching.core.facts import NEEDED, Fact, FactKind, Identity
from services.matching.core.scim import Kept

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
EMPLOYMENT = "urn:mentoring:params:scim:schemas:extension:employment:2.0:User"
ATTRIBUTES: Mapping[str, str] = {
    "employee_number": f"{ENTERPRISE}:employeeNumber",
    "external_id": "externalId",
    "user_name": "userName",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "work_email": "emails",
    "title": "title",
    "department": f"{ENTERPRISE}:department",
    "site": f"{EMPLOYMENT}:site",
    "time_zone": "timezone",
    "hire_date": f"{EMPLOYMENT}:hireDate",
    "pool": f"{EMPLOYMENT}:pool",
    "manager_employee_number": f"{ENTERPRISE}:manager",
    "manager_external_id": f"{ENTERPRISE}:manager",
}
"""The attribute in which a client said what a field of ours holds."""

Fields = Mapping[str, str | None]


@dataclass(frozen=True)
class Said:
    """`fields` are named as in `people.Card`; a time zone may be missing. `manager` is the value as it was
    sent, `external_id` the provider's own id of the person."""

    fields: Fields
    manager: str
    external_id: str | None
    is_active: bool

    @property
    def is_somebody(self) -> bool:
        """Whether it is a person: without an address it is an account, or not filled in yet."""
        return self.fields["work_email"] is not None


def read(user: Mapping[str, Any]) -> Said:
    """What a user (as JSON) says. What is not said is empty."""
    enterprise, employment = user.get(ENTERPRISE) or {}, user.get(EMPLOYMENT) or {}
    given, family = _names(user)
    address = _best(user.get("addresses") or ())
    fields = {
        "employee_number": enterprise.get("employeeNumber"),
        "user_name": user.get("userName"),
        "given_name": given,
        "family_name": family,
        "work_email": _mail(user),
        "title": user.get("title"),
        "department": enterprise.get("department"),
        "site": employment.get("site") or address.get("locality"),
        "time_zone": user.get("timezone"),
        "hire_date": (employment.get("hireDate") or "")[:10],
        "pool": employment.get("pool"),
    }
    manager = (enterprise.get("manager") or {}).get("value") or ""
    told = {name: str(value) if value else None for name, value in fields.items()}
    return Said(told, str(manager), user.get("externalId") or None, user.get("active") is not False)


def _names(user: Mapping[str, Any]) -> tuple[str, str]:
    """Given and family name; of whoever has only a name to be shown its first word and the rest."""
    name = user.get("name") or {}
    given, family = name.get("givenName") or "", name.get("familyName") or ""
    if given or family:
        return given or family, family if given else ""
    shown = (
        user.get("displayName") or name.get("formatted") or str(user.get("userName", "")).partition("@")[0]
    )
    first, _, rest = str(shown).strip().partition(" ")
    return first, rest.strip()


def _mail(user: Mapping[str, Any]) -> str | None:
    """The address at work, else the main one, else the first; else the user name where it is an address."""
    address = _best(user.get("emails") or ()).get("value")
    name = str(user.get("userName", ""))
    return address or (name if "@" in name else None)


def _best(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    def rank(entry: Mapping[str, Any]) -> tuple[bool, bool]:
        return str(entry.get("type", "")).lower() != "work", not entry.get("primary")

    return min(entries, key=rank, default={})


@dataclass(frozen=True)
class Change:
    """A user before and after one request; before is empty for a new one."""

    before: Said | None
    after: Said

    @property
    def is_about_manager(self) -> bool:
        return (self.before.manager if self.before else "") != self.after.manager

    @property
    def fields(self) -> dict[str, str | None]:
        """What is new of the card, without the manager. Of a new user, all that is said; and what nobody can
        be without is not taken from anybody only because it is not said any more."""
        told = self.after.fields.items()
        if self.before is None:
            return {name: value for name, value in told if value}
        old = self.before.fields
        return {name: value for name, value in told if value != old[name] and (value or name not in NEEDED)}

    @property
    def is_zone_due(self) -> bool:
        """Whether the time zone has to be found by the site, because none is said."""
        if self.after.fields["time_zone"]:
            return False
        if self.before is None or self.before.fields["time_zone"]:
            return True
        return self.before.fields["site"] != self.after.fields["site"]


def kinds(change: Change, fields: Fields, managers: Fields, *, status: str) -> list[tuple[FactKind, Fields]]:
    """The facts that a request brings, in their order. `status` is how the person stands by now."""
    found: list[tuple[FactKind, Fields]] = []
    if change.before is None:
        found.append(("hire", {**fields, **managers}))
    elif fields:
        found.append(("change", fields))
    if change.before is not None and managers:
        found.append(("manager", managers))
    was_active = change.before is None or change.before.is_active
    if was_active and not change.after.is_active:
        found.append(("inactive", {}))
    if not was_active and change.after.is_active:
        found.append(("rehire" if status == "terminated" else "return", {}))
    return found


def facts(kept: Kept, who: Identity, told: Sequence[tuple[FactKind, Fields]]) -> list[Fact]:
    """Facts of the version of a user that `kept` is; a version is said once, so its facts are, too."""
    return [Fact(kept.source, f"{kept.id}:{kept.version}:{kind}", kind, who, fields) for kind, fields in told]


def nobodys_number(kept: Kept) -> str:
    """The employee number of somebody to whom the provider gives none."""
    return f"scim-{kept.id.hex}"
