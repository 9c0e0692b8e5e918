"""Customers who have gone stay in the report until their open ends are closed, manifest or not."""

import json
from datetime import UTC, datetime, timedelta

from tests.e2e.conftest import Desk

TENANTS = {
    "aspen-books": "6b2e0b0c-0000-4000-8000-000000000021",
    "birch-clinic": "6b2e0b0c-0000-4000-8000-000000000022",
    "elm-robotics": "6b2e0b0c-0000-4000-8000-000000000025",
}
START = datetime.now(UTC).replace(microsecond=0)


def at(days: int = 0) -> dict[str, str]:
    return {"PCRECONCILE_NOW": (START + timedelta(days=days)).isoformat().replace("+00:00", "Z")}


def followed(desk: Desk, *arguments: str, days: int = 0) -> dict[str, list[str]]:
    """The codes of what is open, by customer."""
    plan = desk.plan(*arguments, **at(days))
    return {gone["name"]: [end["code"] for end in gone["open"]] for gone in plan["aftercare"]}


def test_a_customer_who_has_gone_is_followed_up_until_its_credits_are_past(shipped: Desk):
    assert followed(shipped) == {}
    shipped("apply", "--auto-approve", expect=0, **at())
    assert followed(shipped) == {
        name: ["credits-expected"] for name in ("birch-clinic", "dune-studio", "elm-robotics", "poplar-school")
    }
    told = shipped("plan", expect=0, **at()).stdout
    assert "Aftercare: 4 customers that have gone, and what is still open" in told
    assert followed(shipped, days=61) == {}


def test_also_when_the_manifest_is_gone(shipped: Desk):
    shipped("apply", "--auto-approve", expect=0, **at())
    for name in ("aspen-books", "birch-clinic"):
        (shipped.folder / "manifests" / "customers" / f"{name}.yaml").unlink()
    plan = shipped.plan(**at())
    (birch,) = [gone for gone in plan["aftercare"] if gone["name"] == "birch-clinic"]
    assert birch["tenantId"] == TENANTS["birch-clinic"]
    assert [credit["amount"]["currency"] for credit in birch["credits"]] == ["EUR"]
    assert "aspen-books" not in {gone["name"] for gone in plan["aftercare"]}, "nothing of it is open"


def test_a_narrower_plan_tells_of_its_own_customers_alone(shipped: Desk):
    shipped("apply", "--auto-approve", expect=0, **at())
    assert list(followed(shipped, "--target", "customer/elm-robotics")) == ["elm-robotics"]
    assert followed(shipped, "--target", "customer/aspen-books") == {}


def test_a_kept_plan_with_aftercare_is_shown_and_applied(shipped: Desk):
    shipped("apply", "--auto-approve", expect=0, **at())
    shipped("plan", "--out", "p.json", expect=0, **at())
    kept = (shipped.folder / "p.json").read_text(encoding="utf-8")
    assert shipped("show", "p.json", "--format", "json", expect=0).stdout == kept
    assert "Aftercare" in shipped("show", "p.json", expect=0).stdout
    shipped("apply", "p.json", expect=0, **at())
    assert json.loads(kept)["aftercare"]
