"""SCIM 2.0 at /scim/v2, mounted beside our own routes with a door of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import orjson
import scim2_models as scim
from fastapi import FastAPI
from scim2_server.applications import asgi
from scim2_server.conditions import Conditions
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Target
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from services.matching.core.sources import Source
from services.matching.hris.entrance import Entrance
from services.matching.hris.scim import comparing, models, rendering
from services.matching.hris.scim.service import Service
from services.matching.hris.scim.storage import Storage
from services.matching.settings import Settings
from shared.tx import Door, lent

PATH = "/scim"
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
CHOOSING = frozenset({"attributes", "excludedattributes"})
ASIDE_FROM_MEMBERS = 150


class Handler(AsyncScimHandler):
    """The library's, without its breaks: what is asked for whole is sent as it is kept, pages are rendered in
    slices, and large groups are changed aside."""

    async def query(self, request: ScimRequest) -> ScimResponse:
        if CHOOSING & {name.casefold() for name in request.query} or request.path.strip("/") == "Me":
            return await super().query(request)
        with self.service.provider:
            target = self.service.route(request, Operation.query)
            resource_type = self.service.resource_type_at(target.endpoint or "")
            self.service.authorize(request, target, resource_type)
            row = await cast(Storage, self.storage).read(resource_type, target.resource_id or "")
            conditions = self.service.read_conditions(request)
            return rendering.one(self.service, row, base_url=request.base_url, conditions=conditions)

    async def patch_resource(
        self,
        resource_type: scim.ResourceType,
        resource_id: str,
        patch_op: scim.PatchOp[Any],
        conditions: Conditions,
    ) -> scim.Resource[Any]:
        """As the library does it."""
        current = await self.storage.get(resource_type, resource_id)
        assert current.meta is not None
        version = current.meta.version
        apply = partial(self.service.apply_patch, current, patch_op, conditions)
        is_large = isinstance(current, scim.Group) and len(current.members or ()) > ASIDE_FROM_MEMBERS
        patched = await asyncio.to_thread(apply) if is_large else apply()
        if patched is None:
            return current
        return await self.storage.update(resource_type, patched, expected_version=version)

    async def search(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            target = self.service.route(request, Operation.search)
            types = self.service.searched_types(target.endpoint)
            self.service.authorized_types(request, target, types)
            asked, _ = self.service.read_search_query(types, request.query)
            return await self._page(request, types, asked)

    async def search_with_body(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            target = self.service.route(request, Operation.search_with_body)
            types = self.service.searched_types(target.endpoint)
            self.service.authorized_types(request, target, types)
            content_type = request.header("Content-Type")
            asked, _ = self.service.read_search_body(types, request.body, content_type)
            return await self._page(request, types, asked)

    async def _page(
        self, request: ScimRequest, types: list[scim.ResourceType], asked: scim.SearchRequest[Any]
    ) -> ScimResponse:
        storage = cast(Storage, self.storage)
        found = await storage.find(types, asked)
        return await rendering.page(
            self.service, storage.kinds, found, base_url=request.base_url, asked=asked
        )


@dataclass(frozen=True)
class Shown:
    """What a request is called in logs and metrics."""

    path: str


class Application(asgi.ASGIApplication):
    def __init__(self, door: Door, entrance: Entrance, default_zone: str) -> None:
        provider = models.provider()
        self._door = door
        self._entrance = entrance
        self._default_zone = default_zone
        kinds = (comparing.kind(provider, one) for one in provider.resource_types)
        self._kinds = {one.name: one for one in kinds}
        super().__init__(Storage(door, "", self._kinds), provider, Service(provider))

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        try:
            request = await self.read_request(scope, receive)
        except (UnicodeError, HTTPException) as error:
            await self.send_response(self.service.error_response(error), send)
            return
        scope["route"] = Shown(self._shown(request))
        await self.send_response(await self.serve(request), send)

    async def dispatch_request(self, request: ScimRequest) -> ScimResponse:
        """Lets the source in, and serves it from a storage that knows no other."""
        if self.needs_auth(request):
            request.subject = await self._enter(request)
        self.check_auth(request)
        request.subject = self.get_subject(request)
        source = request.subject.name if isinstance(request.subject, Source) else ""
        handler = Handler(self.service, Storage(self._door, source, self._kinds, self._default_zone))
        response = await handler.handle(request)
        if source:
            await self._entrance.heard(source, success=request.method in CHANGES)
        return response

    async def _enter(self, request: ScimRequest) -> Source:
        async with lent(self._door) as conn:
            return await self._entrance.enter(conn, request.header("Authorization"), "scim")

    def needs_auth(self, request: ScimRequest) -> bool:
        """Everything but how one gets in (RFC 7643, section 5), also what is not there."""
        target = self._target(request)
        return target is None or target.operation is not Operation.service_provider_config

    def check_auth(self, request: ScimRequest) -> None:
        if self.needs_auth(request) and not isinstance(request.subject, Source):
            raise scim.UnauthorizedException(detail="A source's token is needed: Authorization: Bearer …")

    def get_subject(self, request: ScimRequest) -> Any:
        """The source, or nobody."""
        return request.subject if isinstance(request.subject, Source) else None

    def handle_exception(self, request: ScimRequest, exception: Exception) -> ScimResponse:
        """The library would log what was sent, names and addresses of people with it."""
        return self.service.error_response(exception)

    def finalize_response(self, request: ScimRequest, response: ScimResponse) -> ScimResponse:
        """No Location but of what was made: the library's would repeat the path, whatever is in it."""
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @staticmethod
    async def send_response(response: ScimResponse, send: asgi.Send) -> None:
        body = b"" if response.body is None else orjson.dumps(response.body, option=orjson.OPT_UTC_Z)
        headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
        await send({"type": "http.response.start", "status": int(response.status), "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _target(self, request: ScimRequest) -> Target | None:
        try:
            return self.service.match(request)
        except scim.SCIMException:
            return None

    def _shown(self, request: ScimRequest) -> str:
        """A path with few values: no ids, and no endpoint that is not ours."""
        target = self._target(request)
        if target is None:
            return f"{PATH}/v2/…"
        known = self.service.get_resource_type_by_endpoint(target.endpoint or "")
        of_kind = f"/{self.service.endpoint_of(known)}" if known else ""
        return f"{PATH}/v2{of_kind}/{target.operation.value}"


def mount(app: FastAPI, door: Door, settings: Settings) -> None:
    """Adds it at /scim/v2; who comes in is asked by the application's entrance."""
    served: object = Application(door, app.state.entrance, settings.company_time_zone)
    app.mount(PATH, cast(ASGIApp, served))
    # Looked at before the hundred other routes: nothing is asked for as often while a directory is read.
    app.router.routes.insert(0, app.router.routes.pop())
