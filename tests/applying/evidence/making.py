"""Journals with a story, archives of them, and hands that forge what they hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pcreconcile.applying import open_store
from pcreconcile.applying.evidence import (
    Anchor,
    AuditFile,
    Checks,
    Frame,
    Journalled,
    Judges,
    Selection,
    Wanted,
    gather,
    make,
    of_customer,
    of_run,
    verify_files,
)
from pcreconcile.applying.evidence.archive import digests
from pcreconcile.applying.evidence.told import DIGESTS
from pcreconcile.applying.stores.chain import START, link
from pcreconcile.model.approval import Approval, Scope, Signer, consequences, document, signed_bytes
from pcreconcile.model.errors import BadSignature
from pcreconcile.model.evidence import EvidencePartner, Proof, Standing, Subject
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import EventDraft
from tests.applying.world import NOW, PARTNER, Desk, cancel, plan_of, planned, remove, subscription, tenant

OPENING = EvidencePartner(PARTNER, "contoso-csp", "custom", "Europe/Berlin")
TWO = tenant(2)
APPLIER = "cleo@contoso.example"


class FakeSignatures:
    """`allowed_signers` whose lines are `principal key [sort…]`; a signature is `key:sha256 of the bytes`."""

    def __init__(self, content: bytes) -> None:
        self.lines = [line.split() for line in content.decode().splitlines()]

    def verify(self, principal: str, signed: bytes, signature: str, at: datetime) -> Signer:
        key, _, digest = signature.partition(":")
        names = tuple(line[0] for line in self.lines if line[1] == key)
        if principal not in names or digest != hashlib.sha256(signed).hexdigest():
            raise BadSignature("not a signature of these bytes by that principal")
        sorts = next(line[2:] for line in self.lines if line[1] == key)
        return Signer(names, key, frozenset(sorts) or None)


def sign(key: str, signed: bytes) -> str:
    return f"{key}:{hashlib.sha256(signed).hexdigest()}"


def page(evidence: Any) -> str:
    return f"<p>{hashlib.sha256(canonical_json(evidence)).hexdigest()}</p>"


def checks(theirs: bytes | None = None, anchor: Anchor | None = None) -> Checks:
    return Checks(Judges(FakeSignatures, theirs), page, "1", anchor)


def two_customers(desk: Desk) -> Plan:
    """Two customers that go, each after one subscription has been cancelled."""
    for number in (1, 2):
        desk.service.add(tenant(number), subscription(f"sub-{number}"))
    customers = []
    for number in (1, 2):
        who = tenant(number)
        first = cancel(f"sub-{number}", who=who)
        customers.append(planned(desk.service, [first, remove(first, who=who)], who))
    return plan_of(*customers)


def journalled(desk: Desk) -> Journalled:
    store = open_store(desk.journal)
    return Journalled(tuple(store.events()), store.document)


def frame(selection: Selection, *, redacted: bool) -> Frame:
    return Frame(OPENING, selection.subject, redacted, "1")


def archive_of(
    desk: Desk,
    run: str = "",
    *,
    customer: TenantId | None = None,
    redacted: bool = False,
    audit: AuditFile | None = None,
    days: tuple[Any, Any] = (None, None),
) -> dict[str, bytes]:
    """The files of the evidence of a run (the first one) or of a customer."""
    journal = journalled(desk)
    if customer is None:
        selection = of_run(journal.events, run or journal.events[0].run)
    else:
        selection = of_customer(journal.events, customer, "it", days, "Europe/Berlin")
    wanted = Wanted(PARTNER, selection, redacted, audit or AuditFile())
    return make(gather(journal, wanted), frame(selection, redacted=redacted), checks())


def remade(files: dict[str, bytes]) -> dict[str, bytes]:
    """A forger's last step: everything that is derived is made anew."""
    given = msgspec.json.decode(files["evidence.json"])
    base = {name: data for name, data in files.items() if name not in {"evidence.json", "index.html", DIGESTS}}
    opening = msgspec.convert(given["partner"], EvidencePartner)
    subject = msgspec.convert(given["subject"], Subject)
    return make(base, Frame(opening, subject, given["redacted"], "1"), checks())


def lines_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files["journal.ndjson"].splitlines()]


