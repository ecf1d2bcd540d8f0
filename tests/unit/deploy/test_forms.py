from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from deploy.local.people import forms

PAGE = """
<html><head><title>Secret title</title><style>p { color: red }</style></head><body>
<p>Will you   come?</p>
<form method="post">
  <input type="hidden" name="session_id" value="s1">
  <input type="radio" name="answer" value="accept"> <input type="radio" name="answer" value="decline">
  <input type="checkbox" name="goal" value="a"> <input type="checkbox" name="goal" value="b" checked>
  <input type="checkbox" name="consent" required>
  <select name="level"><option value="0">no</option><option value="3" selected>some</option></select>
  <select name="reason"><option value="">choose</option><option value="no-time">no time</option></select>
  <textarea name="text">as &lt;before&gt;</textarea>
  <input name="count" value="2"> <input name="gone" value="x" disabled>
  <button name="action" value="happened">It happened</button>
  <button name="action" value="missed">It did not</button>
</form>
<form action="/elsewhere"><input name="version" value="3"></form>
</body></html>
"""


def sent(**answers: forms.Answer) -> list[tuple[str, str]]:
    return parse_qsl(forms.read(PAGE).forms[0].filled(answers), keep_blank_values=True)


def test_a_form_left_alone_sends_what_a_browser_would() -> None:
    assert sent() == [
        ("session_id", "s1"),
        ("goal", "b"),
        ("level", "3"),
        ("reason", ""),
        ("text", "as <before>"),
        ("count", "2"),
    ]


def test_answers_take_the_place_of_what_the_page_suggests() -> None:
    body = sent(answer="accept", goal=("a", "b"), consent="on", level="0", text="now", action="missed")
    assert body == [
        ("session_id", "s1"),
        ("answer", "accept"),
        ("goal", "a"),
        ("goal", "b"),
        ("consent", "on"),
        ("level", "0"),
        ("reason", ""),
        ("text", "now"),
        ("count", "2"),
        ("action", "missed"),
    ]


def test_an_answer_nobody_asked_for_is_an_error_that_names_it() -> None:
    with pytest.raises(KeyError, match="no field gone, salary"):
        sent(gone="1", salary="2")


def test_a_page_is_read_as_words_and_forms_found_by_what_they_ask() -> None:
    page = forms.read(PAGE)
    assert page.words.startswith("Will you come?")
    assert "Secret" not in page.words
    assert page.form("action", "missed") is page.forms[0]
    assert page.form("version") is page.forms[1]
    assert page.form("action", "move") is None
    assert page.forms[0].offers("reason") == ("", "no-time")
