"""The tree of a YAML document, each node knowing where it stands.

Nodes keep an index into the text and count lines only when asked: of ten thousand files hardly one has a finding.
Trees hold no cycles, so that Python's collector need not look at their hundreds of thousands of nodes (`gc=False`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeAlias

import msgspec

from pcreconcile.model.errors import Finding

Path: TypeAlias = tuple[str | int, ...]
Plain: TypeAlias = str | int | float | bool | None

_LINE_END = re.compile(r"\r\n|\r|\n")


class SourceText:
    """One file's text after its byte order mark, and the name by which findings call it."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def place(self, index: int) -> tuple[int, int]:
        """Line and column of a character, both from 1; what lies behind the end counts as the end of the last line."""
        index = min(index, len(self.text))
        if index == len(self.text):
            index = len(self.text.rstrip("\r\n"))
        line = bisect_right(self._line_starts, index)
        return line, index - self._line_starts[line - 1] + 1

    def finding(self, index: int, problem: str, expected: str = "") -> Finding:
        """A finding at a character."""
        line, column = self.place(index)
        return Finding(self.file, line, column, problem, expected)


class Node(msgspec.Struct, frozen=True, gc=False):
    """Anything in the tree; `at` is the index of its first character."""

    at: int
    source: SourceText

    def finding(self, problem: str, expected: str = "") -> Finding:
        """A finding at this node."""
        return self.source.finding(self.at, problem, expected)

    @property
    def where(self) -> str:
        """file:line:column, for naming this place in a finding about another."""
        line, column = self.source.place(self.at)
        return f"{self.source.file}:{line}:{column}"


class Scalar(Node, frozen=True, gc=False):
    """A scalar: its text as written and its value by the YAML 1.2 core rules (see `scalars`)."""

    text: str
    value: Plain


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A key and its value."""

    key: Scalar
    value: Node


class Mapping(Node, frozen=True, gc=False):
    """A mapping with text keys, each once, in the order of the file."""

    entries: dict[str, Entry]

    def get(self, key: str) -> Node | None:
        """The value of a key."""
        entry = self.entries.get(key)
        return entry.value if entry else None


class ListNode(Node, frozen=True, gc=False):
    """A sequence."""

    items: Sequence[Node]


class Broken(Node, frozen=True, gc=False):
    """Where something refused stood (an alias, a tag): already told, and nothing more is said about it."""


def plain(node: Node) -> Any:
    """The tree as plain data, for the schema check."""
    match node:
        case Scalar():
            return node.value
        case Mapping():
            return {key: plain(entry.value) for key, entry in node.entries.items()}
        case ListNode():
            return [plain(item) for item in node.items]
    return None


def find(node: Node, path: Sequence[str | int]) -> Node:
    """The node at a JSON path; the last one that exists when the path leads out of the tree."""
    for step in path:
        match node:
            case Mapping() if step in node.entries:
                node = node.entries[str(step)].value
            case ListNode() if isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            case _:
                return node
    return node


def text_at(node: Node, *path: str) -> Scalar | None:
    """The text scalar at a path, or None when there is none."""
    found: Node | None = node
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Scalar) and isinstance(found.value, str) else None
