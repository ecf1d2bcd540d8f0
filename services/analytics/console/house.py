"""What every page of the console needs: the store, the templates, the addresses of the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import jinja2

from services.analytics.console import parked
from services.analytics.core import periods, words
from services.analytics.settings import Settings
from shared import look
from shared.tx import Door

PATH = "/console"
FOLDER = Path(__file__).parents[1]


@dataclass(frozen=True)
class House:
    door: Door
    settings: Settings
    env: jinja2.Environment

    def render(self, template: str, **context: object) -> str:
        """HTML; whatever is put into the template is escaped by it."""
        return self.env.get_template(f"console/{template}").render(**context)


def environment(desk_url: str = "") -> jinja2.Environment:
    """The shared look's templates and ours, with the console's words as filters. `desk_url`: where the desk
    of matching is, empty where nobody has said."""
    env = look.environment(FOLDER)
    env.filters.update(
        value=words.value_words,
        basis=words.base_words,
        code=words.code_words,
        percent=words.percent,
        whole=words.whole,
        decimal=words.decimal,
        date=words.day_words,
        moment=words.time_words,
        age=words.age_words,
    )
    env.globals.update(
        desk_url=desk_url.rstrip("/"), link=link, periods=periods.PERIODS, PARKED_STATES=parked.STATES
    )
    return env


def link(page: str = "", /, **query: object) -> str:
    """The address of a page of the console; parameters that are None or empty are left out."""
    said = {name: str(value) for name, value in query.items() if value is not None and value != ""}
    return f"{PATH}/{page}" + (f"?{urlencode(said)}" if said else "")
