"""From files to documents: every root has its kind, and files are read once however often they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from pcreconcile.manifests.files import FoundFile, read_bytes
from pcreconcile.manifests.nodes import Broken, Mapping, Node, Scalar, SourceText, text_at
from pcreconcile.manifests.quoting import escaped, one_of, suggestion
from pcreconcile.manifests.reader import Reading, read_yaml
from pcreconcile.model.errors import Finding

KINDS = ("Customer", "CustomerDefaults", "Partner", "Policy", "Prices", "Rules")


class Document(msgspec.Struct, frozen=True):
    """One document of a known kind."""

    kind: str
    root: Mapping
    file: FoundFile

    def at_kind(self, problem: str, expected: str) -> Finding:
        """A finding about the document as such, at its kind."""
        return self.root.entries["kind"].value.finding(problem, expected)


class Shelf:
    """All files read so far, by path."""

    def __init__(self) -> None:
        self._readings: dict[Path, Reading] = {}

    def reading(self, file: FoundFile) -> Reading:
        """What the file holds; a file that cannot be read holds a finding."""
        known = self._readings.get(file.path)
        if known is None:
            known = self._readings[file.path] = _read(file)
        return known

    def documents(self, files: Iterable[FoundFile], findings: list[Finding]) -> Iterator[Document]:
        """Their documents of known kind; what is wrong with the others, or with their YAML, goes to `findings`."""
        for file in files:
            reading = self.reading(file)
            findings.extend(reading.findings)
            yield from _documents(reading, file, findings)

    def holds_partner(self, file: FoundFile) -> bool:
        """Whether a file holds a Partner document, or would if its YAML could be read to the end."""
        reading = self.reading(file)
        if any(_kind(root) == "Partner" for root in reading.documents):
            return True
        return not reading.complete and _claims_partner(reading.source.text)


def _read(file: FoundFile) -> Reading:
    data = read_bytes(file)
    if isinstance(data, bytes):
        return read_yaml(data, escaped(file.shown))
    return Reading(SourceText(data.file, ""), (), (data,), complete=False)


def _claims_partner(text: str) -> bool:
    return any(line.split("#")[0].replace(" ", "").strip("\"',{}\r") == "kind:Partner" for line in text.splitlines())


def _documents(reading: Reading, file: FoundFile, findings: list[Finding]) -> Iterator[Document]:
    for root in reading.documents:
        kind = _kind(root)
        if kind in KINDS and isinstance(root, Mapping):
            yield Document(kind, root, file)
        else:
            findings.extend(_unusable(root))


def _kind(root: Node) -> str:
    scalar = text_at(root, "kind")
    return scalar.text if scalar else ""


def _unusable(root: Node) -> Iterator[Finding]:
    """Why a document is none of ours. Its values are not shown: it may have been meant as a Partner document."""
    if isinstance(root, Broken):
        return
    if not isinstance(root, Mapping):
        yield root.finding(f"{_described(root)} stands where a document is wanted", "a mapping")
        return
    kind = root.get("kind")
    if kind is None:
        yield root.finding('missing field "kind"', one_of(KINDS))
    elif isinstance(kind, Scalar) and isinstance(kind.value, str):
        hint, expected = suggestion(kind.value, KINDS)
        yield kind.finding(f"this kind of document is not known{hint}", expected)
    elif not isinstance(kind, Broken):
        yield kind.finding("the kind is no text", one_of(KINDS))


def _described(root: Node) -> str:
    match root:
        case Scalar(text="", value=None):
            return "nothing"
        case Scalar():
            return "a single value"
    return "a list"
