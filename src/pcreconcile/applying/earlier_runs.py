"""What the journal says about approvals: which ones are spent, and what an earlier run was allowed.

An approval is good for one run that writes. Running the same plan file to its end is still that one run; doing again,
months later, what was done and undone is another one, even where the plan's ID is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pcreconcile.applying.consent import Asked
from pcreconcile.model.approval import SignedApproval, document
from pcreconcile.model.identity import sha256_hex
from pcreconcile.model.ids import ActionId, PlanId, RunId
from pcreconcile.model.run import Event, EventKind

STATEMENT = "statement"  # of an approval in a run's first event: SHA-256 of the bytes that were signed
DOCUMENT = "document"  # of the kept approval with its signature

_TOOK_EFFECT = frozenset({EventKind.ANSWERED, EventKind.NO_ANSWER})


@dataclass(slots=True)
class EarlierRun:
    """A run: of which plan document, allowed by which approvals, and what it did.

    `open` are actions whose request may have left with no outcome journalled since, `done` those that were verified.
    """

    plan: PlanId
    digest: str
    approvals: tuple[Mapping[str, Any], ...]
    open: set[ActionId] = field(default_factory=set)
    done: set[ActionId] = field(default_factory=set)
    effective: bool = False

    @property
    def wrote(self) -> bool:
        """Whether a write may have taken effect."""
        return self.effective or bool(self.open)

    @property
    def approvers(self) -> int:
        """How many people had approved it: different keys under different names."""
        keys = {entry.get("key") for entry in self.approvals}
        names = {str(entry.get("principal")).casefold() for entry in self.approvals}
        return min(len(keys), len(names))

    def enter(self, event: Event) -> None:
        """What happened to an action in this run."""
        assert event.action is not None
        if event.kind is EventKind.INTENT:
            self.open.add(event.action)
        elif event.kind is EventKind.REFUSED:
            self.open.discard(event.action)
        elif event.kind is EventKind.VERIFIED:
            self.done.add(event.action)
        self.effective = self.effective or event.kind in _TOOK_EFFECT


def earlier_runs(events: Iterable[Event]) -> tuple[EarlierRun, ...]:
    """All runs of a journal, in order; what an older format did not record is taken as nothing."""
    runs: dict[RunId, EarlierRun] = {}
    for event in events:
        if event.kind is EventKind.RUN_STARTED:
            runs[event.run] = EarlierRun(event.plan, str(event.body.get("digest", "")), _approvals(event.body))
        elif event.action is not None and event.run in runs:
            runs[event.run].enter(event)
    return tuple(runs.values())


def was_allowed(asked: Asked, needed: int, runs: Iterable[EarlierRun]) -> bool:
    """Whether this run only ends what an earlier run of the same document began, with as many approvals as today."""
    return asked.resumed and any(
        run.plan == asked.plan.plan_id and run.digest == asked.plan.digest and run.approvers >= needed for run in runs
    )


def is_spent(signed: SignedApproval, asked: Asked, runs: Iterable[EarlierRun]) -> bool:
    """Whether an earlier run that this one does not resume has written by this approval.

    Where actions of an older document are still open, this run resumes that one, but for what it has verified: that
    would be done a second time.
    """
    marks = {sha256_hex(_content(signed)), statement(signed)}
    pending = {entry.action.id for entry in asked.pending}
    for run in runs:
        if any({entry.get(DOCUMENT), entry.get(STATEMENT)} & marks for entry in run.approvals):
            again = run.digest != asked.plan.digest and bool(run.done & pending)
            if again or (run.wrote and not asked.resumed):
                return True
    return False


def statement(signed: SignedApproval) -> str:
    """SHA-256 of what was signed, whatever the signature looks like."""
    return sha256_hex(document(signed.approval))


def _content(signed: SignedApproval) -> dict[str, Any]:
    return {"document": document(signed.approval), "signature": signed.signature}


def _approvals(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    listed = body.get("approvals")
    return tuple(entry for entry in listed if isinstance(entry, dict)) if isinstance(listed, list) else ()
