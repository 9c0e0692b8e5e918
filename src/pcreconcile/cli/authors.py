"""Who wrote the change that is being applied, by git: those people may not approve it (design, sections 6 and 12).

A customer's wish is taken apart into what it asks for: the relationship, each line of `subscriptions`, the end of
delegated access, and all of it together. Each part has stood in the manifest since some commit; everybody who wrote a
commit that touched the file from there to HEAD is an author. So whoever created the manifest long ago, as `active`, is
no author of the removal; and neither a later harmless touch nor a change of something else hides who asked for it.

Who merely brought in what was approved (`_Moment`) is no author, and whom the pipeline names is one. Git's word is
taken for who wrote a commit. What git cannot tell for certain has no known author: a manifest that is not committed as
it stands, a link, a shallow clone that begins within the change, an address that hides whose it is (`accounts`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.cli.accounts import Accounts, UnknownAccount, is_host_itself
from pcreconcile.cli.repository import Commit, Repository
from pcreconcile.cli.wish_history import Part, WishHistory, wish_history
from pcreconcile.model.desired import DesiredCustomer
from pcreconcile.model.errors import UsageError
from pcreconcile.model.ids import TenantId

if TYPE_CHECKING:
    from pcreconcile.manifests import Loaded

__all__ = ["Authors", "Planned", "authors", "authors_of"]

PULL_REQUEST_AUTHORS = "PCRECONCILE_PULL_REQUEST_AUTHORS"

_TOGETHER = re.compile(r"^co-authored-by:[^\r\n]*<([^<>\r\n]*)>", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is approved: the plan's instant (aware), and the commit that its manifests were at, where it names one."""

    at: datetime
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Authors:
    """`people`: the authors of each customer's wish, case-folded; `unknown`: for each other one, why none is known."""

    people: Mapping[TenantId, frozenset[str]]
    unknown: Mapping[TenantId, str] = field(default_factory=dict)


class _Unknown(Exception):
    """Nobody can tell who the authors are; the text says why and what to do."""


def authors(loaded: Loaded, tenants: Iterable[TenantId]) -> dict[TenantId, frozenset[str]]:
    """The authors of what is wanted of these customers; a customer without a known author is left out."""
    return dict(authors_of(loaded, tenants).people)


def authors_of(
    loaded: Loaded,
    tenants: Iterable[TenantId],
    *,
    planned: Planned | None = None,
    signers: Sequence[bytes] = (),
    environment: Mapping[str, str] | None = None,
) -> Authors:
    """The authors of what is wanted of these customers, and why those of others are not known.

    `signers` are the contents of every `allowed_signers` in force: an account is known by them when all list it.
    `environment` (the process's own) holds whom the pipeline names. Raises nothing.
    """
    wanted = frozenset(tenants)
    customers = [customer for customer in loaded.fleet.customers if customer.tenant_id in wanted]
    people: dict[TenantId, frozenset[str]] = {}
    unknown: dict[TenantId, str] = dict.fromkeys(wanted, "it is in no manifest")
    told = (os.environ if environment is None else environment).get(PULL_REQUEST_AUTHORS, "")
    try:
        case = _Case(loaded, Repository(loaded.home), planned, signers, told)
    except UsageError as error:
        why = f"{error}; manifests must be committed in git"
        return Authors({}, {**unknown, **dict.fromkeys((each.tenant_id for each in customers), why)})
    for customer in customers:
        unknown.pop(customer.tenant_id, None)
        try:
            people[customer.tenant_id] = case.authors_of(customer)
        except (_Unknown, UnknownAccount, UsageError) as error:
            unknown[customer.tenant_id] = str(error)
    return Authors(people, unknown)


class _Case:
    """The question for one repository; what all customers share is asked once."""

    def __init__(
        self, loaded: Loaded, repository: Repository, planned: Planned | None, signers: Sequence[bytes], told: str
    ) -> None:
        self._loaded = loaded
        self._repository = repository
        self._planned = planned
        self._begin = repository.cut_off()
        self._accounts = Accounts(repository, signers)
        self._told = tuple(name for part in told.split(",") if (name := part.strip()))

    def authors_of(self, customer: DesiredCustomer) -> frozenset[str]:
        """Raises _Unknown, UnknownAccount or UsageError when nobody can tell."""
        path = _path(self._loaded, customer, self._repository)
        change = self._change(customer, self._repository.head, path)
        addresses = frozenset(_people(change.commits.values(), self._brought_in(customer, path, change)))
        if not addresses:
            raise _Unknown("no commit says who wrote it")
        return self._accounts.names((*addresses, *self._told), change.commits.values())

    def _change(self, customer: DesiredCustomer, start: str, path: str) -> _Change:
        history = wish_history(self._repository, start, path, customer.tenant_id)
        if not history.is_wanted(customer):
            raise _Unknown("its manifest, or the defaults of its folders, are not committed as they stand")
        change = _Change(self._repository, customer)
        change.trace(history, history.parts())
        if self._begin & change.commits.keys():
            raise _Unknown(
                "this shallow clone begins within the change: `git fetch --unshallow`, or fetch-depth: 0 where the"
                " pipeline checks out"
            )
        return change

    def _brought_in(self, customer: DesiredCustomer, path: str, change: _Change) -> _Moment:
        """What counts as bringing in what was approved.

        Where the commit that was planned is here, the authors are found there, so that a commit since then with the
        same content adds nobody, whoever it names: a squash by hand names who squashed as its author.
        """
        if self._planned is None:
            return _Moment(None, frozenset(), ())
        before: tuple[Commit, ...] = ()
        if self._planned.commit:
            try:
                before = tuple(self._change(customer, self._planned.commit, path).commits.values())
            except (_Unknown, UsageError):
                before = ()  # rebased away, or in nobody's clone: then only those count who committed
        return _Moment(self._planned.at, frozenset(change.as_wanted), before)


