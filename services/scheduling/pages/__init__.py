"""What a participant sees behind a signed link: the agreement, the pair's page, the feedback form.

GET shows and changes nothing. A POST whose answers need another look gets the page again,
as it was filled in.
"""

from __future__ import annotations

from fastapi import APIRouter

from services.scheduling.pages import agreement, feedback, pair


def router() -> APIRouter:
    made = APIRouter(tags=["pages"], include_in_schema=False)
    made.get("/agreement/{token}")(agreement.show)
    made.post("/agreement/{token}")(agreement.confirm)
    made.get("/pair/{token}")(pair.show)
    made.post("/pair/{token}")(pair.act)
    made.get("/feedback/{token}")(feedback.show)
    made.post("/feedback/{token}")(feedback.give)
    return made
