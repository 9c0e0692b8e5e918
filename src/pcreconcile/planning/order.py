"""Which family must precede which, and why: what the modules of `exits` say of themselves, as one table."""

from __future__ import annotations

from functools import cache

from pcreconcile.exits import FAMILIES
from pcreconcile.model.family import Family

LAST = 10_000  # the place of what concerns the customer and no product


@cache
def families_before(family: Family) -> frozenset[Family]:
    """The families whose steps are verified before this family's are served."""
    return frozenset(
        module.FAMILY for module in FAMILIES if any(precedence.family is family for precedence in module.PRECEDES)
    )
