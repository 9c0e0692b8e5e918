"""Whose the addresses of authors are: all names of a person, and what account a "noreply" address stands for.

A code host writes commits under an address that hides the person's own (`12345+name@users.noreply.github.com`). Whoever
is behind it may be an approver under another name, so that such an author is known only where somebody has said who it
is: a line of `.mailmap`, or a second name on a line of `allowed_signers`. A line of `.mailmap` that an author of the
change brought in together with it, or later, says nothing about that author.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property

from pcreconcile.cli.allowed_signers import AllowedSigners
from pcreconcile.cli.mailmap import Mailmap
from pcreconcile.cli.repository import Commit, Repository
from pcreconcile.model.errors import PcreconcileError
from pcreconcile.rendering.text import outside

__all__ = ["Accounts", "UnknownAccount", "is_hidden", "is_host_itself"]

_FILE = ".mailmap"
# GitHub, GitLab and Bitbucket: users.noreply.HOST; Gitea and Forgejo: noreply.HOST; bots and others: noreply@HOST.
_HIDDEN = re.compile(r"[^@]+@(?:users\.)?no-?reply\..+|(?:no-?reply|do-?not-?reply)@.*", re.ASCII)
_HOST_ITSELF = re.compile(r"no-?reply@[^@]*", re.ASCII | re.IGNORECASE)
_NUMBERED = re.compile(r"[0-9]+[+-](.+@.*)", re.ASCII)  # the account's number before its name: GitHub +, GitLab -


class UnknownAccount(PcreconcileError):
    """An author whom nobody can tell; the text has the line to write."""

    def __init__(self, address: str, why: str = "") -> None:
        shown = outside(address)
        line = shown if "@" in shown else f"{shown}@users.noreply.HOST"
        super().__init__(
            f"{shown} is an account, and {why or 'nothing says whose'}; somebody else has to add the line"
            f" `Full Name <address> <{line}>` to .mailmap (with the address by which they approve or are known), or"
            f" {shown} as a second name to the person's line in allowed_signers"
        )


def is_host_itself(address: str) -> bool:
    """Whether an address is the code host's own, by which it commits where somebody presses a button there."""
    return _HOST_ITSELF.fullmatch(address) is not None


def is_hidden(name: str) -> bool:
    """Whether a name, case-folded, does not tell whose it is: an account's address, or an account's name alone."""
    return "@" not in name or _HIDDEN.fullmatch(name) is not None


class Accounts:
    """What `.mailmap` at HEAD and every `allowed_signers` in force say about names."""

    def __init__(self, repository: Repository, signers: Sequence[bytes]) -> None:
        self._repository = repository
        self._listed = [_principals(content) for content in signers]
        self._mailmap_at = cache(self._read_mailmap)

    def names(self, people: Iterable[str], change: Iterable[Commit]) -> frozenset[str]:
        """All names of these people, case-folded. Raises UnknownAccount for one that hides whose it is.

        `change` are the commits that are spoken about.
        """
        commits = tuple(change)
        known = set[str]()
        for person in dict.fromkeys(name.casefold() for name in people):
            forms = frozenset(self._forms(person))
            if is_hidden(person):
                self._require_known(person, forms, commits)
            known |= forms | self._mailmap.names(forms)
        return frozenset(known)

    def unknown(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """Those of these addresses that hide whose they are and that nothing tells, sorted."""
        folded = {address.strip().casefold() for address in addresses}
        hidden = {address for address in folded if is_hidden(address) and not is_host_itself(address)}
        forms = {address: frozenset(self._forms(address)) for address in hidden}
        return tuple(sorted(a for a, f in forms.items() if not self._is_listed(f) and not self._open(f, self._mailmap)))

    def _forms(self, person: str) -> Iterator[str]:
        """A name, and how else the same account is written: with its number or without, its name or its address."""
        yield person
        if numbered := _NUMBERED.fullmatch(person):
            yield numbered[1]
        if "@" not in person:
            known = {name for pair in self._mailmap.pairs for name in pair}.union(*self._listed)
            yield from (name for name in known if _HIDDEN.fullmatch(name) and _login(name) == person)

    def _require_known(self, person: str, forms: frozenset[str], change: Sequence[Commit]) -> None:
        if self._is_listed(forms):
            return
        if not self._open(forms, self._mailmap):
            raise UnknownAccount(person)
        if not self._stood_before(forms, change) and self._wrote_it_alone(forms, change):
            raise UnknownAccount(person, "its line in .mailmap came with this change or later, by an author of it")

    def _is_listed(self, forms: frozenset[str]) -> bool:
        return bool(self._listed) and all(forms & listed for listed in self._listed)

    @staticmethod
    def _open(forms: frozenset[str], mailmap: Mailmap) -> bool:
        """Whether a mailmap joins one of these forms with a name that tells whose it is."""
        return any(not is_hidden(name) for name in mailmap.names(forms))

    def _stood_before(self, forms: frozenset[str], change: Sequence[Commit]) -> bool:
        """Whether the line was there before every commit of the change."""
        ids = {commit.id for commit in change}
        before = {parent for commit in change for parent in self._repository.parents(commit.id)} - ids
        return bool(before) and all(self._open(forms, self._mailmap_at(commit)) for commit in before)

    def _wrote_it_alone(self, forms: frozenset[str], change: Sequence[Commit]) -> bool:
        """Whether no commit that brought the line into .mailmap is by somebody who is no author of the change."""
        authors = self._mailmap.names({name for commit in change for name in (commit.author.casefold(), *forms)})
        written = self._repository.history(self._repository.head, (_FILE,))
        brought = [
            commit
            for commit in written
            if self._open(forms, self._mailmap_at(commit.id))
            and not any(self._open(forms, self._mailmap_at(parent)) for parent in commit.parents)
        ]
        return all(commit.author.casefold() in authors for commit in brought)

    @cached_property
    def _mailmap(self) -> Mailmap:
        return self._mailmap_at(self._repository.head)

    def _read_mailmap(self, commit: str) -> Mailmap:
        return Mailmap(self._repository.text(commit, _FILE) or b"")


def _principals(content: bytes) -> frozenset[str]:
    return frozenset(name.casefold() for line in AllowedSigners(content).lines for name in line.principals)


def _login(address: str) -> str:
    numbered = _NUMBERED.fullmatch(address)
    return (numbered[1] if numbered else address).partition("@")[0]
