"""The live console: three pages for those who run mentoring, in the same look as what participants read."""

from services.analytics.console.mounting import PATH, POLICY, mount

__all__ = ["PATH", "POLICY", "mount"]
