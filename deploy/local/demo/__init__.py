"""The demo: half a year of a company of 290 people, told by simulated people on the stepped clock."""

from deploy.local.demo.command import run

__all__ = ["run"]
