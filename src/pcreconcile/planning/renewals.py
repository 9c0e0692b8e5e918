"""The way back of a term: what our own suspension took of its future is set again, as a line would set it.

Suspending a new-commerce subscription turns auto-renew off and drops what was scheduled; reactivating brings neither
back (API facts, section 10). The family is asked what a line would ask (`renew`, `extend`, `cancel-at-term-end`), of
the subscription as it will be after the reactivation. Nothing is set where somebody has said since how the term ends.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, Step, exit_of
from pcreconcile.exits.exit import nothing, warning
from pcreconcile.exits.terms import CANCEL_AT_END
from pcreconcile.exits.traits import EXTENDED
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.memory import Renewal
from pcreconcile.model.plan import ActionKind, Effect, Notice, Reversibility
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.ways import leave

RENEW_AT_END = "TermEnd/RenewToNewTerm"

_SAYS_SO = frozenset({ActionKind.SET_RENEWAL, ActionKind.CANCEL_AT_TERM_END})

# Which instruction comes back by which desire, the strongest first.
_BY_INSTRUCTION: Mapping[str, LineDesire] = {
    CANCEL_AT_END[0]: LineDesire.CANCEL_AT_TERM_END,
    EXTENDED: LineDesire.EXTEND,
    RENEW_AT_END: LineDesire.RENEW,
}


def with_renewal(holding: Holding, resumed: Exit, setting: Setting) -> Exit:
    """The reactivation of what we suspended (or nothing, when it is active again), and its renewal after that.

    What cannot be set again is named in the warning `renewal-not-restored`; where the journal remembers nothing, in
    `renewal-unknown`.
    """
    row = holding.subject.subscription
    if row is None or not _concerned(row, resumed) or not _is_lossy(holding, setting):
        return resumed
    remembered = setting.memory.renewals.get(setting.desired.tenant_id, {}).get(row.id)
    if remembered is None:
        return joined(resumed, Exit(warnings=_unknown(holding))) if resumed.steps else resumed
    if _said_since(row):
        return resumed
    wanted = _wanted(remembered)
    asked = nothing() if wanted is None else instructed(as_reactivated(holding), setting, wanted)
    lost = _lost(remembered, came_back=bool(asked.steps))
    steps = tuple(replace(step, why=_why(step)) for step in asked.steps)
    return joined(resumed, replace(asked, steps=steps, blockers=(), warnings=_not_restored(holding, lost)))


def as_reactivated(holding: Holding) -> Holding:
    """The holding as it is after its reactivation: active, without auto-renew and without any instruction."""
    row = holding.subject.subscription
    if row is None:
        return holding
    back = replace(row, status="active", auto_renew=False, scheduled_actions=(), scheduled_next_term=False)
    return replace(holding, subject=replace(holding.subject, subscription=back))


def instructed(holding: Holding, setting: Setting, desire: LineDesire) -> Exit:
    """What its family answers to a line that says how the term ends."""
    if desire is LineDesire.CANCEL_AT_TERM_END:
        found = leave(holding, setting, desire)
        return replace(found, blockers=tuple(each for each in found.blockers if each.clears_at is None))
    return exit_of(holding.family).renew(holding, desire, setting.rules, setting.now)


def joined(resumed: Exit, said: Exit) -> Exit:
    """A reactivation, and after it what is said about the end of its term."""
    targets = tuple((step.target.type, step.target.id) for step in resumed.steps)
    after = tuple(replace(step, after=step.after + targets) for step in said.steps if step.kind in _SAYS_SO)
    return replace(
        resumed,
        steps=resumed.steps + after,
        blockers=resumed.blockers + said.blockers,
        warnings=resumed.warnings + said.warnings,
        deadlines=resumed.deadlines + said.deadlines,
    )


def _why(step: Step) -> str:
    if step.effect is Effect.COMMITS_MONEY:
        return "set again as it was before our suspension; that commits money"
    return f"set again as it was before our suspension: {step.why}"


def _concerned(row: Subscription, resumed: Exit) -> bool:
    """Coming back now, or back already; what Microsoft suspended has no step."""
    return bool(resumed.steps) or row.status == "active"


def _said_since(row: Subscription) -> bool:
    return bool(row.auto_renew or row.scheduled_actions or row.scheduled_next_term)


def _is_lossy(holding: Holding, setting: Setting) -> bool:
    """Whether its family says that suspending it takes more than the service; an add-on is asked as if alone."""
    alone = as_reactivated(replace(holding, subject=replace(holding.subject, base=None)))
    paused = exit_of(holding.family).pause(alone, setting.wish(alone, None), setting.rules, setting.now)
    return any(step.reversibility is Reversibility.LOSSY for step in paused.steps)


def _wanted(remembered: Renewal) -> LineDesire | None:
    """The desire that sets again what was; None where nothing was set, or nothing of it can be set so."""
    found = remembered.scheduled_actions or ()
    if not found:
        return LineDesire.RENEW if remembered.auto_renew else None
    known = next((name for name in _BY_INSTRUCTION if name in found), None)
    if known is None or (known == RENEW_AT_END and not remembered.auto_renew):
        return None
    return _BY_INSTRUCTION[known]


def _lost(remembered: Renewal, came_back: bool) -> list[str]:
    """In words, what was there and does not come back."""
    actions = remembered.scheduled_actions or ()
    lost = [each for each in actions if each not in _BY_INSTRUCTION or not came_back]
    renewal = ["auto-renew"] if remembered.auto_renew and not came_back else []
    next_term = ["the instructions for the next term"] if remembered.scheduled_next_term else []
    return [*renewal, *lost, *next_term, *(f"the scheduled change {each}" for each in remembered.changes)]


def _not_restored(holding: Holding, lost: list[str]) -> tuple[Notice, ...]:
    if not lost:
        return ()
    text = f"{holding.target.name}: the suspension took what pcreconcile cannot set again: {', '.join(lost)}"
    return (warning("renewal-not-restored", holding, text),)


def _unknown(holding: Holding) -> tuple[Notice, ...]:
    text = (
        f"{holding.target.name}: how its term would have gone on before the suspension is not in the journal; it comes "
        "back without auto-renew and without an instruction, so say renew, extend or cancel-at-term-end in a line"
    )
    return (warning("renewal-unknown", holding, text),)
