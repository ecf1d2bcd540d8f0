"""What participants see: joining a programme, and answering a proposal. GET only shows."""

from fastapi import APIRouter

from services.matching.pages import join, joined, match, pausing, proposal


def router() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    for room in (join, joined, match, pausing, proposal):
        made.include_router(room.router())
    return made


__all__ = ["join", "joined", "match", "pausing", "proposal", "router"]
