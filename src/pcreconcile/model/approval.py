"""An approval: somebody's signed word that one plan may be carried out, up to a ceiling (design, section 6); and its
withdrawal: somebody's signed word that one approval shall count no more (section 12).

What is signed is the canonical JSON of the document without its signature, so that anybody can make the same bytes from
the YAML file with any YAML and JSON library: all scalars are text or integers, keys sorted, no blanks, UTF-8.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pcreconcile.model.identity import canonical_json, sha256_hex
from pcreconcile.model.ids import PlanId, TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import NOW, ActionKind, Plan

NAMESPACE = "pcreconcile"  # of the SSH signatures (`ssh-keygen -Y sign -n`)


class Scope(msgspec.Struct, frozen=True, rename="camel"):
    """What an approval covers: these customers, these kinds of actions, and at most so much of it.

    `one_way` and `seats` are counts, `money` the newly committed sums per currency (none: nothing may be committed).
    """

    customers: tuple[TenantId, ...]
    kinds: tuple[ActionKind, ...]
    one_way: int
    seats: int
    money: tuple[Money, ...] = ()


class Approval(msgspec.Struct, frozen=True, rename="camel"):
    """What the approver says. `consequences` is that of the plan as the approver saw it."""

    principal: str
    plan_id: PlanId
    partner: TenantId
    consequences: str
    scope: Scope
    approved_at: datetime
    expires_at: datetime
    comment: str = ""


class SignedApproval(msgspec.Struct, frozen=True, rename="camel"):
    """An approval with its armoured SSHSIG signature; `source` is the file as shown to people."""

    approval: Approval
    signature: str
    source: str = ""


class Withdrawal(msgspec.Struct, frozen=True, rename="camel"):
    """What somebody says who takes an approval back: their own, or another one's.

    `approval` is the statement of that one document (`statement`), `approver` who had signed it. No instant decides
    anything: a withdrawal holds whatever the times in it and in the approval say.
    """

    principal: str
    plan_id: PlanId
    partner: TenantId
    approval: str
    approver: str
    withdrawn_at: datetime
    comment: str = ""


class SignedWithdrawal(msgspec.Struct, frozen=True, rename="camel"):
    """A withdrawal with its armoured SSHSIG signature; `source` is the file as shown to people."""

    withdrawal: Withdrawal
    signature: str
    source: str = ""


class Signer(msgspec.Struct, frozen=True, rename="camel"):
    """Who a valid signature belongs to, by `allowed_signers`.

    `principals` are all names that the key goes by there, `key` its fingerprint (`SHA256:…`), `sorts` the sorts of
    actions that it may approve (`one-way`, `takes-service`, `commits-money`), None: all of them.
    """

    principals: tuple[str, ...]
    key: str
    sorts: frozenset[str] | None = None


def document(said: Approval | Withdrawal) -> dict[str, Any]:
    """The document as it is signed and, with `signature`, written: text and integers only."""
    spec: dict[str, Any] = msgspec.to_builtins(said)
    name = spec.pop("principal")
    for member in _INSTANTS & spec.keys():
        spec[member] = spec[member].replace("+00:00", "Z")
    return {"apiVersion": "pcreconcile/v1", "kind": type(said).__name__, "metadata": {"name": name}, "spec": spec}


def signed_bytes(said: Approval | Withdrawal) -> bytes:
    """What `ssh-keygen -Y sign` signs and `-Y verify` reads."""
    return canonical_json(document(said))


def statement(said: Approval | Withdrawal) -> str:
    """SHA-256 (hex) of what was signed, whatever the signature looks like: the name of one signed word."""
    return sha256_hex(document(said))


def approval_of(content: bytes) -> SignedApproval:
    """The approval in a kept document, `{"document": …, "signature": …}`.

    Raises ValueError for anything that `document` could not have made: a journal may have been written by anybody.
    """
    try:
        kept = msgspec.json.decode(content, type=_Kept)
        said = msgspec.convert({**kept.document["spec"], "principal": kept.document["metadata"]["name"]}, Approval)
        same = signed_bytes(said) == canonical_json(kept.document)
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise ValueError("no approval") from error
    instants = (said.approved_at, said.expires_at)
    sound = all(instant.utcoffset() == timedelta(0) for instant in instants)
    if not same or not sound or not all(money.amount.is_finite() for money in said.scope.money):
        raise ValueError("no approval")
    utc = [instant.astimezone(UTC) for instant in instants]
    return SignedApproval(msgspec.structs.replace(said, approved_at=utc[0], expires_at=utc[1]), kept.signature)


def kept_bytes(signed: SignedApproval) -> bytes:
    """The document that the journal keeps of an approval."""
    return canonical_json({"document": document(signed.approval), "signature": signed.signature})


class _Kept(msgspec.Struct):
    document: dict[str, Any]
    signature: str


_INSTANTS = frozenset({"approvedAt", "expiresAt", "withdrawnAt"})


def consequences(plan: Plan) -> str:
    """SHA-256 over what the due actions are said to do: reversibility, effect and seats of each.

    The plan ID covers the acts and not what they are said to do to people, which decides how many approvals they need;
    an approval does, so that a plan that belittles them, under the same ID, is not covered.
    """
    said = [
        [
            customer.tenant_id,
            action.id,
            action.reversibility,
            action.effect,
            action.impact.seats if action.impact else 0,
        ]
        for customer in plan.customers
        for action in customer.actions
        if action.when == NOW
    ]
    return sha256_hex(sorted(said))
