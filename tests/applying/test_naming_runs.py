"""Runs by the names that people give them."""

from __future__ import annotations

import pytest

from pcreconcile.applying.naming_runs import run_named
from pcreconcile.model.errors import UsageError
from pcreconcile.model.ids import RunId

RUNS = [RunId("abcd-1"), RunId("abcd-1"), RunId("abce-2")]


@pytest.mark.parametrize(
    ("text", "run"),
    [("abcd", "abcd-1"), ("abcd-1", "abcd-1"), ("ABCD-1", "abcd-1"), (" abcd ", "abcd-1"), ("last", "abce-2")],
)
def test_a_run_is_named_by_its_beginning_or_as_the_last(text: str, run: str) -> None:
    assert run_named(RUNS, text) == run


@pytest.mark.parametrize(
    ("text", "told"), [("abc", "no run"), ("xxxx", "no run"), ("", "no run"), (" ", "no run"), ("abcd-12", "no run")]
)
def test_a_beginning_of_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        run_named(RUNS, text)


def test_a_beginning_of_several_names_them() -> None:
    with pytest.raises(UsageError, match=r"2 runs begin so \(abcd-1, abcd-2\)"):
        run_named([RunId("abcd-1"), RunId("abcd-2")], "abcd")


def test_an_empty_journal_has_no_last_run() -> None:
    with pytest.raises(UsageError, match="no run"):
        run_named([], "last")
