"""Whether the people whom the policy wants have agreed to exactly this plan (design, section 6, "Approvals").

Nothing here reads a file, a clock or git: approvals, signatures and authors come as a `Consent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pcreconcile.applying.guards import Pending
from pcreconcile.applying.ports import Signatures
from pcreconcile.model.approval import SignedApproval, Signer
from pcreconcile.model.errors import ApprovalMissing
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Action, Plan, Reversibility
from pcreconcile.model.policy import Policy
from pcreconcile.model.run import Event

Authors = Callable[[Iterable[TenantId]], Mapping[TenantId, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Consent:
    """What people have said about a plan.

    `approvals` are the signed ones found for its ID, `problems` what of the files there is none and why. `authors` says
    who wrote the wish of each customer (names as git has them); a customer that is missing has no known author. It is
    asked only where approvals are wanted. `allowed_signers` is the content of that file, kept as evidence.
    """

    approvals: tuple[SignedApproval, ...]
    problems: tuple[str, ...]
    signatures: Signatures
    authors: Authors
    allowed_signers: bytes


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
    """An approval that counts, and whose it is."""

    approval: SignedApproval
    signer: Signer


def required(asked: Asked) -> int:
    """How many approvals today's policy wants for what is pending; 0 when none is needed."""
    kinds = frozenset(asked.policy.approvals.actions)
    concerned = any(_sorts(entry.action) & kinds for entry in asked.pending)
    return max(asked.plan.approvals.required, asked.policy.approvals.required) if concerned else 0


def granted(asked: Asked, consent: Consent | None, now: datetime) -> tuple[Grant, ...]:
    """The approvals that count. Raises ApprovalMissing, naming what is missing and why each other one is void."""
    if required(asked) and not asked.resumed:
        raise ApprovalMissing(f"this plan needs {required(asked)} approvals")
    return ()


def confirmed(grants: Sequence[Grant], user: str | None, at: datetime) -> None:
    """Asked again with what only the service knows: who applies, and what time it is. Raises ApprovalMissing."""


def _sorts(action: Action) -> set[str]:
    """The words with which a policy names an action; what only the counterparty can undo counts as one-way."""
    final = action.reversibility in {Reversibility.ONE_WAY, Reversibility.NEEDS_COUNTERPARTY}
    return {action.effect.value, *(["one-way"] if final else [])}
