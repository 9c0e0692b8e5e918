"""`hold`: kept in both stores, without credentials and without a request; no apply begins a write while it stands."""

import json
import os

import pytest

from pcreconcile.applying import open_store
from pcreconcile.cli import main, wiring
from pcreconcile.model.run import EventKind
from tests.postgres import postgres  # noqa: F401 a fixture

PARTNER = "9f10aa00-0000-4000-8000-0000000000aa"


@pytest.fixture
def run(partner_folder, monkeypatch, capsys):
    """Runs a command; gives its exit code, stdout and stderr."""
    monkeypatch.chdir(partner_folder)
    monkeypatch.setenv("PCRECONCILE_NOW", "2026-11-22T12:00:00Z")
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    monkeypatch.setattr("socket.gethostname", lambda: "desk-3")

    def call(*arguments):
        code = main(arguments)
        return code, *capsys.readouterr()

    return call


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, partner_folder, monkeypatch):
    """Where the journal of the command is."""
    if request.param == "sqlite":
        return partner_folder / ".pcreconcile" / "journal.db"
    address = request.getfixturevalue("postgres").url()
    monkeypatch.setenv("PCRECONCILE_DATABASE", address)
    return address


def kinds(place):
    return [event.kind for event in open_store(place, PARTNER).events()]


def test_without_options_it_shows_what_stands_and_makes_nothing(run, place, partner_folder):
    assert run("hold") == (0, "no hold stands\n", "")
    shown = json.loads(run("hold", "-format", "json")[1])
    assert shown == {"held": False, "holds": [], "setting": None, "written": None}
    assert [path.name for path in partner_folder.iterdir()] == ["manifests"]


def test_it_is_set_before_the_first_apply_and_asks_nobody(run, place, monkeypatch):
    monkeypatch.setattr(wiring, "world", lambda _: pytest.fail("hold asked somebody"))
    code, shown, errors = run("hold", "--why", "incident 7")
    assert (code, errors) == (0, "")
    assert shown.startswith("hold 1: incident 7 (by ann@desk-3 since 20")
    assert run("hold")[1] == shown
    (hold,) = json.loads(run("hold", "--format", "json")[1])["holds"]
    assert (hold["who"], hold["body"]) == ("ann@desk-3", {"why": "incident 7"})


def test_no_apply_begins_while_it_stands_and_the_same_plan_is_finished_after_it(run, place):
    run("plan", "--out", "p.json")
    number = run("hold", "--why", "incident 7")[1].split(":")[0]
    code, _, errors = run("apply", "p.json")
    assert code == 5
    assert "held: incident 7 (by ann@desk-3 since" in errors
    assert "pcreconcile hold --lift" in errors
    assert kinds(place) == [EventKind.HELD]
    assert run("apply", "--auto-approve")[0] == 5
    assert kinds(place) == [EventKind.HELD], "once, however often it is seen"
    assert run("hold", "--lift", "--why", "over")[:2] == (0, f"lifted: {number}\nno hold stands\n")
    assert run("apply", "p.json")[0] == 0
    assert kinds(place)[:3] == [EventKind.HELD, EventKind.HOLD_LIFTED, EventKind.RUN_STARTED]


def test_both_ends_are_in_the_history(run, place):
    run("hold", "--why", "incident 7")
    run("hold", "--lift", "--why", "over")
    code, told, errors = run("history")
    assert (code, errors) == (0, "")
    assert "hold 1 by ann@desk-3: incident 7\n" in told
    assert "lifted 1 by ann@desk-3: over\n" in told
    holds = [json.loads(line) for line in run("history", "--json")[1].splitlines()]
    assert [(each["hold"]["kind"], each["hold"]["why"]) for each in holds if each["type"] == "hold"] == [
        ("hold", "incident 7"),
        ("lift", "over"),
    ]
    run("apply", "--auto-approve")
    listed = run("history")[1]
    assert len([line for line in listed.splitlines() if "customers" in line]) == 1, "events of no run are no run"
    assert run("history", "last")[0] == 0
    assert run("verify", "last")[0] in {0, 7}


def test_lifting_ends_all_that_stood_and_nothing_when_none_did(run):
    assert run("hold", "--lift") == (0, "no hold stands\n", "")
    run("hold", "--why", "one")
    run("hold", "--why", "two")
    assert len(run("hold")[1].splitlines()) == 3
    assert run("hold", "--lift")[1] == "lifted: hold 1, 2\nno hold stands\n"


@pytest.mark.parametrize("why", ["", "  ", "x" * 1001])
def test_a_hold_has_a_reason(run, why, partner_folder):
    code, shown, errors = run("hold", "--why", why)
    assert (code, shown) == (1, "")
    assert "--why" in errors
    assert not (partner_folder / ".pcreconcile").exists()


def test_a_reason_from_outside_is_harmless(run):
    run("hold", "--why", "\x1b[2J ##vso[x]\n::error::")
    for told in (run("hold")[1], run("history")[1], run("apply", "--auto-approve")[2]):
        assert "\x1b" not in told
        assert "##vso" not in told
        assert "\n::" not in told


@pytest.mark.parametrize(
    "arguments", [("apply", "--auto-approve"), ("apply", "p.json"), ("apply", "--auto-approve", "--json")]
)
def test_the_operators_setting_keeps_every_apply_from_beginning(run, monkeypatch, partner_folder, arguments):
    run("plan", "--out", "p.json")
    monkeypatch.setenv("PCRECONCILE_HOLD", "freeze week")
    monkeypatch.setattr(wiring, "world", lambda _: pytest.fail("something was sent"))
    code, told, errors = run(*arguments)
    assert code == 5
    assert "held: freeze week (PCRECONCILE_HOLD)" in errors + told
    assert "unset PCRECONCILE_HOLD" in errors + told
    assert kinds(partner_folder / ".pcreconcile" / "journal.db") == []
    assert run("hold")[1] == "held: freeze week (PCRECONCILE_HOLD); unset PCRECONCILE_HOLD to end it\n"


def test_an_empty_setting_is_none(run, monkeypatch):
    monkeypatch.setenv("PCRECONCILE_HOLD", "")
    assert run("apply", "--auto-approve")[0] == 0


def test_what_asks_for_nothing_goes_on_while_a_hold_stands(run, monkeypatch):
    """The twin: a hold stops writes and nothing else."""
    run("apply", "--auto-approve")
    run("hold", "--why", "incident")
    monkeypatch.setenv("PCRECONCILE_HOLD", "freeze week")
    for command in ("validate", "plan", "history", "deadlines", "lock show", "verify last", "undo last"):
        assert run(*command.split())[0] in {0, 7}, command


def test_doctor_tells_of_each_hold(run, monkeypatch):
    run("hold", "--why", "incident 7")
    monkeypatch.setenv("PCRECONCILE_HOLD", "freeze week")
    told = run("doctor")[1]
    assert "warn  hold: held: freeze week (PCRECONCILE_HOLD) … unset PCRECONCILE_HOLD to end it\n" in told
    assert "warn  hold: held: incident 7 (by ann@desk-3 since" in told
    monkeypatch.delenv("PCRECONCILE_HOLD")
    run("hold", "--lift")
    assert "hold:" not in run("doctor")[1]


def test_no_variable_of_the_machine_lifts_a_hold(run, monkeypatch):
    run("hold", "--why", "incident 7")
    for name in ("PCRECONCILE_LIFT", "PCRECONCILE_WHY"):
        monkeypatch.setitem(os.environ, name, "1")
    assert "incident 7" in run("hold")[1]
    assert run("apply", "--auto-approve")[0] == 5
