"""Reading the tables that other systems export: comma- or semicolon-separated text with a header.

A file that is not whole (cut off, in another encoding, without rows) is refused as a whole: nobody can say
what the missing part would have changed. A row that is wrong by itself is a Reject, and the others are read.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from shared.errors import FieldError, Refused

SLICE_BYTES = 1 << 16
LINE_CHARACTERS_MAX = 1 << 20
NAMED_MAX = 6
SEPARATORS = (",", ";", "\t")
UTF8 = "utf-8"
ENCODINGS: Mapping[str, str] = {
    **{f"iso8859-{part}": f"iso-8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
    **{f"cp{page}": f"windows-{page}" for page in range(1250, 1259)},
    **{f"cp{page}": f"cp{page}" for page in (437, 850, 852, 858, 866, 932, 949, 950)},
    **{
        name: name
        for name in (UTF8, "utf-16", "utf-16-le", "utf-16-be", "ascii", "mac-roman", "koi8-r", "koi8-u")
    },
    **{name: name for name in ("shift_jis", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5")},
}
"""Encodings that files may be in: Python's name, and the one people know."""
LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Unreadable(Refused):
    """The file is not whole, or not what it was said to be; nothing of it was taken over."""

    status = 422
    code = "unreadable-file"


class WrongHeader(Refused):
    status = 422
    code = "wrong-header"


class Reject(NamedTuple):
    """Why a row of the file was not applied; `line` is where the row begins, counted from 1, and `field` is
    "row" where all of it is wrong."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True)
class Layout:
    """Where the columns stand, as the header has them, and the sign between the cells."""

    names: tuple[str, ...]
    separator: str


class Line(NamedTuple):
    """A row of cells by column, stripped; `line` is where it begins."""

    line: int
    cells: Mapping[str, str]


def encoding_of(name: str) -> str:
    """Python's name of an encoding. Raises Unreadable."""
    try:
        known = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        known = ""
    if known not in ENCODINGS:
        said = name.strip()[:40] or "an empty name"
        raise Unreadable(
            f"{said} is no encoding that can be read here: say for example utf-8, windows-1252 or utf-16",
            [FieldError("encoding", "is not known")],
        )
    return known


def read(
    content: bytes, columns: Sequence[str], optional: Sequence[str] = (), *, encoding: str = UTF8
) -> Iterator[Line | Reject]:
    """The rows of a file that has these columns in any order, and perhaps the optional ones.

    Raises WrongHeader, naming the columns, with the first row; Unreadable there or later, for a file that is
    not whole.
    """
    lines = _Lines(content, encoding_of(encoding))
    layout = layout_of(lines.first, columns, optional)
    many, rows, short = len(layout.names), 0, None
    for line, cells, problem in _records(lines, layout.separator):
        rows += 1
        if short is not None:
            yield short
            short = None
        if problem is not None:
            yield Reject(line, "row", problem)
        elif len(cells) == many:
            yield Line(line, {name: cell.strip() for name, cell in zip(layout.names, cells, strict=True)})
        else:
            reject = Reject(line, "row", f"has {len(cells)} cells instead of {many}")
            if len(cells) > many:
                yield reject
            else:
                short = reject
    _refuse_part(rows, short)


def _refuse_part(rows: int, short: Reject | None) -> None:
    """`short` is the last row, where it has too few cells: most likely it is not all of it."""
    if short is not None:
        raise Unreadable(
            f"The file seems to be cut off: its last row, line {short.line}, {short.reason}. Nothing of it"
            " was taken over"
        )
    if not rows:
        raise Unreadable("The file has no rows under its first line")


