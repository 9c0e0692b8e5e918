"""Which approvals count: each row is what differs from a good case, and what the refusal then says."""

from __future__ import annotations

import hashlib
from dataclasses import replace as changed
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.applying.approving import confirmed, different_people, granted, required
from pcreconcile.applying.candidates import ALTOGETHER, PER_PERSON
from pcreconcile.applying.ceilings import due, excess, scope_of
from pcreconcile.applying.consent import Withdrawals
from pcreconcile.applying.sorts import SORTS, reserved_sorts_of, sorts_of
from pcreconcile.model.approval import SignedApproval, Signer, kept_bytes, statement
from pcreconcile.model.errors import ApprovalMissing, ExitCode
from pcreconcile.model.identity import canonical_json, seal
from pcreconcile.model.plan import (
    ActionKind,
    ActionMoney,
    Approvals,
    Effect,
    Reversibility,
)
from pcreconcile.model.policy import ApprovalRule
from pcreconcile.model.run import EventKind
from tests.applying.approvals import (
    ANNA,
    BELA,
    CARL,
    HOUR,
    PLAN,
    REMOVES,
    RENEWS,
    SUSPENDS,
    TWO,
    WRITER,
    Hearing,
    Keys,
    customer,
    documents_of,
    edited,
    euros,
    kept,
    lost,
    run_of,
    seats,
    signed_by,
)
from tests.applying.world import NOW, ONE, act, cancel, plan_of, tenant

BOTH = "anna@example.com + bela@example.com"
OTHER_PLAN = seal(replace(PLAN, customers=(customer(ONE, SUSPENDS), customer(TWO, RENEWS))))


def relisted(person: Signer, **members: Any) -> Keys:
    """The list of signers with one of them changed."""
    return Keys(tuple(replace(each, **members) if each is person else each for each in Keys().people))


def belittled(**members: Any) -> Any:
    """The same plan ID, and another word on what its suspension does."""
    return seal(replace(PLAN, customers=(customer(ONE, replace(SUSPENDS, **members), REMOVES), *PLAN.customers[1:])))


def by_anna(**members: Any) -> Hearing:
    """Hers differs, and Bela's is good."""
    return Hearing(approvals=(signed_by(ANNA, **members), signed_by(BELA)))


USED = [kept(signed_by(ANNA), ANNA), kept(signed_by(BELA), BELA)]
WROTE = ((EventKind.INTENT, SUSPENDS), (EventKind.ANSWERED, SUSPENDS), (EventKind.VERIFIED, SUSPENDS))
AGAIN = replace(PLAN, created_at=NOW - HOUR / 4)  # the same acts, planned again: the same ID in another document
AGAIN = seal(AGAIN)


COUNTS: dict[str, Hearing] = {
    "two good ones": Hearing(),
    "at the very edge of five minutes ahead": by_anna(approved_at=NOW + timedelta(minutes=5)),
    "with a second to live": by_anna(expires_at=NOW + timedelta(seconds=1)),
    "with a second to live by the policy": by_anna(
        approved_at=NOW - 72 * HOUR + timedelta(seconds=1), expires_at=NOW + 99 * HOUR
    ),
    "ceilings exactly reached": by_anna(one_way=1, seats=10, money=(euros("120.00"),)),
    "ceilings beyond": by_anna(one_way=9, seats=99, money=(euros("120.01"),)),
    "a narrower one of each customer by two more people": Hearing(
        approvals=(signed_by(ANNA), signed_by(BELA, customers=(ONE,)), signed_by(CARL, customers=(TWO,)))
    ),
    "recorded by a run that wrote nothing": Hearing(events=run_of(PLAN, approvals=USED)),
    "recorded by a run whose one request was refused": Hearing(
        events=run_of(PLAN, (EventKind.INTENT, SUSPENDS), (EventKind.REFUSED, SUSPENDS), approvals=USED)
    ),
    "made anew after another was used": Hearing(
        approvals=(signed_by(ANNA, comment="again"), signed_by(BELA, approved_at=NOW)),
        events=run_of(PLAN, *WROTE, approvals=USED),
    ),
    "of a plan that was made again": Hearing(plan=AGAIN),
    "used by a run that this one goes on with, in a new document": Hearing(
        plan=AGAIN, events=run_of(PLAN, (EventKind.INTENT, SUSPENDS), approvals=USED), resumed=True
    ),
    "with a stranger's beside them": Hearing(
        approvals=(signed_by(ANNA), signed_by(Signer(("eve@example.com",), "SHA256:eve")), signed_by(BELA))
    ),
    "given after the last removal that the journal lacks": Hearing(loss=lost(5 * HOUR, HOUR + timedelta(seconds=1))),
    "given anew after a removal that the journal lacks": Hearing(
        approvals=(signed_by(ANNA, approved_at=NOW), signed_by(BELA, approved_at=NOW)), loss=lost(HOUR / 2)
    ),
    "with an unreadable file beside them": Hearing(problems=("eve.yaml:1:1: not valid YAML",)),
    "the author of a customer that needs no approval": Hearing(
        rule=ApprovalRule(required=2, actions=("one-way",)),
        plan=seal(replace(PLAN, approvals=Approvals(2, ("one-way",)))),
        authors={ONE: [WRITER], TWO: ["anna@example.com"]},
    ),
    "the author of a customer outside its scope": Hearing(
        approvals=(signed_by(ANNA, customers=(ONE,)), signed_by(BELA), signed_by(CARL, customers=(TWO,))),
        authors={ONE: [WRITER], TWO: ["anna@example.com"]},
    ),
}


