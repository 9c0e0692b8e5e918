"""Design section 3: `_defaults.yaml` merges downwards, and its errors are told at its own place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pcreconcile.model.desired import OnBlocked
from tests.manifests.desk import CUSTOMER, POLICY, Desk

HEAD = "apiVersion: pcreconcile/v1\nkind: CustomerDefaults\n"
OUTER = HEAD + "metadata: {labels: {book: emea, tier: a}}\nspec: {ticket: CHG-1, settle: 3d, onBlocked: fail}\n"
INNER = HEAD + "metadata: {labels: {tier: b}}\nspec: {settle: 1d}\n"
OWN = CUSTOMER.replace("metadata:\n", "metadata:\n  labels: {tier: c, own: yes}\n") + "  settle: 0d\n"


MERGED = [
    ({"_defaults.yaml": OUTER, "c.yaml": CUSTOMER}, {"book": "emea", "tier": "a"}, 3, "CHG-1", OnBlocked.FAIL),
    ({"_defaults.YML": OUTER, "a/b/c.yaml": CUSTOMER}, {"book": "emea", "tier": "a"}, 3, "CHG-1", OnBlocked.FAIL),
    (
        {"_defaults.yaml": OUTER, "a/_defaults.yaml": INNER, "a/b/c.yaml": CUSTOMER},
        {"book": "emea", "tier": "b"},
        1,
        "CHG-1",
        OnBlocked.FAIL,
    ),
    (
        {"_defaults.yaml": OUTER, "a/_defaults.yaml": INNER, "a/c.yaml": OWN},
        {"book": "emea", "tier": "c", "own": "yes"},
        0,
        "CHG-1",
        OnBlocked.FAIL,
    ),
    ({"a/_defaults.yaml": OUTER, "c.yaml": CUSTOMER}, {}, 0, None, OnBlocked.WAIT),
]


@pytest.mark.parametrize("path", ["m", "m/{folder}", "m/{file}"])
@pytest.mark.parametrize(("files", "labels", "settle", "ticket", "blocked"), MERGED)
def test_merging(
    desk: Desk,
    files: dict[str, str],
    labels: dict[str, str],
    settle: int,
    ticket: str | None,
    blocked: OnBlocked,
    path: str,
):
    file = next(name for name in files if "_" not in name)
    (wish,) = desk.load(files, path.format(folder=file.rpartition("/")[0], file=file).rstrip("/")).fleet.customers
    assert (wish.labels, wish.settle, wish.ticket) == (labels, timedelta(days=settle), ticket)
    assert wish.on_blocked == blocked


def test_an_unmanaged_customer_takes_labels_and_no_wish(desk: Desk):
    customer = CUSTOMER.replace("removed", "unmanaged")
    (wish,) = desk.load({"_defaults.yaml": OUTER, "c.yaml": customer}).fleet.customers
    assert (wish.labels, wish.settle, wish.on_blocked) == ({"book": "emea", "tier": "a"}, timedelta(0), OnBlocked.WAIT)


FORBIDDEN = ["tenantId", "domain", "relationship", "reason", "subscriptions", "serviceUntil", "notBefore", "deadline"]
FORBIDDEN += ["pace", "refunds", "delegatedAccess"]


@pytest.mark.parametrize("field", FORBIDDEN)
def test_what_defaults_may_not_set(desk: Desk, field: str):
    (finding,) = desk.findings({"_defaults.yaml": f"{HEAD}spec: {{{field}: x}}\n", "c.yaml": CUSTOMER})
    assert finding.startswith(f'm/_defaults.yaml:3:8: unknown field "{field}"')


WRONG = [
    (
        {"_defaults.yaml": OUTER, "c.yaml": "apiVersion: pcreconcile/v1\nkind: Customer\nmetadata: {name: a}\n"},
        ['m/c.yaml:1:1: missing field "spec"'],
    ),
    (
        {"_defaults.yaml": f"{HEAD}metadata: {{name: a}}\n"},
        ['m/_defaults.yaml:3:12: unknown field "name", expected labels'],
    ),
    # told once, at its own place, however many customers it reaches
    (
        {"_defaults.yaml": f"{HEAD}spec: {{settle: soon, ticket: 5}}\n", "a.yaml": CUSTOMER, "b/c.yaml": OWN},
        None,
    ),
    (
        {"_defaults.yaml": HEAD, "_defaults.yml": HEAD},
        [
            "m/_defaults.yml:2:7: a second document of defaults, the first is at m/_defaults.yaml:1:1, "
            "expected one in a folder"
        ],
    ),
    (
        {"defaults.yaml": HEAD},
        ["m/defaults.yaml:2:7: defaults stand in a file of their own, expected them in _defaults.yaml"],
    ),
    (
        {
            "_defaults.yaml": f"{HEAD}spec: {{ticket: INC-1}}\n",
            "c.yaml": CUSTOMER,
            "policy.yaml": POLICY + "  require: {ticket: ^CHG-}\n",
        },
        ['m/_defaults.yaml:3:16: the policy does not accept the ticket "INC-1", expected one that matches "^CHG-"'],
    ),
]


@pytest.mark.parametrize(("files", "findings"), WRONG)
def test_what_is_wrong_and_where(desk: Desk, files: dict[str, str], findings: list[str] | None):
    found = desk.findings(files)
    if findings is None:
        assert [line.split(": ")[0] for line in found if "_defaults" in line] == [
            "m/_defaults.yaml:3:16",
            "m/_defaults.yaml:3:30",
        ]
    else:
        assert found == findings
