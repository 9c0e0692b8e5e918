"""What people have said about a plan, and what is asked of them: values that `approving` judges.

Nothing here reads a file, a clock or git: approvals, signatures and authors are brought by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pcreconcile.applying.guards import Pending
from pcreconcile.applying.lost_journal import Loss
from pcreconcile.applying.ports import Signatures, Store
from pcreconcile.model.approval import SignedApproval, Signer
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import Plan
from pcreconcile.model.policy import Policy
from pcreconcile.model.run import Event

COMMAND = "pcreconcile approve PLANFILE"

Authors = Callable[[Iterable[TenantId]], Mapping[TenantId, frozenset[str]]]
Documents = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """Approvals that have been taken back, by statement, each with the words that say so; and what only looks like it.

    `invalid` says of every withdrawal that does not count why it does not.
    """

    approvals: Mapping[str, str] = field(default_factory=dict)
    invalid: tuple[str, ...] = ()


def no_withdrawals(_store: Store) -> Withdrawals:
    """Where nothing can have been taken back."""
    return Withdrawals()


def _no_reasons(_tenants: Iterable[TenantId]) -> Mapping[TenantId, str]:
    return {}


def _no_document(_digest: str) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True)
class Consent:
    """What people have said about a plan.

    `approvals` are the signed ones found for its ID, the likeliest of each person first, `problems` what of the
    files there is none and why. `authors` says who wrote the wish of each customer (names as git has them); a
    customer that is missing has no known author. It is asked only where approvals are wanted. `signatures` judges
    by each `allowed_signers` in force (today's, and with a base the base's): an approval counts only where all of
    them accept it. `allowed_signers` is the content of these files in the same order, kept as evidence.
    `withdrawals` reads what has been taken back, from the files and from the notes of the store, in which it keeps
    them; it is asked under the lock, so that what was taken back while a run waited counts. `command` is what an
    approver has to type, as messages show it, and `why_unknown` says for each customer without a known author why,
    and what to do.
    """

    approvals: tuple[SignedApproval, ...]
    problems: tuple[str, ...]
    signatures: tuple[Signatures, ...]
    authors: Authors
    allowed_signers: tuple[bytes, ...]
    withdrawals: Callable[[Store], Withdrawals] = no_withdrawals
    command: str = COMMAND
    why_unknown: Callable[[Iterable[TenantId]], Mapping[TenantId, str]] = _no_reasons


@dataclass(frozen=True, slots=True)
class Asked:
    """What approvals are asked for: the plan's pending actions, under today's policy, after these events.

    `resumed`: an earlier run of this plan may have written already; what was allowed then, it may finish. `documents`
    are those that the journal keeps, by digest. `left_alone` are customers whose manifests no longer want what the plan
    says: a resumed run sends nothing for them and only finds out what became of the requests that have left.
    `withdrawals` is what has been taken back, `loss` what the journal is known to lack. `removed_before` are customers
    that will be written to although another plan's run has removed them, and when it did.
    """

    plan: Plan
    policy: Policy
    pending: Sequence[Pending]
    events: Sequence[Event]
    resumed: bool
    documents: Documents = _no_document
    left_alone: frozenset[TenantId] = frozenset()
    withdrawals: Withdrawals = field(default_factory=Withdrawals)
    loss: Loss | None = None
    removed_before: Mapping[TenantId, datetime] = field(default_factory=dict)

    @property
    def to_send(self) -> Sequence[Pending]:
        """Those of the pending actions for which a request may leave."""
        if not self.resumed:
            return self.pending
        return [entry for entry in self.pending if entry.customer.tenant_id not in self.left_alone]


@dataclass(frozen=True, slots=True)
class Grant:
    """An approval that counts, whose it is, for which of the pending actions, and until when (excluded).

    `until` is None where the run that it allowed is brought to its end, for which it does not expire.
    """

    approval: SignedApproval
    signer: Signer
    covers: frozenset[ActionId]
    until: datetime | None
