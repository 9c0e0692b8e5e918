"""Pages say today what they said when somebody last read them (`explaining.py`)."""

from __future__ import annotations

from tests.planning.explaining import PAGES, pages


def test_every_word_of_a_page_is_reviewed() -> None:
    assert pages() == PAGES.read_text(encoding="utf-8"), "look at it, then: python -m tests.planning.explaining"
