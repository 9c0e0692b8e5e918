"""The strict reader: YAML events into node trees, every refusal with its place.

libyaml's parser gives the events (twice as fast as its loader) and the builder here decides what they may say: no
aliases, anchors, merge keys or tags, no repeated keys, 32 levels. A syntax error ends a file; anything else is noted
and reading goes on, so that one run tells everything.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, Protocol

import msgspec
import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from pcreconcile.manifests.nodes import Broken, Entry, ListNode, Mapping, Node, Scalar, SourceText
from pcreconcile.manifests.quoting import quoted
from pcreconcile.manifests.scalars import kind_of, resolve
from pcreconcile.model.errors import Finding

try:
    from yaml._yaml import CParser
except ImportError:  # a PyYAML without libyaml
    CParser = None  # type: ignore[assignment,misc]

MAX_DEPTH = 32

# Besides what YAML forbids: line separators that YAML 1.1 and 1.2 read differently, and a byte order mark inside.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Reading(msgspec.Struct, frozen=True):
    """What one file holds: its documents in order, and what is wrong with its YAML.

    `complete` is False after a syntax error, when later documents could not be seen.
    """

    source: SourceText
    documents: tuple[Node, ...]
    findings: tuple[Finding, ...]
    complete: bool = True


class _Stop(Exception):
    """Ends the reading of a file; no error of ours, it never leaves this module."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


class _Events(Protocol):
    def get_event(self) -> Any: ...


class _PureParser(Reader, Scanner, Parser):  # type: ignore[misc,unused-ignore]
    """PyYAML's own parser, for a PyYAML that was built without libyaml."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def read_yaml(data: bytes, file: str) -> Reading:
    """All documents of a file. Never raises for what the bytes say."""
    source, problem = _decode(data, file)
    if problem is not None:
        return Reading(source, (), (problem,), complete=False)
    builder = _Builder(source)
    documents: list[Node] = []
    try:
        documents.extend(builder.documents())
    except _Stop as stop:
        return Reading(source, tuple(documents), (*builder.findings, stop.finding), complete=False)
    if not documents:
        builder.findings.append(source.finding(0, "no document in this file", "a YAML document"))
    return Reading(source, tuple(documents), tuple(builder.findings))


def _decode(data: bytes, file: str) -> tuple[SourceText, Finding | None]:
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        source = SourceText(file, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        source = SourceText(file, data[: error.start].decode("utf-8") + "\ufffd")
        return source, source.finding(len(source.text) - 1, "not UTF-8", "UTF-8 text")
    forbidden = _FORBIDDEN.search(source.text)
    if forbidden is None:
        return source, None
    name = f"U+{ord(forbidden[0]):04X}"
    return source, source.finding(forbidden.start(), f"character {name} is not allowed here", "printable text")


def _parser(text: str) -> _Events:
    return CParser(text) if CParser is not None else _PureParser(text)


class _Builder:
    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.findings: list[Finding] = []
        self._parser = _parser(source.text)

    def documents(self) -> Iterator[Node]:
        """Each document's root; raises _Stop where the text is no YAML."""
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                self._check_directives(event)
                yield self._node(self._next(), 1)

    def _next(self) -> Any:
        try:
            return self._parser.get_event()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = (error.problem or "cannot be read").partition(", but ")[0]
            raise _Stop(self.source.finding(mark.index if mark else 0, f"not valid YAML: {problem}")) from None
        except (yaml.YAMLError, ValueError) as error:
            raise _Stop(self.source.finding(0, "not valid YAML")) from error

    def _note(self, index: int, problem: str, expected: str = "") -> None:
        self.findings.append(self.source.finding(index, problem, expected))

    def _check_directives(self, event: Any) -> None:
        if event.tags:
            self._note(event.start_mark.index, "tags are not allowed", "no %TAG directive")
        if event.version and tuple(event.version) != (1, 2):
            self._note(event.start_mark.index, "another YAML version", "YAML 1.2")

    def _node(self, event: Any, depth: int) -> Node:
        at = event.start_mark.index
        if isinstance(event, yaml.AliasEvent):
            self._note(at, "aliases are not allowed", "the value itself")
            return Broken(at, self.source)
        self._check_properties(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if depth > MAX_DEPTH:
            raise _Stop(self.source.finding(at, f"nested too deeply, at most {MAX_DEPTH} levels are read"))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(at, depth)
        return self._sequence(at, depth)

    def _check_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._note(event.start_mark.index, "anchors are not allowed", "the value itself")
        if event.tag is not None:
            self._note(event.start_mark.index, "tags are not allowed", "a value without a tag")

    def _scalar(self, event: Any) -> Node:
        at, text = event.start_mark.index, event.value
        if _UNSTORABLE.search(text):
            self._note(at, "an escape that is no character", "printable text")
            return Broken(at, self.source)
        return Scalar(at, self.source, text, text if event.style else resolve(text))

    def _sequence(self, at: int, depth: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return ListNode(at, self.source, items)

    def _mapping(self, at: int, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, depth)
            value = self._node(self._next(), depth + 1)
            if key is None:
                continue
            known = entries.setdefault(key.text, Entry(key, value))
            if known.key is not key:
                line, column = self.source.place(known.key.at)
                self._note(key.at, f"repeated key {quoted(key.text)}, first at {line}:{column}", "each key once")
        return Mapping(at, self.source, entries)

    def _key(self, event: Any, depth: int) -> Scalar | None:
        """The key, or None when it is refused."""
        node = self._node(event, depth + 1)
        if isinstance(node, Broken):
            return None
        if not isinstance(node, Scalar):
            self._note(node.at, "a key that is no text", "text")
        elif node.text == "<<" and not event.style:
            self._note(node.at, "merge keys are not allowed", "the fields themselves")
        elif not isinstance(node.value, str):
            self._note(node.at, f"{kind_of(node.value)} stands where a key is wanted", "quotes around it")
        else:
            return node
        return None
