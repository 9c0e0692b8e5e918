"""JSON as the service writes it: a byte order mark or none, member names in any letter case, null for absent.

Everything that is read goes through `Members`, which answers with a value of the type that was asked for or raises
`UnexpectedShape`. Tolerant in form, strict in content: a member of the wrong type never becomes a default. What no
service writes is no JSON text here: members that stand twice, deep nesting, numbers of endless digits.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from pcreconcile.model.errors import IncompleteRead
from pcreconcile.partner_center.instants import parse_instant

_DIGITS = re.compile(r"\s*-?[0-9]{1,15}\s*", re.ASCII)
_AMOUNT = re.compile(r"\s*-?[0-9]{1,15}(\.[0-9]{1,15})?\s*", re.ASCII)
_LARGEST = 2**53  # what JSON readers everywhere can hold
_FARTHEST_EXPONENT = 300  # beyond it a number is no amount of anything, and too large to be written again
_MOST_DIGITS = 40  # of one number, its sign, point and exponent included
_DEEPEST = 32  # the documented resources need eight; deeper, every later step would have to be afraid of recursion
_MOST_SEATS = 10**9
_CONTAINERS = frozenset({dict, list})


class NotJson(ValueError):
    """A body that is not one JSON text: cut, of another kind, or not UTF-8."""


class UnusableJson(NotJson):
    """A JSON text that no service writes; the text says what is wrong with it, and quotes nothing."""


class UnexpectedShape(IncompleteRead):
    """A body without a member that it must have, or with one of another type: names the place, quotes no value."""


def decode_json(body: bytes) -> Any:
    """The JSON value of a body; fractions are Decimal, as they were written. Raises NotJson."""
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_distinct,
            parse_constant=_refuse_constant,
            parse_float=_fraction,
            parse_int=_whole,
        )
    except UnusableJson:
        raise
    except (ValueError, RecursionError):
        raise NotJson("not a JSON text") from None
    _require_shallow(value)
    return value


def is_empty(body: bytes) -> bool:
    """Whether nothing stands in the body but blanks and a byte order mark."""
    return not body.removeprefix(codecs.BOM_UTF8).strip()


def encode_json(value: Any) -> bytes:
    """ASCII, so that even half a surrogate pair goes back as it came."""
    return json.dumps(value, separators=(",", ":"), default=_number).encode()


def well_formed(text: str) -> str:
    """The text with `?` for halves of surrogate pairs, which JSON can escape and nothing can encode."""
    return text.encode("utf-8", "replace").decode("utf-8")


def find_name(members: dict[str, Any], name: str) -> str | None:
    """How `name` is spelt in the object, or None when it is not there."""
    return next((spelling for spelling in members if spelling.casefold() == name.casefold()), None)


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Of two members with one name nobody knows which one counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnusableJson("a member stands twice in one object")
    return members


def _require_shallow(value: Any) -> None:
    """Raises UnusableJson. Level by level, because recursion is what it protects from."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        inner = [node.values() if type(node) is dict else node for node in level if type(node) in _CONTAINERS]
        level = [each for node in inner for each in node if type(each) in _CONTAINERS]
        if not level:
            return
    raise UnusableJson(f"nested more than {_DEEPEST} deep")


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise UnusableJson(f"a number of more than {_MOST_DIGITS} digits")
    return int(text)


def _fraction(text: str) -> Decimal:
    if len(text) > _MOST_DIGITS:
        raise UnusableJson(f"a number of more than {_MOST_DIGITS} digits")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number that can be held") from None
    if abs(number.adjusted()) > _FARTHEST_EXPONENT:
        raise ValueError("not a number that can be held")
    return number


