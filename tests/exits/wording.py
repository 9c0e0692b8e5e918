"""Every case in full: all that its plan says, for a person to read and for a change of one word to be seen.

The cases of `cases/*.yaml` expect what decides (verdict, actions, dates); the files of `wording/*.txt` hold the rest:
reasons, what is required, conditions, impact, money, rules, warnings. `python -m tests.exits.wording` writes them
anew; the difference is then reviewed like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from pcreconcile.model.identity import canonical_json
from pcreconcile.model.plan import Action, ActionKind, Blocker, CustomerPlan, Deadline, Notice, Target
from tests.exits.estates import Words, customer_plan

CASES = Path(__file__).parent / "cases"
ALWAYS = "delegated-access-kept"  # said of most customers
WORDING = Path(__file__).parent / "wording"


def case_files() -> list[Path]:
    """All case files, by name."""
    return sorted(CASES.glob("*.yaml"))


def wording_of(path: Path) -> str:
    """The plans of all cases of one file, in words."""
    cases: list[Words] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return "\n".join(line for case in cases for line in [f"# {case['case']}", *_plan(customer_plan(case)), ""])


def _plan(found: CustomerPlan) -> Iterator[str]:
    names = {action.id: f"{action.kind} {action.target.id}" for action in found.actions}
    yield f"{found.verdict}, removal {found.earliest_removal}, confidence {found.confidence}"
    if found.binding_blocker is not None:
        yield f"bound by {found.binding_blocker.code} {_target(found.binding_blocker.target)}"
    for action in found.actions:
        yield from _action(action, names)
    for blocker in found.blockers:
        yield from _blocker(blocker)
    for notice in found.warnings:
        if notice.code != ALWAYS:
            yield from _notice(notice)
    for deadline in found.deadlines:
        yield _deadline(deadline)
    if found.next_deadline is not None:
        yield f"next deadline {found.next_deadline}"
    sums = msgspec.to_builtins(found.money)
    if any(sums.values()):
        yield f"sums {_json(sums)}"


def _action(action: Action, names: dict[str, str]) -> Iterator[str]:
    yield f"- {action.when}: {action.kind} {_target(action.target)} [{action.family}]"
    if action.kind is ActionKind.REMOVE_RELATIONSHIP:  # the same of every customer, and told by one test
        return
    yield f"    {action.reason}"
    yield f"    {action.reversibility}, {action.effect}; rule {action.rule}"
    yield f"    {_json(action.precondition)} -> {_json(action.postcondition)}"
    if action.requires:
        yield f"    after {', '.join(sorted(names[name] for name in action.requires))}"
    if action.impact is not None:
        yield f"    impact {_json(msgspec.to_builtins(action.impact))}"
    if action.window_closes_at or action.reversible_until:
        yield f"    window closes {action.window_closes_at}, reversible until {action.reversible_until}"
    money = {name: value for name, value in msgspec.to_builtins(action.money).items() if value is not None}
    if money:
        yield f"    money {_json(money)}"
    if action.loses:
        yield f"    loses {'; '.join(action.loses)}"
    if action.instructions is not None:
        yield f"    by {action.instructions.who}: {action.instructions.text} {action.instructions.link}"


def _blocker(blocker: Blocker) -> Iterator[str]:
    yield f"! {blocker.code} {_target(blocker.target)} until {blocker.clears_at}; rule {blocker.rule}"
    yield f"    {blocker.how}"


def _notice(notice: Notice) -> Iterator[str]:
    yield f"? {notice.code} {_target(notice.target)}"
    yield f"    {notice.text}"


def _deadline(deadline: Deadline) -> str:
    return f"@ {deadline.at.isoformat()} {deadline.code} {_target(deadline.target)}: {deadline.text}"


def _target(target: Target | None) -> str:
    return "-" if target is None else f"{target.type} {target.id} '{target.name}'"


def _json(value: object) -> str:
    return canonical_json(value).decode()


def main() -> None:
    """Write all files anew."""
    WORDING.mkdir(exist_ok=True)
    for old in WORDING.glob("*.txt"):
        old.unlink()
    for path in case_files():
        (WORDING / f"{path.stem}.txt").write_text(wording_of(path) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
