"""Which approvals are judged, and how many signatures are verified at most.

Approvals come from their folder and, where a run is resumed, from the journal, which keeps the signed documents. Who
may propose a file may heap up files that look like approvals, and verifying a signature costs a process: so cheap
checks go first, one document is verified once, and of each person the first few, in the order in which they come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pcreconcile.applying.consent import Consent, Grant
from pcreconcile.applying.earlier_runs import kept_approvals
from pcreconcile.applying.hearing import Case, Void, heard, objection
from pcreconcile.model.approval import SignedApproval, statement

PER_PERSON = 16  # signatures verified of one name: a person approves a plan once, or in a few parts
ALTOGETHER = 64

_Content = tuple[str, str]


@dataclass(slots=True)
class Verdicts:
    """What became of every approval: those that count, and in words what is wrong with the others."""

    grants: list[Grant] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def judge_approvals(consent: Consent, case: Case) -> Verdicts:
    """Judge every approval that there is for the plan.

    Raises StoreError for a damaged document of the journal, and ConfigurationError when signatures cannot be judged.
    """
    approvals, unkept = _candidates(consent, case)
    verdicts = Verdicts(problems=[*consent.problems, *unkept])
    hopeful: list[SignedApproval] = []
    for signed in approvals:
        if why := objection(signed, consent, case):
            verdicts.problems.append(str(Void(signed, why)))
        else:
            hopeful.append(signed)
    _verify(hopeful, verdicts, consent, case)
    return verdicts


def _candidates(consent: Consent, case: Case) -> tuple[list[SignedApproval], list[str]]:
    """Of a resumed run those that the journal keeps, and then those of the folder."""
    if not case.asked.resumed:
        return list(consent.approvals), []
    kept, unkept = kept_approvals(case.asked, case.runs)
    known = {_content(signed) for signed in kept}
    return [*kept, *(signed for signed in consent.approvals if _content(signed) not in known)], unkept


def _verify(hopeful: Sequence[SignedApproval], verdicts: Verdicts, consent: Consent, case: Case) -> None:
    """Enter what verification says; the same document under another name is not verified again."""
    judged = {_content(signed): heard(signed, consent, case) for signed in _first_of_each(hopeful)}
    for signed in hopeful:
        verdict = judged.get(_content(signed))
        if isinstance(verdict, Grant):
            verdicts.grants.append(Grant(signed, verdict.signer, verdict.covers, verdict.until))
        elif verdict is not None:
            verdicts.problems.append(str(Void(signed, verdict.why)))
    left = sum(_content(signed) not in judged for signed in hopeful)
    if left:
        verdicts.problems.insert(0, _left_out(left))


def _first_of_each(hopeful: Sequence[SignedApproval]) -> list[SignedApproval]:
    """Whose signatures are verified: of each name the first, in rounds, so that no heap of one hides another's."""
    by_name: dict[str, dict[_Content, SignedApproval]] = {}
    for signed in hopeful:
        by_name.setdefault(signed.approval.principal.casefold(), {}).setdefault(_content(signed), signed)
    rounds = [list(them.values())[:PER_PERSON] for them in by_name.values()]
    return list(_in_turn(rounds))[:ALTOGETHER]


def _in_turn(rounds: Sequence[Sequence[SignedApproval]]) -> Iterator[SignedApproval]:
    for number in range(max(map(len, rounds), default=0)):
        yield from (them[number] for them in rounds if number < len(them))


def _content(signed: SignedApproval) -> _Content:
    return statement(signed.approval), signed.signature


def _left_out(count: int) -> str:
    return (
        f"{count} approvals were not verified, since only {PER_PERSON} of each person are, and {ALTOGETHER} of all: "
        "delete the files that are no approvals"
    )