def layout_of(header: str, columns: Sequence[str], optional: Sequence[str]) -> Layout:
    """What the first line says. Raises WrongHeader, naming columns that are missing, unknown or doubled."""
    separator = max(SEPARATORS, key=header.count)
    names_it = f"The first line names, in any order: {','.join(columns)}"
    try:
        (cells,) = list(csv.reader([header], delimiter=separator, strict=True)) or [[]]
    except csv.Error as error:
        raise WrongHeader(f"The first line cannot be read: {error}. {names_it}") from error
    names = tuple(cell.strip().lower() for cell in cells)
    wrong = _wrong_header(names, columns, optional)
    if wrong:
        few = ", ".join(f"{one.pointer} ({one.detail})" for one in wrong[:NAMED_MAX])
        more = f" and {len(wrong) - NAMED_MAX} more" if len(wrong) > NAMED_MAX else ""
        raise WrongHeader(f"The columns are not the right ones: {few}{more}. {names_it}", wrong)
    return Layout(names, separator)


def _wrong_header(names: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> list[FieldError]:
    missing = [FieldError(name, "the column is missing") for name in columns if name not in names]
    allowed = (*columns, *optional)
    unknown = dict.fromkeys(name for name in names if name not in allowed)
    extra = [FieldError(name[:60] or "(empty)", "no such column") for name in unknown]
    twice = [FieldError(name, "the column is there twice") for name in allowed if names.count(name) > 1]
    return [*missing, *extra, *twice]


def _records(lines: _Lines, separator: str) -> Iterator[tuple[int, list[str], str | None]]:
    """Where each record that is not empty begins, its cells, and what is wrong with it as a whole."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error) or "field larger" in str(error):
                raise Unreadable(
                    f"A quotation mark that is opened in the row of line {line} is never closed: the file is"
                    " cut off, or the mark has to be doubled. Nothing of it was taken over"
                ) from error
            yield line, [], f"cannot be read: {error}"
            continue
        if any(cell and not cell.isspace() for cell in cells):
            yield line, cells, None


class _Lines:
    """The lines of a file below the first one, decoded in slices; `first` is the header.

    Raises Unreadable at a byte that the encoding does not have, and names its line.
    """

    def __init__(self, content: bytes, encoding: str) -> None:
        if content and content.startswith(MARKS) != (encoding == "utf-16") and encoding in (UTF8, "utf-16"):
            hint = "not UTF-8 but utf-16" if encoding == UTF8 else "utf-16-le or utf-16-be, or none of them"
            raise Unreadable(f"The file is {hint}: say so with its encoding")
        self._lines = _decoded(content, "utf-8-sig" if encoding == UTF8 else encoding)
        first = next(self._lines, "").removeprefix("\ufeff")
        if not first.strip():
            raise Unreadable("The file is empty, or its first line is: it has to name the columns")
        self.first = first

    def __iter__(self) -> Iterator[str]:
        return self._lines


def _decoded(content: bytes, encoding: str) -> Iterator[str]:
    """Lines with their ends, of which \\n, \\r\\n and \\r are known."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    rest, done = "", 0
    for start in range(0, len(content), SLICE_BYTES):
        last = start + SLICE_BYTES >= len(content)
        piece = content[start : start + SLICE_BYTES]
        try:
            rest += decoder.decode(piece, last)
        except UnicodeDecodeError as error:
            # What the decoder had kept of the slice before stands in front of this one.
            good = piece[: max(0, error.start - len(error.object) + len(piece))]
            with suppress(UnicodeError):
                rest += decoder.decode(good)
            raise _wrong_byte(error, encoding, done + _count(rest + "?")) from error
        lines = LINES.findall(rest)
        # The end of the slice may stand between \r and \n, or in the middle of a line.
        rest = "" if last or not lines or lines[-1].endswith("\n") else lines.pop()
        if len(rest) > LINE_CHARACTERS_MAX:
            raise Unreadable(f"Line {done + len(lines) + 1} does not end: this is no file of rows")
        done += len(lines)
        yield from lines


def _count(text: str) -> int:
    return len(LINES.findall(text))


def _wrong_byte(error: UnicodeDecodeError, encoding: str, line: int) -> Unreadable:
    known = "UTF-8" if encoding == "utf-8-sig" else ENCODINGS[encoding]
    return Unreadable(
        f"Line {line} has the byte 0x{error.object[error.start]:02X}, which is not {known}: say the file's"
        " encoding, for example windows-1252, or export it as UTF-8. Nothing of it was taken over"
    )
