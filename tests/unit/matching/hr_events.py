"""Events as an HR system sends them."""

from __future__ import annotations

import uuid
from typing import Any


def an_event(kind: str, number: int | str = 1, /, **data: Any) -> dict[str, Any]:
    """A CloudEvent about an employee; `attributes` are of the envelope, the rest is of its data."""
    attributes = data.pop("attributes", {})
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/hr/core",
        "type": f"mentoring.hris.{kind}.v1",
        "data": {"person": {"employee_number": str(number)}, **data},
        **attributes,
    }


def a_hire(number: int | str = 1, /, **fields: Any) -> dict[str, Any]:
    plain = {
        "user_name": f"user{number}",
        "given_name": "Ana",
        "family_name": f"Number{number}",
        "work_email": f"user{number}@example.org",
        "title": "Design Engineer",
        "department": "Engineering",
        "site": "Madrid",
        "time_zone": "Europe/Madrid",
        "hire_date": "2019-05-01",
    }
    return an_event("hire", number, fields={**plain, **fields})
