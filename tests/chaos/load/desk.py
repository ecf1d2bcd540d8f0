"""How the load speaks to the services: it tries again, with the same key, until it is told."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from deploy.local.people import forms
from deploy.local.people.forms import Answer, Page
from tests.chaos.load.ledger import Ledger

IN_FLIGHT = "idempotency-key-in-flight"
PATIENCE_S = 120.0
REQUEST_S = 6.0
AGAIN_S = 0.2


class Declined(Exception):
    """The business said no; the text is the code of the refusal, `status` its HTTP status."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class NoAnswer(Exception):
    """Nobody answered within the patience of a client."""


@dataclass(eq=False)
class Desk:
    """All clients together. `tries` counts requests by outcome, `waits_s` are times until told."""

    http: aiohttp.ClientSession
    bearer: str
    urls: Mapping[str, Sequence[str]]
    ledger: Ledger
    chance: random.Random
    tries: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)

    async def post(self, service: str, path: str, **body: Any) -> dict[str, Any]:
        """A command with a key of its own. Raises Declined, NoAnswer."""
        headers = {"idempotency-key": uuid.uuid4().hex, "authorization": f"Bearer {self.bearer}"}
        headers |= body.pop("headers", {})
        found: dict[str, Any] = await self._until_told(service, "POST", path, headers=headers, **body)
        return found

    async def get(self, service: str, path: str) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.bearer}"}
        found: dict[str, Any] = await self._until_told(service, "GET", path, headers=headers)
        return found

    async def _until_told(self, service: str, method: str, path: str, **request: Any) -> Any:
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_S:
            url = f"{self.chance.choice(self.urls[service])}{path}"
            try:
                async with self.http.request(method, url, timeout=_limit(), **request) as answer:
                    text = await answer.text()
                    if answer.ok:
                        self.tries["told"] += 1
                        self.waits_s.append(time.monotonic() - began)
                        return await answer.json()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.tries[type(error).__name__] += 1
            else:
                self.tries[f"{method} {answer.status}"] += 1
                if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and IN_FLIGHT not in text:
                    raise Declined(answer.status, _code(text))
            await asyncio.sleep(self.chance.uniform(AGAIN_S, 2 * AGAIN_S))
        raise NoAnswer(f"{method} {path} of {service}")

    async def visit(self, link: str, by_field: str, answers: Mapping[str, Answer]) -> Page:
        """Fills in the form of a signed link, as often as it takes. Raises Declined, NoAnswer.

        The form may have got through although no answer came: then the page says that it was filled in.
        """
        page = await self._page(link, "GET")
        form = page.form(by_field)
        if form is None:
            raise Declined(HTTPStatus.OK, f"no-form-{by_field}")
        known = {name: answer for name, answer in answers.items() if name in form.names()}
        target = urljoin(link, form.action) if form.action else link
        return await self._page(target, "POST", form.filled(known))

    async def _page(self, link: str, method: str, body: str | None = None) -> Page:
        headers = {"content-type": "application/x-www-form-urlencoded"} if body is not None else {}
        began, lost = time.monotonic(), False
        while time.monotonic() - began < PATIENCE_S:
            url = self._anywhere(link)
            try:
                async with self.http.request(
                    method, url, data=body, headers=headers, timeout=_limit()
                ) as answer:
                    page = forms.read(await answer.text())
            except (aiohttp.ClientError, TimeoutError) as error:
                self.tries[type(error).__name__] += 1
                lost = True
            else:
                self.tries[f"page {answer.status}"] += 1
                done_before = lost and method == "POST" and answer.status in (409, 410)
                if answer.status < HTTPStatus.BAD_REQUEST or done_before:
                    return page
                if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise Declined(answer.status, page.words[-200:])
                lost = True
            await asyncio.sleep(self.chance.uniform(AGAIN_S, 2 * AGAIN_S))
        raise NoAnswer(f"{method} {urlsplit(link).path.split('/')[1]}")

    def _anywhere(self, link: str) -> str:
        """The same page at any replica, as a balancer in front of them would have it."""
        for urls in self.urls.values():
            if any(link.startswith(url) for url in urls):
                base = next(url for url in urls if link.startswith(url))
                return self.chance.choice(urls) + link.removeprefix(base)
        return link


def _limit() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=REQUEST_S)


def _code(text: str) -> str:
    return text.partition("urn:mentoring:problem:")[2].partition('"')[0] or text[:200]
