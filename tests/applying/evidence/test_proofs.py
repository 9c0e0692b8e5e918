"""What one hand can forge consistently, and which proof falls: the chain sealed anew, everything derived made anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pcreconcile.applying.evidence import Anchor, exit_code
from pcreconcile.applying.stores.bodies import BEGINS_WITH
from pcreconcile.model.evidence import Evidence
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.run import Head
from tests.applying.evidence.making import (
    TWO,
    archive_of,
    failed,
    lines_of,
    not_proven,
    page,
    proofs_of,
    remade,
    resealed,
    two_customers,
    with_digests,
)
from tests.applying.world import ONE, PARTNER, Desk, Died, Fault, refusal

Lines = list[dict[str, Any]]
Change = Callable[[Lines], Any]


def at(lines: Lines, kind: str, nth: int = 0) -> dict[str, Any]:
    return [line for line in lines if line["kind"] == kind][nth]


def body(which: str, nth: int = 0, /, **members: Any) -> Change:
    return lambda lines: at(lines, which, nth)["body"].update(members)


def member(which: str, nth: int = 0, /, **members: Any) -> Change:
    return lambda lines: at(lines, which, nth).update(members)


def without(which: str, nth: int = 0, /) -> Change:
    return lambda lines: lines.remove(at(lines, which, nth))


def again(which: str, nth: int = 0, /, **members: Any) -> Change:
    """The event once more, right behind itself."""

    def change(lines: Lines) -> None:
        found = at(lines, which, nth)
        lines.insert(lines.index(found) + 1, {**found, **members, "body": dict(found["body"])})

    return change


def first(which: str, nth: int, /) -> Change:
    """The event moved to right behind the beginning."""

    def change(lines: Lines) -> None:
        found = at(lines, which, nth)
        lines.remove(found)
        lines.insert(1, found)

    return change


FORGERIES = [
    pytest.param(member("intent", action="0" * 12), {"planned", "read-back"}, id="an action that no plan has"),
    pytest.param(body("intent", kind="set-renewal"), {"planned"}, id="another kind"),
    pytest.param(body("intent", target={"type": "subscription", "id": "x"}), {"planned"}, id="another target"),
    pytest.param(body("intent", postcondition={"status": "x"}), {"planned"}, id="another postcondition"),
    pytest.param(body("intent", seats=1), {"planned"}, id="other seats"),
    pytest.param(member("intent", customer=TWO), {"planned", "looked", "read-back"}, id="for another customer"),
    pytest.param(
        body("verified", seen={"status": "active"}), {"read-back"}, id="a read-back that shows something else"
    ),
    pytest.param(without("intent"), {"read-back"}, id="no intent"),
    pytest.param(without("looked"), {"looked"}, id="no look before"),
    pytest.param(without("looked", 1), {"looked"}, id="no look at the gate"),
    pytest.param(first("intent", 0), {"looked"}, id="written before the look"),
    pytest.param(first("intent", 1), {"looked", "order"}, id="removed before the rest"),
    pytest.param(without("verified"), {"order"}, id="removed before the rest was verified"),
    pytest.param(again("intent", requestId="other"), {"once"}, id="sent twice under two request IDs"),
    pytest.param(again("verified"), {"lifecycle"}, id="verified twice, which nothing writes"),
    pytest.param(
        member("intent", requestId="00000000-0000-4000-8000-000000000003"), {"once", "read-back"}, id="one ID"
    ),
    pytest.param(without("run-started"), {"runs"}, id="a run without a beginning"),
    pytest.param(again("run-started"), {"runs"}, id="a run that begins twice"),
    pytest.param(again("run-finished"), {"runs"}, id="a run that ends twice"),
    pytest.param(member("intent", plan="0" * 64), {"plan"}, id="of another plan"),
    pytest.param(body("run-started", planDocument="0" * 64), {"documents"}, id="another plan document"),
    pytest.param(body("looked", document="0" * 64), {"documents"}, id="a look that is not there"),
]


@pytest.mark.parametrize(("change", "codes"), FORGERIES)
def test_what_falls_when_the_whole_chain_was_made_anew(desk: Desk, change: Change, codes: set[str]) -> None:
    desk.apply(two_customers(desk))
    forged = _try(archive_of(desk), change)
    assert codes <= failed(forged), [proof for proof in forged if proof.standing == "failed"]
    assert exit_code(forged) == 1


def _try(files: dict[str, bytes], change: Change) -> Any:
    try:
        return proofs_of(resealed(files, change))
    except Exception as error:
        if type(error).__name__ != "DamagedEvidence":
            raise
        return ()


def test_what_no_proof_can_see_only_an_anchor_shows(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk)
    head = Head(len(lines_of(files)), lines_of(files)[-1]["hash"])
    forged = resealed(files, member("run-started", at="2020-01-01T00:00:00Z"))
    assert exit_code(proofs_of(forged)) == 0
    assert any("anchored: no" in proof.text for proof in proofs_of(forged))
    assert failed(proofs_of(forged, anchor=Anchor(PARTNER, head))) == {"anchor"}
    assert not failed(proofs_of(files, anchor=Anchor(PARTNER, head)))


@pytest.mark.parametrize(
    ("anchor", "well"),
    [
        pytest.param(lambda lines: Head(3, lines[2]["hash"]), True, id="an older one"),
        pytest.param(lambda lines: Head(3, lines[3]["hash"]), False, id="of another event"),
        pytest.param(lambda lines: Head(len(lines) + 1, lines[-1]["hash"]), False, id="a younger one"),
    ],
)
def test_anchors(desk: Desk, anchor: Callable[[Lines], Head], well: bool) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk)
    proofs = proofs_of(files, anchor=Anchor(PARTNER, anchor(lines_of(files))))
    assert failed(proofs) == (set() if well else {"anchor"})


def test_an_anchor_of_another_partner(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk)
    head = Head(3, lines_of(files)[2]["hash"])
    assert failed(proofs_of(files, anchor=Anchor(ONE, head))) == {"anchor"}


def test_a_write_without_its_read_back_is_not_proven_and_no_forgery(desk: Desk) -> None:
    plan = two_customers(desk)
    desk.service.faults.append(Fault.LOST_BEFORE)
    desk.service.read_faults.extend([None, *[refusal()] * 400])
    desk.apply(plan)
    proofs = proofs_of(archive_of(desk))
    assert (failed(proofs), not_proven(proofs), exit_code(proofs)) == (set(), {"proven"}, 7)


def test_a_lost_answer_that_a_read_resolved_is_proven(desk: Desk) -> None:
    desk.service.faults.append(Fault.LOST_AFTER)
    desk.apply(two_customers(desk))
    assert exit_code(proofs_of(archive_of(desk))) == 0


@pytest.mark.parametrize("fault", [Fault.DIES_BEFORE, Fault.DIES_AFTER])
def test_a_run_that_died_is_proven_together_with_the_one_that_finished_it(desk: Desk, fault: Fault) -> None:
    plan = two_customers(desk)
    desk.service.faults.append(fault)
    with pytest.raises(Died):
        desk.apply(plan)
    assert exit_code(proofs_of(archive_of(desk))) == 7
    desk.apply(plan)
    files = archive_of(desk)
    assert exit_code(proofs_of(files)) == 0
    assert len({line["run"] for line in lines_of(files)}) == 2


def test_a_refusal_leaves_nothing_to_prove(desk: Desk) -> None:
    desk.service.faults.append(refusal())
    desk.apply(two_customers(desk))
    assert exit_code(proofs_of(archive_of(desk))) == 0


def test_a_journal_of_format_1_says_what_it_does_not_know(desk: Desk) -> None:
    desk.apply(two_customers(desk))

    def older(lines: Lines) -> None:
        lines[:] = [line for line in lines if line["kind"] != "looked"]
        for line in lines:
            line["body"] = {
                name: value
                for name, value in line["body"].items()
                if name in {"digest", "planMadeBy", "kind", "target", "effect", "precondition", "postcondition"}
                or name in {"status", "correlationId", "accepted", "written", "message", "outcome", "exitCode"}
            }

    files = {name: data for name, data in archive_of(desk).items() if not name.startswith(("plans/", "looks/"))}
    proofs = proofs_of(resealed(files, older))
    assert (failed(proofs), not_proven(proofs), exit_code(proofs)) == (set(), {"started"}, 7)
    assert any("older format" in proof.text and "planDocument" in proof.text for proof in proofs)
    assert {proof.code for proof in proofs if proof.standing == "not-checked"} >= {"plan", "approved"}


def without_member(name: str) -> Change:
    def change(lines: Lines) -> None:
        for line in lines:
            if line["kind"] == "run-started":
                line["body"].pop(name)

    return change


def test_a_run_begins_with_all_that_its_proof_needs(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    assert set(BEGINS_WITH) <= at(lines_of(archive_of(desk)), "run-started")["body"].keys()


@pytest.mark.parametrize("name", BEGINS_WITH)
def test_no_member_of_the_first_event_can_be_left_out(desk: Desk, name: str) -> None:
    desk.apply(two_customers(desk))
    forged = _try(archive_of(desk), without_member(name))
    assert "started" in failed(forged)
    assert exit_code(forged) == 1


def _bare(lines: Lines) -> None:
    for line in lines:
        if line["kind"] == "run-started":
            line["body"].clear()


def _and_without(*kinds: str, members: tuple[str, ...] = ()) -> Change:
    def change(lines: Lines) -> None:
        _bare(lines)
        lines[:] = [line for line in lines if line["kind"] not in kinds]
        for line in lines:
            line["body"] = {name: value for name, value in line["body"].items() if name not in members}

    return change


LATER = ("reversibility", "seats", "money", "seen", "mac")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(_bare, 1, id="looks are left"),
        pytest.param(_and_without("looked"), 1, id="what intents and read-backs say is left"),
        pytest.param(_and_without(members=LATER), 1, id="looks alone are left"),
        pytest.param(_and_without("looked", members=LATER[:3]), 1, id="what was seen is left"),
        pytest.param(_and_without("looked", members=LATER[3:]), 1, id="what intents say is left"),
        pytest.param(_and_without("looked", members=LATER), 7, id="nothing is left that an older program did not say"),
        pytest.param(body("run-started", planDocument=None), 1, id="no plan document"),
        pytest.param(body("run-started", required=None), 1, id="nothing about approvals"),
    ],
)
def test_a_first_event_that_says_nothing_is_never_proven(desk: Desk, change: Change, code: int) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk)
    for given in (files, {name: data for name, data in files.items() if not name.startswith(("plans/", "looks/"))}):
        forged = proofs_of(resealed(given, change))
        assert exit_code(forged) == code
        assert "started" in (failed(forged) if code == 1 else not_proven(forged))


def test_an_old_run_before_a_later_one_is_old_and_one_after_it_is_not(desk: Desk) -> None:
    plan = two_customers(desk)
    desk.service.faults.append(Fault.DIES_AFTER)
    with pytest.raises(Died):
        desk.apply(plan)
    desk.apply(plan)
    files = archive_of(desk)
    runs = list(dict.fromkeys(line["run"] for line in lines_of(files)))

    def aged(run: str) -> Change:
        def change(lines: Lines) -> None:
            lines[:] = [line for line in lines if line["run"] != run or line["kind"] != "looked"]
            for line in (line for line in lines if line["run"] == run):
                old = {} if line["kind"] == "run-started" else line["body"]
                line["body"] = {name: value for name, value in old.items() if name not in LATER}

        return change

    first, last = (proofs_of(resealed(files, aged(run))) for run in runs)
    assert "started" in not_proven(first) - failed(first)
    assert "started" in failed(last)


def _other_hash(links: Lines) -> None:
    links[0]["hash"] = "0" * 64


def _other_prev(links: Lines) -> None:
    links[-1]["prev"] = "0" * 64


def _other_number(links: Lines) -> None:
    links[0]["seq"] += 1


@pytest.mark.parametrize("change", [_other_hash, _other_prev, _other_number])
def test_links_that_tell_nothing_still_hold_the_chain(desk: Desk, change: Callable[[Lines], None]) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk, customer=ONE)
    lines = lines_of(files)
    change([line for line in lines if "kind" not in line])
    forged = files | {"journal.ndjson": b"".join(canonical_json(line) + b"\n" for line in lines)}
    assert failed(proofs_of(with_digests(forged))) == {"chain"}


def test_an_event_of_a_run_that_is_given_as_a_link(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk)
    lines = lines_of(files)
    hidden = [at(lines, "looked", 2)]
    shown = [{n: line[n] for n in ("seq", "prev", "hash")} if line in hidden else line for line in lines]
    forged = files | {"journal.ndjson": b"".join(canonical_json(line) + b"\n" for line in shown)}
    assert "gaps" in failed(proofs_of(remade(forged)))


def test_a_plan_that_says_something_else_about_the_same_acts(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk)
    name = next(name for name in files if name.startswith("plans/"))
    forged = remade(files | {name: files[name].replace(b'"because"', b'"be kind"')})
    assert failed(proofs_of(forged)) == {"documents", "plan-digest"}


def test_a_plan_of_other_acts(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk, redacted=True)
    name = next(name for name in files if name.startswith("plans/"))
    forged = remade(files | {name: files[name].replace(b'"when":"now"', b'"when":"2027-01-01"')})
    assert failed(proofs_of(forged)) >= {"plan-id", "planned"}


def _sent_after_it_was_shown(lines: Lines) -> None:
    shown, sent = at(lines, "verified"), at(lines, "intent")
    lines.insert(lines.index(shown) + 1, {**sent, "requestId": "another"})


def _shown_and_never_sent(lines: Lines) -> None:
    lines.remove(at(lines, "intent"))
    lines.remove(at(lines, "answered"))


def _every_event_of_another_plan(lines: Lines) -> None:
    for line in lines:
        line["plan"] = "0" * 64


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (_sent_after_it_was_shown, "once", "after it had been verified"),
        (_shown_and_never_sent, "read-back", "no request of ours"),
        (member("answered", requestId="another"), "read-back", "never journalled"),
        (_every_event_of_another_plan, "plan", "its plan document is that of plan"),
    ],
)
def test_what_is_said_of_it(desk: Desk, change: Change, code: str, text: str) -> None:
    desk.apply(two_customers(desk))
    forged = proofs_of(resealed(archive_of(desk), change))
    assert any(proof.code == code and text in proof.text for proof in forged if proof.standing == "failed"), forged


def test_a_story_that_the_other_files_do_not_tell(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    files = archive_of(desk)
    story = msgspec.json.decode(files["evidence.json"], type=Evidence)
    told = canonical_json(replace(story, runs=(replace(story.runs[0], user="somebody"),)))
    forged = files | {"evidence.json": told, "index.html": page(msgspec.json.decode(told, type=Evidence)).encode()}
    assert failed(proofs_of(with_digests(forged))) == {"evidence"}
