"""`history` in a folder with the shipped manifests: lists, tells, asks nobody and creates nothing."""

import json
import re
import sqlite3

import pytest

from pcreconcile.applying import open_store
from pcreconcile.cli import main, wiring


@pytest.fixture
def run(partner_folder, monkeypatch, capsys):
    """Runs a command; gives its exit code, stdout and stderr."""
    monkeypatch.chdir(partner_folder)

    def call(*arguments):
        code = main(arguments)
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def applied(run, partner_folder, monkeypatch):
    """The same after two runs of one plan; from here on no world can be reached."""
    assert run("apply", "--auto-approve", "--json")[0] == 0
    run("plan", "--out", "p.json")
    assert run("apply", "p.json")[0] == 0

    def nowhere(_session):
        raise AssertionError("history asked somebody")

    monkeypatch.setattr(wiring, "world", nowhere)
    return run


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def listed(run):
    return [record["run"] for record in records(run("history", "--json")[1]) if record["type"] == "run"]


def test_without_a_journal_there_is_nothing_to_tell_and_nothing_is_made(run, partner_folder):
    assert run("history") == (
        0,
        "The journal knows no run yet; one that ended before its first event has written nothing.\n",
        "",
    )
    assert [record["type"] for record in records(run("history", "--json")[1])] == ["version", "result"]
    assert not (partner_folder / ".pcreconcile").exists()


def test_runs_are_listed_the_newest_last(applied):
    code, told, errors = applied("history")
    first, second = told.splitlines()
    assert (code, errors) == (0, "")
    assert re.fullmatch(
        r"[0-9a-f-]{36}  \d{4}-\d\d-\d\d \d\d:\d\d UTC +\d+s  9 customers, 24 writes  exit 0  plan [0-9a-f]{12}", first
    )
    assert "0 customers, 0 writes  exit 0" in second
    assert [run["run"] for run in listed(applied)] == [first[:36], second[:36]]


def test_a_story_by_the_beginning_of_its_id(applied):
    run = listed(applied)[0]["run"]
    code, told, errors = applied("history", run[:8])
    assert (code, errors) == (0, "")
    assert f"Run {run}\n" in told
    assert "aspen-books (tenant 6b2e0b0c-0000-4000-8000-000000000021)  done" in told
    assert "  - suspend subscription: Exchange Online (Plan 1)\n" in told
    order = [told.index(part) for part in ("looked at, and kept: before", "suspend subscription", "kept: gate")]
    assert order == sorted(order)
    assert "Open ends" not in told


def test_a_story_in_records(applied):
    run = listed(applied)[0]["run"]
    _, told, _ = applied("history", run, "--json")
    first, line, *customers, last = records(told)
    assert (first["type"], line["type"], last["type"]) == ("version", "run", "result")
    assert {each["type"] for each in customers} == {"customer"}
    assert (last["exitCode"], last["openEnds"], len(customers)) == (0, [], line["run"]["customers"])
    aspen = next(each["customer"] for each in customers if each["customer"]["name"] == "aspen-books")
    moments = aspen["actions"][0]["moments"]
    assert [moment["kind"] for moment in moments] == ["intent", "answered", "verified"]
    assert moments[0]["requestId"] == moments[1]["requestId"]
    assert moments[1]["correlationId"]
    assert moments[2]["seen"] == {"status": "suspended"}


def test_a_narrow_terminal_and_names_from_outside_do_no_harm(applied, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert applied("history", listed(applied)[0]["run"])[0] == 0


def test_the_head_is_the_journal_s_last_event(applied, partner_folder):
    head = open_store(partner_folder / ".pcreconcile" / "journal.db").head()
    line = f"pcreconcile-journal-head v1 9f10aa00-0000-4000-8000-0000000000aa {head.seq} {head.hash}"
    assert applied("history", "--head") == (0, line + "\n", "")
    (record,) = [record for record in records(applied("history", "--head", "--json")[1]) if record["type"] == "head"]
    assert (record["line"], record["head"]) == (line, {"seq": head.seq, "hash": head.hash})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["history", "nobody"], "error: nobody: the journal knows no run of that ID"),
        (["history", "--head"], "error: the journal is empty"),
        (["history", "--head", "abc"], "error: --head is about the whole journal"),
    ],
)
def test_what_cannot_be_told_is_an_error(run, arguments, told):
    code, out, errors = run(*arguments)
    assert (code, out) == (1, "")
    assert errors.startswith(told)


@pytest.mark.parametrize("arguments", [["history"], ["history", "a"], ["history", "--head"]])
def test_a_damaged_journal_is_told_and_left_as_it_was(applied, partner_folder, arguments):
    journal = partner_folder / ".pcreconcile" / "journal.db"
    with sqlite3.connect(journal) as connection:
        connection.execute("DROP TRIGGER events_are_not_changed")
        connection.execute("UPDATE events SET body = '{}' WHERE seq = 3")
    connection.close()
    before = journal.read_bytes()
    code, out, errors = applied(*arguments)
    assert (code, out) == (1, "")
    assert "is damaged" in errors
    assert journal.read_bytes() == before
