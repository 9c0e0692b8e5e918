"""Executed within approved: judged anew from what the journal kept, and by the reader's own list of signers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pcreconcile.applying.evidence import exit_code
from pcreconcile.model.approval import Scope
from pcreconcile.model.evidence import Standing
from pcreconcile.model.plan import ActionKind
from tests.applying.evidence.making import (
    Agreed,
    failed,
    files_of,
    not_proven,
    proofs_of,
    remade,
    resealed,
    two_customers,
    with_approvals,
    with_digests,
)
from tests.applying.world import NOW, ONE, Desk, cancel, plan_of, planned, subscription, tenant

BOTH = b"ada@contoso.example KEY-A\nbo@contoso.example KEY-B\n"
EVERYTHING = (ActionKind.CANCEL_SUBSCRIPTION, ActionKind.REMOVE_RELATIONSHIP)


def archive(desk: Desk, ada: Any = None, *, signers: bytes = BOTH, redacted: bool = False, **how: Any) -> Any:
    """Two people approve what is then done; `ada` are the members in which hers is another."""
    plan = two_customers(desk)
    desk.apply(plan)
    agreed = Agreed(plan)
    by_ada = agreed.approval(**(ada or {}))
    by_bo = agreed.approval(principal=how.pop("second", "bo@contoso.example"))
    pairs = [(by_ada, how.pop("ada_key", "KEY-A")), (by_bo, how.pop("second_key", "KEY-B"))]
    journal = with_approvals(desk, pairs, signers=signers, required=how.pop("required", 2), **how)
    return files_of(journal, redacted=redacted)


def scope(**members: Any) -> dict[str, Any]:
    whole = {"customers": (ONE, tenant(2)), "kinds": EVERYTHING, "one_way": 4, "seats": 0}
    return {"scope": Scope(**(whole | members))}


def test_two_people_approved_all_of_it(desk: Desk) -> None:
    proofs = proofs_of(archive(desk))
    assert exit_code(proofs) == 0
    assert [proof.text for proof in proofs if proof.code == "approved"] == ["1 runs had the approvals that they needed"]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        pytest.param({"required": 3}, "by 2 of 3", id="one too few"),
        pytest.param({"ada": {"plan_id": "0" * 64}}, "another plan", id="of another plan"),
        pytest.param({"ada": {"partner": ONE}}, "another partner", id="of another partner"),
        pytest.param({"ada": {"consequences": "0" * 64}}, "something else", id="of a plan that belittled itself"),
        pytest.param({"ada": {"expires_at": NOW}}, "had expired", id="expired"),
        pytest.param({"ada": {"approved_at": NOW + timedelta(hours=1)}}, "after the run", id="given afterwards"),
        pytest.param({"ada": scope(customers=(ONE,))}, "by 1 of 2", id="for one customer alone"),
        pytest.param({"ada": scope(kinds=EVERYTHING[:1])}, "by 1 of 2", id="for one kind alone"),
        pytest.param({"ada": scope(one_way=3)}, "more was done", id="one one-way action too many"),
        pytest.param({"user": "ADA@[secret].example"}, "may be that of the one who applied", id="by a masked name"),
        pytest.param({"user": "ADA@contoso.example"}, "the one who applied", id="by the one who applied"),
        pytest.param({"signers": b"bo@contoso.example KEY-B\n"}, "proves nothing", id="an unknown key"),
        pytest.param({"signers": BOTH.replace(b"KEY-A", b"KEY-A takes-service")}, "by 1 of 2", id="not for one-way"),
        pytest.param({"second": "ada@contoso.example", "second_key": "KEY-A"}, "by 1 of 2", id="one person twice"),
        pytest.param(
            {"second": "eve@x.example", "second_key": "KEY-A", "signers": BOTH + b"eve@x.example KEY-A\n"},
            "by 1 of 2",
            id="one key under two names",
        ),
        pytest.param(
            {"second": "ada@contoso.example", "signers": BOTH + b"ada@contoso.example KEY-B\n"},
            "by 1 of 2",
            id="two keys of one person",
        ),
    ],
)
def test_what_is_not_approved(desk: Desk, how: dict[str, Any], told: str) -> None:
    proofs = proofs_of(archive(desk, **how))
    assert exit_code(proofs) == 1
    assert any(told in proof.text for proof in proofs if proof.standing == "failed"), proofs


def test_a_run_that_removed_somebody_and_names_nobody_is_not_proven(desk: Desk) -> None:
    """A removal needs a user: without the name nobody can see that no approver applied it."""
    (found,) = [proof for proof in proofs_of(archive(desk, user=None)) if proof.code == "applied-by"]
    assert found.standing is Standing.NOT_PROVEN


def test_an_application_alone_has_no_name_and_needs_none(desk: Desk) -> None:
    desk.service.add(ONE, subscription("sub-1"))
    plan = plan_of(planned(desk.service, [cancel("sub-1", who=ONE)], ONE))
    desk.apply(plan)
    given = Agreed(plan).approval()
    proofs = proofs_of(files_of(with_approvals(desk, [(given, "KEY-A")], signers=BOTH, required=1, user=None)))
    assert exit_code(proofs) == 0, proofs
    assert "an application alone" in next(proof.text for proof in proofs if proof.code == "applied-by")


def test_the_reader_brings_a_list_of_signers(desk: Desk) -> None:
    files = archive(desk)
    assert not failed(proofs_of(files, theirs=BOTH))
    assert {"signature", "approved"} <= failed(proofs_of(files, theirs=b"bo@contoso.example KEY-B\n"))


@pytest.mark.parametrize("ending", [".json", ".json.sig"])
def test_no_byte_of_an_approval_can_be_changed(desk: Desk, ending: str) -> None:
    files = archive(desk)
    name = next(name for name in sorted(files) if name.startswith("approvals/") and name.endswith(ending))
    for at in range(len(files[name])):
        changed = files[name][:at] + bytes([files[name][at] ^ 1]) + files[name][at + 1 :]
        assert exit_code(proofs_of(with_digests(files | {name: changed}))) == 1, at


def test_a_comment_is_a_persons_text_and_withheld_with_what_it_proves(desk: Desk) -> None:
    files = archive(desk, {"comment": "Cedar Logistics asked for it"}, redacted=True)
    assert b"Cedar" not in b"".join(files.values())
    proofs = proofs_of(files)
    assert (failed(proofs), not_proven(proofs)) == (set(), {"signature", "approved"})
    assert exit_code(proofs) == 7
    assert exit_code(proofs_of(files, theirs=BOTH)) == 1


def test_without_comments_a_redacted_archive_proves_the_signatures(desk: Desk) -> None:
    files = archive(desk, redacted=True)
    assert exit_code(proofs_of(files)) == 0
    assert any(name.endswith("ada@contoso.example.json.sig") for name in files)


def test_another_list_of_signers_than_the_one_that_was_kept(desk: Desk) -> None:
    files = archive(desk)
    forged = remade(files | {"allowed_signers": BOTH + b"eve@x.example KEY-E\n"})
    assert failed(proofs_of(forged)) == {"documents"}


def test_an_approval_that_was_taken_out(desk: Desk) -> None:
    files = archive(desk)
    forged = remade({name: data for name, data in files.items() if "/bo@" not in name})
    assert failed(proofs_of(forged)) == {"documents", "approved"}


def test_another_key_than_the_journal_says(desk: Desk) -> None:
    files = archive(desk)

    def change(lines: list[dict[str, Any]]) -> None:
        lines[0]["body"]["approvals"][0]["key"] = "KEY-X"

    proofs = proofs_of(resealed(files, change))
    assert [proof.text for proof in proofs if "another key" in proof.text]
