"""What a redacted archive tells of whom: IDs, times and states, and nobody's name."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pcreconcile.applying.evidence import AuditFile, exit_code
from pcreconcile.applying.evidence.redaction import Masks
from pcreconcile.model.desired import Match, SubscriptionLine
from pcreconcile.model.errors import RemoteError
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.identity import plan_id, seal
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Guard, LiveCustomer, Notice, Plan
from tests.applying.evidence.making import TWO, archive_of, proofs_of, two_customers
from tests.applying.world import NOW, ONE, STAYS, Desk

NAMES = ("Quick Fox", "quickfox", "fox-and-sons", "jo@quickfox.example", "lazy dog", "year end party", "emea-book")


def named(plan: Plan, desk: Desk) -> Plan:
    """The plan with names wherever a plan can have one."""
    one, two = plan.customers
    line = SubscriptionLine(Match(id="sub-1"), "cancel", "for the lazy dog")  # type: ignore[arg-type]
    wish = replace(
        one.desired,
        name="fox-and-sons",
        domain="quickfox.onmicrosoft.com",
        reason="the lazy dog asked; see jo@quickfox.example",
        ticket="CHG-1",
        labels={"book": "emea-book"},
        subscriptions=(line,),
    )
    seen = replace(one.observed, company_name="Quick Fox", custom_domains=("quickfox.example",))
    first = replace(one.actions[0], reason="cancelled: for the lazy dog, at Quick Fox")
    one = replace(
        one,
        name="fox-and-sons",
        desired=wish,
        observed=seen,
        actions=(first, *one.actions[1:]),
        warnings=(Notice("deadline-in-freeze", "inside the freeze (year end party)", first.target),),
    )
    live = (LiveCustomer(STAYS, "Quick Fox Holding", "holding.quickfox.example", "quickfox is busy"),)
    guards = (Guard("freeze", True, "year end party"),)
    return seal(replace(plan, customers=(one, two), unmanaged=live, guards=guards))


@pytest.fixture
def run(desk: Desk) -> Desk:
    plan = named(two_customers(desk), desk)
    error = RemoteError("Quick Fox (jo@quickfox.example) says no", status=400, code="1", correlation_id="c")
    desk.service.faults.append(error)
    desk.apply(plan)
    return desk


RECORD = AuditRecord("r", ONE, "update", True, NOW, "c", "jo@quickfox.example")


def test_no_name_is_in_a_redacted_archive(run: Desk) -> None:
    files = archive_of(run, redacted=True, audit=AuditFile((RECORD,), True, NOW))
    for name, content in files.items():
        for secret in NAMES:
            assert secret.lower() not in content.decode().lower(), (name, secret)
    assert b"CHG-1" in b"".join(files.values())


def test_every_name_is_in_a_full_one(run: Desk) -> None:
    whole = b"".join(archive_of(run, audit=AuditFile((RECORD,), True, NOW)).values()).decode()
    assert [secret for secret in NAMES if secret not in whole] == []


def test_a_redacted_archive_is_proven(run: Desk) -> None:
    proofs = proofs_of(archive_of(run, redacted=True))
    assert exit_code(proofs) == 0
    assert any("without names" in proof.text for proof in proofs)


def test_the_plan_id_can_be_made_again_from_a_redacted_plan(run: Desk) -> None:
    files = archive_of(run, redacted=True)
    plan = msgspec.json.decode(next(d for n, d in files.items() if n.startswith("plans/")), type=Plan)
    assert plan_id(plan.format_version, plan.partner.tenant_id, plan.customers) == plan.plan_id


def test_placeholders_are_the_same_throughout(run: Desk) -> None:
    evidence = json.loads(archive_of(run, redacted=True)["evidence.json"])
    assert [(c["name"], c["companyName"], c["tenantId"]) for c in evidence["customers"]] == [
        ("customer-1", "company-1", ONE),
        ("customer-2", "company-2", TWO),
    ]


def test_an_event_whose_text_names_somebody_is_told_without_it_and_keeps_its_link(run: Desk) -> None:
    lines = [json.loads(line) for line in archive_of(run, redacted=True)["journal.ndjson"].splitlines()]
    cut = [line for line in lines if line.get("redacted")]
    assert {line["kind"] for line in cut} == {"refused", "customer-finished"}
    assert all("company-1" in line["body"]["message"] for line in cut)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))


def test_another_customers_business_stays_out_of_a_customers_evidence(run: Desk) -> None:
    for redacted in (True, False):
        files = archive_of(run, customer=TWO, redacted=redacted)
        whole = b"".join(files.values()).decode()
        assert ONE not in whole
        assert STAYS not in whole
        assert not [secret for secret in NAMES if secret in whole]
        assert exit_code(proofs_of(files)) == 0


def test_links_alone_tell_only_that_something_was_there(run: Desk) -> None:
    lines = [json.loads(line) for line in archive_of(run, customer=TWO)["journal.ndjson"].splitlines()]
    links = [line for line in lines if "kind" not in line]
    assert links
    assert all(line.keys() == {"seq", "prev", "hash"} for line in links)
    assert {line["customer"] for line in lines if "kind" in line} == {None, TWO}


MASKS = Masks(
    [
        {"tenantId": "a", "name": "fox", "companyName": "Quick Fox", "domain": "fox.example"},
        {"type": "subscription", "id": "s", "name": "Fox Suite"},
    ],
    ["ada@fox.example"],
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Quick Fox left", "company-1 left"),
        ("QUICK FOX left", "company-1 left"),
        ("quick foxes", "quick foxes"),
        ("mail bo@fox.example or ada@fox.example", "mail address-1 or ada@domain-1"),
        ("Fox Suite of fox", "subscription-1 of customer-1"),
        ("nothing", "nothing"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    assert MASKS.text(text) == shown


def test_nothing_is_touched_that_the_plan_id_is_made_from() -> None:
    act: dict[str, Any] = {"precondition": {"status": "fox"}, "postcondition": {"name": "Quick Fox"}}
    assert MASKS.document(act) == act


def test_short_names_do_not_tear_up_texts() -> None:
    assert Masks([{"tenantId": TenantId("a"), "companyName": "A"}], []).text("A plan") == "A plan"