@pytest.mark.parametrize("hearing", COUNTS.values(), ids=COUNTS)
def test_it_counts(hearing: Hearing) -> None:
    assert set(BOTH.split(" + ")) <= set(hearing.outcome().split(" + "))


LIMITED = frozenset({"takes-service", "commits-money"})

VOID: dict[str, tuple[Hearing, str]] = {
    "of another plan": (
        Hearing(approvals=(signed_by(ANNA, OTHER_PLAN), signed_by(BELA))),
        f"anna@example.com.yaml (by anna@example.com) is void: it approves another plan ({OTHER_PLAN.plan_id[:12]}…)",
    ),
    "of another partner": (by_anna(partner=ONE), f"is void: it approves a plan of another partner ({ONE})"),
    "other consequences": (
        by_anna(consequences="0" * 64),
        "is void: the plan says something else about what it does than the one that was approved",
    ),
    "expired this second": (by_anna(expires_at=NOW), "is void: it expired at 2026-11-22T12:00Z"),
    "too old for the policy": (
        by_anna(approved_at=NOW - 72 * HOUR, expires_at=NOW + 99 * HOUR),
        "is void: it expired at 2026-11-22T12:00Z",
    ),
    "expires before it begins": (
        by_anna(approved_at=NOW, expires_at=NOW - HOUR),
        "is void: it expires before it begins",
    ),
    "from the future": (
        by_anna(approved_at=NOW + timedelta(minutes=5, seconds=1)),
        "is void: it was approved at 2026-11-22T12:05Z, and here it is 2026-11-22T12:00Z: a clock is wrong",
    ),
    "a clock that was moved back before the approval": (
        changed(Hearing(), now=NOW - 2 * HOUR),
        "is void: it was approved at 2026-11-22T11:00Z, and here it is 2026-11-22T10:00Z: a clock is wrong",
    ),
    "expired, and the clock moved back behind the journal": (
        changed(by_anna(expires_at=NOW + HOUR), events=run_of(OTHER_PLAN, at=NOW + HOUR)),
        "is void: it expired at 2026-11-22T13:00Z",
    ),
    "expired, and the clock moved back behind the plan": (
        Hearing(
            plan=seal(replace(PLAN, created_at=NOW + HOUR)),
            approvals=(signed_by(ANNA, expires_at=NOW + HOUR), signed_by(BELA)),
        ),
        "is void: it expired at 2026-11-22T13:00Z",
    ),
    "edited after it was signed": (
        Hearing(approvals=(edited(signed_by(ANNA, seats=1), seats=10), signed_by(BELA))),
        "is void: its signature does not count: incorrect signature",
    ),
    "an unknown key": (
        by_anna(key="SHA256:eve"),
        "is void: its signature does not count: its key SHA256:eve is not listed",
    ),
    "another one's name": (
        Hearing(approvals=(signed_by(ANNA, principal="carl@example.com"), signed_by(BELA))),
        "is void: its signature does not count: its key SHA256:anna is not listed",
    ),
    "fewer one-way actions": (by_anna(one_way=0), "is void: the plan goes beyond it: 1 one-way actions are planned"),
    "fewer seats": (by_anna(seats=9), "is void: the plan goes beyond it: 10 seats are planned and it allows 9"),
    "less money": (
        by_anna(money=(euros("119.99"),)),
        "is void: the plan goes beyond it: 120.00 EUR would be committed and it allows 119.99 EUR",
    ),
    "no money": (
        by_anna(money=()),
        "is void: the plan goes beyond it: 120.00 EUR would be committed and it allows 0.00",
    ),
    "a ceiling too low is void for all": (
        by_anna(seats=9),
        "customer-1 has 1 of 2 for remove-relationship, suspend-subscription, customer-2 has 1 of 2 for set-renewal",
    ),
    "another customer alone": (by_anna(customers=(TWO,)), "customer-1 has 1 of 2 for remove-relationship, suspend"),
    "other kinds alone": (by_anna(kinds=(ActionKind.SET_RENEWAL,)), "; customer-1 has 1 of 2 for remove-relationship"),
    "no customer": (by_anna(customers=()), "is void: its scope holds none of the actions that need approval"),
    "a signer who may not approve what is one-way": (
        changed(Hearing(), keys=relisted(ANNA, sorts=LIMITED)),
        "customer-1 has 1 of 2 for remove-relationship; to approve it: pcreconcile approve PLANFILE; of what was "
        "found, anna@example.com.yaml (by anna@example.com) counts in part: anna@example.com may not approve one-way",
    ),
    "a signer who may approve nothing of it": (
        changed(Hearing(), keys=relisted(ANNA, sorts=frozenset())),
        "is void: anna@example.com may not approve one-way, takes-service, commits-money actions",
    ),
    "an author": (
        changed(Hearing(), authors={ONE: [WRITER], TWO: ["Anna@Example.com"]}),
        "is void: anna@example.com wrote the manifest of customer-2: somebody else has to approve it",
    ),
    "an author by another name": (
        Hearing(
            approvals=(signed_by(CARL), signed_by(BELA)),
            authors={ONE: ["C.Carlson@example.com"], TWO: [WRITER]},
        ),
        "is void: the owner of carl@example.com, c.carlson@example.com wrote the manifest of customer-1",
    ),
    "an author whose name is listed in other letters": (
        Hearing(
            keys=Keys((Signer(("ANNA@example.com",), "SHA256:anna"), BELA)),
            approvals=(signed_by(ANNA, principal="ANNA@example.com"), signed_by(BELA)),
            authors={ONE: ["anna@example.com"], TWO: [WRITER]},
        ),
        "is void: ANNA@example.com wrote the manifest of customer-1",
    ),
    "one of two authors": (
        changed(Hearing(), authors={ONE: [WRITER, "bela@example.com"], TWO: [WRITER]}),
        "bela@example.com wrote the manifest of customer-1",
    ),
    "an unknown author": (
        changed(Hearing(), authors={TWO: [WRITER]}),
        "nobody can tell who wrote the manifest of customer-1: manifests must be committed in git",
    ),
    "an author without a name": (
        changed(Hearing(), authors={ONE: [], TWO: [WRITER]}),
        "nobody can tell who wrote the manifest of customer-1",
    ),
    "one person": (changed(Hearing(), approvals=(signed_by(ANNA),)), "customer-1 has 1 of 2 for"),
    "nobody": (
        changed(Hearing(), approvals=()),
        "this plan needs approvals by 2 different people, nothing was written; customer-1 has 0 of 2",
    ),
    "the same approval twice": (
        changed(Hearing(), approvals=(signed_by(ANNA), signed_by(ANNA, source="copy.yaml"))),
        "customer-1 has 1 of 2 (one person's approvals count once)",
    ),
    "one key under two names": (
        Hearing(keys=Keys((CARL,)), approvals=(signed_by(CARL), signed_by(CARL, principal="c.carlson@example.com"))),
        "customer-1 has 1 of 2 (one person's approvals count once)",
    ),
    "one person with two keys": (
        Hearing(
            keys=Keys((ANNA, replace(ANNA, key="SHA256:laptop", principals=("ANNA@example.com",)))),
            approvals=(signed_by(ANNA), signed_by(ANNA, principal="ANNA@example.com", key="SHA256:laptop")),
        ),
        "customer-1 has 1 of 2 (one person's approvals count once)",
    ),
    "an unreadable file": (
        changed(Hearing(), approvals=(signed_by(ANNA),), problems=("b.yaml:1:1: not valid YAML",)),
        "of what was found, b.yaml:1:1: not valid YAML",
    ),
    "used before": (
        Hearing(plan=AGAIN, events=run_of(PLAN, *WROTE, approvals=USED)),
        "is void: it was used by an earlier run: an approval is good for one",
    ),
    "used by a request that nobody answered": (
        Hearing(events=run_of(PLAN, (EventKind.INTENT, SUSPENDS), (EventKind.NO_ANSWER, SUSPENDS), approvals=USED)),
        "is void: it was used by an earlier run",
    ),
    "used by a request that nobody answered, and refused when it was sent again": (
        Hearing(
            events=run_of(
                PLAN,
                (EventKind.INTENT, SUSPENDS),
                (EventKind.NO_ANSWER, SUSPENDS),
                (EventKind.INTENT, SUSPENDS),
                (EventKind.REFUSED, SUSPENDS),
                approvals=USED,
            )
        ),
        "is void: it was used by an earlier run",
    ),
    "used by a run that died": (
        Hearing(events=run_of(PLAN, (EventKind.INTENT, SUSPENDS), approvals=USED)),
        "is void: it was used by an earlier run",
    ),
    "used, and its signature written in another way": (
        Hearing(
            events=run_of(
                PLAN,
                *WROTE,
                approvals=[kept(signed_by(ANNA), ANNA, document="", statement=statement(signed_by(ANNA).approval))],
            )
        ),
        "anna@example.com.yaml (by anna@example.com) is void: it was used by an earlier run",
    ),
    "used for what has been done and would be done again": (
        Hearing(
            plan=AGAIN,
            events=run_of(PLAN, *WROTE, (EventKind.INTENT, RENEWS), (EventKind.ANSWERED, RENEWS), approvals=USED),
            resumed=True,
        ),
        "is void: it was used by an earlier run",
    ),
    "given before a removal that the journal lacks": (
        Hearing(loss=lost(HOUR / 2)),
        "is void: it was given at 2026-11-22T11:00Z, and the service's audit records show that pcreconcile removed "
        "customer-1 at 2026-11-22 11:30 UTC, which the journal lacks, so that nobody knows what the approval was used "
        "for: approve the plan again",
    ),
    "given at the instant of a removal that the journal lacks": (
        Hearing(loss=lost(9 * HOUR, HOUR, who=tenant(7))),
        f"pcreconcile removed tenant {tenant(7)} at 2026-11-22 11:00 UTC",
    ),
    "given between two removals that the journal lacks": (
        Hearing(loss=lost(2 * HOUR, HOUR / 2)),
        "at 2026-11-22 11:30 UTC",
    ),
    "given for a run that this one goes on with, before a removal that the journal lacks": (
        Hearing(events=run_of(PLAN, (EventKind.INTENT, SUSPENDS), approvals=USED), resumed=True, loss=lost(HOUR / 4)),
        "which the journal lacks",
    ),
    "the same plan ID, belittled": (
        changed(Hearing(), plan=belittled(reversibility=Reversibility.REVERSIBLE)),
        "is void: the plan says something else about what it does",
    ),
    "the same plan ID, fewer seats": (
        changed(Hearing(), plan=belittled(impact=seats(1))),
        "is void: the plan says something else about what it does",
    ),
    "the same plan ID, without effect": (
        changed(Hearing(), plan=belittled(effect=Effect.NEUTRAL)),
        "is void: the plan says something else about what it does",
    ),
}


