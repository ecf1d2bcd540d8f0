"""What participants see: joining a programme, and answering a proposal. GET only shows."""

from fastapi import APIRouter

from services.matching.pages import join, joined, match, proposal


def router() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    for room in (join, joined, match, proposal):
        made.include_router(room.router())
    return made


__all__ = ["join", "joined", "match", "proposal", "router"]
