"""PCRECONCILE_JOURNAL_KEY on the command line, and `verify --seal`."""

import json
import shutil

import pytest

from pcreconcile.applying import open_store
from pcreconcile.cli import main
from pcreconcile.model.run import EventKind
from tests.applying.journals import InFile
from tests.applying.test_journal_key import planted, rows_of

KEY = "0123456789abcdef0123456789abcdef-secret"


@pytest.fixture
def run(partner_folder, monkeypatch, capsys):
    """Runs a command; gives its exit code, stdout and stderr, none of which ever show the key."""
    monkeypatch.chdir(partner_folder)
    monkeypatch.setenv("PCRECONCILE_NOW", "2026-11-22T12:00:00Z")

    def call(*arguments):
        code = main(arguments)
        said = capsys.readouterr()
        assert KEY not in said.out + said.err
        return code, said.out, said.err

    return call


@pytest.fixture
def keyed(monkeypatch):
    def change(text=KEY):
        monkeypatch.setenv("PCRECONCILE_JOURNAL_KEY", text) if text else monkeypatch.delenv("PCRECONCILE_JOURNAL_KEY")

    return change


@pytest.fixture
def journal(partner_folder):
    return partner_folder / ".pcreconcile" / "journal.db"


def test_a_journal_that_begins_with_the_key_needs_no_seal(run, keyed):
    keyed()
    assert run("apply", "--auto-approve")[0] == 0
    assert run("plan")[0] == 0
    code, told, _ = run("verify", "last")
    assert code in {0, 7}
    assert "carry MACs of the journal key" in told
    assert run("verify", "--seal")[0] == 1


def test_an_older_journal_is_taken_over_once(run, keyed, journal):
    run("apply", "--auto-approve")
    before = len(open_store(journal).events())
    keyed()
    for command in (("plan",), ("apply", "--auto-approve"), ("doctor",), ("undo", "last"), ("deadlines",)):
        code, told, errors = run(*command)
        assert code == 1, command
        assert "verify --seal" in told + errors, command
    code, told, errors = run("history")
    assert (code, errors.startswith("warning: the journal is not to be believed")) == (0, True)
    code, told, _ = run("verify", "last")
    assert code == 1
    assert "journal-key" in told
    code, told, errors = run("verify", "--seal")
    assert (code, errors) == (0, "")
    assert f"sealed: events 1 to {before}," in told
    assert "taken on trust" in told
    assert open_store(journal).events()[-1].kind is EventKind.SEALED
    for command in (("plan",), ("apply", "--auto-approve"), ("history",), ("undo", "last")):
        assert run(*command)[0] in {0, 5}, command
    code, _, errors = run("verify", "--seal")
    assert (code, "sealed already" in errors) == (1, True)
    assert run("verify", "last")[0] in {0, 7}


def test_a_sealed_journal_is_read_without_the_key_and_not_written(run, keyed):
    keyed()
    run("apply", "--auto-approve")
    run("plan", "--out", "p.json")
    keyed("")
    assert run("plan")[0] == 0
    code, told, _ = run("verify", "last")
    assert code in {0, 7}
    assert "carry MACs, not checked" in told
    code, _, errors = run("apply", "p.json")
    assert code == 1
    assert "set PCRECONCILE_JOURNAL_KEY" in errors


def test_an_archive_carries_its_macs(run, keyed, partner_folder):
    keyed()
    run("apply", "--auto-approve")
    assert run("evidence", "last", "--offline", "--full", "--out", "e.zip")[0] == 0
    assert "carry MACs of the journal key" in run("verify", "e.zip")[1]
    keyed("x" * 40)
    code, told, _ = run("verify", "e.zip")
    assert (code, "carries no MAC of the journal key" in told) == (1, True)
    keyed("")
    code, told, _ = run("verify", "e.zip")
    assert code in {0, 7}
    assert "not checked" in told


def test_what_was_planted_is_not_sealed_over(run, keyed, journal):
    keyed()
    run("apply", "--auto-approve")
    stranger = InFile(journal)
    planted(stranger, [*rows_of(stranger)[:-1]])
    shutil.copy(journal, journal.with_name("before.db"))
    keyed("x" * 40)
    code, _, errors = run("verify", "--seal")
    assert code == 1
    assert "not sealed over" in errors
    assert journal.read_bytes() == journal.with_name("before.db").read_bytes()


def test_a_chain_that_does_not_verify_is_not_sealed(run, keyed, journal):
    run("apply", "--auto-approve")
    InFile(journal).hurt("UPDATE events SET run = 'x' WHERE seq = 2")
    keyed()
    code, _, errors = run("verify", "--seal")
    assert code == 1
    assert "does not fit the chain" in errors


@pytest.mark.parametrize(
    ("key", "arguments", "told"),
    [
        ("short", ("plan",), "PCRECONCILE_JOURNAL_KEY: too short"),
        ("short", ("verify", "--seal"), "PCRECONCILE_JOURNAL_KEY: too short"),
        (KEY, ("verify", "--seal"), "the journal is empty"),
        (KEY, ("verify", "--seal", "last"), "leave RUN out"),
        (KEY, ("verify",), "missing RUN or ARCHIVE"),
        ("", ("verify", "--seal"), "--seal needs the journal key"),
    ],
)
def test_what_cannot_be_is_an_error(run, monkeypatch, key, arguments, told, journal):
    if key:
        monkeypatch.setenv("PCRECONCILE_JOURNAL_KEY", key)
    code, out, errors = run(*arguments)
    assert (code, out) == (1, "")
    assert told in errors
    assert not journal.exists()


def test_holds_carry_macs_and_only_the_key_lifts_them(run, keyed):
    keyed()
    run("apply", "--auto-approve")
    assert run("hold", "--why", "incident")[0] == 0
    assert json.loads(run("hold", "--format", "json")[1])["holds"][0]["mac"]
    keyed("")
    code, _, errors = run("hold", "--lift")
    assert (code, "set PCRECONCILE_JOURNAL_KEY to lift a hold" in errors) == (1, True)
    keyed()
    assert run("hold", "--lift")[0] == 0
