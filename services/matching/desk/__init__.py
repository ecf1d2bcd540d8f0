"""The desk of whoever runs a programme: its rounds, why they paired as they did, and what else could be."""

from services.matching.desk.mounting import PATH, mount

__all__ = ["PATH", "mount"]