def _number(value: object) -> float:
    """A fraction on its way back to where it came from: the shortest text of the same number."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return float(value)


class Members:
    """One JSON object, its members found without case. `where` is its place in the body, for messages."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise UnexpectedShape(f"{where}: expected an object, found {_kind(value)}")
        self.where = where
        self.raw: dict[str, Any] = value
        self._folded: dict[str, Any] = {name.casefold(): member for name, member in value.items()}
        if len(self._folded) != len(value):
            self._folded = _merged(value, where)

    def get(self, name: str) -> Any:
        """The raw value; None when it is absent or null."""
        return self._folded.get(name.casefold())

    def text(self, name: str) -> str:
        """A text that must be there and not empty; a number is taken as its digits."""
        value = self.optional_text(name)
        return self._missing(name) if value is None else value

    def optional_text(self, *names: str) -> str | None:
        """The first of these members that holds a text that is not blank."""
        for name in names:
            value = self.get(name)
            if isinstance(value, bool) or not isinstance(value, str | int | None):
                self._wrong(name, value, "text")
            if value is not None and str(value).strip():
                return well_formed(str(value))
        return None

    def integer(self, name: str) -> int:
        """A whole number that must be there; digits in a text and 2.0 are taken too."""
        value = self.get(name)
        if value is None:
            self._missing(name)
        if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) <= _LARGEST:
            return int(value)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
            self._wrong(name, value, "a whole number")
        return int(value)

    def quantity(self, name: str) -> int:
        """Seats, licences or pieces that must be there: a JSON number, whole, from 0 to a thousand million."""
        value = self.get(name)
        if isinstance(value, str) or not 0 <= (quantity := self.integer(name)) <= _MOST_SEATS:
            self._wrong(name, value, f"a whole number from 0 to {_MOST_SEATS}")
        return quantity

    def decimal(self, name: str) -> Decimal | None:
        """A number as it was written, also as a text; None when it is absent."""
        value = self.get(name)
        if isinstance(value, str) and _AMOUNT.fullmatch(value):
            return Decimal(value.strip())
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
            self._wrong(name, value, "a number")
        return None if value is None else Decimal(value)

    def flag(self, name: str) -> bool | None:
        """True, False, or None when it is absent; "true" and "false" as text are taken too."""
        value = self.get(name)
        if isinstance(value, str) and value.casefold() in {"true", "false"}:
            return value.casefold() == "true"
        if value is not None and not isinstance(value, bool):
            self._wrong(name, value, "true or false")
        return bool(value) if value is not None else None

    def instant(self, *names: str) -> datetime | None:
        """The first of these members that holds a date; None when none does."""
        for name in names:
            text = self.optional_text(name)
            if text is not None:
                try:
                    return parse_instant(text)
                except ValueError:
                    self._wrong(name, text, "a date")
        return None

    def array(self, name: str) -> list[Any]:
        """An array that must be there."""
        value = self.get(name)
        return self._missing(name) if value is None else self._as_array(name, value)

    def optional_array(self, name: str) -> list[Any] | None:
        """An array, or None when it is absent."""
        value = self.get(name)
        return None if value is None else self._as_array(name, value)

    def objects(self, name: str) -> Iterator[Members]:
        """The objects of an array that must be there."""
        for index, value in enumerate(self.array(name)):
            yield Members(value, f"{self.where}.{name}[{index}]")

    def optional_objects(self, name: str) -> Iterator[Members]:
        """The objects of an array; none when it is absent."""
        return iter(()) if self.get(name) is None else self.objects(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of an array; none when it is absent."""
        values = self.optional_array(name) or []
        if not all(isinstance(value, str) for value in values):
            self._wrong(name, values, "an array of texts")
        return tuple(values)

    def member(self, name: str) -> Members:
        """An object that must be there."""
        value = self.get(name)
        return self._missing(name) if value is None else Members(value, f"{self.where}.{name}")

    def optional_member(self, name: str) -> Members | None:
        """An object, or None when it is absent."""
        value = self.get(name)
        return None if value is None else Members(value, f"{self.where}.{name}")

    def _as_array(self, name: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            self._wrong(name, value, "an array")
        return list(value)

    def _missing(self, name: str) -> NoReturn:
        raise UnexpectedShape(f"{self.where}: {name} is missing")

    def _wrong(self, name: str, value: Any, expected: str) -> NoReturn:
        raise UnexpectedShape(f"{self.where}.{name}: expected {expected}, found {_kind(value)}")


def _merged(value: dict[str, Any], where: str) -> dict[str, Any]:
    """Members whose names differ in letter case alone; two that say different things are an error."""
    folded: dict[str, Any] = {}
    for name, member in value.items():
        key = name.casefold()
        if folded.get(key) is not None and member is not None and folded[key] != member:
            raise UnexpectedShape(f"{where}: {key} stands twice with different values")
        if member is not None or key not in folded:
            folded[key] = member
    return folded


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
