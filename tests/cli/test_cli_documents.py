"""Overrides of rules and the price list on their way from the partner folder into the plan."""

from __future__ import annotations

import json

import pytest

from pcreconcile.cli import main
from tests.manifests.desk import RULES

WINDOW = "new-commerce-license.cancel-window"


@pytest.fixture
def planned(partner_folder, monkeypatch, capsys):
    """The plan as JSON, at an instant."""
    monkeypatch.chdir(partner_folder)

    def plan(now="2026-11-22T12:00:00Z"):
        monkeypatch.setenv("PCRECONCILE_NOW", now)
        assert main(["plan", "-format", "json"]) == 0
        return json.loads(capsys.readouterr().out)

    return plan


def customer(plan, name):
    return next(each for each in plan["customers"] if each["name"] == name)


def test_the_shipped_list_tells_what_the_example_costs(planned):
    plan = planned()
    assert len(plan["sources"]["prices"]) == 64
    sums = customer(plan, "birch-clinic")["money"]
    assert sums["refund"] == [{"amount": "216.00", "currency": "EUR"}]  # 12 seats at 20.00, 27 days of 30
    assert sums["unknown"] == {}
    assert customer(plan, "aspen-books")["money"]["unknown"]["refund"] > 0  # legacy licences are not listed


def test_without_a_list_every_amount_is_unknown(planned, partner_folder):
    (partner_folder / "manifests" / "prices.yaml").unlink()
    plan = planned()
    assert plan["sources"]["prices"] == ""
    assert customer(plan, "birch-clinic")["money"]["refund"] == []


def test_the_plan_names_the_overridden_rules(planned, partner_folder):
    shipped = planned()["sources"]
    (partner_folder / "manifests" / "rules.yaml").write_text(RULES, encoding="utf-8")
    sources = planned()["sources"]
    assert shipped["overriddenRules"] == []
    assert [(each["id"], each["value"], each["shipped"]) for each in sources["overriddenRules"]] == [
        ("legacy-license.disabled", "blocks", "probe"),
        (WINDOW, 5, 7),
    ]
    assert sources["rules"] != shipped["rules"]
    assert sources["rulesVersion"] == shipped["rulesVersion"]


def test_an_override_that_has_run_out_on_the_clock_s_day_is_not_named(planned, partner_folder):
    (partner_folder / "manifests" / "rules.yaml").write_text(RULES, encoding="utf-8")
    last, after = planned("2027-06-30T23:59:00Z"), planned("2027-07-01T00:00:00Z")
    assert len(last["sources"]["overriddenRules"]) == 2
    assert [each["id"] for each in after["sources"]["overriddenRules"]] == [WINDOW]


def test_validate_tells_an_override_of_nothing(partner_folder, monkeypatch, capsys):
    monkeypatch.chdir(partner_folder)
    text = RULES.replace("cancel-window", "cancel-windows")
    (partner_folder / "manifests" / "rules.yaml").write_text(text, encoding="utf-8")
    assert main(["validate"]) == 1
    assert f'unknown rule "{WINDOW}s", did you mean "{WINDOW}"?' in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["Prices", "rules"])
def test_the_schema_of_each_document(kind, capsys):
    assert main(["schema", kind]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["kind"]["const"] == kind.capitalize()
