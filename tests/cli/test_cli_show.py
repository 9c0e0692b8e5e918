"""`show` believes no verdict, total or name of a file: what its acts make is shown, and what differs is told first."""

import json
from pathlib import Path

import msgspec
import pytest

from pcreconcile.cli import main
from pcreconcile.model.identity import canonical_json, seal
from pcreconcile.model.plan import Plan

LEAVES = "aspen-books"
CONTRADICTS = "THE FILE CONTRADICTS ITS OWN ACTS"
OTHERWISE = "THE FILE IS NOT WHAT THE MANIFESTS HERE SAY"


@pytest.fixture
def desk(partner_folder, monkeypatch, capsys):
    """The program, and a kept plan that may be changed by somebody who can make digests."""
    monkeypatch.chdir(partner_folder)
    monkeypatch.setenv("PCRECONCILE_NOW", "2026-11-22T12:00:00Z")
    assert main(["plan", "--out", "p.json"]) == 0
    capsys.readouterr()
    return Desk(partner_folder, capsys)


class Desk:
    def __init__(self, folder: Path, capsys) -> None:
        self.folder = folder
        self.capsys = capsys

    def reseal(self, change) -> None:
        path = self.folder / "p.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document, next(each for each in document["customers"] if each["name"] == LEAVES))
        path.write_bytes(canonical_json(seal(msgspec.convert(document, Plan))))

    def show(self, *words, expect=0):
        code = main(["show", "p.json", *words])
        out, err = self.capsys.readouterr()
        assert code == expect, out + err
        return out, err


def converged_and_wanted_active(document, customer):
    customer["verdict"] = "converged"
    customer["desired"]["relationship"] = "active"
    customer["blockers"] = []
    document["totals"]["removalsNow"] = 0


CONTRADICTIONS = {
    "a removal under a customer that is converged": (
        converged_and_wanted_active,
        ["aspen-books: the file says converged", "make it ready", "remove-relationship for a customer that is wanted"],
    ),
    "totals that belittle": (
        lambda document, _: document["totals"].update(removalsNow=0, seats=0),
        ["totals: the file says 0 removalsNow", "totals: the file says 0 seats"],
    ),
    "a verdict that frightens nobody": (lambda _, customer: customer.update(verdict="waiting"), ["says waiting"]),
    "no money": (
        lambda _, customer: customer["money"].update(unknown={}),
        ["aspen-books: the file's sums of money are not those"],
    ),
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_a_file_that_contradicts_its_acts(what, desk):
    change, told = CONTRADICTIONS[what]
    desk.reseal(change)
    out, _ = desk.show(expect=1)
    assert out.startswith(CONTRADICTS)
    flat = " ".join(out.split())
    for text in told:
        assert text in flat
    assert "aspen-books READY" in flat
    for format_ in ("json", "ics"):
        out, err = desk.show("--format", format_, expect=1)
        assert out == ""
        assert "p.json: the plan contradicts its own acts" in err


def test_totals_are_shown_as_the_acts_make_them(desk):
    honest = desk.show()[0].partition("Totals")[2]
    desk.reseal(CONTRADICTIONS["totals that belittle"][0])
    shown = desk.show(expect=1)[0].partition("Totals")[2]
    assert shown.partition("plan ID")[0] == honest.partition("plan ID")[0]


NAMES = {
    "a name": (
        lambda customer: customer.update(name="juniper"),
        "juniper: the file calls the same customer aspen",
    ),
    "a domain": (
        lambda customer: customer["desired"].update(domain="x.example"),
        "its domain is another (x.example",
    ),
    "a reason": (
        lambda customer: customer["desired"].update(reason="as agreed"),
        "its reason is another (as agreed",
    ),
    "a tenant": (
        lambda customer: customer.update(tenantId="6b2e0b0c-0000-4000-8000-00000000dead"),
        "aspen-books: no manifest here names tenant 6b2e0b0c-0000-4000-8000-00000000dead",
    ),
}


@pytest.mark.parametrize("what", NAMES)
def test_names_that_are_not_the_manifests(what, desk):
    change, told = NAMES[what]
    desk.reseal(lambda _, customer: change(customer))
    out, _ = desk.show()
    assert out.startswith(OTHERWISE)
    assert told in " ".join(out.split())
    out, err = desk.show("--format", "json")
    assert json.loads(out)["formatVersion"] == 2
    assert err.startswith("warning: p.json: not what the manifests here say: ")
    assert told in err


def test_without_manifests_names_are_the_file_s_word(desk):
    assert "company names, guards, seats, dates and amounts are the file's word" in " ".join(desk.show()[0].split())
    (desk.folder / "manifests").rename(desk.folder / "elsewhere")
    out = " ".join(desk.show()[0].split())
    assert "names, domains, reasons (no manifests here), guards," in out
    assert OTHERWISE not in out


def test_an_honest_plan_is_shown_without_any_of_it(desk):
    out, err = desk.show()
    assert CONTRADICTS not in out
    assert OTHERWISE not in out
    assert err == ""
    assert desk.show("--format", "json") == ((desk.folder / "p.json").read_text(encoding="utf-8"), "")
