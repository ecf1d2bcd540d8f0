"""SCIM 2.0: users and groups as identity providers send them."""

from services.matching.hris.scim.application import PATH, mount
from services.matching.hris.scim.service import refusal

__all__ = ["PATH", "mount", "refusal"]
