"""What came out of a replay, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from deploy.replay.comparing import Difference, Verdict


@dataclass
class Outcome:
    """All verdicts of a replay, by what was rebuilt from where; `notes` are what one has to know besides."""

    parts: list[tuple[str, Sequence[Verdict]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.parts += other.parts
        self.notes += other.notes

    @property
    def equal(self) -> bool:
        return not any(one.different for _, verdicts in self.parts for one in verdicts)


def show(screen: Console, outcome: Outcome) -> None:
    for title, verdicts in outcome.parts:
        screen.print(_table(title, verdicts))
        for one in verdicts:
            _list(screen, one)
    for note in outcome.notes:
        screen.print(note, soft_wrap=True)


def _table(title: str, verdicts: Sequence[Verdict]) -> Table:
    table = Table("table", "rows live", "rows rebuilt", "hash", "equal", "left out", title=title)
    for one in verdicts:
        hashes = f"{one.live_hash:032x}"[:12] if one.equal else "differs"
        equal = "[green]yes[/]" if not one.different else f"[red]no: {one.different} keys[/]"
        table.add_row(
            *(one.name, f"{one.live_rows:,}", f"{one.rebuilt_rows:,}", hashes, equal, ", ".join(one.but))
        )
    return table


def _list(screen: Console, verdict: Verdict) -> None:
    for one in verdict.listed:
        screen.print(f"{verdict.name} {one.key}: {_words(one)}", soft_wrap=True, highlight=False)
    rest = verdict.different - len(verdict.listed)
    if rest:
        screen.print(f"{verdict.name}: and {rest} more")


def _words(one: Difference) -> str:
    columns = "; ".join(f"{name} is {live}, rebuilt {rebuilt}" for name, live, rebuilt in one.columns)
    return columns or one.where
