"""Documents of plan format 1 that lie in journals and archives: whatever reads one goes on reading it.

The fixtures were written by the last program that knew no other format (`tests/applying/format_1`): one run, which
removed aspen-books.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pcreconcile.applying import open_store
from pcreconcile.applying.kept_plans import names_of
from pcreconcile.cli import main

FORMAT_1 = Path(__file__).parents[1] / "applying" / "format_1"
SOURCE = Path(__file__).parents[2] / "src" / "pcreconcile"
RUN = "64f4655e-836d-433d-8730-75d0d4a5a275"


@pytest.fixture
def desk(partner_folder, monkeypatch, capsys):
    """The program in a folder whose journal is of format 1, a day later."""
    state = partner_folder / ".pcreconcile"
    state.mkdir()
    with closing(sqlite3.connect(state / "journal.db")) as connection:
        connection.executescript((FORMAT_1 / "journal.sql").read_text(encoding="utf-8"))
    for name in ("redacted.zip", "full.zip", "plan.json"):
        (partner_folder / name).write_bytes((FORMAT_1 / name).read_bytes())
    monkeypatch.chdir(partner_folder)
    monkeypatch.setenv("PCRECONCILE_NOW", "2026-11-23T12:00:00Z")

    def run(*words, expect=0):
        code = main(list(words))
        told = capsys.readouterr()
        assert code == expect, told.err + told.out
        return told.out + told.err

    return run


def test_the_fixture_is_of_format_1(desk):
    with closing(sqlite3.connect(".pcreconcile/journal.db")) as connection:
        documents = [json.loads(content) for (content,) in connection.execute("SELECT content FROM documents")]
    assert [each["formatVersion"] for each in documents if "formatVersion" in each] == [1]


# Every command that reads a kept plan document, and what it tells from that document alone.
READERS = {
    "history": (("history",), RUN),
    "history of the run": (("history", "last"), "suspend subscription: Exchange Online (Plan 1)"),
    "history as records": (("history", "last", "--json"), '"name":"Exchange Online (Plan 1)"'),
    "undo": (("undo", "last", "--refresh=false", "--snapshot", "none.json"), "rule legacy-license.active"),
    "verify of the run": (("verify", "last"), "proven: what was done is what was planned"),
    "verify of an archive": (("verify", "full.zip"), "plan 035d7f7819f4 is what its digest says"),
    "verify of an archive without names": (("verify", "redacted.zip"), "proven: what was done is what was planned"),
    "evidence": (("evidence", "last", "--full", "--offline"), "Evidence written"),
    "evidence without names": (("evidence", "last", "--offline"), "Evidence written"),
    "evidence of a customer": (("evidence", "--customer", "aspen-books", "--offline"), "Evidence written"),
}


@pytest.mark.parametrize("name", READERS)
def test_what_reads_a_kept_plan_reads_one_of_format_1(name, desk):
    words, told = READERS[name]
    assert told in desk(*words)


@pytest.mark.parametrize("asked", [("last", "--full"), ("last",), ("--customer", "aspen-books")])
def test_new_evidence_of_an_old_run_holds(asked, desk):
    desk("evidence", *asked, "--offline", "--out", "new.zip")
    assert "NOT PROVEN" not in desk("verify", "new.zip")


@pytest.mark.usefixtures("desk")
def test_a_customer_that_no_manifest_names_any_more_keeps_the_name_of_its_old_plan():
    store = open_store(Path(".pcreconcile/journal.db"))
    events = tuple(store.events())
    gone = {event.customer for event in events if event.customer is not None}
    assert names_of(gone, events, store.document) == dict.fromkeys(gone, "aspen-books")
    assert len(gone) == 1


@pytest.mark.parametrize("words", [("show", "plan.json"), ("approve", "plan.json", "--yes"), ("apply", "plan.json")])
def test_what_would_act_on_a_plan_of_format_1_says_what_to_do(words, desk):
    told = desk(*words, expect=1)
    assert "plan.json: this is a plan of format 1" in told
    assert "make a new plan and have it approved anew" in told


# Where the source turns a document into a plan, and which rows above hold it.
DECODERS = {
    "applying/kept_plans.py": {"history of the run", "undo"},
    "applying/evidence/gathering.py": {"evidence of a customer"},
    "applying/evidence/told.py": {"verify of an archive", "evidence"},
    "applying/plan_file.py": set(),  # format 2 alone: refused above
    "cli/demo.py": set(),  # reads the plan that it has just made
}


def test_every_place_that_decodes_a_plan_has_a_row():
    decodes = re.compile(r"\b(?:type=|, |: )(?:Kept)?Plan\)")
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if any(
            "decode" in line or "convert" in line or "structs.fields" in line
            for line in path.read_text(encoding="utf-8").splitlines()
            if decodes.search(line) or "fields(Plan)" in line
        )
    }
    assert found == set(DECODERS)
    assert set().union(*DECODERS.values()) <= set(READERS)
