"""The HTTP door: one factory for every service's application, and what its routes declare.

A route parses, opens a transaction by declaring it (`tx: api.InTx`), decides and answers. The transaction
commits before the response is sent, so what a client was told is true.
"""

from shared.api import disclosure
from shared.api.application import application
from shared.api.doors import InTx, Read, Reading
from shared.api.edge import Parts
from shared.api.idempotency import router
from shared.api.models import Body
from shared.api.paging import Cursor, Limit, Page, page
from shared.api.versions import IfMatch, StaleVersion, check_version, etag, if_match

__all__ = [
    "Body",
    "Cursor",
    "IfMatch",
    "InTx",
    "Limit",
    "Page",
    "Parts",
    "Read",
    "Reading",
    "StaleVersion",
    "application",
    "check_version",
    "disclosure",
    "etag",
    "if_match",
    "page",
    "router",
]
