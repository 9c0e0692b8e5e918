"""Evidence made and proven: the same proofs whether the files come from the store or from an archive.

`make` derives the story, the findings and the list of digests from the gathered files; `verify_files` makes the story
again and compares. What the proofs rest upon and what they cannot show is said by the proofs themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pcreconcile.applying.evidence.anchors import Anchor
from pcreconcile.applying.evidence.approval_proofs import Checked, Judges, approval_proofs, check_signatures
from pcreconcile.applying.evidence.archive import digests, unfit
from pcreconcile.applying.evidence.chain_proofs import anchor_proofs, chain_proofs, document_proofs
from pcreconcile.applying.evidence.ending_proofs import ending_proofs
from pcreconcile.applying.evidence.mac_proofs import mac_proofs
from pcreconcile.applying.evidence.member_proofs import member_proofs
from pcreconcile.applying.evidence.plan_proofs import execution_proofs, identity_proofs
from pcreconcile.applying.evidence.proofs import proof, unchecked
from pcreconcile.applying.evidence.replaying import lifecycle_proofs, replay
from pcreconcile.applying.evidence.request_proofs import request_proofs
from pcreconcile.applying.evidence.start_proofs import start_proofs
from pcreconcile.applying.evidence.story import Frame, tell
from pcreconcile.applying.evidence.told import (
    DIGESTS,
    EVIDENCE,
    PAGE,
    DamagedEvidence,
    Files,
    Told,
    is_written,
    read_files,
    strange,
    written,
)
from pcreconcile.applying.stores.sealing import JournalKey
from pcreconcile.model.evidence import FORMAT_VERSION, Agreement, Evidence, Proof, Standing
from pcreconcile.model.identity import canonical_json

Page = Callable[[Evidence], str]

# What a forged value of a strange type makes of code that expects one of ours.
_STRANGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Checks:
    """What a proof is made with. `anchor` is what somebody outside has signed, None: nothing was given.

    `key` is the journal key, None where it is not known.
    `page` makes the index page, `tool_version` is that of this program: pages of other versions are not compared.
    """

    judges: Judges
    page: Page
    tool_version: str
    anchor: Anchor | None = None
    key: JournalKey | None = None


def make(files: Files, frame: Frame, checks: Checks) -> dict[str, bytes]:
    """All files of an archive, from those that were gathered."""
    evidence = evidence_of(files, frame, checks)
    made = {**files, EVIDENCE: written(canonical_json(evidence)), PAGE: checks.page(evidence).encode()}
    return {**made, DIGESTS: digests(made)}


def evidence_of(files: Files, frame: Frame, checks: Checks) -> Evidence:
    """The story with its findings. Raises DamagedEvidence."""
    try:
        return _evidence_of(files, frame, checks)
    except _STRANGE as error:
        text = f"the journal is damaged: an event or document holds a value that none has ({type(error).__name__})"
        raise DamagedEvidence(text) from error


def _evidence_of(files: Files, frame: Frame, checks: Checks) -> Evidence:
    told = read_files(files)
    evidence = tell(told, frame)
    checked = check_signatures(told, checks.judges)
    findings = tuple(_proofs(told, evidence, checked, checks))
    return msgspec.structs.replace(evidence, findings=findings, agreements=_agreements(evidence.agreements, checked))


def verify_files(files: Files, checks: Checks) -> tuple[Proof, ...]:
    """Every proof about an archive's files. Raises nothing for whatever is wrong with them."""
    try:
        return tuple(_of_files(files, checks))
    except DamagedEvidence as error:
        return (Proof("archive", Standing.FAILED, str(error)),)
    except _STRANGE as error:
        text = f"a file holds a value that no archive has ({type(error).__name__})"
        return (Proof("archive", Standing.FAILED, text),)


def _of_files(files: Files, checks: Checks) -> Iterator[Proof]:
    unknown = [f"{name} is no file of an archive" for name in strange(files)]
    yield from proof("files", [*unknown, *unfit(files)], f"{len(files) - 1} files are what {DIGESTS} says")
    given = _evidence(files)
    told = read_files(files)
    frame = Frame(given.partner, given.subject, given.redacted, given.tool_version)
    again = tell(told, frame)
    yield from proof("evidence", _other_story(given, again), f"{EVIDENCE} tells what the other files say")
    yield from _page(files, given, checks)
    checked = check_signatures(told, checks.judges)
    yield from _proofs(told, again, checked, checks)