@pytest.mark.parametrize(("hearing", "told"), VOID.values(), ids=VOID)
def test_it_is_void(hearing: Hearing, told: str) -> None:
    with pytest.raises(ApprovalMissing) as caught:
        hearing.grants()
    assert told in str(caught.value)
    assert "pcreconcile approve PLANFILE" in str(caught.value)
    assert caught.value.exit_code == ExitCode.APPROVAL == 4


def test_the_good_plan_is_really_the_same_plan() -> None:
    assert AGAIN.plan_id == PLAN.plan_id
    assert AGAIN.digest != PLAN.digest
    assert belittled(effect=Effect.NEUTRAL).plan_id == PLAN.plan_id


NEEDS: dict[str, tuple[ApprovalRule, Approvals, int]] = {
    "nothing": (ApprovalRule(), Approvals(0), 0),
    "the policy": (ApprovalRule(required=2), Approvals(0), 2),
    "the policy is stricter than when planned": (ApprovalRule(required=3), Approvals(2, ("one-way",)), 3),
    "the policy was loosened": (ApprovalRule(required=1), Approvals(2, ("one-way",)), 2),
    "the policy was emptied": (ApprovalRule(), Approvals(2, ("takes-service",)), 2),
    "another sort now": (ApprovalRule(2, ("commits-money",)), Approvals(1, ("one-way",)), 1),
    "sorts that are not there": (ApprovalRule(2, ("commits-money",)), Approvals(0), 0),
    "a plan without reasons": (ApprovalRule(), Approvals(1), 1),
}


