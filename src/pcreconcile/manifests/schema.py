"""The schema check: JSON Schema says what a document may hold, and its findings are told in our words and places.

The schemas in `pcreconcile/schemas` are the only copy. `x-problem`, `x-expected` and `x-when` in them say in words what
a pattern or a condition means; validators and editors pass over them. With the extra `fast` (jsonschema-rs) documents
that are right are waved through by it; what is wrong with the others is always told by jsonschema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from pcreconcile.manifests.nodes import Node, plain
from pcreconcile.manifests.quoting import Wording
from pcreconcile.manifests.translate import translate
from pcreconcile.model.errors import Finding

SCHEMA_KINDS = ("Approval", "Customer", "Partner", "Policy", "Plan", "Prices", "Rules", "Withdrawal")


# Kinds without a schema file of their own: where they are defined.
_PARTS = {"CustomerDefaults": "Customer", "RulePack": "Rules"}


def schema_text(kind: str) -> str:
    """The JSON Schema (2020-12) of a kind of document, in any letter case. Raises KeyError for an unknown kind."""
    known = {name.lower(): name for name in SCHEMA_KINDS}
    file = files("pcreconcile") / "schemas" / f"{known[kind.lower()].lower()}.schema.json"
    return file.read_text(encoding="utf-8")


def check(kind: str, root: Node, wording: Wording) -> list[Finding]:
    """What is wrong with a document by the schema of its kind; some kinds are parts of another's schema."""
    data = plain(root)
    if _quick(kind)(data):
        return []
    return [finding for error in _checker(kind).iter_errors(data) for finding in translate(error, root, wording)]


@cache
def _schema(kind: str) -> Any:
    if kind in _PARTS:
        return _schema(_PARTS[kind])["$defs"][kind]
    schema = json.loads(schema_text(kind))
    return _without_references(schema, schema.get("$defs", {}))


def _without_references(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with its own definitions put in place: following a reference costs more than checking most values."""
    match schema:
        case {"$ref": str(reference), **others}:
            definition = definitions[reference.removeprefix("#/$defs/")]
            return _without_references({**definition, **others}, definitions)
        case dict():
            return {key: _without_references(value, definitions) for key, value in schema.items()}
        case list():
            return [_without_references(value, definitions) for value in schema]
    return schema


@cache
def _quick(kind: str) -> Callable[[Any], bool]:
    """Whether a document is surely right; without jsonschema-rs nothing is."""
    try:
        fast = import_module("jsonschema_rs")
    except ImportError:
        return lambda _: False
    is_valid: Callable[[Any], bool] = fast.Draft202012Validator(_schema(kind), validate_formats=True).is_valid
    return is_valid


@cache
def _checker(kind: str) -> Any:
    import jsonschema

    formats = jsonschema.FormatChecker(formats=())
    formats.checks("date", raises=ValueError)(_is_date)
    extend: Callable[..., Any] = jsonschema.validators.extend
    validator = extend(jsonschema.Draft202012Validator, {"pattern": _pattern})
    return validator(_schema(kind), format_checker=formats)


def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


def _pattern(validator: Any, pattern: str, instance: Any, _schema: Any) -> Any:
    """As JSON Schema means it: `$` is the end of the text, where Python's own also stands before a last line end."""
    from jsonschema import ValidationError

    if validator.is_type(instance, "string") and not _compiled(pattern).search(instance):
        yield ValidationError("pattern")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)
