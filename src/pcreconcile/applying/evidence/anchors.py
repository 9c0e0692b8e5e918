"""The journal's head as one line, to be kept where whoever keeps the journal cannot change it: in a signed git tag.

A chain that one hand made proves order and wholeness and nothing about when it was made: all of it can be made anew. A
head that somebody else has signed, or that was published, binds everything before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pcreconcile.model.errors import PcreconcileError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.run import Head

_WORDS = "pcreconcile-journal-head v1"
_LINE = re.compile(rf"{_WORDS} ([0-9a-f-]{{36}}) ([1-9][0-9]{{0,15}}) ([0-9a-f]{{64}})", re.ASCII)


class BadAnchor(PcreconcileError):
    """An anchor that says nothing that could be checked."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What an anchor says: the partner's journal had that hash at that number."""

    partner: TenantId
    head: Head


def anchor_line(partner: TenantId, head: Head) -> str:
    """`pcreconcile-journal-head v1 <partner tenant> <seq> <hash>`, without a line end."""
    return f"{_WORDS} {partner} {head.seq} {head.hash}"


def parse_anchor(text: str) -> Anchor:
    """The one anchor line in a text of any number of lines. Raises BadAnchor for none and for several."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("pcreconcile-journal-head")]
    if len(lines) != 1:
        raise BadAnchor(f"expected one line that begins with {_WORDS}, found {len(lines) or 'none'}")
    match = _LINE.fullmatch(lines[0])
    if match is None:
        raise BadAnchor(f"the anchor's line is not of the form `{_WORDS} TENANT NUMBER HASH`")
    return Anchor(TenantId(match[1]), Head(int(match[2]), match[3]))
