"""The index page of evidence: what it says, in which words, and that nothing from outside becomes more than text."""

from __future__ import annotations

import re
from enum import Enum
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from pcreconcile.model.evidence import CustomerEnd, Evidence, Proof, Standing
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind, ActionMoney, MoneySummary, Target, Verdict
from pcreconcile.model.run import ActionState
from pcreconcile.rendering import evidence_money, evidence_story, evidence_view
from pcreconcile.rendering.evidence_page import render
from tests.rendering import sample_evidence as sample
from tests.rendering.sample_evidence import HOSTILE, at
from tests.rendering.sample_plan import euros

SAMPLES = {
    "ordinary": sample.evidence(),
    "nothing": sample.nothing(),
    "unknowing": sample.unknowing(),
    "big": sample.big(9, 60),
}


INLINE = {"a", "b", "bdi", "code", "small", "strong", "time"}


class Page(HTMLParser):
    """What a reader of the page gets: its elements in order, and its words with single blanks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self.feed(html)
        self.text = " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._words.append("" if tag in INLINE else " ")

    def handle_endtag(self, tag: str) -> None:
        self._words.append("" if tag in INLINE else " ")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] != "style":
            self._words.append(data)

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]


def page(**members: Any) -> Page:
    return Page(render(sample.evidence(**members)))


def proofs(*standings: Standing) -> tuple[Proof, ...]:
    return tuple(Proof(f"check-{number}", standing, "found") for number, standing in enumerate(standings))


OK, FAILED, OPEN, LEFT = Standing.OK, Standing.FAILED, Standing.NOT_PROVEN, Standing.NOT_CHECKED


@pytest.mark.parametrize(
    ("standings", "tone", "text"),
    [
        ((OK,), "good", "Proven: all of 1 check passed"),
        ((OK, OK), "good", "Proven: all of 2 checks passed"),
        ((OK, OK, LEFT), "good", "Proven: 2 of 3 checks passed and 1 could not be made here"),
        ((OK, OPEN, LEFT), "attention", "Not everything is proven yet: 1 of 3 checks wait for proof"),
        ((OK, FAILED, OPEN), "danger", "Do not rely on this: 1 of 3 checks failed"),
        ((LEFT, LEFT), "attention", "Not checked: this page tells what was recorded, and nobody has checked it"),
        ((), "attention", "Not checked: this page tells what was recorded, and nobody has checked it"),
    ],
)
def test_the_verdict_comes_from_the_checks(standings, tone, text):
    assert evidence_view.verdict(sample.evidence(findings=proofs(*standings))) == evidence_view.Said(text, tone)
    assert text in page(findings=proofs(*standings)).text


def test_what_failed_is_told_first():
    found = evidence_view.ordered(proofs(OK, LEFT, OPEN, FAILED, OK))
    assert [each.standing for each in found] == [FAILED, OPEN, LEFT, OK, OK]


DOLLARS = Money(euros("7").amount, "USD")
UNPROVEN, VERIFIED = ActionState.UNPROVEN, ActionState.VERIFIED


@pytest.mark.parametrize(
    ("stories", "told"),
    [
        ([(1, VERIFIED, True)], "1 action carried out and seen as planned"),
        ([(1, VERIFIED, False)], "1 action found done already"),
        ([(1, UNPROVEN, False), (1, VERIFIED, True)], "1 action carried out and seen as planned"),
        ([(1, VERIFIED, True), (1, VERIFIED, False)], "1 action carried out and seen as planned"),
        ([(1, ActionState.FAILED, False), (2, VERIFIED, True)], "1 action carried out and seen as planned, 1 action"),
        ([(1, ActionState.INDETERMINATE, False)], "1 action sent with an unknown outcome"),
        ([(1, ActionState.SENT, False), (2, ActionState.SENT, False)], "2 actions sent with an unknown outcome"),
        ([(1, ActionState.ANSWERED, False), (2, UNPROVEN, False)], "2 actions accepted and not seen yet"),
        ([(1, ActionState.STALE, False)], "1 action left alone because things had changed"),
        ([(1, ActionState.SKIPPED, False)], "1 action left alone"),
        ([], "No action was tried"),
    ],
)
def test_an_action_counts_once_and_by_how_it_ended(stories, told):
    actions = tuple(sample.cancelled(number, state=state, written=written) for number, state, written in stories)
    assert told in page(customers=(sample.customer(actions=actions),)).text


@pytest.mark.parametrize("state", ActionState)
def test_every_state_of_an_action_is_told_in_words(state):
    text = page(customers=(sample.customer(actions=(sample.cancelled(state=state),)),)).text
    assert f"Microsoft 365 Business Premium {evidence_story.STATES[state].text}" in text


@pytest.mark.parametrize("kind", ActionKind)
def test_every_kind_of_action_is_told_in_words(kind):
    assert evidence_story.act(sample.cancelled(kind=kind.value)) != kind.value


def test_words_that_are_not_known_are_shown_as_they_are():
    strange = sample.cancelled(
        kind="fold", effect="folds", reversibility="perhaps", requests=(sample.request(answer="?"),)
    )
    assert evidence_story.act(strange) == "fold"
    assert evidence_story.traits(strange) == ["perhaps", "folds", "25 seats"]
    assert evidence_story.verdict("sideways") == "sideways"
    assert "?" in [step.said.text for step in evidence_story.steps(strange)]


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_is_told_with_its_meaning(verdict):
    assert evidence_story.verdict(verdict.value).startswith(f"{verdict.value}: ")


def test_an_action_is_told_step_by_step():
    lost = sample.request(1, 10, answer="no-answer", status=503, message="try again")
    again = sample.request(1, 30, answer="accepted", status=202)
    text = page(customers=(sample.customer(actions=(sample.cancelled(requests=(lost, again)),)),)).text
    assert (
        "2026-11-22 15:30:10 Intent recorded, then sent request a11d0000-0000-4000-8000-000000000001"
        " 2026-11-22 15:30:11 No answer came, so a read had to tell status 503"
        " correlation c0de0000-0000-4000-8000-000000000001 try again"
        " 2026-11-22 15:30:30 Intent recorded, then sent request a11d0000-0000-4000-8000-000000000001"
        " 2026-11-22 15:30:31 The service accepted it and went on working status 202"
        " correlation c0de0000-0000-4000-8000-000000000001"
        " 2026-11-22 15:30:14 Read back: it is as planned"
    ) in text


def test_a_run_that_was_cut_off_says_where():
    silent = sample.request(answer="", answered_at=None, status=0, correlation_id="")
    action = sample.cancelled(state=ActionState.SENT, requests=(silent,), verified_at=None, seen=None)
    text = page(customers=(sample.customer(actions=(action,), ends=(CustomerEnd(sample.RUN, at(5), None),)),)).text
    assert "Nothing more was recorded: the run was cut off here" in text
    assert "Run 1: cut off" in text


@pytest.mark.parametrize(
    ("seen", "row"),
    [
        ({"status": "deleted"}, "status active deleted deleted"),
        ({"status": "active"}, "status active deleted active (not as planned)"),
        ({}, "status active deleted nothing (not as planned)"),
        (None, "status active deleted no read is kept"),
    ],
)
def test_what_a_read_has_shown_stands_beside_what_was_planned(seen, row):
    text = page(customers=(sample.customer(actions=(sample.cancelled(seen=seen),)),)).text
    assert f"Field Before Planned Seen {row}" in text


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "nothing"),
        ("", "nothing"),
        ([], "nothing"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (25, "25"),
        ("deleted", "deleted"),
        (["a", "b"], "a, b"),
        ([True, None], "yes, nothing"),
        ({"b": 1, "a": None}, '{"a":null,"b":1}'),
    ],
)
def test_a_value_is_told_in_words_where_there_are_any(found, told):
    assert evidence_story.value(found) == told


def test_actions_stand_with_their_run_and_none_is_lost():
    lost = "5f0c2f6e-1111-4000-8000-00000000dead"
    actions = (sample.cancelled(1), sample.cancelled(2, run=sample.AGAIN), sample.cancelled(3, run=lost))
    evidence = sample.evidence(runs=(sample.run(sample.AGAIN, -60), sample.run()))
    found = evidence_story.passages(sample.customer(actions=actions, looks=()), evidence)
    assert [(each.run, each.number, len(each.actions)) for each in found] == [
        (sample.AGAIN, 1, 1),
        (sample.RUN, 2, 1),
        (lost, None, 1),
    ]
    assert f"Run {lost}: cut off" in page(customers=(sample.customer(actions=actions),)).text


RENEWS = {"kind": ActionKind.SET_RENEWAL.value, "effect": "commits-money"}
RUNS_OUT = {"kind": ActionKind.CANCEL_AT_TERM_END.value, "effect": "protective"}
EXTENDS = {"kind": ActionKind.CANCEL_AT_TERM_END.value, "effect": "commits-money"}
OWED = ActionMoney(refund=euros("0"), committed=euros("9"))


@pytest.mark.parametrize(
    ("refunds", "actions", "row"),
    [
        (MoneySummary(), [], ("none", "none", "none")),
        (MoneySummary(refund=(euros("412.50"),)), [], ("412.50 EUR", "none", "none")),
        (MoneySummary(refund=(euros("1"), DOLLARS)), [], ("1.00 EUR + 7.00 USD", "none", "none")),
        (MoneySummary(unknown={"refund": 2, "lostPerDay": 5}), [], ("2 unknown", "none", "none")),
        (MoneySummary(refund=(euros("1"),), unknown={"refund": 2}), [], ("1.00 EUR, and 2 unknown", "none", "none")),
        (MoneySummary(), [sample.cancelled(1, money=OWED)], ("none", "none", "none")),
        (MoneySummary(), [sample.cancelled(1, **RENEWS, money=OWED)], ("none", "9.00 EUR", "none")),
        (MoneySummary(), [sample.cancelled(1, **EXTENDS, money=OWED)], ("none", "9.00 EUR", "none")),
        (MoneySummary(), [sample.cancelled(1, **RUNS_OUT, money=OWED)], ("none", "none", "9.00 EUR")),
        (MoneySummary(), [sample.cancelled(1, **RENEWS, money=ActionMoney())], ("none", "1 unknown", "none")),
        (MoneySummary(), [sample.cancelled(1, **RENEWS, money=OWED, written=False)], ("none", "none", "none")),
        (MoneySummary(), [sample.cancelled(1, **RENEWS, money=OWED, state=UNPROVEN)], ("none", "none", "none")),
        (MoneySummary(), [sample.cancelled(1, **RENEWS, money=OWED)] * 2, ("none", "9.00 EUR", "none")),
        (
            MoneySummary(),
            [sample.cancelled(1, **RENEWS, money=OWED), sample.cancelled(2, **RENEWS, money=ActionMoney())],
            ("none", "9.00 EUR, and 1 unknown", "none"),
        ),
    ],
)
def test_money_counts_by_what_it_means_and_unknown_is_never_zero(refunds, actions, row):
    found = evidence_money.whole([sample.customer(money=refunds, actions=tuple(actions))])
    assert (found.refund, found.promised, found.running) == row


def test_money_is_summed_per_currency_over_all_customers():
    renewed = (sample.cancelled(1, **RENEWS, money=OWED),)
    three = (
        sample.customer("a", 1, money=MoneySummary(refund=(euros("1.50"),), unknown={"refund": 1}), actions=renewed),
        sample.customer("b", 2, money=MoneySummary(refund=(euros("2.00"), DOLLARS), unknown={"refund": 2})),
        sample.customer("c", 3, money=MoneySummary(unknown={"lostPerDay": 1})),
    )
    text = page(customers=three).text
    assert "a 1.50 EUR, and 1 unknown 9.00 EUR none b 2.00 EUR + 7.00 USD, and 2 unknown none none" in text
    assert "All customers 3.50 EUR + 7.00 USD, and 3 unknown 9.00 EUR none" in text
    assert [number for number, _, _ in evidence_money.rows(sample.evidence(customers=three))] == [1, 2]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"money": ActionMoney()}, ""),
        ({"money": ActionMoney(euros("0"), euros("0"), euros("0"))}, ""),
        ({"money": ActionMoney(refund=euros("3"))}, "3.00 EUR expected back"),
        (
            {"money": ActionMoney(euros("3"), euros("9"), euros("4"))},
            "3.00 EUR expected back, without it 4.00 EUR owed until the term ends",
        ),
        ({**RENEWS, "money": OWED}, "9.00 EUR newly committed"),
        ({**RUNS_OUT, "money": OWED}, "9.00 EUR still billed until the term ends"),
    ],
)
def test_an_action_tells_its_own_money(members, told):
    assert evidence_money.of_action(sample.cancelled(**members)) == told


@pytest.mark.parametrize(
    ("required", "approvals", "told"),
    [(0, (), "0 nobody had to"), (2, (), "2 nobody"), (1, ("anna@contoso.example",), "1 anna@contoso.example")],
)
def test_who_allowed_a_run_is_told(required, approvals, told):
    text = page(runs=(sample.run(required=required, approvals=approvals),)).text
    assert f"Run 1 desk@contoso.example {told} Customer by customer" in text


def test_the_strip_of_time_shows_when_the_runs_were_at_work():
    evidence = sample.evidence(runs=(sample.run(), sample.run(sample.AGAIN, 940)))
    ends = (
        CustomerEnd(sample.RUN, at(0), at(500), "done"),
        CustomerEnd(sample.AGAIN, at(1000), None),
        CustomerEnd(sample.AGAIN, None, None),
    )
    bars = list(evidence_view.bars(sample.customer(ends=ends), evidence))
    assert [(bar.start, bar.width, bar.tone) for bar in bars] == [(0.0, 50.0, "good"), (98.5, 1.5, "danger")]


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("What was done, and whether it is proven", "No customer was touched."),
        ("Checks", "Nothing was checked when this page was written. Verify tells how to do it."),
        ("Who agreed", "No approval is kept, and none was wanted by the policy of the time."),
        ("Customer by customer", "No customer was touched."),
        ("Money expected", "No money is expected back, and none was newly committed."),
        ("The service's own audit records", "The service was not asked when this page was written. Records older than"),
        ("What is open", "Nothing: no customer of this evidence has an open end."),
        ("Which runs and plans these are", "No run. Plans No plan."),
    ],
)
def test_what_is_not_there_is_said(section, told):
    assert f"{section} {told}" in Page(render(sample.nothing())).text


def test_an_older_journal_leaves_gaps_that_are_named():
    text = Page(render(sample.unknowing())).text
    assert "Applied as Approvals wanted Allowed by Run 1 the application, or an older journal that does not say" in text
    assert "no read is kept" in text
    assert "No look was kept, so before and after cannot be compared." in text
    assert "the journal kept no document of it" in text
    assert "Manifests' commit not told" in text
    assert "None" not in text


def test_missing_approvals_are_not_passed_over():
    assert "No approval is kept, though 2 approvals were wanted." in page(agreements=()).text


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"redacted": True}, "Redacted. Names, domains, addresses and texts written by people are left out"),
        ({"redacted": False}, "Not redacted. This page names customers and people"),
    ],
)
def test_the_page_says_whether_names_were_left_out(members, told):
    assert told in page(**members).text


def test_sections_stand_in_the_order_in_which_people_ask():
    text = page().text
    places = [
        text.index(each)
        for each in (
            "Proven: 7 of 8",
            "What was done, and whether",
            "Who agreed Approvals",
            "Customer by customer",
            "What changed, from",
            "Money expected",
            "audit records The",
            "What is open",
            "Check it yourself",
            "Which runs and plans",
        )
    ]
    assert places == sorted(places)


def test_commands_can_be_copied_without_running_what_a_name_says():
    text = page(agreements=(sample.agreement("a b; rm -rf ~'\n", file="approvals/x y.json"),)).text
    assert "ssh-keygen -Y verify -f allowed_signers -n pcreconcile -I 'a b; rm -rf ~'\"'\"'\\n'" in text
    assert "-O verify-time=20261122143000Z -s 'approvals/x y.json.sig' < 'approvals/x y.json'" in text


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_is_loaded_nothing_runs_and_every_link_leads_somewhere(name):
    html = Page(render(SAMPLES[name]))
    ids = [attributes["id"] for _, attributes in html.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not {"script", "img", "link", "iframe", "object", "form", "base"} & set(html.tags())
    for tag, attributes in html.elements:
        assert not {"src", "srcset", "style", "action"} & set(attributes), tag
        assert not [attribute for attribute in attributes if attribute.startswith("on")]
        assert (attributes.get("href") or "#proof")[1:] in ids
    policy = [found["content"] for tag, found in html.elements if found.get("http-equiv")]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def hostile(value: Any) -> Any:
    """The same evidence with every text in it replaced; words of ours (enumerations) stay."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, tuple | list):
        return type(value)(hostile(each) for each in value)
    if isinstance(value, dict):
        return {f"{HOSTILE}{number}": hostile(each) for number, each in enumerate(value.values())}
    if isinstance(value, msgspec.Struct):
        return type(value)(**{name: hostile(getattr(value, name)) for name in value.__struct_fields__})
    return value


@pytest.mark.parametrize("name", ["ordinary", "big"])
def test_no_text_of_the_evidence_can_become_anything_but_text(name):
    html = render(hostile(SAMPLES[name]))
    assert "<script" not in html
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]", html)
    allowed = set(Page(render(SAMPLES["big"])).tags()) | {"title"}
    assert set(Page(html).tags()) <= allowed
    assert "{{ 7*7 }}" in html
    assert "[2J 49" not in html


def test_endless_texts_are_cut():
    endless = "x" * 100_000
    thing = Target("subscription", "S", endless)
    action = sample.cancelled(target=thing, message=endless, requests=(sample.request(message=endless),))
    assert len(render(sample.evidence(customers=(sample.customer(endless, actions=(action,)),)))) < 60_000


def test_the_same_evidence_gives_the_same_page():
    assert render(SAMPLES["big"]) == render(SAMPLES["big"])


def test_evidence_survives_its_own_file():
    evidence = sample.big(3, 9)
    assert render(msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence)) == render(evidence)


def test_two_hundred_customers_stand_on_one_page():
    evidence = sample.big(200, 1000)
    assert render(evidence).count('class="customer"') == 200
