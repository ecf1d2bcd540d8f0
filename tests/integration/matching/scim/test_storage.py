"""The library's own contract of a storage, kept by ours on a real database."""

from __future__ import annotations

import asyncio

import pytest
import scim2_models as scim
from scim2_server.testing import BlockingStorage, ScimStorageContract

from tests.integration.matching.scim.ground import PROVIDER, Ground


class TestOurStorage(ScimStorageContract):
    """But for pages by cursor, which our ServiceProviderConfig does not announce."""

    for _name in [name for name in dir(ScimStorageContract) if name.startswith("test_cursor")]:
        locals()[_name] = None

    @pytest.fixture
    def provider(self) -> scim.ScimProvider:
        return PROVIDER

    @pytest.fixture
    def storage(self, runner: asyncio.Runner, ground: Ground) -> BlockingStorage:
        return BlockingStorage(runner.run(ground.storage()), runner)
