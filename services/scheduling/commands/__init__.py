"""What a person, a program or the clock can tell scheduling to do: load, decide, save, say.

Each is called inside the transaction of a door. The pair's row is locked first, so that what happens to one
pair happens one after another.
"""

from services.scheduling.commands import absences, agreements, bookings, feedback, sessions

__all__ = ["absences", "agreements", "bookings", "feedback", "sessions"]
