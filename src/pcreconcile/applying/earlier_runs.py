"""What the journal says about approvals: which ones are spent, which ones it keeps, and since when a run uses one.

An approval is good for one run that writes. Running the same plan file to its end is still that one run; doing again,
months later, what was done and undone is another one, even where the plan's ID is the same. That an event *names*
approvals proves nothing: a journal is a file that somebody may have written. What it keeps are their signed documents,
which are judged like those of the folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from pcreconcile.applying.consent import Asked
from pcreconcile.model.approval import SignedApproval, approval_of, kept_bytes, statement
from pcreconcile.model.ids import ActionId, PlanId, RunId
from pcreconcile.model.run import Event, EventKind

STATEMENT = "statement"  # of an approval in a run's first event: SHA-256 of the bytes that were signed
DOCUMENT = "document"  # of the kept approval with its signature

_MOST = 1000  # how many approvals that a journal names are looked up: nobody writes as many
_TOOK_EFFECT = frozenset({EventKind.ANSWERED, EventKind.NO_ANSWER})


@dataclass(slots=True)
class EarlierRun:
    """A run: when it began, of which plan document, which approvals it names, and what it did.

    `open` are actions whose request may have left with no outcome journalled since, `done` those that were verified.
    """

    at: datetime
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

    def names(self, marks: frozenset[str]) -> bool:
        """Whether its first event names an approval by one of these digests (`marks_of`)."""
        return any({str(entry.get(DOCUMENT)), str(entry.get(STATEMENT))} & marks for entry in self.approvals)

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
            runs[event.run] = _begun(event)
        elif event.action is not None and event.run in runs:
            runs[event.run].enter(event)
    return tuple(runs.values())


def began_with(signed: SignedApproval, asked: Asked, runs: Iterable[EarlierRun]) -> datetime | None:
    """When the run began that this one resumes and that has written by this approval; None where there is none.

    Of this very plan document, by its digest: an approval that was good then is good for ending what it began.
    """
    if not asked.resumed:
        return None
    marks = marks_of(signed)
    mine = (run for run in runs if run.plan == asked.plan.plan_id and run.digest == asked.plan.digest)
    return min((run.at for run in mine if run.wrote and run.names(marks)), default=None)


def is_spent(signed: SignedApproval, asked: Asked, runs: Iterable[EarlierRun]) -> bool:
    """Whether an earlier run that this one does not resume has written by this approval.

    Where actions of an older document are still open, this run resumes that one, but for what it has verified: that
    would be done a second time.
    """
    marks = marks_of(signed)
    pending = {entry.action.id for entry in asked.pending}
    for run in runs:
        if run.names(marks):
            again = run.digest != asked.plan.digest and bool(run.done & pending)
            if again or (run.wrote and not asked.resumed):
                return True
    return False


def kept_approvals(asked: Asked, runs: Sequence[EarlierRun]) -> tuple[list[SignedApproval], list[str]]:
    """The signed approvals that the journal keeps of earlier runs of this plan, and what it names and does not hold.

    Raises StoreError for a kept document whose content is not that of its digest.
    """
    approvals: dict[str, SignedApproval] = {}
    problems: list[str] = []
    named = [entry for run in runs if run.plan == asked.plan.plan_id for entry in run.approvals]
    for entry in named[:_MOST]:
        digest = str(entry.get(DOCUMENT) or "")
        content = asked.documents(digest) if digest else None
        try:
            approvals[digest] = replace(approval_of(content or b""), source=f"the journal's document {digest[:12]}…")
        except ValueError:
            who = str(entry.get("principal"))[:200]
            problems.append(f"the journal names an approval by {who} and keeps no signed document of it")
    return list(approvals.values()), list(dict.fromkeys(problems))


def marks_of(signed: SignedApproval) -> frozenset[str]:
    """By what the first event of a run names an approval: its kept document, and what was signed."""
    return frozenset({hashlib.sha256(kept_bytes(signed)).hexdigest(), statement(signed.approval)})


def _begun(event: Event) -> EarlierRun:
    return EarlierRun(event.at, event.plan, str(event.body.get("digest", "")), _approvals(event.body))


def _approvals(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    listed = body.get("approvals")
    return tuple(entry for entry in listed if isinstance(entry, dict)) if isinstance(listed, list) else ()
