"""The demo: half a year of a company of 290 people, told by simulated people on the stepped clock."""

from deploy.local.demo.command import run
from deploy.local.demo.sample import sample

__all__ = ["run", "sample"]
