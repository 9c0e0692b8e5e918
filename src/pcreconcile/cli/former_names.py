"""What customers were called before, by git: at the last commit, and at the base of a change.

A rename that no plan has seen stands there, also on a machine that keeps nothing. Only files that are not on the disk
as they were are read, so that a clean checkout costs no more than its hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.model.errors import UsageError
from pcreconcile.model.protection import Identity

if TYPE_CHECKING:
    from pcreconcile.cli.repository import Kept, Repository
    from pcreconcile.manifests import Loaded
    from pcreconcile.manifests.nodes import Mapping


class FormerNames:
    """What customers were called at the last commit and at the base; read once, and only where it is asked."""

    def __init__(self, loaded: Loaded, base: str | None = None, folder: str | None = None) -> None:
        """`base` is a commit, `folder` where in the repository the partner folder stood then, where that is known."""
        self._loaded = loaded
        self._base = base
        self._folder = folder

    @cached_property
    def identities(self) -> tuple[Identity, ...]:
        """Of every customer whose document is another one today. Raises UsageError when git cannot read the base."""
        return (*self._at_head(), *(self._at(self._repository(), self._base, self._folder) if self._base else ()))

    def _at_head(self) -> tuple[Identity, ...]:
        """At the last commit and its parents, where the checkout has them; nothing outside a repository.

        The parents show a rename and a removal that came in one commit, or by one merge.
        """
        try:
            repository = self._repository()
            head = repository.head
            return (*self._at(repository, head), *self._of_parents(repository, head))
        except UsageError:
            return ()

    def _of_parents(self, repository: Repository, head: str) -> tuple[Identity, ...]:
        try:
            return tuple(each for parent in repository.parents(head) for each in self._at(repository, parent))
        except UsageError:  # a shallow clone does not have them
            return ()

    def _repository(self) -> Repository:
        from pcreconcile.cli.repository import Repository

        return Repository(self._loaded.home, judges=False)  # a former name can only protect

    def _at(self, repository: Repository, commit: str, folder: str | None = None) -> tuple[Identity, ...]:
        from pcreconcile.cli.former import customers_in, folders_of

        partner, shown = self._loaded.partner.tenant_id, str(self._loaded.home)
        folders = (folder,) if folder is not None else folders_of(repository, commit, partner)
        return tuple(
            Identity(customer.tenant_id, customer.name, _labels(customer.root))
            for folder in folders
            for customer in customers_in(repository, commit, folder, shown, _differing(repository.top / folder))
        )


def _labels(root: Mapping) -> dict[str, str]:
    from pcreconcile.manifests.nodes import find, plain

    labels = plain(find(root, ["metadata", "labels"]))
    found = labels if isinstance(labels, dict) else {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _differing(folder: Path) -> Callable[[Kept], bool]:
    """Whether a file of a commit is not what lies on the disk; defaults always, since others build on them."""
    from pcreconcile.manifests.defaults import is_defaults_file

    def differs(file: Kept) -> bool:
        if file.is_link or is_defaults_file(file.path.rpartition("/")[2]):
            return True
        return _object_of(folder / file.path, len(file.object)) != file.object

    return differs


def _object_of(path: Path, digits: int) -> str | None:
    """The name that git would give the file's content; None for what cannot be read."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    kind = hashlib.sha256 if digits == 64 else hashlib.sha1  # a name of git's objects, no protection
    return kind(b"blob %d\0" % len(data) + data).hexdigest()
