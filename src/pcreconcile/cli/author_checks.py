"""`doctor` on authors: whether git can tell who writes the manifests, before an apply ends for want of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pcreconcile.cli import consent
from pcreconcile.model.errors import PcreconcileError

if TYPE_CHECKING:
    from pcreconcile.cli.wiring import Session
    from pcreconcile.partner_center.check import Check

_NAMED = 5  # accounts that are named before the rest are counted


def authors(session: Session) -> Check:
    """Whether the repository answers, and whether every account that has written manifests is known."""
    from pcreconcile.cli.accounts import Accounts
    from pcreconcile.cli.repository import Repository
    from pcreconcile.partner_center.check import ok, warn
    from pcreconcile.rendering.text import outside

    try:
        repository = Repository(session.loaded.home)
        accounts = Accounts(repository, consent.lists_in_force(session))
        unknown = accounts.unknown(repository.writers(repository.prefix))
    except PcreconcileError as error:
        return warn("authors", f"nobody can tell who wrote the manifests: {error}")
    if unknown:
        rest = len(unknown) - _NAMED
        names = ", ".join(outside(name) for name in unknown[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
        lines = f"add `Full Name <address> <{outside(unknown[0])}>` to .mailmap, a line for each of them"
        return warn("authors", f"nothing says whose these accounts are, which have written manifests: {names}", lines)
    return ok("authors", "git can tell who wrote the manifests")
