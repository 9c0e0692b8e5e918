"""The way back of each kind of write, from the write alone: by what, until when, what is lost, which line to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from pcreconcile.model.plan import ActionKind, Reversibility
from pcreconcile.model.rules import Rules
from pcreconcile.model.story import Written
from pcreconcile.model.undo import Back, Reversal
from pcreconcile.planning.renewals import unrepeatable

WayBack = Callable[[Written, Rules], Reversal]

_REACTIVATION = "azure-plan.reactivation-window"
_RENEWS, _EXTENDS, _ENDS = "TermEnd/RenewToNewTerm", "TermEnd/RenewToExtendedServiceTerm", "TermEnd/Cancel"


def bare(found: Reversal, back: Back, why: str) -> Reversal:
    """The same write with nothing left to do about it."""
    return msgspec.structs.replace(found, back=back, text=why, by=None, until=None, lost=(), manifest="", now="")


def _told(write: Written, back: Back, text: str) -> Reversal:
    return Reversal(
        customer=write.customer,
        tenant_id=write.tenant_id,
        kind=write.kind,
        target=write.target,
        written_at=write.at,
        back=back,
        text=text,
        rule=write.rule,
    )


def _line(write: Written, desired: str) -> str:
    """What stays is `active`; the line must stand above any other that matches the same thing."""
    line = f"{{match: {{id: {write.target.id}}}, desired: {desired}, reason: undone}}"
    return f"relationship: active, subscriptions: [{line}]"


def _back(write: Written, text: str, by: ActionKind, manifest: str, lost: tuple[str, ...] = ()) -> Reversal:
    lossy = bool(lost) or write.reversibility is Reversibility.LOSSY
    found = _told(write, Back.LOSSY if lossy else Back.REVERSIBLE, text)
    return msgspec.structs.replace(found, by=by, until=write.reversible_until, lost=lost, manifest=manifest)


def _suspended(write: Written, _rules: Rules) -> Reversal:
    text = (
        "`relationship: active` reactivates what the journal shows that we suspended, and sets its renewal again in "
        "full as the journal keeps it; a line that still asks to suspend it must go"
    )
    return _back(write, text, ActionKind.REACTIVATE_SUBSCRIPTION, "relationship: active", _lost_settings(write))


def _lost_settings(write: Written) -> tuple[str, ...]:
    """What cannot be sent again in full, so that a person decides: an older journal does not hold the instruction."""
    before, changes = write.before, _changes(write)
    if not before and write.reversibility is Reversibility.LOSSY:
        return ("the renewal settings that it had, of which the journal kept nothing",)
    if "scheduledInstructions" in before:
        told = tuple(before["scheduledInstructions"] or ())
        return tuple(unrepeatable(told, before.get("nextTermInstructions"), None))
    renews = _RENEWS in (before.get("scheduledActions") or ()) or before.get("scheduledNextTerm")
    unknown = ("what it was told to renew with, of which the journal kept nothing",) if renews else ()
    return (*changes, *unknown)


def _changes(write: Written) -> tuple[str, ...]:
    return tuple(f"scheduled change: {each}" for each in write.before.get("scheduledChanges") or ())


def _losses(write: Written) -> tuple[str, ...]:
    """As its plan said; a plan of before did not say, and such a write dropped every scheduled change."""
    return _changes(write) if write.loses is None else write.loses


def _reactivated(write: Written, _rules: Rules) -> Reversal:
    text = "a line suspends it again: its users lose access at once"
    return _back(write, text, ActionKind.SUSPEND_SUBSCRIPTION, _line(write, "suspend"))


def _ended_by_instruction(write: Written, _rules: Rules) -> Reversal:
    changes = _losses(write)
    desired = _desire_before(write)
    if desired == "cancel-at-term-end":
        return bare(_told(write, Back.UNDONE, ""), Back.UNDONE, "it was told before the run already to end")
    before = f"before the run it {_words_before(write)}"
    if not desired:
        text = f"{before}; a line says anew how its term goes on (renew or extend), which commits money"
        return _back(write, text, ActionKind.SET_RENEWAL, _line(write, "renew"), (*changes, "how it was set before"))
    text = f"{before}; a line sets that again, which commits money"
    return _back(write, text, ActionKind.SET_RENEWAL, _line(write, desired), changes)


def _renewal_set(write: Written, _rules: Rules) -> Reversal:
    desired = _desire_before(write)
    text = f"before the run it {_words_before(write)}; a line says anew how its term ends"
    if desired in {"renew", "extend"}:
        return _back(write, text, ActionKind.SET_RENEWAL, _line(write, desired), write.loses or ())
    lost = (*(write.loses or ()), *(() if desired else ("how it was set before",)))
    return _back(write, text, ActionKind.CANCEL_AT_TERM_END, _line(write, "cancel-at-term-end"), lost)


def _desire_before(write: Written) -> str:
    """The desire that asks for what was set before, the strongest first; "" where none does, or nobody knows."""
    scheduled = write.before.get("scheduledActions") or ()
    known = {_ENDS: "cancel-at-term-end", _EXTENDS: "extend", _RENEWS: "renew"}
    found = next((desire for word, desire in known.items() if word in scheduled), "")
    return found or ("renew" if write.before.get("autoRenewEnabled") is True else "")


def _words_before(write: Written) -> str:
    if "autoRenewEnabled" not in write.before:
        return "was set in a way that the journal did not keep"
    renews = {True: "renewed by itself", False: "did not renew by itself"}.get(write.before["autoRenewEnabled"])
    scheduled = ", ".join(str(each) for each in write.before.get("scheduledActions") or ())
    return f"{renews or 'did not say whether it renews'}{f', with {scheduled}' if scheduled else ''}"


def _azure_cancelled(write: Written, rules: Rules) -> Reversal:
    until = write.reversible_until or (write.at + rules.days(_REACTIVATION)).date()
    text = (
        "reactivate the Azure subscription by hand, in the Azure portal or Partner Center: no line of a manifest asks "
        "for that, and a line that cancels it must go first; afterwards it is deleted with all that is in it"
    )
    found = _back(write, text, ActionKind.REACTIVATE_AZURE_SUBSCRIPTION, "")
    return msgspec.structs.replace(found, until=until, rule=_REACTIVATION)


def _removed(write: Written, _rules: Rules) -> Reversal:
    text = (
        "the customer's administrator must accept a new invitation, which `plan` then tells how to send; what was "
        "cancelled has to be bought again, and what was suspended cannot be reactivated"
    )
    found = _told(write, Back.NEEDS_COUNTERPARTY, text)
    return msgspec.structs.replace(found, by=ActionKind.REQUEST_RELATIONSHIP, manifest="relationship: active")


def _access_ended(write: Written, _rules: Rules) -> Reversal:
    text = "request delegated access anew in Partner Center; the customer's administrator must approve it"
    return _told(write, Back.NEEDS_COUNTERPARTY, text)


def _over(why: str) -> WayBack:
    def told(write: Written, _rules: Rules) -> Reversal:
        return _told(write, Back.IRREVERSIBLE, why)

    return told


_BY_A_PERSON = _over("nothing was written by us")

WAYS_BACK: Mapping[ActionKind, WayBack] = {
    ActionKind.SUSPEND_SUBSCRIPTION: _suspended,
    ActionKind.REACTIVATE_SUBSCRIPTION: _reactivated,
    ActionKind.CANCEL_AT_TERM_END: _ended_by_instruction,
    ActionKind.SET_RENEWAL: _renewal_set,
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: _azure_cancelled,
    ActionKind.REACTIVATE_AZURE_SUBSCRIPTION: _over(
        "cancelling it again is a new decision: desired: cancel, by its ID"
    ),
    ActionKind.CANCEL_SUBSCRIPTION: _over("it was cancelled inside its window: access ended at once; buy it anew"),
    ActionKind.CANCEL_ORDER_LINE: _over("the purchase was cancelled and its keys are blocked; buy it anew"),
    ActionKind.RETURN_RESERVATION: _over("the reservation was returned; buy it anew, at the price of that day"),
    ActionKind.REMOVE_RELATIONSHIP: _removed,
    ActionKind.REMOVE_DELEGATED_ADMIN: _access_ended,
    ActionKind.TERMINATE_DELEGATED_ACCESS: _access_ended,
    ActionKind.REQUEST_RELATIONSHIP: _BY_A_PERSON,
    ActionKind.MANUAL: _BY_A_PERSON,
}