@pytest.mark.parametrize(("rule", "said", "needed"), NEEDS.values(), ids=NEEDS)
def test_how_many_are_needed(rule: ApprovalRule, said: Approvals, needed: int) -> None:
    plan = seal(replace(plan_of(customer(ONE, SUSPENDS, REMOVES)), approvals=said))
    hearing = Hearing(plan=plan, rule=rule, approvals=())
    assert required(hearing.asked) == needed
    assert (hearing.outcome() == "") == (needed == 0)
    assert (hearing.asked_authors == []) == (needed == 0), "git is asked only where approvals are wanted"


def test_what_is_done_needs_none() -> None:
    hearing = Hearing(approvals=(), done=(SUSPENDS.id, REMOVES.id, RENEWS.id))
    assert (required(hearing.asked), hearing.grants()) == (0, ())


def test_nobody_was_asked() -> None:
    with pytest.raises(
        ApprovalMissing, match="needs approvals by 2 different people, nothing was written; no approval"
    ):
        granted(Hearing().asked, None, NOW)


def test_one_approval_is_not_several_people() -> None:
    hearing = Hearing(rule=ApprovalRule(required=1), approvals=(), plan=seal(replace(PLAN, approvals=Approvals(0))))
    assert hearing.outcome().startswith("this plan needs 1 approval, nothing was written")


def test_a_grant_says_what_it_covers_and_until_when() -> None:
    hearing = Hearing(keys=relisted(ANNA, sorts=LIMITED), approvals=(signed_by(ANNA), signed_by(BELA), signed_by(CARL)))
    grants = {grant.signer.key: grant for grant in hearing.grants()}
    assert grants["SHA256:anna"].covers == {SUSPENDS.id, RENEWS.id}
    assert grants["SHA256:carl"].covers == {SUSPENDS.id, RENEWS.id, REMOVES.id}
    assert {grant.until for grant in grants.values()} == {NOW + 24 * HOUR}


def test_long_lists_are_cut() -> None:
    many = tuple(signed_by(ANNA, seats=0, source=f"{number}.yaml") for number in range(9))
    said = Hearing(approvals=many).outcome()
    assert (said.count(".yaml"), said.endswith(" and 4 more")) == (5, True)


HEAPS = {
    "of one name": [signed_by(ANNA, approved_at=NOW - timedelta(seconds=n), key="SHA256:eve") for n in range(300)],
    "edited": [edited(signed_by(ANNA), approved_at=NOW - timedelta(seconds=n)) for n in range(300)],
    "of every name": [
        edited(signed_by(who), approved_at=NOW - timedelta(seconds=n)) for n in range(100) for who in Keys().people
    ],
    "of other plans": [signed_by(ANNA, OTHER_PLAN, approved_at=NOW - timedelta(seconds=n)) for n in range(300)],
    "expired": [signed_by(ANNA, expires_at=NOW - timedelta(seconds=n)) for n in range(300)],
    "copies": [signed_by(ANNA, source=f"{n}.yaml") for n in range(300)],
    "withdrawn": [signed_by(ANNA, comment=str(n)) for n in range(300)],
}


@pytest.mark.parametrize("heap", HEAPS)
def test_a_heap_of_void_approvals_costs_few_verifications_and_hides_nobody(heap: str) -> None:
    approvals = (signed_by(ANNA), signed_by(BELA), *HEAPS[heap])
    gone = {statement(each.approval): "it was withdrawn" for each in HEAPS[heap]} if heap == "withdrawn" else {}
    hearing = Hearing(approvals=approvals, withdrawals=Withdrawals(gone), keys=Keys())
    assert {"anna@example.com", "bela@example.com"} <= set(hearing.outcome().split(" + "))
    assert hearing.keys.verified <= 2 + 3 * PER_PERSON <= ALTOGETHER


def test_what_is_not_verified_is_told_and_grants_nothing() -> None:
    heap = [edited(signed_by(ANNA), approved_at=NOW - timedelta(seconds=n)) for n in range(PER_PERSON)]
    hearing = Hearing(approvals=(*heap, signed_by(ANNA), signed_by(BELA)))
    assert "1 approvals were not verified, since only 16 of each person are" in hearing.outcome()


# Several lists of signers: that of today and that of the base.

