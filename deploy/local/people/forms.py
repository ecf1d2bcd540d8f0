"""A page as a person without JavaScript meets it: its words and its forms, filled in like a browser would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode

Answer = str | tuple[str, ...]
CHOICES = ("checkbox", "radio")
BUTTONS = ("submit", "image", "reset", "button")
SILENT = frozenset({"script", "style", "head", "title", "template"})


@dataclass
class Field:
    """One control. `chosen` says whether a box, a radio or an option is ticked."""

    name: str
    kind: str
    value: str
    chosen: bool = True


@dataclass
class Form:
    """A form of a page; `fields` in the page's order, an option of a select being a field of its own."""

    action: str
    fields: list[Field] = field(default_factory=list)

    def names(self) -> frozenset[str]:
        return frozenset(control.name for control in self.fields)

    def offers(self, name: str) -> tuple[str, ...]:
        """The values one can choose for `name`; empty where there is no such control."""
        return tuple(control.value for control in self.fields if control.name == name)

    def filled(self, answers: Mapping[str, Answer]) -> str:
        """The body of a POST: the page's own values, overridden by the answers. KeyError on unknown names."""
        unknown = sorted(set(answers) - self.names())
        if unknown:
            raise KeyError(f"the form at {self.action or 'this page'} has no field {', '.join(unknown)}")
        return urlencode(list(self._pairs(answers)))

    def _pairs(self, answers: Mapping[str, Answer]) -> Iterator[tuple[str, str]]:
        for control in self.fields:
            answer = answers.get(control.name)
            wanted = (answer,) if isinstance(answer, str) else answer
            if control.kind in (*CHOICES, *BUTTONS, "option"):
                pressed = control.chosen and control.kind not in BUTTONS
                if control.value in wanted if wanted is not None else pressed:
                    yield control.name, control.value
            else:
                yield control.name, wanted[0] if wanted is not None else control.value


@dataclass
class Page:
    """`words` is the visible text, single-spaced."""

    words: str
    forms: list[Form]

    def form(self, name: str, value: str | None = None) -> Form | None:
        """The first form with a control `name` (that can take `value`)."""
        for form in self.forms:
            offered = form.offers(name)
            if offered and (value is None or value in offered):
                return form
        return None


def read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(" ".join(" ".join(reader.words).split()), reader.forms)


class _Reader(HTMLParser):
    """Collects words and forms; a disabled control is not sent by a browser and is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.forms: list[Form] = []
        self._silent = 0
        self._form: Form | None = None
        self._select: tuple[str, list[Field]] | None = None
        self._area: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in SILENT:
            self._silent += 1
        elif tag == "form":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        elif self._form is not None and "disabled" not in given:
            self._control(self._form, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "option" and self._select is not None:
            option = Field(self._select[0], "option", given.get("value", ""), "selected" in given)
            self._select[1].append(option)
            form.fields.append(option)
        elif not name:
            return
        elif tag == "input":
            kind = given.get("type", "text").lower()
            value = given.get("value", "on" if kind in CHOICES else "")
            form.fields.append(Field(name, kind, value, kind not in CHOICES or "checked" in given))
        elif tag == "button":
            form.fields.append(Field(name, given.get("type", "submit").lower(), given.get("value", "")))
        elif tag == "select":
            self._select = (name, [])
        elif tag == "textarea":
            self._area = Field(name, "textarea", "")
            form.fields.append(self._area)

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent -= 1
        elif tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select" and self._select is not None:
            options = self._select[1]
            if options and not any(option.chosen for option in options):
                options[0].chosen = True
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data
        elif not self._silent:
            self.words.append(data)