def _proofs(told: Told, evidence: Evidence, checked: Sequence[Checked], checks: Checks) -> Iterator[Proof]:
    yield from chain_proofs(told, evidence, checks.anchor)
    yield from mac_proofs(told, evidence.partner.tenant_id, checks.key)
    yield from document_proofs(told, evidence)
    replays = replay(told)
    yield from start_proofs(told, replays if evidence.subject.customer is None else {})
    yield from member_proofs(told)
    yield from lifecycle_proofs(replays)
    yield from ending_proofs(told, replays)
    yield from identity_proofs(told, evidence)
    yield from execution_proofs(told)
    yield from request_proofs(told)
    yield from approval_proofs(told, evidence, checked, checks.judges)
    yield from _unexplained(evidence)
    yield from anchor_proofs(told, evidence.partner.tenant_id, checks.anchor)


def _unexplained(evidence: Evidence) -> Iterator[Proof]:
    """What else changed is somebody else's doing, and no fault of the run."""
    looked = sum(bool(customer.looks) for customer in evidence.customers)
    strange_ones = [
        f"{change.target.type} {change.target.id} of {customer.tenant_id} {change.how}: not by this plan"
        for customer in evidence.customers
        for change in customer.changes
        if not change.explained
    ]
    well = f"before and after of {looked} customers differ by what was planned alone"
    yield from proof("before-after", strange_ones, well, Standing.NOT_CHECKED)


def _agreements(told: Sequence[Agreement], checked: Sequence[Checked]) -> tuple[Agreement, ...]:
    problems = {each.approval.file: each for each in checked}
    return tuple(
        msgspec.structs.replace(
            each,
            valid=None if problems[each.file].approval.cut else not problems[each.file].problem,
            problem=problems[each.file].problem,
        )
        for each in told
    )


def _evidence(files: Mapping[str, bytes]) -> Evidence:
    if EVIDENCE not in files:
        raise DamagedEvidence(f"{EVIDENCE} is missing")
    try:
        found = msgspec.json.decode(files[EVIDENCE], type=Evidence)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedEvidence(f"{EVIDENCE}: {error}") from None
    if found.format_version != FORMAT_VERSION:
        raise DamagedEvidence(
            f"{EVIDENCE}: format {found.format_version} is not known; this one knows {FORMAT_VERSION}"
        )
    if not is_written(files[EVIDENCE], canonical_json(found)):
        raise DamagedEvidence(f"{EVIDENCE}: not in its one canonical form")
    return found


def _other_story(given: Evidence, again: Evidence) -> Iterator[str]:
    """Findings are those of the day on which it was made; everything else must come out the same."""
    plain = tuple(msgspec.structs.replace(each, valid=None, problem="") for each in given.agreements)
    bare = msgspec.structs.replace(given, findings=(), agreements=plain)
    # Through JSON, since what was read has lists where what was just made may have tuples.
    if canonical_json(bare) != canonical_json(again):
        parts = [name for name in Evidence.__struct_fields__ if _json(bare, name) != _json(again, name)]
        yield f"{EVIDENCE} tells something else than the other files ({', '.join(parts)})"


def _json(evidence: Evidence, name: str) -> bytes:
    return canonical_json(getattr(evidence, name))


def _page(files: Mapping[str, bytes], given: Evidence, checks: Checks) -> Iterator[Proof]:
    if given.tool_version != checks.tool_version:
        yield unchecked("page", f"{PAGE} was made by version {given.tool_version} and is not made again here")
        return
    page = checks.page(given)
    fits = files.get(PAGE) in {page.encode(), page.replace("#&#35;", "##").encode()}  # as earlier builds wrote it
    yield from proof("page", [] if fits else [f"{PAGE} is not the page of {EVIDENCE}"], f"{PAGE} shows {EVIDENCE}")
