"""The mails of everybody, as the mail sink keeps them: numbered files in the order of arrival."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from deploy.local.people import letters
from deploy.local.people.letters import Letter


class Mailbox:
    """Reads each mail once. `count` is how many there were, `invitations` how many asked to a meeting.

    `ids` counts the Message-IDs seen on the wire: a mail that came twice stands there with two.
    """

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self.invitations = 0
        self.ids: Counter[str] = Counter()
        self._folder = folder

    def new(self) -> list[Letter]:
        """What came since the last look; a letter that came a second time is only counted."""
        found: list[Letter] = []
        while (file := self._folder / f"{self.count + 1:06}.eml").exists():
            letter = letters.read(file.read_bytes())
            self.count += 1
            self.ids[letter.message_id] += 1
            if letter.meeting is not None and letter.meeting.method == "REQUEST":
                self.invitations += 1
            if self.ids[letter.message_id] == 1:
                found.append(letter)
        return found
