"""Other resellers: the removal ends the relationship of the whole provider, not of one reseller (exit rules, 1.5).

Their business is left alone and blocks the removal, unless the policy names them and a day until which that holds.
"""

from __future__ import annotations

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding
from pcreconcile.model.estate import Excuse, ReadProof, Reseller
from pcreconcile.model.extras import Extra, extra_read
from pcreconcile.model.plan import Blocker, Notice, Target
from pcreconcile.model.policy import ResellerExemption
from pcreconcile.planning.setting import Setting

_OTHER = "reseller.other"
_NOT_OFFERED = "reseller.not-offered"


def minding_the_reseller(holding: Holding, found: Exit, setting: Setting) -> Exit:
    """How a holding ends when a partnerId says whose business it is; what nobody else has ends as its family says."""
    row = holding.subject.subscription
    if row is None or not row.partner_id or row.status == "deleted":
        return found
    text = f"it belongs to the reseller with partner ID {row.partner_id}, whose business the removal would end"
    said = _judged(frozenset({row.partner_id.lower()}), holding.target, text, setting)
    return said if said.blockers else _joined(found, said)


def standing_resellers(setting: Setting) -> Exit:
    """What the customer's indirect resellers mean for the removal, and what it means that nobody may see them.

    A read that failed is not asked about here: the customer is unknown then.
    """
    if setting.state is not None and setting.state.resellers is not None:
        return _all(tuple(_of_row(each, setting) for each in setting.state.resellers if not each.is_provider))
    return _unseen(extra_read(setting.state, Extra.RESELLERS), setting)


def _of_row(row: Reseller, setting: Setting) -> Exit:
    names = frozenset(name.lower() for name in (row.id, row.mpn_id) if name)
    text = f"{row.name} serves this customer through us, and the removal would end that business"
    return _judged(names, Target("reseller", row.id, row.name), text, setting)


def _judged(names: frozenset[str], target: Target, text: str, setting: Setting) -> Exit:
    """A blocker, or a warning where the policy or the rules let it pass."""
    exempt = next((each for each in setting.policy.resellers if _covers(each, names, setting)), None)
    if exempt is not None:
        allowed = f"{text}; the policy lets it end until {exempt.until} ({exempt.owner}: {exempt.reason})"
        return Exit(warnings=(Notice("other-reseller", allowed, target),))
    match setting.rules.word(_OTHER):
        case "free":
            return Exit()
        case "probe":
            return Exit(probe=True, warnings=(Notice("other-reseller", text, target),))
    how = f"{text}; the policy may name it in an exception"
    return Exit(blockers=(Blocker("other-reseller", target, None, how, rule=_OTHER),))


def _covers(exemption: ResellerExemption, names: frozenset[str], setting: Setting) -> bool:
    return (
        exemption.reseller.lower() in names
        and exemption.customer in {None, setting.desired.name}
        and setting.now.date() <= exemption.until
    )


def _joined(found: Exit, said: Exit) -> Exit:
    fallback = None if found.fallback is None else _joined(found.fallback, said)
    warnings, probe = (*found.warnings, *said.warnings), found.probe or said.probe
    return replace(found, warnings=warnings, probe=probe, fallback=fallback)


def _all(exits: tuple[Exit, ...]) -> Exit:
    return Exit(
        blockers=tuple(blocker for each in exits for blocker in each.blockers),
        warnings=tuple(notice for each in exits for notice in each.warnings),
        probe=any(each.probe for each in exits),
    )


def _unseen(read: ReadProof | None, setting: Setting) -> Exit:
    """As the rules decide; without a credential at least `probe`, since a user would see."""
    no_credential = read is not None and read.excuse is Excuse.NO_CREDENTIAL
    why = read.problem if read is not None and read.problem else "notOffered in the Partner document"
    text = f"nobody could see whether other resellers serve this customer through us ({why})"
    match setting.rules.word(_NOT_OFFERED):
        case "free" if not no_credential:
            return Exit()
        case "free" | "probe" if no_credential:
            return Exit(probe=True)  # warned about with all that only a user may read
        case "probe":
            return Exit(probe=True, warnings=(Notice("resellers-not-offered", text),))
    return Exit(blockers=(Blocker("resellers-not-offered", None, None, text, rule=_NOT_OFFERED),))