LISTS: dict[str, tuple[tuple[Keys, ...], str]] = {
    "both know them": ((Keys(), Keys()), ""),
    "the change lists a stranger": ((Keys(), Keys((BELA, CARL))), "its key SHA256:anna is not listed"),
    "the change takes one out": ((Keys((BELA, CARL)), Keys()), "its key SHA256:anna is not listed"),
    "the change lets one approve more": ((Keys(), relisted(ANNA, sorts=LIMITED)), "may not approve one-way"),
    "the change lets one approve less": ((relisted(ANNA, sorts=LIMITED), Keys()), "may not approve one-way"),
    "the change makes two of one": (
        (Keys(), Keys((ANNA, replace(BELA, principals=("bela@example.com", "anna@example.com"))))),
        "one person's approvals count once",
    ),
    "one of them is an author under the base's name": (
        (Keys(), relisted(ANNA, principals=("anna@example.com", WRITER))),
        "wrote the manifest of customer-1",
    ),
}


@pytest.mark.parametrize(("keys", "told"), LISTS.values(), ids=LISTS)
def test_an_approval_counts_under_every_list(keys: tuple[Keys, ...], told: str) -> None:
    hearing = Hearing()
    consent = changed(hearing.consent, signatures=keys, allowed_signers=(b"", b""))
    if not told:
        assert len(granted(hearing.asked, consent, NOW)) == 2
        return
    with pytest.raises(ApprovalMissing) as caught:
        granted(hearing.asked, consent, NOW)
    assert told in str(caught.value)


# A run that goes on.

LATER = NOW + 5000 * HOUR
BEGAN = NOW - HOUR / 2
ALLOWED = run_of(PLAN, *WROTE, approvals=USED)
KEPT = documents_of(signed_by(ANNA), signed_by(BELA))
GOES_ON = Hearing(events=ALLOWED, documents=KEPT, approvals=(), resumed=True, now=LATER)


def recorded(*approvals: SignedApproval, plan: Any = PLAN, what: Any = WROTE, **members: Any) -> Hearing:
    """A run that goes on months after another one, whose journal names these approvals and keeps their documents."""
    named = [kept(signed, ANNA) for signed in approvals]
    return changed(GOES_ON, events=run_of(plan, *what, approvals=named), documents=documents_of(*approvals), **members)


RESUMED: dict[str, Hearing] = {
    "of the same document": changed(GOES_ON, now=NOW),
    "months later": GOES_ON,
    "with the files and no documents": changed(
        GOES_ON, documents={}, approvals=(signed_by(ANNA), signed_by(BELA)), now=LATER
    ),
    "with files and documents": changed(GOES_ON, approvals=(signed_by(ANNA), signed_by(BELA))),
    "after another resumption that recorded none": changed(
        GOES_ON, events=(*ALLOWED, *run_of(PLAN, (EventKind.INTENT, RENEWS), name="run-2"))
    ),
    "after another resumption that recorded the same": changed(
        GOES_ON,
        events=(*ALLOWED, *run_of(PLAN, (EventKind.INTENT, RENEWS), name="run-2", approvals=USED, at=NOW + 900 * HOUR)),
    ),
    "that had begun a second before its approvals expired": recorded(
        signed_by(ANNA, expires_at=BEGAN + timedelta(seconds=1)), signed_by(BELA)
    ),
    "with one of before and a new one": changed(
        recorded(signed_by(ANNA)), approvals=(signed_by(BELA, approved_at=LATER, expires_at=LATER + HOUR),)
    ),
    "under a stricter policy, with a new one besides": changed(
        GOES_ON,
        rule=ApprovalRule(required=3),
        approvals=(signed_by(CARL, approved_at=LATER, expires_at=LATER + HOUR),),
    ),
    "of a journal that does not name what was signed": changed(
        GOES_ON, events=run_of(PLAN, *WROTE, approvals=[entry | {"statement": ""} for entry in USED])
    ),
    "in another document of the same ID, while they last": changed(GOES_ON, plan=AGAIN, now=NOW, done=(SUSPENDS.id,)),
    "that died in its first request": recorded(signed_by(ANNA), signed_by(BELA), what=((EventKind.INTENT, SUSPENDS),)),
    "whose first request nobody answered": recorded(
        signed_by(ANNA), signed_by(BELA), what=((EventKind.INTENT, SUSPENDS), (EventKind.NO_ANSWER, SUSPENDS))
    ),
    "of customers that the manifests leave alone by now": Hearing(
        events=ALLOWED, resumed=True, approvals=(), left_alone=frozenset({ONE, TWO}), authors={}
    ),
    "of a customer that the manifests leave alone, without its author": changed(
        GOES_ON, left_alone=frozenset({ONE}), authors={TWO: [WRITER]}
    ),
}


@pytest.mark.parametrize("hearing", RESUMED.values(), ids=RESUMED)
def test_a_run_goes_on_without_new_approvals(hearing: Hearing) -> None:
    assert not hearing.outcome().startswith("this plan")


def cut(content: bytes) -> Hearing:
    """The journal keeps this where Anna's document should be, under a digest that fits."""
    digest = hashlib.sha256(content).hexdigest()
    named = [USED[0] | {"document": digest}, USED[1]]
    return changed(GOES_ON, events=run_of(PLAN, *WROTE, approvals=named), documents={**KEPT, digest: content})


def rewritten(old: str, new: str) -> Hearing:
    """Anna's document with other words."""
    content = kept_bytes(signed_by(ANNA))
    assert old.encode() in content
    return cut(content.replace(old.encode(), new.encode()))


