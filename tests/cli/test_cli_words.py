"""`-word` is `--word`; values and what follows `--` are left alone."""

import pytest

from pcreconcile.cli.words import leading, long_spelling

_VALUED = {"--out", "--target", "--wait"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["-out", "p.json"], ["--out", "p.json"]),
        (["-out=p.json"], ["--out=p.json"]),
        (["--out", "p.json"], ["--out", "p.json"]),
        (["-detailed-exitcode", "-target", "customer/a"], ["--detailed-exitcode", "--target", "customer/a"]),
        (["-h"], ["-h"]),
        (["-out", "-strange-name"], ["--out", "-strange-name"]),
        (["-out"], ["--out"]),
        (["-refresh=false", "x"], ["--refresh=false", "x"]),
        (["--", "-out"], ["--", "-out"]),
        (["-", "-1"], ["-", "-1"]),
        ([], []),
    ],
)
def test_a_commands_words(typed, meant):
    assert long_spelling(typed, _VALUED) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["-version"], ["--version"]),
        (["plan", "-out", "x"], ["plan", "-out", "x"]),
        (["-help", "plan", "-out"], ["--help", "plan", "-out"]),
    ],
)
def test_the_programs_own_words(typed, meant):
    assert leading(typed) == meant
