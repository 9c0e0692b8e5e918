"""A difference is told down to the element."""

from typing import Any

import pytest

from pcreconcile.applying.explaining import explained

DIFFERENCES = [
    # before, now, what is said
    ({"status": "active"}, {"status": "suspended"}, "status: active → suspended"),
    ({"b": 1, "a": 1}, {"b": 2, "a": 2}, "a: 1 → 2, b: 1 → 2"),
    ({"seats": None}, {"seats": 3}, "seats: None → 3"),
    ({"end": ["TermEnd/Cancel"]}, {"end": []}, "end[0]: TermEnd/Cancel → nothing"),
    ({"end": []}, {"end": ["x"]}, "end[0]: nothing → x"),
    ({"end": ["x"]}, {"end": None}, "end: ['x'] → None"),
]


@pytest.mark.parametrize(("before", "now", "said"), DIFFERENCES)
def test_a_difference_is_told_down_to_the_element(before: Any, now: Any, said: str) -> None:
    assert explained(before, now) == said