NOTHING_SIGNED = "the journal names an approval by anna@example.com and keeps no signed document of it"
EXPIRED = "is void: it expired at 2026-11-23T12:00Z"

PLANTED: dict[str, tuple[Hearing, str]] = {
    "names without documents": (changed(GOES_ON, documents={}), NOTHING_SIGNED),
    "names alone": (
        changed(GOES_ON, events=run_of(PLAN, *WROTE, approvals=[{"principal": "anna@example.com"}] * 2)),
        NOTHING_SIGNED,
    ),
    "nonsense for names": (
        changed(GOES_ON, events=run_of(PLAN, *WROTE, approvals=[{"document": [], "statement": {}, "principal": 1}])),
        "the journal names an approval by 1",
    ),
    "no names at all": (changed(GOES_ON, events=run_of(PLAN, *WROTE)), "customer-1 has 0 of 2"),
    "a list of something else": (
        changed(GOES_ON, events=run_of(PLAN, *WROTE, approvals=()), documents={}),
        "customer-1 has 0 of 2",
    ),
    "empty documents": (cut(b""), NOTHING_SIGNED),
    "documents that are no JSON": (cut(b"\xff"), NOTHING_SIGNED),
    "documents that are no approvals": (cut(b'{"document":{},"signature":""}'), NOTHING_SIGNED),
    "a plan for a document": (cut(canonical_json(PLAN)), NOTHING_SIGNED),
    "deeply nested documents": (cut(b'{"document":' + b"[" * 100_000), NOTHING_SIGNED),
    "an approval of another kind": (rewritten('"kind":"Approval"', '"kind":"Withdrawal"'), NOTHING_SIGNED),
    "an instant without a zone": (rewritten("2026-11-23T12:00:00Z", "2026-11-23T12:00:00"), NOTHING_SIGNED),
    "an instant of another zone": (rewritten("2026-11-23T12:00:00Z", "0001-01-01T00:00:00+14:00"), NOTHING_SIGNED),
    "an amount that is no number": (rewritten('"120.00"', '"NaN"'), NOTHING_SIGNED),
    "documents that say more": (rewritten('"comment":""', '"comment":"","x":1'), NOTHING_SIGNED),
    "a signature of something else": (
        recorded(replace(signed_by(ANNA), signature=signed_by(ANNA, seats=1).signature), signed_by(BELA)),
        "is void: its signature does not count: incorrect signature",
    ),
    "a document edited after it was signed": (
        recorded(edited(signed_by(ANNA, seats=1), seats=10), signed_by(BELA)),
        "is void: its signature does not count: incorrect signature",
    ),
    "no signature": (recorded(replace(signed_by(ANNA), signature=""), signed_by(BELA)), "does not count: its key  is"),
    "a foreign key": (recorded(signed_by(ANNA, key="SHA256:eve"), signed_by(BELA)), "SHA256:eve is not listed"),
    "another one's name": (
        recorded(signed_by(ANNA, principal="carl@example.com"), signed_by(BELA)),
        "its key SHA256:anna is not listed",
    ),
    "documents of another plan": (recorded(signed_by(ANNA, OTHER_PLAN), signed_by(BELA)), "it approves another plan"),
    "documents of another partner": (recorded(signed_by(ANNA, partner=ONE), signed_by(BELA)), "of another partner"),
    "documents for other consequences": (
        recorded(signed_by(ANNA, consequences="0" * 64), signed_by(BELA)),
        "the plan says something else about what it does",
    ),
    "one document twice": (
        recorded(signed_by(ANNA), signed_by(ANNA)),
        "customer-1 has 1 of 2",
    ),
    "one person twice": (
        recorded(signed_by(ANNA), signed_by(ANNA, comment="again")),
        "customer-1 has 1 of 2 (one person's approvals count once)",
    ),
    "one person under two keys": (
        changed(
            recorded(signed_by(ANNA), signed_by(ANNA, comment="again", key="SHA256:laptop")),
            keys=Keys((ANNA, replace(ANNA, key="SHA256:laptop"))),
        ),
        "customer-1 has 1 of 2 (one person's approvals count once)",
    ),
    "an approval less than today's policy wants": (changed(GOES_ON, rule=ApprovalRule(required=3)), "has 2 of 3"),
    "a ceiling below what is left": (recorded(signed_by(ANNA, one_way=0), signed_by(BELA)), "the plan goes beyond it"),
    "the author's": (
        changed(GOES_ON, authors={ONE: ["anna@example.com"], TWO: [WRITER]}),
        "anna@example.com wrote the manifest of customer-1",
    ),
    "an unknown author": (changed(GOES_ON, authors={TWO: [WRITER]}), "nobody can tell who wrote the manifest"),
    "a signer who is listed no more": (changed(GOES_ON, keys=Keys((BELA, CARL))), "its key SHA256:anna is not listed"),
    "a signer who may approve less by now": (
        changed(GOES_ON, keys=relisted(ANNA, sorts=LIMITED)),
        "anna@example.com may not approve one-way",
    ),
    "withdrawn": (
        changed(GOES_ON, withdrawals=Withdrawals({statement(signed_by(ANNA).approval): "it was withdrawn by anna"})),
        "is void: it was withdrawn by anna",
    ),
    "expired before the run began": (
        recorded(signed_by(ANNA, expires_at=BEGAN), signed_by(BELA)),
        "is void: it had expired at 2026-11-22T11:30Z, before the run began at 2026-11-22T11:30Z",
    ),
    "signed after the run had begun, and expired": (
        recorded(signed_by(ANNA, approved_at=NOW), signed_by(BELA)),
        EXPIRED,
    ),
    "expired, of a run that wrote nothing": (recorded(signed_by(ANNA), signed_by(BELA), what=()), EXPIRED),
    "expired, of a run whose one request was refused": (
        recorded(signed_by(ANNA), signed_by(BELA), what=((EventKind.INTENT, SUSPENDS), (EventKind.REFUSED, SUSPENDS))),
        EXPIRED,
    ),
    "expired, of another document of the same ID": (changed(GOES_ON, plan=AGAIN, done=(SUSPENDS.id,)), EXPIRED),
    "expired, and named by nobody": (
        changed(GOES_ON, events=run_of(PLAN, *WROTE), approvals=(signed_by(ANNA), signed_by(BELA))),
        EXPIRED,
    ),
    "expired, of another plan's run": (
        changed(GOES_ON, events=(*run_of(OTHER_PLAN, *WROTE, approvals=USED), *run_of(PLAN, *WROTE, name="run-2"))),
        "customer-1 has 0 of 2",
    ),
}


