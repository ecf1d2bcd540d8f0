"""Keyset paging: pages stay disjoint and complete while rows come and go."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel

from shared.errors import FieldError, Refused

T = TypeVar("T")
Key: TypeAlias = tuple[datetime, UUID]


class BadCursor(Refused):
    status = 400
    code = "bad-cursor"


class Page(BaseModel, Generic[T]):
    """Some of the rows; `next` is the `after` of the page that follows, null where none does."""

    items: list[T]
    next: str | None


def page(items: Sequence[T], limit: int, *, key: Callable[[T], Key]) -> Page[T]:
    """The rows of a store that fetched up to `limit` after the cursor, in the order of `key`.

    A full page may be followed by an empty one: nobody counts ahead.
    """
    shown = list(items[:limit])
    full = len(shown) == limit
    return Page[T](items=shown, next=_encode(key(shown[-1])) if full else None)


def _encode(key: Key) -> str:
    text = json.dumps([key[0].isoformat(), key[1].hex], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> Key:
    """The key of the last row seen. Raises BadCursor."""
    try:
        at, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment, UUID(row_id)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadCursor("this is no cursor of ours", [FieldError("after", "not a cursor")]) from error


async def _after(
    after: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
) -> Key | None:
    return None if after is None else decode(after)


async def _limit(limit: Annotated[int, Query(ge=1, le=100, description="rows per page")] = 50) -> int:
    return limit


Cursor = Annotated[Key | None, Depends(_after)]
Limit = Annotated[int, Depends(_limit)]
