"""The checker has its own list of who hears what: it may lack nothing that a service listens to."""

from __future__ import annotations

from services.analytics.consumers import CONSUMERS as ANALYTICS
from services.matching.consumers import CONSUMERS as MATCHING
from services.notifications.consumers import CONSUMERS as NOTIFICATIONS
from services.scheduling.consumers import CONSUMERS as SCHEDULING
from tests.chaos.checker.evidence import HEARD


def test_the_checker_looks_at_every_topic_that_a_service_listens_to() -> None:
    wired = {
        "matching": MATCHING,
        "scheduling": SCHEDULING,
        "notifications": NOTIFICATIONS,
        "analytics": ANALYTICS,
    }
    listened = {service: {kind.topic() for kind in consumers} for service, consumers in wired.items()}
    assert listened == HEARD
