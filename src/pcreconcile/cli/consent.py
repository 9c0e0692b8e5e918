"""What people have said about a plan, gathered for apply: kept approvals, `allowed_signers`, authors by git."""

from __future__ import annotations

import os
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.cli import approvals_folder
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Plan

if TYPE_CHECKING:
    from pcreconcile.applying.approving import Consent
    from pcreconcile.applying.ports import Signatures
    from pcreconcile.cli.authors import Authors
    from pcreconcile.cli.wiring import Session
    from pcreconcile.manifests import Loaded


def consent_for(session: Session, plan: Plan, folder: Path | None) -> Consent:
    """The approvals of this plan in `folder` (None: `approvals/` beside the partner folder), and who may judge them.

    Git is asked for authors only when apply asks. Raises ConfigurationError when `allowed_signers` is there and cannot
    be read.
    """
    from pcreconcile.applying.approving import Consent
    from pcreconcile.cli import withdrawals

    loaded = session.loaded
    place = approvals_folder.folder_of(loaded.home, folder)
    found = approvals_folder.read(place, plan.plan_id)
    lists = lists_in_force(session)
    signatures = judges(session)
    written = cache(partial(_authors, loaded, plan, lists))
    return Consent(
        found.approvals,
        found.problems,
        signatures,
        lambda tenants: written(tuple(tenants)).people,
        lists,
        lambda store: withdrawals.collect(session, store, place, signatures, found.withdrawals),
        why_unknown=lambda tenants: written(tuple(tenants)).unknown,
    )


def lists_in_force(session: Session) -> tuple[bytes, ...]:
    """The content of each `allowed_signers` under which every approval must count: that of today, and with a base the
    one that stood there. Raises ConfigurationError."""
    base = session.base
    today = allowed_signers(session.loaded)
    return (today, base.signers or b"") if base is not None and base.judges_approvals else (today,)


def judges(session: Session) -> tuple[Signatures, ...]:
    """Who judges signatures: one for each list in force, in the same order. Raises ConfigurationError."""
    from pcreconcile.cli.ssh_signatures import SshSignatures

    today, *others = lists_in_force(session)
    return (
        SshSignatures(today, str(signers_file(session.loaded))),
        *(SshSignatures(content, _at_base(session)) for content in others),
    )


def _at_base(session: Session) -> str:
    base = session.base
    return f"{base.signers_file} at the base {base.at.name}" if base else ""


def signers_file(loaded: Loaded) -> Path:
    """Where the partner lists who may approve what."""
    return loaded.home / loaded.policy.approvals.allowed_signers


def allowed_signers(loaded: Loaded) -> bytes:
    """The content of that file; empty when there is none, so that every signature is unknown.

    Raises ConfigurationError when it is larger than 1 MiB, no regular file of the partner folder, or unreadable.
    """
    from pcreconcile.manifests.files import Walk, read_bytes

    path = signers_file(loaded)
    if not os.path.lexists(path):
        return b""
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(loaded.home)):
        raise ConfigurationError(f"{path}: the list of who may approve must lie in the partner folder")
    walk = Walk(loaded.home)
    for file in walk.single(path, str(path)):
        data = read_bytes(file)
        if isinstance(data, bytes):
            return data
        raise ConfigurationError(str(data))
    raise ConfigurationError("; ".join(map(str, walk.findings)))


def _authors(loaded: Loaded, plan: Plan, lists: tuple[bytes, ...], tenants: tuple[TenantId, ...]) -> Authors:
    from pcreconcile.cli.authors import Planned, authors_of

    planned = Planned(plan.created_at, plan.sources.commit)
    return authors_of(loaded, tenants, planned=planned, signers=lists)
