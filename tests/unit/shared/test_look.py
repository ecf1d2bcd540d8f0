from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from shared import look
from shared.look import times

FORM = """
{% extends "page.html" %}
{% import "parts.html" as parts %}
{% block content %}<h1>Form</h1>
{{ parts.problems(errors) }}{{ parts.facts([("With", name)]) }}{{ parts.notice("Saved") }}
<form method="post">
{{ parts.field("hours", "Hours", value=name, error=errors.get("hours"), hint="1 to 20", max=20) }}
{{ parts.area("well", "What went well?", value="fine", required=false) }}
{{ parts.choice("cadence", "Rhythm", [("weekly", "Weekly"), ("monthly", "Monthly")], value="monthly") }}
{{ parts.radios("role", "Role", [("mentee", "Mentee", "You learn"), ("both", "Both")], value="both") }}
{{ parts.boxes("day", "Days", [(0, "Mon"), (1, "Tue")], values=["0"], layout="close") }}
{{ parts.scale("rating", "Rating", value="4", low="poor", high="great") }}
{{ parts.tick("consent", "I agree") }}
{{ parts.button("Send", name="answer", value="yes") }}
</form>{% endblock %}
"""


class Elements(HTMLParser):
    """Collects the elements of a page as (tag, attributes)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.found if t == tag and all(a.get(k) == v for k, v in wanted.items())]


@pytest.fixture
def env(tmp_path: Path) -> jinja2.Environment:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "form.html").write_text(FORM)
    return look.environment(tmp_path)


def elements(env: jinja2.Environment, **errors: str) -> Elements:
    parsed = Elements()
    parsed.feed(bytes(look.page(env, "form.html", errors=errors, name="<b>Ana</b>").body).decode())
    return parsed


def test_a_page_has_a_language_landmarks_one_heading_and_a_skip_link(env: jinja2.Environment) -> None:
    page = elements(env)
    assert page.all("html", lang="en")
    assert page.all("header")
    assert page.all("main", id="content")
    assert page.all("footer")
    assert page.all("a", href="#content")
    assert len(page.all("h1")) == 1


def test_a_page_needs_no_script_and_nothing_from_elsewhere(env: jinja2.Environment) -> None:
    page = elements(env)
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("img")
    assert not [a for _, a in page.found if any(name.startswith("on") for name in a)]


def test_what_people_wrote_is_escaped(env: jinja2.Environment) -> None:
    html = bytes(look.page(env, "form.html", errors={}, name="<b>Ana</b>").body).decode()
    assert "&lt;b&gt;Ana&lt;/b&gt;" in html
    assert "<b>" not in html


def test_a_page_is_kept_by_nobody_and_carries_its_status(env: jinja2.Environment) -> None:
    response = look.page(env, "problem.html", status=410, title="Used", detail="Answered already.")
    assert response.status_code == 410
    assert response.headers["cache-control"] == "no-store"


def test_every_control_has_a_name_that_is_read_aloud(env: jinja2.Environment) -> None:
    page = elements(env)
    named = {a["for"] for a in page.all("label") if "for" in a}
    loose = [a for t, a in page.found if t in ("input", "select", "textarea") and a.get("id") not in named]
    assert {a["type"] for a in loose} == {"radio", "checkbox"}, "only options inside their own label"
    assert len(page.all("legend")) == len(page.all("fieldset")) == 3


def test_an_error_stands_beside_its_field_and_is_linked_from_the_top(env: jinja2.Environment) -> None:
    page = elements(env, hours="Please give a number from 1 to 20.")
    [field] = page.all("input", id="hours")
    assert field["aria-invalid"] == "true"
    assert field["aria-describedby"] == "hours-hint hours-error"
    assert page.all("p", id="hours-error")
    assert page.all("a", href="#hours")
    assert field["max"] == "20"


def test_what_was_chosen_before_is_still_chosen(env: jinja2.Environment) -> None:
    page = elements(env)
    checked = {(a["name"], a["value"]) for a in page.all("input") if "checked" in a}
    assert checked == {("role", "both"), ("day", "0"), ("rating", "4")}
    assert "selected" in page.all("option", value="monthly")[0]


def test_a_name_missing_from_the_context_is_an_error_and_no_blank(env: jinja2.Environment) -> None:
    with pytest.raises(jinja2.UndefinedError):
        look.page(env, "problem.html", title="No detail")


PALETTES = ("light", "dark")
TEXT_ON_GROUND = [
    *(
        (ink, ground)
        for ink in ("ink", "soft", "accent", "accent-deep")
        for ground in ("surface", "ground", "wash")
    ),
    *(("error", ground) for ground in ("surface", "error-wash")),
    ("ink", "error-wash"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def palette(env: jinja2.Environment, name: str) -> dict[str, str]:
    colours: dict[str, str] = getattr(env.get_template("colours.html").module, name)
    return colours


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize(("ink", "ground"), TEXT_ON_GROUND)
def test_text_keeps_the_contrast_of_wcag_aa(
    env: jinja2.Environment, name: str, ink: str, ground: str
) -> None:
    colours = palette(env, name)
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("ground", ["surface", "ground"])
def test_the_edges_of_fields_and_the_focus_ring_can_be_seen(
    env: jinja2.Environment, name: str, ground: str
) -> None:
    colours = palette(env, name)
    assert contrast(colours["edge"], colours[ground]) >= 3
    assert contrast(colours["accent"], colours[ground]) >= 3


def test_both_palettes_name_the_same_colours_and_the_style_uses_no_other(env: jinja2.Environment) -> None:
    assert palette(env, "light").keys() == palette(env, "dark").keys()
    source = env.loader.get_source(env, "style.css")[0] if env.loader else ""
    used = {part.split(")")[0] for part in source.split("var(--")[1:]}
    assert used <= palette(env, "light").keys()


def test_every_shared_template_parses(env: jinja2.Environment) -> None:
    for name in env.list_templates():
        source = env.loader.get_source(env, name)[0] if env.loader else ""
        assert isinstance(env.parse(source), nodes.Template)


SUMMER = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Madrid", "Wednesday 1 July 2026, 14:00, Madrid time (UTC+2)"),
        ("America/Sao_Paulo", "Wednesday 1 July 2026, 09:00, Sao Paulo time (UTC-3)"),
        ("Asia/Kathmandu", "Wednesday 1 July 2026, 17:45, Kathmandu time (UTC+5:45)"),
        ("Australia/Lord_Howe", "Wednesday 1 July 2026, 22:30, Lord Howe time (UTC+10:30)"),
        ("America/St_Johns", "Wednesday 1 July 2026, 09:30, St Johns time (UTC-2:30)"),
        ("UTC", "Wednesday 1 July 2026, 12:00, UTC"),
    ],
)
def test_an_instant_is_told_on_the_readers_clock_with_the_zone(zone: str, words: str) -> None:
    assert times.day_and_hour(SUMMER, zone) == words


def test_a_stretch_names_its_day_once(env: jinja2.Environment) -> None:
    template = env.from_string("{{ a | span(b, 'Pacific/Apia') }}")
    words = template.render(a=SUMMER, b=SUMMER.replace(hour=12, minute=45))
    assert words == "Thursday 2 July 2026, 01:00–01:45, Apia time (UTC+13)"
