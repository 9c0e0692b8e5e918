"""The documents that docs/manifests.md shows load together, and say what the page says that they say."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from pcreconcile.manifests import Loaded
from pcreconcile.model.desired import LineDesire, Match
from tests.manifests.desk import Desk

PAGE = (Path(__file__).parents[2] / "docs" / "manifests.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def shown(desk: Desk) -> Loaded:
    """All documents of the page, beside a Partner document."""
    return desk.load({f"{number}.yaml": text for number, text in enumerate(EXAMPLES)})


def test_every_kind_is_shown_once() -> None:
    kinds = [line for text in EXAMPLES for line in text.splitlines() if line.startswith("kind:")]
    assert kinds == ["kind: Customer", "kind: Policy", "kind: Rules", "kind: Prices"]


def test_the_lines(shown: Loaded) -> None:
    returned, moved, trial, bought = shown.fleet.customers[0].subscriptions
    assert returned.desired is LineDesire.RETURN
    assert (moved.by, moved.otherwise) == (date(2027, 1, 31), LineDesire.CANCEL_AT_TERM_END)
    assert (trial.match.trait, bought.match.renews_before) == ("trial", date(2027, 3, 1))


def test_the_other_documents(shown: Loaded) -> None:
    assert [each.customer for each in shown.policy.resellers] == ["harbor-dental"]
    assert {each.id: each.value for each in shown.overrides} == {
        "new-commerce-license.expired": "blocks",
        "extended-service-term.surcharge": 5,
    }
    assert [str(each.amount) for each in shown.prices.entries] == ["33.60 EUR", "36.00 EUR", "310.00 USD", "900.00 EUR"]


def test_every_member_of_a_selector_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert explained == list(Match.__struct_encode_fields__)
