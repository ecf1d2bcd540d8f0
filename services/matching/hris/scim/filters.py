"""A SCIM filter as a jsonpath predicate over the compared form of a resource.

The predicate travels as a parameter: the SQL statements in `store.scim` are constants, whatever is asked.
Values stand in it as JSON literals. It keeps exactly what the library's own evaluator keeps.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from inspect import isclass
from typing import Any, cast

import scim2_models as scim
from scim2_models.base import BaseModel
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from services.matching.hris.scim.comparing import Kind, as_compared

ALWAYS, NEVER = "(1 == 1)", "(1 == 0)"
LENGTH_MAX = 4_000
TERMS_MAX = 100
ORDERED = {
    CompareOperator.gt: ">",
    CompareOperator.ge: ">=",
    CompareOperator.lt: "<",
    CompareOperator.le: "<=",
}
TEXTS = frozenset({CompareOperator.co, CompareOperator.sw, CompareOperator.ew})
PRESENT = '.** ? ((@.type() == "string" && @ != "") || @.type() == "boolean" || @.type() == "number"))'


@dataclass(frozen=True)
class Sought:
    """A compiled filter. `name` and `external_id` are what the resource must at least have, where the filter
    asks for them: indexes find these."""

    path: str
    name: str | None = None
    external_id: str | None = None


def refuse_huge(text: str) -> None:
    """Raises InvalidFilterException. How deep a filter may be is a limit of the library."""
    if len(text) > LENGTH_MAX:
        detail = f"The filter has {len(text)} characters; it may have {LENGTH_MAX}."
        raise scim.InvalidFilterException(detail=detail)


def compiled(kind: Kind, sought: scim.ScimFilter[Any]) -> Sought:
    """The filter as it applies to resources of one kind. Raises InvalidFilterException."""
    nodes = list(_nodes(sought.ast))
    if len(nodes) > TERMS_MAX:
        detail = f"The filter has {len(nodes)} conditions; it may have {TERMS_MAX}."
        raise scim.InvalidFilterException(detail=detail)
    bound = scim.ScimFilter[kind.model](sought.ast)  # type: ignore[name-defined]
    path = _Compiler(bound, "$").visit(bound.ast)
    musts = dict(_musts(bound))
    name = musts.get("userName" if kind.name == "User" else "displayName")
    return Sought(path, name, musts.get("externalId"))


def _head(node: Any) -> str:
    return cast(AttrPath, node.attr_path).attr.lower()


def _nodes(node: FilterNode) -> Iterator[FilterNode]:
    yield node
    for part in (*getattr(node, "terms", ()), getattr(node, "expr", None), getattr(node, "val_filter", None)):
        if part is not None:
            yield from _nodes(part)


def _musts(bound: scim.ScimFilter[Any]) -> Iterator[tuple[str, str]]:
    """(attribute, compared value) of every equality without which the filter cannot hold."""
    node = bound.ast
    terms = node.terms if isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_ else (node,)
    for term in terms:
        if isinstance(term, Comparison) and term.op is CompareOperator.eq and isinstance(term.value, str):
            binding = bound.resolve_comparison(term.attr_path, strict=False)
            if binding is not None and binding.sub_field_name is None:
                yield _name(binding), str(as_compared(binding, term.value))


def _name(binding: scim.AttributeBinding) -> str:
    return binding.urn.rpartition(":")[2]


class _Compiler(FilterVisitor[str]):
    """Writes the predicate of a node; `root` is `$`, or `@` inside a selection of values."""

    def __init__(self, bound: scim.ScimFilter[Any], root: str) -> None:
        self._bound = bound
        self._root = root

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        joint = " && " if node.op is LogicalOperator.and_ else " || "
        return f"({joint.join(self.visit(term) for term in node.terms)})"

    def visit_not(self, node: Not) -> str:
        return f"(!({self.visit(node.expr)}))"

    def visit_present(self, node: Present) -> str:
        binding = self._bound.resolve(node.attr_path, strict=False)
        return NEVER if binding is None else f"exists({_Place.of(self._root, binding).all}{PRESENT}"

    def visit_value_path(self, node: ValuePath) -> str:
        binding = self._bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return NEVER
        place = _Place.of(self._root, binding)
        if not _is_model(binding.field_type):
            inner = _Scalars(binding).visit(node.val_filter)
        else:
            entry = scim.ScimFilter[binding.field_type](node.val_filter)  # type: ignore[name-defined]
            inner = _Compiler(entry, "@").visit(node.val_filter)
        return f"exists({place.all} ? ({inner}))"

    def visit_comparison(self, node: Comparison) -> str:
        binding = self._bound.resolve_comparison(node.attr_path, strict=False)
        if binding is None:
            return NEVER
        place = _Place.of(self._root, binding)
        if node.value is None:
            return _compared_to_nothing(place, node.op)
        value = scim.path.coerce_value(binding, node.value, node.op)
        return _compared(place.all, node.op, binding, value)


class _Scalars(FilterVisitor[str]):
    """A selection from plain values, such as `schemas[value eq "urn:…"]`: `value` is the entry itself."""

    def __init__(self, binding: scim.AttributeBinding) -> None:
        self._binding = binding

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        joint = " && " if node.op is LogicalOperator.and_ else " || "
        return f"({joint.join(self.visit(term) for term in node.terms)})"

    def visit_not(self, node: Not) -> str:
        return f"(!({self.visit(node.expr)}))"

    def visit_present(self, node: Present) -> str:
        return '(@ != "")' if _head(node) == "value" else NEVER

    def visit_comparison(self, node: Comparison) -> str:
        if _head(node) != "value" or node.value is None:
            return NEVER
        return _compared("@", node.op, self._binding, node.value)


def _is_model(kind: object) -> bool:
    return isclass(kind) and issubclass(kind, BaseModel)


@dataclass(frozen=True)
class _Place:
    """Where an attribute is: `head` itself, `inside` what of its entries is meant, `all` these values."""

    head: str
    inside: str
    is_list: bool

    @classmethod
    def of(cls, root: str, binding: scim.AttributeBinding) -> _Place:
        extension, _, names = binding.urn.rpartition(":")
        head, _, inside = names.partition(".")
        nested = issubclass(binding.model, scim.Extension)
        above = f"{root}.{json.dumps(extension)}" if nested else root
        below = f".{json.dumps(inside)}" if inside else ""
        return cls(f"{above}.{json.dumps(head)}", below, binding.is_multivalued)

    @property
    def all(self) -> str:
        return f"{self.head}{'[*]' if self.is_list else ''}{self.inside}"


def _compared_to_nothing(place: _Place, op: CompareOperator) -> str:
    if op not in (CompareOperator.eq, CompareOperator.ne):
        return NEVER
    missing = f"!(exists({place.all}))"
    if place.is_list and place.inside:
        missing = f"!(exists({place.head})) || exists({place.head}[*] ? (!(exists(@{place.inside}))))"
    return f"({missing})" if op is CompareOperator.eq else f"(!({missing}))"


def _compared(place: str, op: CompareOperator, binding: scim.AttributeBinding, value: Any) -> str:
    is_text = isinstance(value, str)
    try:
        literal = _literal(as_compared(binding, value))
    except ValueError:
        literal = None
    if op in TEXTS:
        fits = is_text and binding.target_type is not datetime
        return _holds_text(place, op, literal) if fits and literal else NEVER
    if literal is None:
        return ALWAYS if op is CompareOperator.ne else NEVER
    if op is CompareOperator.eq:
        return f"({place} == {literal})"
    if op is CompareOperator.ne:
        return f"(!({place} == {literal}))"
    return f"({place} {ORDERED[op]} {literal})"


def _literal(value: Any) -> str:
    """A JSON literal. Raises ValueError for a text that no stored value can be equal to."""
    if isinstance(value, bytes):
        return json.dumps(base64.encodebytes(value).decode())
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            raise ValueError("no stored text has a NUL")
    return json.dumps(value, ensure_ascii=False)


def _holds_text(place: str, op: CompareOperator, literal: str) -> str:
    text = json.loads(literal)
    if op is CompareOperator.sw or not text:
        return f"({place} starts with {literal})"
    if op is CompareOperator.co:
        return f'({place} like_regex {literal} flag "q")'
    escaped = re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", text)
    return f"({place} like_regex {json.dumps(f'{escaped}$', ensure_ascii=False)})"


@dataclass(frozen=True)
class Order:
    """What to sort by: the value of the entry that `primary` finds, where there is one, else of the first."""

    primary: str
    of_primary: str
    of_first: str


def order(kind: Kind, asked: scim.SearchRequest[Any]) -> Order | None:
    """None where this kind cannot be sorted by what is asked for: then it has no value."""
    binding = asked.sort_binding(kind.model) if asked.sort_by is not None else None
    if binding is None:
        return None
    place = _Place.of("$", binding)
    if not place.is_list:
        return Order(f"{place.head} ? (1 == 0)", place.all, place.all)
    primary = f"{place.head}[*] ? (@.primary == true)"
    return Order(primary, f"{primary}{place.inside}", f"{place.head}[0]{place.inside}")
