"""`_defaults.yaml`: what the customers of a folder and below have unless they say otherwise.

Merging happens on the node trees, so that every value keeps the place where it was written: a bad default is told in
its own file, and `explain` knows where each value came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pcreconcile.manifests.documents import Document
from pcreconcile.manifests.files import SUFFIXES
from pcreconcile.manifests.nodes import Entry, Mapping, Node, text_at
from pcreconcile.model.errors import Finding

# An unmanaged customer takes no wish, so it takes none from its folder either.
_WISHES = ("settle", "onBlocked")


def is_defaults_file(name: str) -> bool:
    """Whether a file of this name sets defaults."""
    return name.lower() in {f"_defaults{suffix}" for suffix in SUFFIXES}


def by_folder(documents: Iterable[Document], findings: list[Finding]) -> dict[Path, Mapping]:
    """The defaults of each folder; strays and seconds go to `findings`."""
    found: dict[Path, Mapping] = {}
    for document in documents:
        folder = document.file.folder
        if not is_defaults_file(document.file.path.name):
            findings.append(document.at_kind("defaults stand in a file of their own", "them in _defaults.yaml"))
        elif folder in found:
            problem = f"a second document of defaults, the first is at {found[folder].where}"
            findings.append(document.at_kind(problem, "one in a folder"))
        else:
            found[folder] = document.root
    return found


def merged(customer: Mapping, defaults: Iterable[Mapping]) -> Mapping:
    """The customer over the defaults of its folders, outermost first: labels one by one, fields of spec as a whole."""
    labels: dict[str, Entry] = {}
    fields: dict[str, Entry] = {}
    for document in defaults:
        labels |= _entries(document, "metadata", "labels")
        fields |= _entries(document, "spec")
    if _is_unmanaged(customer):
        fields = {name: entry for name, entry in fields.items() if name not in _WISHES}
    fields = {name: entry for name, entry in fields.items() if name in ("ticket", *_WISHES)}
    if not isinstance(customer.get("spec"), Mapping):
        fields = {}  # what is missing is told at the customer, not at its defaults
    return _over(_over(customer, ("metadata", "labels"), labels), ("spec",), fields)


def _entries(root: Mapping, *path: str) -> dict[str, Entry]:
    node: Node | None = root
    for step in path:
        node = node.get(step) if isinstance(node, Mapping) else None
    return node.entries if isinstance(node, Mapping) else {}


def _over(root: Mapping, path: tuple[str, ...], defaults: dict[str, Entry]) -> Mapping:
    """The mapping with `defaults` under what stands at `path`; unchanged where something else than a mapping stands."""
    if not defaults:
        return root
    if not path:
        return Mapping(root.at, root.source, {**defaults, **root.entries})
    entry = root.entries.get(path[0])
    if entry is None and len(path) == 1:
        key = next(iter(defaults.values())).key
        return _with(root, path[0], Entry(key, Mapping(key.at, key.source, dict(defaults))))
    if entry is None or not isinstance(entry.value, Mapping):
        return root
    return _with(root, path[0], Entry(entry.key, _over(entry.value, path[1:], defaults)))


def _with(root: Mapping, name: str, entry: Entry) -> Mapping:
    return Mapping(root.at, root.source, {**root.entries, name: entry})


def _is_unmanaged(customer: Mapping) -> bool:
    wish = text_at(customer, "spec", "relationship")
    return wish is not None and wish.text == "unmanaged"
