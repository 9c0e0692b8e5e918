"""`.mailmap` (gitmailmap(5)): which addresses are one person's.

It adds names to a person and never takes one away: the file comes with the change that it may speak about. For the same
reason all addresses that it joins are one person here, in whatever direction; a name that stands in a line beside an
address, by which git would tell two people with one address apart, is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

__all__ = ["Mailmap"]

_LINE = re.compile(r"[^<>#]*<\s*([^<>]*?)\s*>[^<>#]*<\s*([^<>]*?)\s*>\s*(?:#.*)?")


class Mailmap:
    """The content of a `.mailmap`, addresses case-folded."""

    def __init__(self, content: bytes) -> None:
        lines = content.decode("utf-8", "surrogateescape").splitlines()
        found = (_LINE.fullmatch(line.strip()) for line in lines if not line.lstrip().startswith("#"))
        self.pairs = frozenset((line[1].casefold(), line[2].casefold()) for line in found if line and line[1])

    def names(self, addresses: Iterable[str]) -> frozenset[str]:
        """These addresses and all others of the same people."""
        known = set(addresses)
        waiting = list(known)
        while waiting:
            for other in self._beside.get(waiting.pop(), frozenset()) - known:
                known.add(other)
                waiting.append(other)
        return frozenset(known)

    @cached_property
    def _beside(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for one, other in self.pairs:
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
        return {address: frozenset(others) for address, others in found.items()}
