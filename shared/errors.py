"""The errors that have a meaning. Everything else is a bug and rises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class FieldError(NamedTuple):
    """What is wrong with one field; `pointer` is a JSON pointer or a form field's name."""

    pointer: str
    detail: str


class Refused(Exception):
    """The business says no. Subclasses are named after the reason and carry an HTTP status.

    `code` is stable and is the last part of the problem document's `type`. `retry_after_s` is said to whoever
    may ask again then.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"

    def __init__(
        self, detail: str, errors: Sequence[FieldError] = (), *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s


class NotFound(Refused):
    status = 404
    code = "not-found"


class Transient(Exception):
    """It may go well the next time: the caller tries again."""


class Early(Exception):
    """A fact came before the one it builds on. The consumer parks it and tries again when more is known."""

    def __init__(self, waits_for: str) -> None:
        super().__init__(f"not known here yet: {waits_for}")
        self.waits_for = waits_for
