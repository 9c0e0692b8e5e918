"""`lock show`: who holds the partner tenant's lock, told by both stores; asks nobody, creates nothing."""

import json
from datetime import UTC, datetime

import pytest

from pcreconcile.applying import open_store
from pcreconcile.cli import main
from pcreconcile.model.run import Holder
from tests.postgres import PASSWORD, postgres  # noqa: F401 a fixture

PARTNER = "9f10aa00-0000-4000-8000-0000000000aa"
HOLDER = Holder(4711, "build-7", "licensing", datetime(2026, 11, 22, 12, 30, tzinfo=UTC), "r-1")
LOCK = f"the apply lock of contoso-csp ({PARTNER})"


@pytest.fixture
def run(partner_folder, monkeypatch, capsys):
    """Runs a command; gives its exit code, stdout and stderr."""
    monkeypatch.chdir(partner_folder)

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


def test_nobody_holds_it(run, place, partner_folder):
    assert run("lock", "show") == (0, f"{LOCK} is not held\n", "")
    code, shown, errors = run("lock", "show", "-format", "json")
    assert (code, json.loads(shown), errors) == (0, {"partner": PARTNER, "held": False, "holder": None}, "")
    assert [path.name for path in partner_folder.iterdir()] == ["manifests"], "and looking has made nothing"


def test_somebody_holds_it(run, place):
    with open_store(place).lock(PARTNER, 0, HOLDER):
        code, shown, errors = run("lock", "show")
        told = json.loads(run("lock", "show", "--format=json")[1])
    assert (code, errors) == (0, "")
    assert shown.splitlines() == [
        f"{LOCK} is held",
        "  host     build-7",
        "  process  4711",
        "  user     licensing",
        "  since    2026-11-22 12:30:00 UTC",
        "  run      r-1",
    ]
    holder = {"process": 4711, "host": "build-7", "user": "licensing", "since": "2026-11-22T12:30:00Z", "run": "r-1"}
    assert told == {"partner": PARTNER, "held": True, "holder": holder}
    assert run("lock", "show")[1] == f"{LOCK} is not held\n"


def test_names_from_outside_are_harmless(run, partner_folder):
    hostile = Holder(1, "::error::\x1b[2J", "##vso[x]\n::y", HOLDER.since)
    with open_store(partner_folder / ".pcreconcile" / "journal.db").lock(PARTNER, 0, hostile):
        shown = run("lock", "show")[1]
    assert "\x1b" not in shown
    assert "##vso" not in shown
    assert "  user     \\x23#vso[x]\\n::y\n" in shown
    assert "  run      not begun\n" in shown


def test_who_does_not_say_who_holds_it(run, partner_folder):
    folder = partner_folder / ".pcreconcile"
    with open_store(folder / "journal.db").lock(PARTNER, 0, HOLDER):
        next(folder.glob("*.lock")).write_bytes(b"")
        shown = run("lock", "show")[1]
    assert "  host     unknown\n  process  unknown\n  user     unknown\n" in shown


def test_a_damaged_journal_does_not_matter(run, partner_folder):
    folder = partner_folder / ".pcreconcile"
    folder.mkdir()
    (folder / "journal.db").write_bytes(b"hello")
    assert run("lock", "show")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "error: Missing command."),
        (("-release",), "error: No such option '--release'."),
        (("take",), "error: No such command 'take'."),
        (("show", "-format", "xml"), "error: Invalid value for '--format'"),
        (("show", "-manifests", "nowhere"), "nowhere:1:1: "),
        (("show", "more"), "error: Got unexpected extra argument (more)"),
    ],
)
def test_what_a_user_can_do_wrong(run, arguments, told):
    code, shown, errors = run("lock", *arguments)
    assert (code, shown) == (1, "")
    assert errors.startswith(told)


def test_a_database_that_is_none(run, monkeypatch):
    for address, told in (
        ("mysql://desk:secret@host/db", "expected one that begins with postgresql://"),
        (f"postgresql://desk:{PASSWORD}@host/db", "PCRECONCILE_DATABASE"),
        ("postgresql://desk:secret@127.0.0.1:1/db", "the journal in database db at 127.0.0.1 cannot be reached"),
    ):
        monkeypatch.setenv("PCRECONCILE_DATABASE", address)
        code, shown, errors = run("lock", "show")
        assert (code, shown) == (1, "")
        assert told in errors
        assert "secret" not in errors
        assert PASSWORD not in errors


def test_help(run):
    assert "show" in run("lock", "-help")[1]
    assert "--format" in run("lock", "show", "-help")[1]
