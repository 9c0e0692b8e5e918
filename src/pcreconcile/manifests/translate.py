"""jsonschema's errors into findings: a wrong value at the value, an unknown key at the key, a missing field at its
mapping. jsonschema's own sentences are never shown: they dump values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pcreconcile.manifests.nodes import Broken, Mapping, Node, Scalar, find
from pcreconcile.manifests.quoting import Wording, one_of, quoted, suggestion
from pcreconcile.manifests.scalars import kind_of
from pcreconcile.model.errors import Finding

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
}


class _Case:
    """One error with the node it speaks about."""

    def __init__(self, error: Any, node: Node, wording: Wording) -> None:
        self.error = error
        self.node = node
        self.wording = wording
        self.rule = error.schema if isinstance(error.schema, dict) else {}

    def finding(self, problem: str, expected: str = "") -> Finding:
        return self.node.finding(self.rule.get("x-problem", problem), self.rule.get("x-expected", expected))

    def value(self) -> str:
        """The value in words, shown when the wording shows values."""
        match self.node:
            case Scalar(value=str(text)):
                return self.wording.value(text)
            case Scalar(text="", value=None):
                return "nothing"
            case Scalar(value=value):
                return kind_of(value)
            case Mapping():
                return "a mapping"
        return "a list"


def translate(error: Any, root: Node, wording: Wording) -> Iterator[Finding]:
    """The findings that one error comes to; none where something refused stands that was told already."""
    node = find(root, list(error.absolute_path))
    if not isinstance(node, Broken):
        yield from _translation(error)(_Case(error, node, wording))


def _translation(error: Any) -> Callable[[_Case], Iterator[Finding]]:
    if "propertyNames" in error.relative_schema_path:
        return _refused_fields
    return _TRANSLATIONS.get(error.validator, _wrong_value)


def _unknown_fields(case: _Case) -> Iterator[Finding]:
    known = case.rule.get("properties", {})
    path = tuple(case.error.absolute_path)
    for name, entry in _mapping(case.node):
        if name not in known:
            hint, expected = suggestion(name, known)
            yield entry.finding(case.wording.key(name, path) + hint, expected)


def _refused_fields(case: _Case) -> Iterator[Finding]:
    """`propertyNames`: fields that exist and do not go together with another one."""
    for name, entry in _mapping(case.node):
        if name == case.error.instance:
            yield entry.finding(case.rule["x-problem"], case.rule.get("x-expected", ""))


def _missing_fields(case: _Case) -> Iterator[Finding]:
    when = f" when {case.rule['x-when']}" if "x-when" in case.rule else ""
    for name in case.error.validator_value:
        if name not in case.error.instance:
            yield case.node.finding(f"missing field {quoted(name)}", f"{name}{when}" if when else "")


def _wrong_type(case: _Case) -> Iterator[Finding]:
    wanted = case.error.validator_value
    if wanted == "string" and isinstance(case.node, Scalar):
        yield _unquoted(case, case.node)
    elif wanted in ("object", "array"):
        expected = _KINDS[wanted] if "x-problem" in case.rule else case.rule.get("x-expected", _KINDS[wanted])
        yield case.node.finding(f"{case.value()} stands where {_KINDS[wanted]} is wanted", expected)
    else:
        name = "text or a whole number" if isinstance(wanted, list) else _KINDS[wanted]
        yield case.finding(f"{case.value()} stands where {name} is wanted", name)


def _unquoted(case: _Case, node: Scalar) -> Finding:
    """Text is wanted: when quotes would make this the right text, say so, else say what the text must be."""
    problem = f"{case.value()} stands where text is wanted"
    if node.text and re.search(case.rule.get("pattern", ""), node.text):
        return node.finding(problem, "quotes around it")
    return node.finding(problem, case.rule.get("x-expected", "text"))


def _not_allowed(case: _Case) -> Iterator[Finding]:
    value = case.error.validator_value
    yield from _not_allowed_word(case, [str(word) for word in (value if isinstance(value, list) else [value])])


def _not_allowed_word(case: _Case, allowed: list[str]) -> Iterator[Finding]:
    if isinstance(case.node, Scalar) and isinstance(case.node.value, str):
        hint, expected = suggestion(case.node.value, allowed)
        yield case.finding(f"{case.value()} is not known{hint}", expected)
    else:
        yield case.finding(f"{case.value()} is not allowed here", one_of(allowed))


def _alternatives(case: _Case) -> Iterator[Finding]:
    """`anyOf`: a mapping is held against the alternative that is a mapping, anything else against all of them."""
    branches = case.error.validator_value
    if all("enum" in branch or "pattern" in branch for branch in branches):
        yield from _not_allowed_word(case, [word for branch in branches for word in branch.get("enum", ())])
        return
    index = next((number for number, branch in enumerate(branches) if branch.get("type") == "object"), None)
    inner = [error for error in case.error.context if error.schema_path[0] == index]
    if isinstance(case.node, Mapping) and inner:
        for error in inner:
            node = find(case.node, list(error.relative_path))
            yield from _translation(error)(_Case(error, node, case.wording))
        return
    words = [word for branch in branches for word in branch.get("enum", ())]
    hint = suggestion(str(case.error.instance), words)[0] if isinstance(case.error.instance, str) else ""
    yield case.node.finding(
        f"{case.value()} is not allowed here{hint}", "" if hint else case.rule.get("x-expected", "")
    )


def _wrong_value(case: _Case) -> Iterator[Finding]:
    written = case.node.text if isinstance(case.node, Scalar) and case.node.value is not None else None
    value = case.value() if written is None else case.wording.value(written)
    yield case.finding(f"{value} is not allowed here", "another value")


def _mapping(node: Node) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Mapping):
        for name, entry in node.entries.items():
            yield name, entry.key


_TRANSLATIONS: dict[str, Callable[[_Case], Iterator[Finding]]] = {
    "additionalProperties": _unknown_fields,
    "required": _missing_fields,
    "type": _wrong_type,
    "enum": _not_allowed,
    "const": _not_allowed,
    "anyOf": _alternatives,
}