@pytest.mark.parametrize(("hearing", "told"), PLANTED.values(), ids=PLANTED)
def test_a_journal_alone_allows_nothing(hearing: Hearing, told: str) -> None:
    assert "nothing was written" in hearing.outcome()
    assert told in hearing.outcome()


def test_a_run_that_goes_on_is_not_cut_off_by_the_clock() -> None:
    grants = GOES_ON.grants()
    assert [grant.until for grant in grants] == [None, None]
    confirmed(grants, None, LATER + 5000 * HOUR)


def test_a_new_run_does_not_go_on() -> None:
    assert "has 0 of 2" in Hearing(events=ALLOWED, approvals=()).outcome()


# What a plan says of an action counts only where it makes it weigh more.

MILD: dict[str, Any] = {"reversibility": Reversibility.REVERSIBLE, "effect": Effect.PROTECTIVE, "postcondition": {}}


LEAST: dict[str, set[str]] = {
    "cancel-subscription": {"one-way", "takes-service"},
    "cancel-order-line": {"one-way", "takes-service"},
    "return-reservation": {"one-way"},
    "suspend-subscription": {"takes-service"},
    "cancel-azure-subscription": {"takes-service"},
    "remove-relationship": {"one-way"},
    "remove-delegated-admin": {"one-way"},
    "terminate-delegated-access": {"one-way"},
    "set-renewal": {"commits-money"},
}


@pytest.mark.parametrize("kind", ActionKind)
def test_a_kind_has_its_sorts_whatever_the_plan_says(kind: ActionKind) -> None:
    assert reserved_sorts_of(act(kind, "x", **MILD)) == LEAST.get(kind, set())


def test_what_a_plan_says_adds_to_that() -> None:
    final = {"reversibility": Reversibility.NEEDS_COUNTERPARTY, "effect": Effect.COMMITS_MONEY}
    assert sorts_of(act(ActionKind.SUSPEND_SUBSCRIPTION, "x", **final)) >= set(SORTS)


def test_an_end_of_term_that_renews_commits_money() -> None:
    renewing = {**MILD, "postcondition": {"autoRenewEnabled": True}}
    assert reserved_sorts_of(act(ActionKind.CANCEL_AT_TERM_END, "x", **renewing)) == {"commits-money"}


def test_a_belittled_removal_still_needs_approval() -> None:
    mild = replace(REMOVES, reversibility=Reversibility.REVERSIBLE, effect=Effect.PROTECTIVE)
    plan = plan_of(customer(ONE, mild))
    assert required(Hearing(plan=plan).asked) == 2
    assert required(Hearing(plan=plan, rule=ApprovalRule(2, ("takes-service",))).asked) == 0


# Ceilings.


def test_the_narrowest_scope_is_just_wide_enough() -> None:
    scope = scope_of(due(PLAN))
    assert (scope.customers, scope.one_way, scope.seats) == ((ONE, TWO), 1, 10)
    assert scope.kinds == ("remove-relationship", "set-renewal", "suspend-subscription")
    assert scope.money == (euros("120.00"),)
    assert excess(scope, due(PLAN)) == ""


def committing(amount: Any) -> Any:
    return plan_of(customer(TWO, replace(RENEWS, money=ActionMoney(committed=amount))))


def test_amounts_are_rounded_up_to_what_an_approval_can_say() -> None:
    for amount, written in (("0.00001", "0.0001"), ("1E+2", "100"), ("5", "5"), ("0E-9", "0.0000"), ("1.25", "1.25")):
        plan = committing(euros(amount))
        (money,) = scope_of(due(plan)).money
        assert str(money.amount) == written
        assert excess(scope_of(due(plan)), due(plan)) == ""


def test_an_unknown_amount_stays_below_no_ceiling() -> None:
    plan = committing(None)
    assert "nobody knows how much money is committed by set-renewal for customer-2" in excess(
        scope_of(due(plan)), due(plan)
    )


def test_of_two_ceilings_the_lower_holds() -> None:
    scope = replace(scope_of(due(PLAN)), money=(euros("500"), euros("100")))
    assert "it allows 100.00 EUR" in excess(scope, due(PLAN))


def test_a_person_s_steps_are_nobody_s_approval() -> None:
    plan = plan_of(customer(ONE, act(ActionKind.MANUAL, "x"), cancel("y", when="2027-01-01"), SUSPENDS))
    assert [entry.action.id for entry in due(plan)] == [SUSPENDS.id]


# After the service was asked.

GRANTS = Hearing().grants()


