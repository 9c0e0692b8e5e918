"""`undo RUN` in a folder with the shipped manifests: tells what can be reversed; what it says to write is planned."""

import json
import re

import pytest
import yaml

from pcreconcile.cli import main

KETTLE, CEDAR, ASPEN = "customer/kettle-and-co", "customer/cedar-logistics", "customer/aspen-books"


@pytest.fixture
def run(partner_folder, monkeypatch, capsys):
    """Runs a command; gives its exit code, stdout and stderr."""
    monkeypatch.chdir(partner_folder)

    def call(*arguments):
        code = main(arguments)
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def applied(run):
    """Applies the plan of these customers and gives the run."""

    def apply(*targets):
        options = [word for target in targets for word in ("--target", target)]
        assert run("plan", *options, "--out", "p.json")[0] == 0
        code, out, _ = run("apply", "p.json", "--json")
        assert code == 0
        return json.loads(out.splitlines()[-1])["receipt"]["run"]

    return apply


def undo(run, name, *options):
    code, out, _ = run("undo", name, "--format", "json", *options)
    return code, json.loads(out)


def test_what_can_be_reversed_and_what_cannot(run, applied):
    name = applied(KETTLE, CEDAR, ASPEN)
    code, found = undo(run, name)
    told = {(each["customer"], each["kind"], each["back"]) for each in found["writes"]}
    assert code == 0
    assert ("cedar-logistics", "cancel-at-term-end", "reversible") in told
    assert ("kettle-and-co", "suspend-subscription", "lossy") in told
    assert ("aspen-books", "suspend-subscription", "irreversible") in told
    assert ("aspen-books", "remove-relationship", "needs-counterparty") in told
    assert (found["run"], found["unread"], found["unproven"]) == (name, {}, [])
    assert {each["now"] for each in found["writes"] if each["back"] == "reversible"} == {
        "it still is as the run left it"
    }


def test_for_people(run, applied):
    name = applied(KETTLE, CEDAR, ASPEN)
    code, told, errors = run("undo", name[:8])
    assert (code, errors) == (0, "")
    told = " ".join(told.split())  # lines are as wide as the terminal
    assert f"Undo of run {name}: nothing is written here" in told
    assert re.search(r"- cedar-logistics let it end with its term: Microsoft 365 E3 → set renewal, until \d{4}-", told)
    assert "Cannot be reversed" in told
    assert "manifest relationship: active" in told
    assert "write the lines into the manifests, then `pcreconcile plan`" in told


def test_what_it_says_to_write_is_planned(run, applied, partner_folder):
    _, found = undo(run, applied(CEDAR))
    (write,) = found["writes"]
    file = partner_folder / "manifests" / "customers" / "cedar-logistics.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    for member in ("deadline", "refunds", "pace", "delegatedAccess"):
        document["spec"].pop(member, None)
    document["spec"] |= yaml.safe_load(f"{{{write['manifest']}}}")
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    (cedar,) = json.loads(run("plan", "--target", CEDAR, "--format", "json")[1])["customers"]
    assert [(act["kind"], act["when"]) for act in cedar["actions"]] == [(write["by"], "now")]
    run("apply", "--auto-approve")
    code, found = undo(run, found["run"])
    assert (code, [each["back"] for each in found["writes"]]) == (5, ["undone"])


def test_what_could_not_be_read_is_told_and_the_journal_still_speaks(run, applied):
    name = applied(KETTLE, ASPEN)
    code, found = undo(run, name, "--refresh=false")
    assert code == 0
    assert set(found["unread"]) == {"kettle-and-co", "aspen-books"}
    backs = {(each["customer"], each["kind"]): each["back"] for each in found["writes"]}
    assert backs["kettle-and-co", "suspend-subscription"] in {"lossy", "reversible"}
    assert backs["aspen-books", "suspend-subscription"] == "irreversible", "its removal is in the same journal"
    assert "Not read, so only the journal speaks" in run("undo", name, "--refresh=false")[1]


def test_from_a_kept_snapshot(run, applied):
    name = applied(KETTLE)
    assert undo(run, name, "--snapshot", "s.json")[0] == 0
    assert undo(run, name, "--snapshot", "s.json", "--refresh=false")[1]["unread"] == {}


def test_a_run_without_writes_has_nothing_to_reverse_and_reads_nothing(run, applied, monkeypatch):
    applied(KETTLE)
    name = applied(KETTLE)
    monkeypatch.setattr("pcreconcile.cli.seeing.look", lambda *_: pytest.fail("it read"))
    code, found = undo(run, name)
    assert (code, found["writes"]) == (0, [])
    assert "there is nothing to reverse" in run("undo", name)[1]


def test_it_writes_nothing(run, applied, partner_folder):
    name = applied(KETTLE)
    journal = partner_folder / ".pcreconcile" / "journal.db"
    before = journal.read_bytes()
    undo(run, name)
    assert journal.read_bytes() == before


def test_a_run_that_nobody_knows(run):
    code, out, errors = run("undo", "abc")
    assert (code, out) == (1, "")
    assert errors.startswith("error: abc: the journal knows no run of that ID")
