"""Who wrote the change that is being applied, by git: those people may not approve it (design, section 6).

A customer's wish is taken apart into what it asks for: the relationship, each line of `subscriptions`, the end of
delegated access, and all of it together. Each part has stood in the manifest since some commit; everybody who wrote a
commit that touched the file from there to HEAD is an author. So whoever created the manifest long ago, as `active`, is
no author of the removal; and neither a later harmless touch nor a change of something else hides who asked for it.

Git's word is taken for who wrote a commit. What git cannot tell for certain has no known author: a manifest that is not
committed as it stands, a link, a shallow clone that begins within the change.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.cli.repository import Commit, Repository
from pcreconcile.cli.wish_history import Part, WishHistory, wish_history
from pcreconcile.model.desired import DesiredCustomer
from pcreconcile.model.errors import UsageError
from pcreconcile.model.ids import TenantId

if TYPE_CHECKING:
    from pcreconcile.manifests import Loaded

_HEAD = "HEAD"
_TOGETHER = re.compile(r"^co-authored-by:[^\r\n]*<([^<>\r\n]*)>", re.IGNORECASE | re.MULTILINE)


def authors(loaded: Loaded, tenants: Iterable[TenantId]) -> dict[TenantId, frozenset[str]]:
    """The authors of what is wanted of these customers, as case-folded e-mail addresses.

    A customer without a known author is left out.
    """
    wanted = frozenset(tenants)
    found: dict[TenantId, frozenset[str]] = {}
    try:
        repository = Repository(loaded.home)
        begin = repository.cut_off()
    except UsageError:
        return found
    for customer in loaded.fleet.customers:
        if customer.tenant_id in wanted:
            people = _authors_of(loaded, customer, repository, begin)
            if people:
                found[customer.tenant_id] = people
    return found


def _authors_of(
    loaded: Loaded, customer: DesiredCustomer, repository: Repository, begin: frozenset[str]
) -> frozenset[str]:
    path = _path(loaded, customer, repository)
    if path is None:
        return frozenset()
    try:
        latest = wish_history(repository, _HEAD, path, customer.tenant_id)
        if not latest.is_wanted(customer):
            return frozenset()
        change = _Change(repository, customer.tenant_id)
        change.trace(latest, latest.parts())
        return frozenset() if begin & change.commits.keys() else _people(repository, change.commits.values())
    except UsageError:
        return frozenset()


def _path(loaded: Loaded, customer: DesiredCustomer, repository: Repository) -> str | None:
    """The manifest as the repository names it; None for what git does not keep as it is read."""
    source = loaded.fleet.sources.get(customer.name)
    file = Path(source.file) if source else None
    if file is None or file.is_symlink() or not file.is_file():
        return None
    real, home = Path(os.path.realpath(file)), Path(os.path.realpath(loaded.home))
    if not real.is_relative_to(home):
        return None
    path = (Path(repository.prefix) / real.relative_to(home)).as_posix()
    return None if "\n" in path else path


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of the wish that is looked for in a history, from a commit of it backwards."""

    history: WishHistory
    part: Part
    commit: str


class _Change:
    """The commits that made a wish what it is, followed through the names that its file had."""

    def __init__(self, repository: Repository, tenant: TenantId) -> None:
        self.commits: dict[str, Commit] = {}
        self._repository = repository
        self._tenant = tenant

    def trace(self, history: WishHistory, parts: Iterable[Part]) -> None:
        """Every commit that touched the file while one of these parts stood in it without a break up to the latest."""
        arrived: dict[str, set[Part]] = {}
        for part in parts:
            for commit in _since(history, part):
                arrived.setdefault(commit, set()).add(part)
        for commit, held in arrived.items():
            if history.changed(commit):
                self.commits[commit] = history.commits[commit]
            if history.begins(commit):
                self._trace_former(history, commit, held)

    def _trace_former(self, history: WishHistory, commit: str, parts: set[Part]) -> None:
        """Where the customer stood in another file before this commit, it was moved here: its past is there."""
        now: tuple[str, ...] | None = None
        for parent in self._repository.parents(commit):
            former = self._repository.naming(parent, self._tenant)
            if former and now is None:
                now = self._repository.naming(commit, self._tenant)
            for path in former:
                if path not in (now or ()) or path == history.path:
                    self.trace(wish_history(self._repository, parent, path, self._tenant), parts)


def _since(history: WishHistory, part: Part) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [history.latest] if history.latest else []
    while waiting:
        commit = waiting.pop()
        if commit not in seen and history.holds(commit, part):
            seen.add(commit)
            yield commit
            waiting.extend(history.commits[commit].parents)


def _people(repository: Repository, commits: Iterable[Commit]) -> frozenset[str]:
    """Authors and co-authors; nobody when one of the commits does not say who wrote it."""
    named = {commit.author for commit in commits}
    joint = {address for commit in commits for address in _TOGETHER.findall(commit.message)}
    everybody = named | set(repository.mapped(sorted(joint)) if joint else ())
    folded = frozenset(address.strip().casefold() for address in everybody)
    return frozenset() if "" in {address.strip() for address in named} else folded - {""}
