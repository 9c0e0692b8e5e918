"""Which documents a load is about: those below PATH, and those of the partner folder and on the way down from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from pcreconcile.manifests import folders
from pcreconcile.manifests.defaults import is_defaults_file
from pcreconcile.manifests.documents import Document, Shelf
from pcreconcile.manifests.files import FoundFile, Walk, at_file
from pcreconcile.manifests.folders import Folder, Start
from pcreconcile.model.errors import Finding


class Gathered(msgspec.Struct, frozen=True):
    """All documents of known kinds, and what is wrong with the others.

    `named` stand below PATH, `beside` in the partner folder or between it and PATH: customers count only when named.
    `home` is the partner folder, None when there is none.
    """

    home: Folder | None
    named: tuple[Document, ...]
    beside: tuple[Document, ...]
    findings: tuple[Finding, ...]


def gather(path: str) -> Gathered:
    """Look at the disk. Raises ManifestError when PATH itself is missing or unreadable."""
    begin = folders.start(path)
    shelf = Shelf()
    home = folders.partner_folder(begin.folder, lambda folder: _holds_partner(folder, shelf))
    walk = Walk(home.path if home else begin.folder.path)
    files = _below(begin, walk)
    beside = _beside(home, begin, walk, files) if home else ()
    findings: list[Finding] = []
    named_documents = tuple(shelf.documents(files, findings))
    beside_documents = tuple(shelf.documents(beside, findings))
    if not files and not walk.findings:
        findings.append(at_file(path, "no manifest in this folder", "at least one .yaml or .yml file"))
    elif home is None:
        findings.append(_no_partner(path, shelf, files))
    return Gathered(home, named_documents, beside_documents, (*findings, *walk.findings))


def standing_in(home: Path) -> tuple[Document, ...]:
    """The documents that stand directly in a partner folder, where its Partner and its Policy are.

    For manifests that were read without findings: what is wrong with any is not told again.
    """
    return tuple(Shelf().documents(Walk(home).directly_in(home, str(home), _any_name), []))


def _holds_partner(folder: Folder, shelf: Shelf) -> bool:
    """What else is wrong in a folder on the way up is none of this load's business."""
    found = Walk(folder.path).directly_in(folder.path, folder.shown, _any_name)
    return any(shelf.holds_partner(file) for file in found)


def _below(begin: Start, walk: Walk) -> tuple[FoundFile, ...]:
    if begin.file is not None:
        return tuple(walk.single(begin.file, begin.shown))
    return tuple(walk.below(begin.folder.path, begin.folder.shown))


def _beside(home: Folder, begin: Start, walk: Walk, files: Iterable[FoundFile]) -> tuple[FoundFile, ...]:
    seen = {file.path for file in files}
    return tuple(file for file in _above(home, begin, walk) if file.path not in seen)


def _above(home: Folder, begin: Start, walk: Walk) -> Iterator[FoundFile]:
    """All of the partner folder, where the Policy is, and the defaults of each folder from there to PATH's."""
    yield from walk.directly_in(home.path, home.shown, _any_name)
    for folder in folders.between(home.path, begin.folder.path)[1:]:
        yield from walk.directly_in(folder, str(folder), is_defaults_file)


def _any_name(_: str) -> bool:
    return True


def _no_partner(path: str, shelf: Shelf, files: Iterable[FoundFile]) -> Finding:
    inside = next((file for file in files if shelf.holds_partner(file)), None)
    hint = f", but there is one in {inside.shown}" if inside else ""
    return at_file(path, f"no Partner document in this folder or above it{hint}", "a document of kind Partner")
