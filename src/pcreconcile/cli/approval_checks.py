"""`doctor` on approvals: whether enough different people could approve, and none of them is who applies.

Nothing is looked at where the policy wants no approvals.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.cli import approvals_folder, author_checks, consent, wiring
from pcreconcile.model.errors import ConfigurationError, PcreconcileError
from pcreconcile.model.people import forms_of, names_in

if TYPE_CHECKING:
    from pcreconcile.model.approval import Signer
    from pcreconcile.partner_center.check import Check

_TOLD = 5  # withdrawals that one line names


def here(session: wiring.Session, environment: Mapping[str, str]) -> Iterator[Check]:
    """What can be seen on this machine: the program, the list of signers, the folder."""
    from pcreconcile.cli.ssh_signatures import require_program
    from pcreconcile.partner_center.check import fail, failure, ok

    if not _wanted(session):
        return
    try:
        require_program()
        yield ok("signatures", "ssh-keygen can verify them")
    except ConfigurationError as error:
        yield failure("signatures", error)
    yield _approvers(session)
    yield author_checks.authors(session)
    chosen = approvals_folder.chosen(environment)
    folder = approvals_folder.folder_of(session.loaded.home, chosen)
    if _lies_in(folder, session.loaded.home):
        remedy = f"name a folder beside the manifests with --approvals or {approvals_folder.VARIABLE}"
        yield fail(
            "approvals folder", f"{folder} is part of the manifests: an approval would change what it is for", remedy
        )
    else:
        yield ok("approvals folder", f"{folder}, outside the manifests")
    yield _withdrawals(session, chosen)


async def user(session: wiring.Session, place: wiring.World) -> Check | None:
    """Whether the user whose refresh token applies plans is also an approver; None where that cannot matter."""
    from pcreconcile.partner_center.check import fail, ok, warn

    if not _wanted(session):
        return None
    try:
        people = {form for signer in _signers(session) for name in signer.principals for form in forms_of(name)}
        async with place.connect() as partner_center:
            name = await partner_center.user()
    except PcreconcileError as error:
        return warn("who applies", f"whether an approver applies the plans cannot be seen: {error}")
    if name is None:
        return ok("who applies", "no user: there is no refresh token")
    if not names_in(name):
        told = "the refresh token does not say whose it is, or a secret is part of the name"
        return warn("who applies", f"{told}: no approved plan can be applied")
    if names_in(name) & people:
        told = f"{name}, whose refresh token applies the plans, is also listed as an approver"
        return fail("who applies", told, f"sign in another user (`login`), or take {name} out of the list of signers")
    return ok("who applies", f"{name}, who is no approver")


def _wanted(session: wiring.Session) -> bool:
    return session.loaded.policy.approvals.required > 0


def _signers(session: wiring.Session) -> tuple[Signer, ...]:
    """Everybody by whom an approval may count. Raises ConfigurationError when the list cannot be read."""
    from pcreconcile.cli.allowed_signers import AllowedSigners

    listed = AllowedSigners(consent.allowed_signers(session.loaded)).signers()
    return tuple(signer for signer in listed if not any(set("*?!") & set(name) for name in signer.principals))


def _approvers(session: wiring.Session) -> Check:
    from pcreconcile.applying.approving import different_people
    from pcreconcile.partner_center.check import fail, failure, ok

    rule, path = session.loaded.policy.approvals, consent.signers_file(session.loaded)
    try:
        signers = _signers(session)
    except ConfigurationError as error:
        return failure("approvers", error)
    for sort in rule.actions:
        able = [signer for signer in signers if signer.sorts is None or sort in signer.sorts]
        there = different_people(able, rule.required)
        if there < rule.required:
            told = f"{path}: {there} of {rule.required} different people are listed who may approve {sort} actions"
            return fail("approvers", told, "list each of them with a key of their own")
    return ok("approvers", f"{path} lists enough people for {rule.required} approval(s)")


def _withdrawals(session: wiring.Session, folder: Path | None) -> Check:
    """Which approvals have been taken back; what is new of them is kept in the store."""
    from pcreconcile.cli import withdrawals
    from pcreconcile.partner_center.check import failure, ok, warn

    try:
        known = withdrawals.of_session(session, folder)
    except PcreconcileError as error:
        return failure("withdrawals", error)
    if known.invalid:
        return warn("withdrawals", "; ".join(known.invalid[:_TOLD]), "delete these files, or have them signed")
    told = [f"approval {approval[:12]}…: {why}" for approval, why in known.approvals.items()]
    return ok("withdrawals", "; ".join(told[-_TOLD:]) or "none")


def _lies_in(folder: Path, home: Path) -> bool:
    return Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(home))
