"""From the journal to an archive of evidence, and from either of them to proofs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile import __version__
from pcreconcile.cli import files, wiring
from pcreconcile.cli.journal_key import journal_key
from pcreconcile.cli.output import Output
from pcreconcile.model.errors import PlanFileError, UsageError
from pcreconcile.model.evidence import Evidence, EvidencePartner, Proof

if TYPE_CHECKING:
    from pcreconcile.applying.evidence import Anchor, AuditFile, Checks, Frame, Journalled, Selection

AskAudit = Callable[[wiring.Session, "Journalled", "Selection"], "AuditFile"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which evidence: that of a run, or of a customer and the days between `first` and `last` (both included)."""

    run: str | None
    customer: str | None
    first: date | None = None
    last: date | None = None


def write(session: wiring.Session, output: Output, asked: Asked, out: Path | None, parts: Parts) -> None:
    """Make the archive, write it, say what is in it. Raises UsageError and StoreError."""
    from pcreconcile.applying.evidence import Wanted, gather, make, pack

    journal = _journal(session)
    selection = _select(session, journal, asked)
    goal = out or Path(f"evidence-{(asked.customer or str(selection.subject.run))[:40]}.zip")
    files.require_writable(goal)
    audit = parts.audit(session, journal, selection)
    wanted = Wanted(session.loaded.partner.tenant_id, selection, parts.names is Names.LEFT_OUT, audit)
    frame = _frame(session, selection, wanted.redacted)
    made = make(gather(journal, wanted), frame, checks(None, None))
    data = pack(made)
    files.write(goal, data)
    _say_written(output, goal, data, len(made), parts)
    if audit.note:
        output.note(f"note: audit records: {audit.note}")


class Names(Enum):
    """Whether names are told, as people read it."""

    LEFT_OUT = "names left out"
    TOLD = "with all names"


@dataclass(frozen=True, slots=True)
class Parts:
    """What an archive holds beside the journal: names or placeholders, and the service's own audit records."""

    names: Names
    audit: AskAudit


def prove_run(session: wiring.Session, run: str, made_with: Checks) -> tuple[Proof, ...]:
    """The proofs about a run, from the journal itself. Raises UsageError and StoreError."""
    from pcreconcile.applying.evidence import AuditFile, Wanted, evidence_of, gather

    journal = _journal(session)
    selection = _select(session, journal, Asked(run, None))
    wanted = Wanted(session.loaded.partner.tenant_id, selection, False, AuditFile())
    evidence: Evidence = evidence_of(gather(journal, wanted), _frame(session, selection, False), made_with)
    return (*_key_proof(session, journal), *evidence.findings)


def _key_proof(session: wiring.Session, journal: Journalled) -> Iterator[Proof]:
    """Whether the whole journal, and not only what is told of the run, would be believed."""
    from pcreconcile.applying.stores.sealing import Sealing
    from pcreconcile.model.evidence import Standing

    problem = Sealing(journal_key(os.environ)).misfit(tuple(journal.events), session.loaded.partner.tenant_id)
    if problem:
        yield Proof("journal-key", Standing.FAILED, problem)


def prove_archive(path: Path, made_with: Checks) -> tuple[Proof, ...]:
    """The proofs about an archive; whatever is wrong with it is a proof that failed."""
    from pcreconcile.applying.evidence import LARGEST, DamagedEvidence, unpack, verify_files
    from pcreconcile.model.evidence import Standing

    try:
        data = files.read(path, LARGEST)
    except PlanFileError as error:
        raise UsageError(str(error)) from error
    if len(data) > LARGEST:
        raise UsageError(f"{path}: larger than {LARGEST // 1024**3} GiB")
    try:
        unpacked = unpack(data)
    except DamagedEvidence as error:
        return (Proof("archive", Standing.FAILED, str(error)),)
    return (
        Proof("archive", Standing.OK, f"the archive is as it was packed: {len(unpacked)} files"),
        *verify_files(unpacked, made_with),
    )


def checks(theirs: bytes | None, anchor: Anchor | None) -> Checks:
    """What proofs are made with: ssh-keygen, this version's page, and what the reader brought."""
    from pcreconcile.applying.evidence import Checks, Judges
    from pcreconcile.cli.ssh_signatures import SshSignatures
    from pcreconcile.rendering import evidence_page

    return Checks(Judges(SshSignatures, theirs), evidence_page.render, __version__, anchor, journal_key(os.environ))


def _journal(session: wiring.Session) -> Journalled:
    from pcreconcile.applying.evidence import Journalled

    store = wiring.read_journal_as_it_is(session)
    return Journalled(tuple(store.events()), store.document)


def _select(session: wiring.Session, journal: Journalled, asked: Asked) -> Selection:
    from pcreconcile.applying.evidence import find_customer, kept_plans, of_customer, of_run

    if asked.run is not None:
        return of_run(journal.events, asked.run)
    name = asked.customer or ""
    manifests = {customer.name: customer.tenant_id for customer in session.loaded.fleet.customers}
    tenant = find_customer(name, kept_plans(journal), manifests)
    days = (asked.first, asked.last)
    return of_customer(journal.events, tenant, name, days, session.loaded.partner.time_zone)


def _frame(session: wiring.Session, selection: Selection, redacted: bool) -> Frame:
    from pcreconcile.applying.evidence import Frame

    partner = session.loaded.partner
    shown = EvidencePartner(partner.tenant_id, partner.name, partner.cloud.value, partner.time_zone)
    return Frame(shown, selection.subject, redacted, __version__)


def _say_written(output: Output, goal: Path, data: bytes, count: int, parts: Parts) -> None:
    digest = hashlib.sha256(data).hexdigest()
    output.conclude(file=str(goal), sha256=digest, files=count, redacted=parts.names is Names.LEFT_OUT)
    output.say(f"Evidence written to {goal}: {count} files, {len(data)} bytes, {parts.names.value}\n")
    output.say(f"sha256  {digest}\n")
    output.say(f"prove it with: pcreconcile verify {goal}\n")
