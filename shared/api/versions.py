"""Row versions as ETags: whoever changes a thing says which version they saw."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from shared.errors import FieldError, Refused

STRONG = re.compile(r'^"(\d{1,18})"$')


class VersionNeeded(Refused):
    status = 428
    code = "version-needed"


class VersionMalformed(Refused):
    status = 400
    code = "version-malformed"


class StaleVersion(Refused):
    status = 412
    code = "stale-version"


def etag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'


async def if_match(
    seen: Annotated[str | None, Header(alias="If-Match", description="the ETag that was seen")] = None,
) -> int:
    """The version the client saw. Raises VersionNeeded (428) or VersionMalformed (400)."""
    if seen is None:
        raise VersionNeeded("send If-Match with the ETag you saw", [FieldError("If-Match", "missing")])
    found = STRONG.match(seen.strip())
    if found is None:
        raise VersionMalformed(
            'If-Match takes one ETag like "7"', [FieldError("If-Match", "no ETag of ours")]
        )
    return int(found[1])


IfMatch = Annotated[int, Depends(if_match)]


def check_version(seen: int, current: int) -> None:
    """Raises StaleVersion (412) where somebody was faster."""
    if seen != current:
        raise StaleVersion(f"this was changed meanwhile: it is at version {current}, you saw {seen}")
