"""Reading a hand-written YAML document: every value is checked, every error says where and what was expected.

No error quotes anything of the file: a Partner document names it, and it may be another file than its author says.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

try:
    # libyaml reads an estate of 400 customers in a sixth of the time that PyYAML's own parser takes.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

from . import SimulatorError
from .clock import moment
from .messages import Json

__all__ = ["Fields", "read_document"]


def read_document(path: Path) -> Any:
    """The YAML document of a file. Raises SimulatorError when it cannot be read."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_TextDates)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise SimulatorError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'no UTF-8 text'}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SimulatorError(f"{path}: is not YAML that an estate may hold{_place(error)}") from None


def _place(error: Exception) -> str:
    """Where the parser stopped; its own words quote the file."""
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"


class _TextDates(SafeLoader):
    """Dates stay text, so that one place decides what a date is."""


_TextDates.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Fields:
    """One mapping of a document, read member by member; `where` is its place, such as `estate.yaml: customers[3]`."""

    def __init__(self, value: Any, where: str, created: datetime, known: tuple[str, ...]) -> None:
        self.where, self.created = where, created
        if not isinstance(value, Mapping):
            raise SimulatorError(f"{where}: expected a mapping, not {_kind(value)}")
        self._members: Json = dict(value)
        for number, key in enumerate(self._members, 1):
            if key not in known:
                raise SimulatorError(f"{where}: field {number} is unknown; expected one of {', '.join(known)}")

    def wrong(self, key: str, expected: str) -> SimulatorError:
        """The error to raise for a value that is not what was expected."""
        return SimulatorError(f"{self.where}.{key}: expected {expected}, not {_kind(self._members.get(key))}")

    def has(self, key: str) -> bool:
        """Whether the field is there, be it null."""
        return key in self._members

    def get(self, key: str) -> Any:
        """The raw value; None when absent."""
        return self._members.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required when there is no default."""
        value = self._members.get(key, default)
        if not isinstance(value, str) or not (value or default == ""):
            raise self.wrong(key, "a text")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """One of the allowed texts."""
        value = self._members.get(key, default)
        if value not in allowed:
            raise self.wrong(key, f"one of {', '.join(allowed)}")
        return str(value)

    def number(self, key: str, default: int) -> int:
        """A whole number of 0 or more."""
        value = self._members.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong(key, "a whole number")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """A boolean."""
        value = self._members.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def date(self, key: str) -> datetime | None:
        """An instant, as ISO text or an offset from the creation of the world; None when absent or null."""
        value = self._members.get(key)
        if value is None:
            return None
        try:
            return moment(value if isinstance(value, str) else repr(value), self.created)
        except ValueError as error:
            raise SimulatorError(f"{self.where}.{key}: {error}") from None

    def mapping(self, key: str) -> Json:
        """A free mapping, such as raw wire members."""
        value = self._members.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise self.wrong(key, "a mapping")
        return value

    def each(self, key: str, known: tuple[str, ...]) -> Iterator["Fields"]:
        """The mappings of a list; none when the field is absent."""
        values = self._members.get(key, [])
        if not isinstance(values, list):
            raise self.wrong(key, "a list")
        for number, value in enumerate(values):
            yield Fields(value, f"{self.where}.{key}[{number}]", self.created, known)


def _kind(value: Any) -> str:
    """What sort of value stands there, without the value."""
    if isinstance(value, bool):
        return "true or false"
    kinds = {type(None): "nothing", str: "this text", int: "this number", float: "this number", list: "a list"}
    return kinds.get(type(value), "a mapping" if isinstance(value, Mapping) else "this value")
