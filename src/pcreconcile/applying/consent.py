"""What people have said about a plan, and what is asked of them: values that `approving` judges.

Nothing here reads a file, a clock or git: approvals, signatures and authors are brought by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pcreconcile.applying.guards import Pending
from pcreconcile.applying.ports import Signatures
from pcreconcile.model.approval import SignedApproval, Signer
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import Plan
from pcreconcile.model.policy import Policy
from pcreconcile.model.run import Event

COMMAND = "pcreconcile approve PLANFILE"

Authors = Callable[[Iterable[TenantId]], Mapping[TenantId, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Consent:
    """What people have said about a plan.

    `approvals` are the signed ones found for its ID, `problems` what of the files there is none and why. `authors` says
    who wrote the wish of each customer (names as git has them); a customer that is missing has no known author. It is
    asked only where approvals are wanted. `allowed_signers` is the content of that file, kept as evidence. `command` is
    what an approver has to type, as messages show it.
    """

    approvals: tuple[SignedApproval, ...]
    problems: tuple[str, ...]
    signatures: Signatures
    authors: Authors
    allowed_signers: bytes
    command: str = COMMAND


@dataclass(frozen=True, slots=True)
class Asked:
    """What approvals are asked for: the plan's pending actions, under today's policy, after these events.

    `resumed`: an earlier run of this plan may have written already; what it was allowed, it may finish.
    """

    plan: Plan
    policy: Policy
    pending: Sequence[Pending]
    events: Sequence[Event]
    resumed: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """An approval that counts, whose it is, for which of the pending actions, and until when (excluded)."""

    approval: SignedApproval
    signer: Signer
    covers: frozenset[ActionId]
    until: datetime
