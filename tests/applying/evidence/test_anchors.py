"""The journal's head as a line, there and back."""

from __future__ import annotations

import pytest

from pcreconcile.applying.evidence import Anchor, BadAnchor, anchor_line, parse_anchor
from pcreconcile.model.run import Head
from tests.applying.world import PARTNER

HEAD = Head(117, "ab" * 32)
LINE = f"pcreconcile-journal-head v1 {PARTNER} 117 {'ab' * 32}"


def test_there_and_back() -> None:
    assert anchor_line(PARTNER, HEAD) == LINE
    assert parse_anchor(f"The journal on Sunday\n\n{LINE}\n") == Anchor(PARTNER, HEAD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing here",
        f"{LINE}\n{LINE}",
        LINE.replace("v1", "v2"),
        LINE.replace("117", "0"),
        LINE.replace("117", "-1"),
        LINE + "0",
        LINE[:-1],
        LINE.replace("ab", "AB"),
        f"{LINE} and more",
    ],
)
def test_what_is_no_anchor(text: str) -> None:
    with pytest.raises(BadAnchor):
        parse_anchor(text)
