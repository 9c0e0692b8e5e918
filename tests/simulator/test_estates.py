"""Estates: what a file may say, what is told when it does not, and the generator."""

import traceback
from datetime import UTC, datetime

import pytest
import yaml

from pcreconcile.simulator import SimulatorError, SimulatorSettings, example_estate, run_in_thread
from pcreconcile.simulator.estate import read_estate, read_estate_file
from pcreconcile.simulator.generated import generate

from .conftest import TENANT, calling

CREATED = datetime(2026, 11, 22, 15, tzinfo=UTC)
WHO = {"tenantId": TENANT + "01", "name": "test-customer"}


def error_of(document):
    with pytest.raises(SimulatorError) as caught:
        read_estate(document, "estate.yaml", CREATED)
    return str(caught.value)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (None, "estate: expected a mapping"),
        ({"customer": []}, "estate: field 1 is unknown; expected one of partner, options, customers"),
        ({"customers": {}}, "estate.customers: expected a list"),
        ({"customers": [{}]}, "customers[0].tenantId: expected a text"),
        ({"customers": [{"tenantId": "11"}]}, "customers[0].tenantId: expected a GUID, not this text"),
        ({"customers": [{"tenantId": TENANT + "01"}]}, "customers[0].companyName: expected a text"),
        ({"customers": [WHO, WHO]}, "customers[1].tenantId: expected another tenant than that of"),
        ({"options": {"pageSize": 0}}, "options.pageSize: expected a number from 1"),
        ({"options": {"speed": 1}}, "options: option 1 is unknown"),
        ({"customers": [WHO | {"refundsUsed": 3}]}, "refundsUsed: expected"),
        ({"customers": [WHO | {"transfers": [{"items": ["x"]}]}]}, "transfers[0].items: expected a list of names"),
    ],
)
def test_an_error_says_where_and_what(document, told):
    assert told in error_of(document)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({}, "items[0].kind: expected one of legacy-license,"),
        ({"kind": "add-on"}, "items[0].kind: expected one of"),
        ({"kind": "reservation", "price": 12}, "items[0].price: expected a quoted decimal"),
        ({"kind": "trial", "term": "1Y"}, "items[0].term: expected a term"),
        ({"kind": "trial", "bought": "3 days ago"}, "items[0].bought: expected an ISO date or an offset"),
        ({"kind": "trial", "quantity": -1}, "items[0].quantity: expected a whole number"),
        ({"kind": "trial", "endOfTerm": "stop"}, "items[0].endOfTerm: expected one of"),
        ({"kind": "trial", "colour": 1}, "items[0]: field 2 is unknown"),
        ({"kind": "trial", "wire": []}, "items[0].wire: expected a mapping"),
        ({"kind": "azure-plan", "azureSubscriptions": [{"state": 1}]}, "azureSubscriptions[0]: field 1 is unknown"),
        ({"kind": "legacy-license", "addOns": [{"kind": "x"}]}, "items[0].addOns[0].kind: expected one of"),
    ],
)
def test_an_error_in_an_item(item, told):
    assert told in error_of({"customers": [WHO | {"items": [item]}]})


