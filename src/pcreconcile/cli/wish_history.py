"""What one file wanted of one customer at every commit that changed it, with its folders' defaults merged in.

The reader of today reads what was committed then. A version that it cannot make sense of may have wanted anything, so
that it never ends the search for who asked first.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from pcreconcile.cli.former import wish_of
from pcreconcile.cli.repository import Commit, Kept, Repository
from pcreconcile.manifests.documents import KINDS, Document
from pcreconcile.manifests.files import MAX_BYTES, FoundFile
from pcreconcile.manifests.folders import Folder
from pcreconcile.manifests.gather import Gathered
from pcreconcile.manifests.load import sort
from pcreconcile.manifests.nodes import Mapping as MappingNode
from pcreconcile.manifests.nodes import text_at
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.model.desired import DesiredCustomer, LineDesire, Relationship, SubscriptionLine
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import TenantId

Part = bytes
Content = tuple[tuple[str, bytes | None], ...]  # path of the repository and bytes; None: too large to be a manifest

_DEFAULTS = ("_defaults.yaml", "_defaults.yml")
_NO_WISH = frozenset({LineDesire.KEEP, LineDesire.IGNORE})
_HOME = Path("/")  # where a commit's files are said to lie: nothing on the disk of today may have a say in what was


@dataclass(frozen=True, slots=True)
class State:
    """What a version of the file wanted. `parts` is None when that cannot be known; empty when it wanted nothing."""

    wish: DesiredCustomer | None
    parts: frozenset[Part] | None


_ABSENT = State(None, frozenset())
_UNREADABLE = State(None, None)


@dataclass(frozen=True, slots=True)
class WishHistory:
    """The history of one file, for one customer; `latest` is the newest commit that changed it ("" for none).

    `objects` names the version of the file that stood at each commit, "" where there was none.
    """

    path: str
    latest: str
    commits: Mapping[str, Commit]
    objects: Mapping[str, str]
    states: Mapping[str, State]

    def parts(self) -> frozenset[Part]:
        """What the latest version asks for; nothing when nobody can tell."""
        return (self.states[self.latest].parts if self.latest else None) or frozenset()

    def is_wanted(self, wish: DesiredCustomer) -> bool:
        """Whether the latest version says exactly this."""
        return bool(self.latest) and self.states[self.latest].wish == wish

    def holds(self, commit: str, part: Part) -> bool:
        """Whether the file asked for this at that commit, or may have."""
        parts = self.states[commit].parts
        return parts is None or part in parts

    def changed(self, commit: str) -> bool:
        """Whether the commit gave the file, or what it means, a form that none of its parents had."""
        return all(self._form(parent) != self._form(commit) for parent in self.commits[commit].parents)

    def begins(self, commit: str) -> bool:
        """Whether the customer came into this file with that commit."""
        return all(self.states[parent] == _ABSENT for parent in self.commits[commit].parents)

    def _form(self, commit: str) -> tuple[str, frozenset[Part] | None]:
        return self.objects[commit], self.states[commit].parts


def wish_history(repository: Repository, start: str, path: str, tenant: TenantId) -> WishHistory:
    """All versions of a file of the repository up to a commit. Raises UsageError when git does not answer."""
    paths = (path, *_defaults(repository.prefix, path))
    commits = {commit.id: commit for commit in repository.history(start, paths)}
    found = iter(repository.at([(commit, each) for commit in commits for each in paths]))
    versions = {commit: tuple(next(found) for _ in paths) for commit in commits}
    read = _reader(repository, versions, tenant)
    objects = {commit: version[0].object if version[0] else "" for commit, version in versions.items()}
    states = {commit: read(version) for commit, version in versions.items()}
    return WishHistory(path, next(iter(commits), ""), commits, objects, states)


def _defaults(prefix: str, path: str) -> tuple[str, ...]:
    """The files of defaults that apply to a manifest: of its folder, and of those above it up to the partner folder."""
    folder, folders = posixpath.dirname(path), []
    while folder not in (prefix, ""):
        folders.append(folder)
        folder = posixpath.dirname(folder)
    return tuple(posixpath.join(each, name) for each in (*folders, folder) for name in _DEFAULTS)


def _reader(
    repository: Repository, versions: Mapping[str, tuple[Kept | None, ...]], tenant: TenantId
) -> Callable[[tuple[Kept | None, ...]], State]:
    kept = {file.object: file for version in versions.values() for file in version if file and file.size <= MAX_BYTES}
    contents = dict(zip(kept, repository.contents(list(kept.values())), strict=True))

    @cache
    def read(version: tuple[Kept | None, ...]) -> State:
        manifest, *_ = version
        if manifest is None:
            return _ABSENT
        return _state(tuple((file.path, contents.get(file.object)) for file in version if file), tenant)

    return read


def _state(content: Content, tenant: TenantId) -> State:
    documents = []
    for path, data in content:
        if data is None:
            return _UNREADABLE
        reading = read_yaml(data, path)
        if not reading.complete and tenant in data.decode(errors="replace").lower():
            return _UNREADABLE
        documents += [_document(root, path) for root in reading.documents if isinstance(root, MappingNode)]
    known = tuple(each for each in documents if each.kind in KINDS)
    roots = sort(Gathered(Folder(_HOME, "."), known, (), ()), []).customers
    mine = [root for root in roots if _tenant(root) == tenant]
    if len(mine) > 1:
        return _UNREADABLE
    return _wanted(mine[0]) if mine else _ABSENT


def _document(root: MappingNode, path: str) -> Document:
    kind = text_at(root, "kind")
    return Document(kind.text if kind else "", root, FoundFile(_HOME / path, path))


def _tenant(root: MappingNode) -> str:
    found = text_at(root, "spec", "tenantId")
    return found.text.lower() if found else ""


def _wanted(root: MappingNode) -> State:
    wish = wish_of(root)
    return _UNREADABLE if wish is None else State(wish, _parts(wish))


def _parts(wish: DesiredCustomer) -> frozenset[Part]:
    """All of it, and each thing that it asks for; what merely explains, names or warns left out."""
    lines = tuple(msgspec.structs.replace(line, reason=None) for line in wish.subscriptions)
    whole = msgspec.structs.replace(
        wish, name="", labels={}, reason=None, ticket=None, deadline=None, subscriptions=lines
    )
    asked: list[DesiredCustomer | SubscriptionLine | dict[str, object]] = [whole]
    asked += [line for line in lines if line.desired not in _NO_WISH]
    if wish.relationship in (Relationship.SUSPENDED, Relationship.REMOVED):
        asked.append({"relationship": wish.relationship})
    if wish.delegated_access.terminate:
        asked.append({"delegatedAccess": wish.delegated_access})
    return frozenset(canonical_json(part) for part in asked)