@pytest.mark.parametrize(
    "user", [None, "dora@example.com", "anna@example.com.evil", "hanna@example.com", "anna+x@example.com", "anna"]
)
def test_somebody_else_applies(user: str | None) -> None:
    confirmed(GRANTS, user, NOW + 24 * HOUR - timedelta(seconds=1))


FORMS_OF_ANNA = [
    *("anna@example.com", "ANNA@Example.Com ", "anna@example.com.", "anna@example.com\n", "anna@ex\u200bample.com"),
    *("\u202eanna@example.com", "anna\0@example.com", "ａｎｎａ＠example.com", "live.com#anna@example.com"),
    *("anna_example.com#EXT#@contoso.onmicrosoft.com", "z@example.com, anna@example.com", "bela@example.com"),
]


@pytest.mark.parametrize("user", FORMS_OF_ANNA)
def test_an_approver_applies(user: str) -> None:
    with pytest.raises(ApprovalMissing, match=r"is by .*, as whom this plan would be applied"):
        confirmed(GRANTS, user, NOW)


def test_an_approver_applies_under_another_name() -> None:
    grants = Hearing(approvals=(signed_by(CARL), signed_by(BELA))).grants()
    with pytest.raises(ApprovalMissing, match="as whom"):
        confirmed(grants, "c.carlson@example.com", NOW)


@pytest.mark.parametrize(
    "user", ["", " ", "\u200b", ".", "[secret]", "admin@partner.[secret].com", "[SECRET]dmin@partner.example"]
)
def test_somebody_without_a_name_applies(user: str) -> None:
    with pytest.raises(ApprovalMissing, match="as whom this plan would be applied cannot be determined"):
        confirmed(GRANTS, user, NOW)
    confirmed((), user, NOW)


def test_the_service_s_clock_says_that_it_has_expired() -> None:
    with pytest.raises(ApprovalMissing, match="expired at 2026-11-23T12:00Z, and it is 2026-11-23T12:00Z"):
        confirmed(GRANTS, None, NOW + 24 * HOUR)


# Different people.


def people(*them: tuple[str, str]) -> list[Signer]:
    return [Signer(tuple(names.split()), key) for key, names in them]


@pytest.mark.parametrize(
    ("signers", "count"),
    [
        ([], 0),
        (people(("k1", "a")), 1),
        (people(("k1", "a"), ("k1", "a")), 1),
        (people(("k1", "a"), ("k2", "b"), ("k3", "c")), 3),
        (people(("k1", "a b"), ("k2", "b c"), ("k3", "c d")), 2),
        (people(("k2", "b c"), ("k1", "a b"), ("k3", "c d")), 2),
        (people(("k1", "a"), ("k2", "A")), 1),
        (people(("k1", "a"), ("k1", "b")), 1),
    ],
)
def test_how_many_people_these_are(signers: list[Signer], count: int) -> None:
    assert different_people(signers, 9) == count
    assert different_people(signers, 1) == min(count, 1)


# Whatever is thrown together.

INVALID: list[SignedApproval] = [
    signed_by(ANNA, OTHER_PLAN),
    signed_by(ANNA, partner=TWO),
    signed_by(ANNA, consequences="1" * 64),
    signed_by(ANNA, expires_at=NOW - HOUR / 2),
    signed_by(ANNA, approved_at=NOW + HOUR),
    signed_by(ANNA, key="SHA256:eve"),
    signed_by(ANNA, principal=BELA.principals[0]),
    signed_by(BELA, seats=1),
    signed_by(BELA, one_way=0),
    signed_by(BELA, money=()),
    signed_by(BELA, customers=()),
    edited(signed_by(BELA, seats=1), seats=99),
    edited(signed_by(BELA), expires_at=NOW + 48 * HOUR),
    signed_by(Signer((WRITER,), "SHA256:dora")),
]
DORA_LISTED = Keys((*Keys().people, Signer((WRITER,), "SHA256:dora")))
VALID = [
    signed_by(ANNA),
    signed_by(BELA),
    signed_by(CARL),
    signed_by(CARL, principal=CARL.principals[1]),
    signed_by(ANNA, customers=(ONE,)),
    signed_by(BELA, customers=(TWO,)),
    signed_by(CARL, kinds=(ActionKind.SET_RENEWAL,)),
]


def counted(approvals: list[SignedApproval], needed: int) -> bool:
    plan = seal(replace(PLAN, approvals=Approvals(0)))
    rule = ApprovalRule(required=needed)
    hearing = Hearing(plan=plan, rule=rule, approvals=tuple(approvals), keys=DORA_LISTED)
    return not hearing.outcome().startswith("this plan")


@given(st.lists(st.sampled_from(INVALID)), st.integers(1, 3))
def test_invalid_approvals_never_grant_anything(approvals: list[SignedApproval], needed: int) -> None:
    assert not counted(approvals, needed)


@given(
    st.lists(st.sampled_from(INVALID + VALID)), st.sampled_from(INVALID + VALID), st.integers(1, 3), st.integers(0, 9)
)
def test_one_more_never_takes_away_and_one_less_never_gives(
    approvals: list[SignedApproval], other: SignedApproval, needed: int, at: int
) -> None:
    more = [*approvals[:at], other, *approvals[at:]]
    assert counted(approvals, needed) <= counted(more, needed)


@given(st.lists(st.sampled_from(INVALID + VALID)), st.integers(1, 3))
def test_only_the_valid_ones_matter(approvals: list[SignedApproval], needed: int) -> None:
    assert counted(approvals, needed) == counted([each for each in approvals if each not in INVALID], needed)
