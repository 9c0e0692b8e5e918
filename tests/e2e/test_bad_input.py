"""Bad input: exit 1, a position, and nothing is sent to Partner Center."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Desk, simulating

TENANT = "6b2e0b0c-0000-4000-8000-000000000021"
GOOD = f"""apiVersion: pcreconcile/v1
kind: Customer
metadata: {{name: aspen-books}}
spec:
  tenantId: {TENANT}
  domain: aspenbooks.onmicrosoft.com
  relationship: removed
  reason: moves on
"""

BAD = {
    "duplicate key": ({"a": GOOD + "  reason: again\n"}, "customers/a.yaml:9:3:"),
    "unknown field": ({"a": GOOD + "  notBefor: 2027-01-01\n"}, "customers/a.yaml:9:3:"),
    "bad GUID": ({"a": GOOD.replace(TENANT, "6b2e0b0c")}, "customers/a.yaml:5:13:"),
    "tenant ID used twice": (
        {"a": GOOD, "b": GOOD.replace("aspen-books", "birch-clinic").replace(TENANT, TENANT.upper())},
        "customers/b.yaml:5:13:",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", [["validate"], ["plan"], ["apply", "--auto-approve"]], ids=lambda c: c[0])
def test_bad_manifests_end_with_their_position_and_send_nothing(name: str, command: list[str], desk: Desk):
    documents, position = BAD[name]
    with simulating(desk.folder, "--estate", str(_one_customer(desk.folder))) as service:
        desk.partner(service.url)
        for file, text in documents.items():
            desk.write(f"customers/{file}.yaml", text)
        done = desk(*command, expect=1)
        assert position in done.stderr, done.stderr
        assert done.stdout == ""
        assert service.log() == []


def test_all_errors_of_all_files_are_told_at_once(desk: Desk):
    desk.partner("http://127.0.0.1:1")
    desk.write("customers/a.yaml", GOOD + "  notBefor: 2027-01-01\n")
    desk.write("customers/b.yaml", GOOD.replace("removed", "remove").replace("aspen", "birch"))
    errors = desk("plan", expect=1).stderr
    assert "manifests/customers/a.yaml:9:3:" in errors
    assert "notBefore" in errors
    assert "manifests/customers/b.yaml:7:17:" in errors
    assert "removed" in errors


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_an_empty_or_missing_folder_is_an_error(folder: str, desk: Desk):
    if folder == "empty":
        (desk.folder / "manifests").mkdir()
    done = desk("plan", expect=1)
    assert "manifests" in done.stderr


def test_unknown_options_and_commands_are_exit_1(desk: Desk):
    assert desk("plan", "--no-such-option").returncode == 1
    assert desk("no-such-command").returncode == 1


def _one_customer(folder: Path) -> Path:
    estate = folder / "estate.yaml"
    estate.write_text(f"customers:\n  - {{tenantId: {TENANT}, name: aspen-books, items: [{{kind: legacy-license}}]}}\n")
    return estate
