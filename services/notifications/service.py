"""Puts notifications together."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from services.notifications import api, delivery
from services.notifications.channels import letters, mail
from services.notifications.consumers import CONSUMERS
from services.notifications.settings import Settings
from services.notifications.store import access, deliveries, privacy
from shared import look, metrics, retention
from shared.api import Parts, application, disclosure
from shared.service import Service
from shared.tx import Tx

FOLDER = Path(__file__).parent


def build(settings: Settings) -> Service:
    meters = metrics.build()
    post = delivery.Post(
        settings,
        mail.MailServer(_address(settings)),
        stationery(settings),
        delivery.Meters.on(meters.registry),
    )
    return Service(
        name=settings.service,
        settings=settings,
        folder=FOLDER,
        http=lambda door: application(
            door,
            settings,
            *(api.router(), disclosure.router(access.SHOWN)),
            title="Notifications",
            meters=meters,
            parts=Parts(policies={disclosure.PATH: disclosure.policy(settings.my_data_next)}),
        ),
        consumers=CONSUMERS,
        loops=(partial(delivery.deliver, post=post), retention.keeper(rules(settings))),
        dues=(deliveries.next_due,),
        busy=deliveries.busy,
    )


def rules(settings: Settings) -> tuple[retention.Rule, ...]:
    """What is kept for how long."""
    return (retention.Rule("messages that are settled", settings.messages_days_kept, _old_messages),)


async def _old_messages(tx: Tx, before: datetime, limit: int) -> int:
    return await privacy.forget_messages(tx.conn, before, limit)


def stationery(settings: Settings) -> letters.Stationery:
    matching, scheduling = settings.pages_matching, settings.pages_scheduling
    return letters.Stationery(
        env=look.environment(FOLDER),
        sender=settings.mail_from,
        link_key=settings.link_key.get_secret_value(),
        pages={
            "join": matching,
            "proposal": matching,
            "match": matching,
            "agreement": scheduling,
            "pair": scheduling,
            "feedback": scheduling,
        },
    )


def _address(settings: Settings) -> mail.Address:
    return mail.Address(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
        settings.smtp_timeout_s,
    )