@pytest.mark.parametrize("content", [b"customers: [", b"\xff\xfe", b"a: *b", b"!!python/object:os.system x"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(SimulatorError, match=r"bad\.yaml"), run_in_thread(SimulatorSettings(estate=path)):
        pass
    with pytest.raises(SimulatorError, match=r"none\.yaml"):
        read_estate_file(tmp_path / "none.yaml", CREATED)


MARK = "hunter2-of-a-foreign-file"
FOREIGN = {
    "no YAML": f"[default]\naws_secret_access_key = {MARK}: [\n",
    "a tab": f"a: 1\n\t{MARK}",
    "an alias": f"a: *{MARK}",
    "a tag": f"a: !{MARK} x",
    "a directive": f"%{MARK}\n---\n",
    "an anchor twice": f"a: &{MARK} 1\n*{MARK} b\n",
    "a text": MARK,
    "a list": f"- {MARK}",
    "a field": f"{MARK}: 1",
    "a field that is no text": f"? [{MARK}]\n: 1",
    "an option": f"options: {{{MARK}: 1}}",
    "an option's value": f"options: {{pageSize: {MARK}}}",
    "customers": f"customers: {MARK}",
    "a customer": f"customers: [{MARK}]",
    "a tenant": f"customers: [{{tenantId: {MARK}}}]",
    "a name": f"partner: {{name: [{MARK}]}}",
    "a date": f"customers: [{{tenantId: {WHO['tenantId']}, name: a, items: [{{kind: trial, bought: {MARK}}}]}}]",
    "a kind": f"customers: [{{tenantId: {WHO['tenantId']}, name: a, items: [{{kind: {MARK}}}]}}]",
    "a former one": f"formerCustomers: [{{tenantId: {MARK}}}]",
    "bytes": b"\xff\xfe" + MARK.encode(),
    "a key": f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----\n",
    "variables": f"export TOKEN={MARK}\nOTHER='{MARK}'\n",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_no_error_quotes_the_file(tmp_path, content):
    path = tmp_path / "estate.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SimulatorError) as caught:
        read_estate_file(path, CREATED)
    assert MARK[:7] not in "".join(traceback.format_exception(caught.value))


def test_raw_wire_members_go_over_everything(estate):
    odd = {
        "kind": "new-commerce-license",
        "wire": {"status": "quarantined", "productType": {"id": "Quantum"}, "new": 1},
    }
    caller = estate([odd], wire={"relationshipToPartner": "syndication"})
    row = caller("GET", f"/v1/customers/{TENANT}01/subscriptions").json()["items"][0]
    assert (row["status"], row["productType"]["id"], row["new"]) == ("quarantined", "Quantum", 1)
    assert caller("GET", f"/v1/customers/{TENANT}01").json()["relationshipToPartner"] == "syndication"


def test_the_same_estate_has_the_same_ids():
    one, two = (read_estate_file(example_estate(), CREATED)["customers"] for _ in range(2))
    assert one == two


def test_the_example_knows_its_customers():
    customers = {each["id"][-2:]: each for each in read_estate_file(example_estate(), CREATED)["customers"]}
    kinds = {number: [item["kind"] for item in each["subscriptions"]] for number, each in customers.items()}
    assert kinds["11"] == ["new-commerce-license", "new-commerce-license", "azure-plan"]
    assert kinds["21"] == ["legacy-license"] * 3
    assert kinds["25"] == []
    assert kinds["36"] == ["new-commerce-license"] * 2 + ["legacy-license", "azure-plan"]
    assert not {"33", "34"} & set(customers)
    assert customers["31"]["domain"] == "kettleandco.onmicrosoft.com"


def test_a_generated_estate_depends_on_number_and_seed_alone():
    assert generate(50, 7) == generate(50, 7)
    assert generate(50, 7) != generate(50, 8)
    assert generate(20, 7)["customers"] == generate(50, 7)["customers"][:20]


def test_a_generated_estate_has_every_family_in_proportion():
    founding = read_estate(generate(600, 1), "generated", CREATED)
    kinds = [item["kind"] for each in founding["customers"] for item in each["subscriptions"]]
    kinds += [item["kind"] for each in founding["customers"] for item in each["entitlements"]]
    assert len(set(kinds)) == 9
    assert kinds.count("new-commerce-license") > len(kinds) / 2
    assert 0.2 < kinds.count("azure-plan") / 600 < 0.4
    statuses = {item["wire"]["status"] for each in founding["customers"] for item in each["subscriptions"]}
    assert statuses >= {"active", "suspended", "expired", "disabled", "deleted", "quarantined"}
    assert len({each["id"] for each in founding["customers"]}) == 600


def test_a_generated_world_is_served():
    with calling(SimulatorSettings(customers=12, seed=3)) as caller:
        assert caller("GET", "/v1/customers").json()["totalCount"] == 12
        world = caller.http.get("/_simulator/world").json()
        assert len(world["customers"]) == 12


def test_the_header_of_the_example_is_yaml_with_no_surprises():
    assert set(yaml.safe_load(example_estate().read_text())) == {"partner", "customers", "formerCustomers"}