def resealed(files: dict[str, bytes], change: Callable[[list[dict[str, Any]]], Any]) -> dict[str, bytes]:
    """The journal changed and its whole chain made anew, and everything after it: what one hand can do alone."""
    lines = lines_of(files)
    change(lines)
    prev, written = START, []
    for seq, line in enumerate(lines, start=1):
        if "body" not in line:
            raise AssertionError("only whole journals can be sealed anew")
        members = {name: line[name] for name in ("run", "plan", "kind", "customer", "action", "body")}
        at = datetime.fromisoformat(line["at"])
        event = link(msgspec.convert({**members, "at": at, "request_id": line["requestId"]}, EventDraft), seq, prev)
        written.append(event)
        prev = event.hash
    head = {"seq": len(written), "hash": prev, "partner": PARTNER}
    anchor = f"pcreconcile-journal-head v1 {PARTNER} {len(written)} {prev}"
    files = files | {
        "journal.ndjson": b"".join(canonical_json(event) + b"\n" for event in written),
        "head.json": canonical_json({**head, "anchor": anchor}),
    }
    return remade(files)


def with_digests(files: dict[str, bytes]) -> dict[str, bytes]:
    return files | {DIGESTS: digests(files)}


def failed(proofs: Iterable[Proof]) -> set[str]:
    return {each.code for each in proofs if each.standing is Standing.FAILED}


def not_proven(proofs: Iterable[Proof]) -> set[str]:
    return {each.code for each in proofs if each.standing is Standing.NOT_PROVEN}


def proofs_of(files: dict[str, bytes], **given: Any) -> tuple[Proof, ...]:
    return verify_files(files, checks(**given))


@dataclass
class Agreed:
    """A plan that people approved, in a journal of its own making."""

    plan: Plan
    principal: str = "ada@contoso.example"
    key: str = "KEY-A"
    signers: bytes = b"ada@contoso.example KEY-A\nbo@contoso.example KEY-B\n"

    def approval(self, **members: Any) -> Approval:
        due = [(c.tenant_id, a) for c in self.plan.customers for a in c.actions]
        scope = Scope(
            customers=tuple(sorted({who for who, _ in due})),
            kinds=tuple(sorted({action.kind for _, action in due})),
            one_way=len(due),
            seats=1000,
        )
        values: dict[str, Any] = {
            "principal": self.principal,
            "plan_id": self.plan.plan_id,
            "partner": PARTNER,
            "consequences": consequences(self.plan),
            "scope": scope,
            "approved_at": NOW - timedelta(hours=1),
            "expires_at": NOW + timedelta(hours=71),
        }
        return Approval(**(values | members))


def granted(approval: Approval, key: str) -> tuple[dict[str, Any], bytes]:
    """The member of `run-started` and the document that it names."""
    content = canonical_json({"document": document(approval), "signature": sign(key, signed_bytes(approval))})
    digest = hashlib.sha256(content).hexdigest()
    return {"principal": approval.principal, "key": key, "document": digest}, content


def with_approvals(
    desk: Desk, approvals: list[tuple[Approval, str]], *, signers: bytes, required: int, **body: Any
) -> Journalled:
    """The desk's journal as if its runs had begun by these approvals, applied by `APPLIER`, sealed anew."""
    journal = journalled(desk)
    documents = {}
    grants = []
    for approval, key in approvals:
        grant, content = granted(approval, key)
        grants.append(grant)
        documents[grant["document"]] = content
    digest = hashlib.sha256(signers).hexdigest()
    documents[digest] = signers
    prev, events = START, []
    for event in journal.events:
        said = dict(event.body)
        if event.kind == "run-started":
            said |= {"approvals": grants, "allowedSigners": digest, "required": required, "user": APPLIER, **body}
        draft = EventDraft(
            event.run, event.plan, event.at, event.kind, event.customer, event.action, event.request_id, said
        )
        events.append(link(draft, event.seq, prev))
        prev = events[-1].hash
    return Journalled(tuple(events), lambda name: documents.get(name) or journal.document(name))


def files_of(journal: Journalled, *, redacted: bool = False) -> dict[str, bytes]:
    selection = of_run(journal.events, journal.events[0].run)
    wanted = Wanted(PARTNER, selection, redacted, AuditFile())
    return make(gather(journal, wanted), frame(selection, redacted=redacted), checks())
