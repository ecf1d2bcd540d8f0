"""How far the loops of this process have got. Read by health checks, metrics and the stepped clock."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Progress:
    """`sent` and `done` are keyed by "topic/partition" with the topic's full name, prefix included.

    `sent` is the offset after the last record the broker acknowledged, `done` the next offset whose record is
    not applied yet. `open_tx` counts transactions that may still write or say something, `aside` consumers
    that will try parked events again before they wait for new records.
    """

    sent: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    open_tx: int = 0
    aside: int = 0
    broker_ok: bool = False
    lag: int = 0

    def acknowledged(self, topic: str, partition: int, next_offset: int) -> None:
        """The relay: everything before `next_offset` is on the broker."""
        place = f"{topic}/{partition}"
        self.sent[place] = max(next_offset, self.sent.get(place, 0))

    def applied(self, topic: str, partition: int, next_offset: int) -> None:
        """The consumer: everything before `next_offset` is applied or parked."""
        self.done[f"{topic}/{partition}"] = next_offset

    def forget(self, topic: str, partition: int) -> None:
        """The consumer: this process no longer has the partition."""
        self.done.pop(f"{topic}/{partition}", None)
