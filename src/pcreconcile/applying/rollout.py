"""How carefully a run goes through its customers: a canary first, and an end when too many have failed.

What has failed is what a write did wrong or nobody knows of; a stale or unread customer was not written to, and says
nothing about how the next one will go.
"""

from __future__ import annotations

from dataclasses import dataclass

from pcreconcile.applying.outcome import Outcome
from pcreconcile.model.policy import Rollout
from pcreconcile.model.run import ActionState, CustomerResult

_FAILED = frozenset({Outcome.INDETERMINATE, Outcome.UNPROVEN, Outcome.REFUSED, Outcome.PARTIAL})
_UNTOUCHED = frozenset({ActionState.PLANNED, ActionState.STALE, ActionState.SKIPPED})


@dataclass(slots=True)
class Advance:
    """`total` is how many customers the run would change."""

    rollout: Rollout
    total: int
    failed: int = 0
    canary: CustomerResult | None = None

    def enter(self, result: CustomerResult) -> None:
        """A customer has come to its end."""
        self.failed += Outcome(result.outcome) in _FAILED
        if self.canary is None and any(action.state not in _UNTOUCHED for action in result.actions):
            self.canary = result

    def halted(self) -> str:
        """Why no further customer is begun, in words; "" when the run goes on."""
        return self._by_canary() or self._by_failures()

    def _by_canary(self) -> str:
        canary = self.canary
        if self.total <= self.rollout.canary_above or canary is None or canary.outcome == Outcome.DONE:
            return ""
        return f"left alone: the first customer, {canary.name}, was not verified to its end ({canary.outcome})"

    def _by_failures(self) -> str:
        rate = self.rollout.stop_on_failure_rate
        if rate is None or self.failed * 100 <= rate * self.total:
            return ""
        return (
            f"left alone: {self.failed} of {self.total} customers have failed, more than the {rate} % of the policy "
            "(rollout.stopOnFailureRate)"
        )