@dataclass(frozen=True, slots=True)
class _Moment:
    """The instant of the plan, the commits in which the manifest is the plan's, and who wrote what was planned."""

    at: datetime | None
    as_wanted: frozenset[str]
    before: Sequence[Commit]

    def brings_in(self, commit: Commit) -> bool:
        """Whether a commit merges, squashes or rebases what was planned before it was made."""
        return self.at is not None and commit.at > self.at and commit.id in self.as_wanted


def _path(loaded: Loaded, customer: DesiredCustomer, repository: Repository) -> str:
    """The manifest as the repository names it. Raises _Unknown for what git does not keep as it is read."""
    source = loaded.fleet.sources.get(customer.name)
    file = Path(source.file) if source else None
    if file is None or file.is_symlink() or not file.is_file():
        raise _Unknown("its manifest is a link, or no file: git does not keep what it says")
    real, home = Path(os.path.realpath(file)), Path(os.path.realpath(loaded.home))
    if not real.is_relative_to(home):
        raise _Unknown("its manifest lies outside the partner folder")
    path = (Path(repository.prefix) / real.relative_to(home)).as_posix()
    if "\n" in path:
        raise _Unknown("its manifest's name holds a line end")
    return path


class _Change:
    """The commits that made a wish what it is, followed through the names that its file had."""

    def __init__(self, repository: Repository, customer: DesiredCustomer) -> None:
        self.commits: dict[str, Commit] = {}
        self.as_wanted: set[str] = set()
        self._repository = repository
        self._customer = customer

    def trace(self, history: WishHistory, parts: Iterable[Part]) -> None:
        """Every commit that touched the file while one of these parts stood in it without a break up to the latest."""
        arrived: dict[str, set[Part]] = {}
        for part in parts:
            for commit in _since(history, part):
                arrived.setdefault(commit, set()).add(part)
        for commit, held in arrived.items():
            if history.changed(commit):
                self.commits[commit] = history.commits[commit]
                if history.states[commit].wish == self._customer:
                    self.as_wanted.add(commit)
            if history.begins(commit):
                self._trace_former(history, commit, held)

    def _trace_former(self, history: WishHistory, commit: str, parts: set[Part]) -> None:
        """Where the customer stood in another file before this commit, it was moved here: its past is there."""
        now: tuple[str, ...] | None = None
        tenant = self._customer.tenant_id
        for parent in self._repository.parents(commit):
            former = self._repository.naming(parent, tenant)
            if former and now is None:
                now = self._repository.naming(commit, tenant)
            for path in former:
                if path not in (now or ()) or path == history.path:
                    self.trace(wish_history(self._repository, parent, path, tenant), parts)


def _since(history: WishHistory, part: Part) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [history.latest] if history.latest else []
    while waiting:
        commit = waiting.pop()
        if commit not in seen and history.holds(commit, part):
            seen.add(commit)
            yield commit
            waiting.extend(history.commits[commit].parents)


def _people(commits: Iterable[Commit], moment: _Moment) -> Iterator[str]:
    """The addresses of everybody who wrote these commits. Raises _Unknown for one that does not say who did."""
    everything = {commit.id: commit for commit in (*commits, *moment.before)}
    planned = frozenset(commit.id for commit in moment.before)
    for commit in everything.values():
        late = moment.brings_in(commit) and commit.id not in planned
        yield from _joint(commit)
        if late and (moment.before or len(commit.parents) > 1):
            continue
        yield _named(commit, commit.author)
        if not late and not is_host_itself(commit.committer.strip()):
            yield _named(commit, commit.committer)


def _joint(commit: Commit) -> Iterator[str]:
    return (address.strip().casefold() for address in _TOGETHER.findall(commit.message) if address.strip())


def _named(commit: Commit, address: str) -> str:
    if not address.strip():
        raise _Unknown(f"commit {commit.id[:12]} does not say who wrote it")
    return address.strip().casefold()
