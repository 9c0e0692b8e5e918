"""Product families in documents: the schema takes any name of their form, here each must be one that somebody knows.

Which ones those are is told from outside, because a module of `exits` may bring one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pcreconcile.manifests.nodes import ListNode, Mapping, find, text_at
from pcreconcile.manifests.quoting import quoted, suggestion
from pcreconcile.model.errors import Finding
from pcreconcile.model.family import Family

SHIPPED = frozenset(str(family) for family in Family)

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # anything else the schema has refused already


def family_findings(
    root: Mapping, items: Sequence[str], member: Sequence[str], families: frozenset[str]
) -> Iterator[Finding]:
    """Families that nobody knows, at `member` of each item of the list at `items`."""
    found = find(root, items)
    for item in found.items if isinstance(found, ListNode) else ():
        family = text_at(item, *member)
        if family and _NAME.fullmatch(family.text) and family.text not in families:
            hint, expected = suggestion(family.text, families)
            yield family.finding(f"{quoted(family.text)} is not known{hint}", expected)
