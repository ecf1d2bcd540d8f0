"""The mail server: one connection, kept and used again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import aiosmtplib

ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
TROUBLE = (aiosmtplib.SMTPException, OSError, TimeoutError)
Result = Literal["sent", "later", "never", "away"]


@dataclass(frozen=True)
class Answer:
    """What became of a mail: taken, not now (4xx), never (5xx), or nobody there.

    A connection lost in the middle counts as "later", so that a mail that makes a server hang up does not
    hold up the others. The reason of a refusal is its codes: the words beside them often hold the address.
    """

    result: Result
    reason: str = ""


@dataclass(frozen=True)
class Address:
    """Where the mail server is and how to greet it; `timeout_s` bounds each of its answers."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password: str = ""
    timeout_s: float = 6.0


class MailServer:
    """Sends mails one after another. Not for several tasks at once."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection: aiosmtplib.SMTP | None = None

    async def send(self, sender: str, recipient: str, mail: bytes) -> Answer:
        """Never raises for what a mail server may do. A connection that went stale is replaced at once."""
        reused = self._connection is not None
        answer = await self._send(sender, recipient, mail)
        if reused and self._connection is None:
            return await self._send(sender, recipient, mail)
        return answer

    async def close(self) -> None:
        """Hangs up without waiting for an answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _send(self, sender: str, recipient: str, mail: bytes) -> Answer:
        try:
            connection = await self._connected()
        except TROUBLE as error:
            await self.close()
            return Answer("away", f"{type(error).__name__}: {error}")
        options = [] if recipient.isascii() else ["SMTPUTF8"]
        try:
            await connection.sendmail(sender, [recipient], mail, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refusal = error.recipients[0]
            return _refused(refusal.code, refusal.message)
        except aiosmtplib.SMTPDataError as error:
            return _refused(error.code, error.message)
        except (aiosmtplib.SMTPNotSupported, ValueError):
            return Answer("never", "address-not-supported")
        except aiosmtplib.SMTPSenderRefused as error:
            return Answer("away", f"our own address was refused: {error.code}")
        except TROUBLE:
            await self.close()
            return Answer("later", "connection-lost")
        return Answer("sent")

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._connection is None:
            at = self._address
            connection = aiosmtplib.SMTP(
                hostname=at.host,
                port=at.port,
                timeout=at.timeout_s,
                use_tls=at.security == "tls",
                start_tls=at.security == "starttls",
                username=at.user or None,
                password=at.password or None,
            )
            await connection.connect()
            self._connection = connection
        return self._connection


def _refused(code: int, message: str) -> Answer:
    enhanced = ENHANCED_CODE.match(message)
    codes = f"{code} {enhanced[0]}" if enhanced else str(code)
    return Answer("never" if code >= 500 else "later", codes)
