"""Plans say today what they said when somebody last read them (`wording.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exits.estates import customer_plan
from tests.exits.wording import WORDING, case_files, wording_of


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.stem)
def test_every_word_of_a_plan_is_reviewed(path: Path) -> None:
    reviewed = (WORDING / f"{path.stem}.txt").read_text(encoding="utf-8")
    assert wording_of(path) + "\n" == reviewed, "look at it, then: python -m tests.exits.wording"


def test_no_wording_is_left_over() -> None:
    assert {each.stem for each in WORDING.glob("*.txt")} == {path.stem for path in case_files()}


def test_the_removal_itself_is_worded_once_for_all() -> None:
    found = customer_plan({"wants": {"reason": "moves away"}})
    (removal,) = found.actions
    assert removal.reason == (
        "moves away; to undo it the customer's admin must accept a new invitation, and what was suspended before "
        "cannot be reactivated"
    )
    assert (removal.reversibility, removal.effect, removal.impact) == ("needs-counterparty", "neutral", None)
    assert removal.precondition == {"relationship": "reseller"}
    assert removal.postcondition == {"relationship": "none"}
    assert [(each.code, each.text) for each in found.warnings] == [
        ("delegated-access-kept", "delegatedAccess is keep: we may stay administrators afterwards")
    ]
