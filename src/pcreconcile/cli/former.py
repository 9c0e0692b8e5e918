"""The customers as the manifests of a commit had them, read from git's objects by the reader of today.

What is wrong in an old document is nobody's error now: it costs that document its wish, so that its customer counts as
changed, and no more. What the reader would not look at (names it ignores, links out of the folder, files that are too
large) was no manifest then either.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pcreconcile.cli.repository import Kept, Repository
from pcreconcile.manifests.customers import customer, customer_findings, place_of
from pcreconcile.manifests.documents import KINDS, Document
from pcreconcile.manifests.files import MAX_BYTES, SUFFIXES, FoundFile, is_ignored, join
from pcreconcile.manifests.folders import Folder
from pcreconcile.manifests.gather import Gathered
from pcreconcile.manifests.load import sort
from pcreconcile.manifests.nodes import Mapping as MappingNode
from pcreconcile.manifests.nodes import text_at
from pcreconcile.manifests.quoting import Wording, escaped
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.manifests.schema import check
from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.errors import Finding
from pcreconcile.model.ids import TenantId, is_guid

_LINKS = 8  # how many links in a row are followed


@dataclass(frozen=True, slots=True)
class Former:
    """A customer as it stood at a commit; `wish` is None when its document could not be a manifest of today."""

    name: str
    tenant_id: TenantId
    managed: bool
    wish: DesiredCustomer | None
    root: MappingNode

    def finding(self, problem: str, expected: str) -> Finding:
        """A finding at the place where it stood."""
        return place_of(self.root).finding(problem, expected)


def customers_of(repository: Repository, commit: str, shown: str, folders: Iterable[str]) -> tuple[Former, ...]:
    """All customers of these partner folders; the one that the repository was opened at is called `shown`.

    Raises UsageError when git does not answer.
    """
    return tuple(customer for folder in folders for customer in customers_in(repository, commit, folder, shown))


def folders_of(repository: Repository, commit: str, partner: TenantId) -> tuple[str, ...]:
    """Where the partner folder stood at a commit, as a path of the repository.

    Where the folder did not exist, it may have had another name: then the folder that held this partner's document
    and holds it no longer is taken. Raises UsageError when git does not answer.
    """
    if repository.files(commit, repository.prefix):
        return (repository.prefix,)
    return _left(repository, commit, partner)


def _left(repository: Repository, commit: str, partner: TenantId) -> tuple[str, ...]:
    """Folders whose Partner document of that commit is gone from the working tree."""
    named = repository.naming(commit, partner)
    return tuple(sorted({posixpath.dirname(name) for name in named if not (repository.top / name).exists()}))


def every_file(_: Kept) -> bool:
    """For `customers_in`: the whole folder."""
    return True


def customers_in(
    repository: Repository, commit: str, folder: str, shown: str, wanted: Callable[[Kept], bool] = every_file
) -> Iterator[Former]:
    """The customers of the wanted files of a folder, which is called `shown` where the repository was opened at it."""
    shown = shown if folder == repository.prefix else folder or "."
    files = manifests_in(repository, repository.files(commit, folder), wanted)
    # A folder that exists nowhere: nothing on the disk of today may have a say in what was.
    home = Folder(Path(commit), shown)
    documents = tuple(_documents((FoundFile(home.path / path, join(shown, path)), data) for path, data in files))
    for root in sort(Gathered(home, documents, (), ()), []).customers:
        yield from _former(root)


def manifests_in(
    repository: Repository, files: Iterable[Kept], wanted: Callable[[Kept], bool]
) -> Iterator[tuple[str, bytes]]:
    """Path and content of the wanted manifests among the files of a folder; links in it lead to their targets."""
    known = {file.path: file for file in files}
    found = [
        (path, target)
        for path, file in known.items()
        if _is_manifest(path) and wanted(file) and (target := _target(path, known, repository))
    ]
    contents = repository.contents([target for _, target in found])
    return zip((path for path, _ in found), contents, strict=True)


def _is_manifest(path: str) -> bool:
    return path.lower().endswith(SUFFIXES) and not any(is_ignored(part) for part in path.split("/"))


def _target(path: str, known: Mapping[str, Kept], repository: Repository) -> Kept | None:
    """The file that a path leads to inside the folder, unless it is too large to be read."""
    found = known.get(path)
    for _ in range(_LINKS):
        if found is None or found.size > MAX_BYTES:
            return None
        if not found.is_link:
            return found
        (target,) = repository.contents([found])
        beside = posixpath.join(posixpath.dirname(found.path), target.decode(errors="surrogateescape"))
        found = known.get(posixpath.normpath(beside))
    return None


def _documents(files: Iterable[tuple[FoundFile, bytes]]) -> Iterator[Document]:
    for file, data in files:
        for root in read_yaml(data, escaped(file.shown)).documents:
            kind = text_at(root, "kind")
            if kind is not None and kind.text in KINDS and isinstance(root, MappingNode):
                yield Document(kind.text, root, file)


def _former(root: MappingNode) -> Iterator[Former]:
    """The customer, when its tenant ID can be read: without one nobody was meant."""
    tenant, name = text_at(root, "spec", "tenantId"), text_at(root, "metadata", "name")
    relationship = text_at(root, "spec", "relationship")
    if tenant is None or not is_guid(tenant.text):
        return
    yield Former(
        name=name.text if name else "",
        tenant_id=TenantId(tenant.text.lower()),
        managed=relationship is None or relationship.text != Relationship.UNMANAGED,
        wish=wish_of(root),
        root=root,
    )


def wish_of(root: MappingNode) -> DesiredCustomer | None:
    """What a customer document of a commit wants; None when it could not be a manifest of today."""
    wrong = [*check("Customer", root, Wording()), *customer_findings(root, None, None)]
    return None if wrong else customer(root)
