"""The one look of everything a participant reads: pages, problems and mails.

A service keeps its own templates in `<service>/templates`; they extend `page.html` or `mail.html` and use the
macros of `parts.html` (each is described there). Pages need no script and bring their style along, so they
work under a content security policy that allows inline style only.

In a page's template:

    {% extends "page.html" %}
    {% import "parts.html" as parts %}
    {% block title %}Your agreement{% endblock %}
    {% block content %}
    <h1>Your agreement</h1>
    {{ parts.problems(errors) }}
    <form method="post">
      {{ parts.field("hours", "Hours per month", value=form.get("hours"), error=errors.get("hours")) }}
      {{ parts.button("Confirm") }}
    </form>
    {% endblock %}

Names that the context lacks are errors, not blanks: a mapping that may lack a key is read with `.get`.
"""

from __future__ import annotations

from pathlib import Path

import jinja2
from fastapi.responses import HTMLResponse

from shared.look import times

PRODUCT = "Mentoring"


def environment(folder: Path) -> jinja2.Environment:
    """Templates of `folder`/templates before the shared ones; HTML is escaped, text and style are not.

    Filters for instants, each takes an IANA zone: `day`, `hour`, `day_and_hour`, `zone`; and
    `starts | span(ends, zone)` for a stretch of one day.
    """
    own, shared = folder / "templates", Path(__file__).parent / "templates"
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader([own, shared]),
        autoescape=jinja2.select_autoescape(["html"], default_for_string=True),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals["product"] = PRODUCT
    env.filters.update(
        day=times.day, hour=times.hour, day_and_hour=times.day_and_hour, span=times.span, zone=times.zone
    )
    return env


def page(env: jinja2.Environment, name: str, /, status: int = 200, **context: object) -> HTMLResponse:
    """A rendered page that nobody keeps: behind a signed link a page is for one reader only."""
    html = env.get_template(name).render(status=status, **context)
    return HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})
