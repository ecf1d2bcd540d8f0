"""What is served at /scim/v2: users with the enterprise extension and ours, and groups."""

from __future__ import annotations

from typing import Annotated, Any

import scim2_models as scim
from pydantic import Field, field_validator
from scim2_models.attributes import ComplexAttribute

PAGE_MAX = 100
BULK_OPERATIONS_MAX = 100
BODY_BYTES_MAX = 1 << 20
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
EMPLOYMENT = "urn:mentoring:params:scim:schemas:extension:employment:2.0:User"
TOLERANT = scim.ScimPolicy(
    unknown=scim.ScimPolicy.Unknown.ignore,
    remove_value_as_filter=scim.ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=scim.ScimPolicy.UnmatchedPathFilter.create,
)
"""What Microsoft Entra needs beyond the letter of RFC 7644."""


class User(scim.User[Any]):
    """A user of the standard; the examples are published as what a client may choose from."""

    timezone: str | None = Field(None, examples=["Europe/Madrid", "America/Sao_Paulo", "UTC"])


class Boss(ComplexAttribute):
    """The manager of the standard, without its demand for a `$ref`, which hardly anybody sends."""

    value: Annotated[str | None, scim.CaseExact.true] = None
    ref: Annotated[scim.Reference[User] | None, scim.Required.false] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display_name: Annotated[str | None, scim.Mutability.read_only] = None


class EnterpriseUser(scim.EnterpriseUser):
    manager: Boss | None = None  # type: ignore[assignment]

    @field_validator("manager", mode="before")
    @classmethod
    def _in_any_shape(cls, said: Any) -> Any:
        """Entra sends the bare id, or a list with one object; both would be refused or lost."""
        if isinstance(said, list):
            said = said[0] if said else None
        if isinstance(said, str):
            return {"value": said} if said else None
        return said


class EmploymentUser(scim.Extension):
    """What HR knows and the standard has no attribute for."""

    __schema__ = scim.URN(EMPLOYMENT)

    site: str | None = None
    """Where the person works; without it the locality of the work address counts."""

    hire_date: str | None = Field(None, examples=["2026-01-05"])
    """The first day of the employment, as a date; a time of day does not count."""

    pool: str | None = Field(None, examples=["company", "workplace", "alumni", "association"])
    """Where the person comes from."""


def provider() -> scim.ScimProvider:
    """The description of the service, as the discovery endpoints publish it."""
    return scim.ScimProvider(
        models=[User, EnterpriseUser, EmploymentUser, scim.Group],
        resource_types=[
            scim.ResourceType.from_resource(User[EnterpriseUser | EmploymentUser]),  # type: ignore[misc]
            scim.ResourceType.from_resource(scim.Group),
        ],
        config=_config(),
        policy=TOLERANT,
    )


def _config() -> scim.ServiceProviderConfig:
    bearer = scim.AuthenticationScheme(
        type=scim.AuthenticationScheme.Type.oauthbearertoken,
        name="Bearer token",
        description="The token of an HR source, in the header Authorization.",
        primary=True,
    )
    return scim.ServiceProviderConfig(
        patch=scim.Patch(supported=True),
        bulk=scim.Bulk(supported=True, max_operations=BULK_OPERATIONS_MAX, max_payload_size=BODY_BYTES_MAX),
        filter=scim.Filter(supported=True, max_results=PAGE_MAX),
        change_password=scim.ChangePassword(supported=False),
        sort=scim.Sort(supported=True),
        etag=scim.ETag(supported=True),
        authentication_schemes=[bearer],
    )
