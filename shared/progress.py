"""How far this process is: what its relay sent, what its consumer applied. Read by `/quiet` and readiness."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Progress:
    """Offsets are "next" offsets by `topic/partition`, with the topic's full name on the broker."""

    sent: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    open_tx: int = 0
    broker_ok: bool = False
    lag: int = 0

    def acknowledged(self, topic: str, partition: int, next_offset: int) -> None:
        place = f"{topic}/{partition}"
        self.sent[place] = max(next_offset, self.sent.get(place, 0))

    def applied(self, topic: str, partition: int, next_offset: int) -> None:
        self.done[f"{topic}/{partition}"] = next_offset

    def forget(self, topic: str, partition: int) -> None:
        """This process no longer has the partition."""
        self.done.pop(f"{topic}/{partition}", None)
