"""JSON out of a stream, one value at a time and strictly, for documents that are too large to stand in memory whole.

The standard library parses each value; what is added is how to get from value to value, and what it lets pass: a
member that appears twice, NaN, fractions, numbers that no field holds, depth. Every problem is a NotStrictJson, whose
text the reader of the document completes with the place in it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NoReturn

from pcreconcile.model.errors import PlanFileError
from pcreconcile.model.plan import LARGEST_PART

DEEPEST = 64  # levels of lists and objects
LARGEST_INTEGER = 2**63 - 1
_CHUNK = 2**20  # bytes that are read at least
_DENSEST = 16  # characters for each list or object on average; a plan has more than a hundred
_FEW = 2**16  # characters that may be denser: of a small plan, or of the end of one
_BLANKS = re.compile(r"[ \t\n\r]*")


class NotStrictJson(PlanFileError):
    """A text that this program would never write, whatever document it should be."""


class JsonStream:
    """A cursor in JSON text. No more of the text is kept than the value at the cursor and what was read along with it.

    Everything here may raise NotStrictJson.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_no_float, parse_int=_integer
        )
        self._text = ""
        self._at = 0
        self._ended = False
        self._bytes = 0  # handed to the decoder so far
        self._line, self._column = 1, 1  # of the first character of the text that is kept

    def members(self) -> Iterator[str]:
        """The names of the object at the cursor; whoever iterates takes the value of each before the next."""
        taken: set[str] = set()
        for _ in self._parts("{", "}"):
            name = self.value()
            if not isinstance(name, str):
                raise self._unexpected("a member's name")
            if name in taken:
                raise _twice(name)
            taken.add(name)
            self._expect(":")
            yield name

    def elements(self) -> Iterator[int]:
        """The places of the elements of the list at the cursor; whoever iterates takes each before the next."""
        return self._parts("[", "]")

    def opens(self) -> str:
        """The character with which the next value begins; "" at the end."""
        while True:
            self._at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches anywhere
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def value(self) -> Any:
        """The whole value at the cursor, as `json` gives it."""
        self.opens()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._grow():
                    continue
                raise self._broken(error.msg, error.pos) from None
            except RecursionError:
                raise _too_deep() from None
            if end == len(self._text) and self._grow():  # a number may go on
                continue
            _check_depth(value)
            self._at = end
            return value

    def end(self) -> None:
        """Nothing follows."""
        if self.opens():
            raise self._broken("Extra data", self._at)

    def _parts(self, opening: str, closing: str) -> Iterator[int]:
        self._expect(opening)
        if self.opens() == closing:
            self._at += 1
            return
        number = 0
        while True:
            yield number
            number += 1
            if self.opens() == closing:
                self._at += 1
                return
            self._expect(",")

    def _expect(self, character: str) -> None:
        if self.opens() != character:
            raise self._unexpected(f"'{character}'")
        self._at += 1

    def _unexpected(self, expected: str) -> NotStrictJson:
        return self._broken(f"Expecting {expected}", self._at)

    def _broken(self, problem: str, at: int) -> NotStrictJson:
        before = self._text[:at]
        line = self._line + before.count("\n")
        column = at - before.rfind("\n") if "\n" in before else self._column + at
        return NotStrictJson(f"not JSON, or cut off: {problem} (line {line}, column {column})")

    def _grow(self) -> bool:
        if len(self._text) - self._at > LARGEST_PART:
            raise NotStrictJson(f"larger than {LARGEST_PART // 2**20} MiB, which no part of a plan is")
        return self._more()

    def _more(self) -> bool:
        """Read on, at least as much as is kept, so that a large value is tried a few times only; False at the end."""
        if self._ended:
            return False
        data = self._stream.read(max(_CHUNK, len(self._text) - self._at))
        self._ended = not data
        try:
            added = self._utf8.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            pending = len(error.object) - len(data)
            raise NotStrictJson(f"not UTF-8 text (byte {self._bytes - pending + error.start})") from None
        self._bytes += len(data)
        if _DENSEST * (added.count("{") + added.count("[")) > len(added) + _FEW:
            raise NotStrictJson("hardly anything but brackets, which no plan is")
        self._keep(added)
        return not self._ended or bool(added)

    def _keep(self, added: str) -> None:
        done = self._text[: self._at]
        lines = done.count("\n")
        self._line += lines
        self._column = len(done) - done.rfind("\n") if lines else self._column + len(done)
        self._text = self._text[self._at :] + added
        self._at = 0


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _twice(next(name for name in names if names.count(name) > 1))
    return found


def _twice(name: str) -> NotStrictJson:
    return NotStrictJson(f"the member {name!r} twice in one object")


def _no_constant(text: str) -> NoReturn:
    raise NotStrictJson(f"{text}, which is no JSON number")


def _no_float(text: str) -> NoReturn:
    raise NotStrictJson(f"the number {text[:40]}, where plans hold integers and decimal text alone")


def _integer(text: str) -> int:
    if len(text) > len(str(LARGEST_INTEGER)) + 1 or abs(int(text)) > LARGEST_INTEGER:
        raise NotStrictJson("a number that is too large")
    return int(text)


def _too_deep() -> NotStrictJson:
    return NotStrictJson(f"nested deeper than {DEEPEST} levels")


def _check_depth(raw: Any) -> None:
    level = [raw]
    for _ in range(DEEPEST):
        level = [part for value in level for part in _parts_of(value)]
        if not level:
            return
    raise _too_deep()


def _parts_of(value: Any) -> Iterable[Any]:
    """Only what has parts itself can be deep."""
    if isinstance(value, dict):
        return (part for part in value.values() if isinstance(part, dict | list))
    return (part for part in value if isinstance(part, dict | list)) if isinstance(value, list) else ()
