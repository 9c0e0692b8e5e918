"""Every case of `cases/*.yaml`: what is held and wanted, and what the plan must say about it.

A case reads: `case` (a sentence), `rule` (the rules it rests on), `now`, `zone`, `customer`, `others`, `list`, `reads`,
`holds`, `gdap`, `transfers`, `resellers`, `record` (of a removal), `wants`, `memory`, `prices`, `policy`, `rules`
(changed values), then what is expected.
What a case does not expect is expected to be empty: `actions` ("kind target when"), `blockers` ("code target
first-free-date"), `warnings` (codes, without the one that delegated access is kept) are lists; `earliest` is null,
`confidence` high. `binding`, `money` ("target refund, lost per day, committed" of each action with any of them),
`sums` (of the customer, by member), `deadlines` ("code target date") and `gone` ("target seats until-when data lives")
are compared where they are given.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pcreconcile.model.plan import Action, ActionMoney, Blocker, CustomerPlan, Deadline, MoneySummary
from pcreconcile.model.rules import Rule
from tests.exits.estates import Words, case_now, customer_plan, day, rules_with, shipped_rules

CASES = Path(__file__).parent / "cases"
SAID = frozenset({"verdict", "actions", "blockers", "earliest", "confidence", "warnings", "binding", "money", "sums"})
SAID |= {"deadlines", "gone"}
GIVEN = frozenset({"now", "zone", "customer", "others", "list", "reads", "holds", "wants", "memory", "policy", "rules"})
GIVEN |= {"gdap", "record", "transfers", "resellers", "prices"}
FIELDS = SAID | GIVEN | {"case", "rule"}
ALWAYS = "delegated-access-kept"


def read_cases() -> list[Any]:
    """All cases, each under the name of its file and its sentence."""
    return [
        pytest.param(case, id=f"{path.stem}: {case['case']}")
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


ALL = read_cases()


def action_words(action: Action) -> str:
    where = [] if action.target.type == "customer" else [action.target.id]
    return " ".join([action.kind, *where, action.when])


def blocker_words(blocker: Blocker) -> str:
    where = [] if blocker.target is None else [blocker.target.id]
    return " ".join([blocker.code, *where, day(blocker.clears_at)])


def money_words(action: Action) -> str:
    money = action.money
    return f"{action.target.id} {money.refund}, {money.lost_per_day}, {money.committed}"


def deadline_words(deadline: Deadline) -> str:
    where = [] if deadline.target is None else [deadline.target.id]
    return " ".join([deadline.code, *where, deadline.at.date().isoformat()])


def sums_of(found: MoneySummary) -> dict[str, Any]:
    """The sums that are not empty, in words."""
    sums = {"refund": found.refund, "lostPerDay": found.lost_per_day, "committed": found.committed}
    words: dict[str, Any] = {name: [str(each) for each in amounts] for name, amounts in sums.items() if amounts}
    return words | ({"unknown": found.unknown} if found.unknown else {})


def gone_words(action: Action) -> list[str]:
    impact = action.impact
    return [] if impact is None else [f"{action.target.id} {impact.seats} {day(impact.data_until)}"]


def said(found: CustomerPlan) -> dict[str, Any]:
    """A customer's plan in the words of a case."""
    return {
        "verdict": str(found.verdict),
        "actions": [action_words(action) for action in found.actions],
        "blockers": sorted(blocker_words(blocker) for blocker in found.blockers),
        "earliest": None if found.earliest_removal is None else found.earliest_removal.isoformat(),
        "confidence": found.confidence,
        "warnings": sorted(notice.code for notice in found.warnings if notice.code != ALWAYS),
    }


def expected(case: Words) -> dict[str, Any]:
    earliest = case.get("earliest")
    return {
        "verdict": case["verdict"],
        "actions": case.get("actions", []),
        "blockers": sorted(case.get("blockers", [])),
        "earliest": case_now(case).date().isoformat() if earliest == "today" else earliest and str(earliest),
        "confidence": case.get("confidence", "high"),
        "warnings": sorted(case.get("warnings", [])),
    }


def rules_of(case: Words) -> list[str]:
    """The rules that a case names."""
    named = case.get("rule", [])
    return [named] if isinstance(named, str) else list(named)


@pytest.mark.parametrize("case", ALL)
def test_the_plan_says_what_the_case_expects(case: Words) -> None:
    found = customer_plan(case)
    assert said(found) == expected(case)
    if "binding" in case:
        binding = found.binding_blocker
        assert (None if binding is None else blocker_words(binding)) == case["binding"]
    if "money" in case:
        assert [money_words(each) for each in found.actions if each.money != ActionMoney()] == case["money"]
    if "sums" in case:
        assert sums_of(found.money) == case["sums"]
    if "deadlines" in case:
        assert [deadline_words(each) for each in found.deadlines] == case["deadlines"]
    if "gone" in case:
        assert [words for each in found.actions for words in gone_words(each)] == case["gone"]


@pytest.mark.parametrize("case", ALL)
def test_a_case_names_only_what_exists(case: Words) -> None:
    assert set(case) <= FIELDS
    assert set(rules_of(case)) <= set(shipped_rules().rules)


def test_no_case_is_told_twice() -> None:
    ids = [param.id for param in ALL]
    assert len(ids) == len(set(ids))


def test_every_rule_rests_on_a_case() -> None:
    named = {rule for param in ALL for rule in rules_of(param.values[0])}
    assert set(shipped_rules().rules) - named == set()


class Asked(dict[str, Rule]):
    """Rules that remember which of them were asked for."""

    def __init__(self, rules: dict[str, Rule]) -> None:
        super().__init__(rules)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Rule:
        self.names.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("case", [param for param in ALL if "rule" in param.values[0]])
def test_a_changed_rule_is_one_that_is_asked_for(case: Words) -> None:
    """A case that changes a rule rests on code that reads it."""
    rules = rules_with(case.get("rules", {}))
    asked = Asked(rules.rules)
    customer_plan(case, type(rules)(rules.version, asked, rules.digest))
    assert set(case.get("rules", {})) <= asked.names


@cache
def read_by_cases() -> frozenset[str]:
    """The rules that the code asks for while the plans of all cases are made."""
    read: set[str] = set()
    for param in ALL:
        rules = rules_with(param.values[0].get("rules", {}))
        asked = Asked(rules.rules)
        customer_plan(param.values[0], type(rules)(rules.version, asked, rules.digest))
        read |= asked.names
    return frozenset(read)


def test_the_rules_that_the_code_reads_are_named_by_the_cases_that_make_it_read_them() -> None:
    named = {rule for param in ALL for rule in rules_of(param.values[0])}
    assert sorted(read_by_cases() - named) == []


def test_every_rule_of_the_pack_is_read_by_some_case() -> None:
    """A rule that nothing reads decides nothing."""
    assert sorted(set(shipped_rules().rules) - read_by_cases()) == []


def test_every_case_names_its_rule() -> None:
    """The rules it rests on; an empty list where nothing is held, so that no product's rule is asked."""
    silent = [param.id for param in ALL if not rules_of(param.values[0]) and param.values[0].get("holds", ())]
    assert silent == []
    assert [param.id for param in ALL if "rule" not in param.values[0]] == []
