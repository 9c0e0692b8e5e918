"""The commands against the embedded simulator, each in a folder that holds the shipped manifests."""

import io
import json
import re

import pytest

from pcreconcile.cli import main
from tests.cli.guarded import journalled


@pytest.fixture
def run(partner_folder, monkeypatch, capsys):
    """Runs a command; gives its exit code, stdout and stderr."""
    monkeypatch.chdir(partner_folder)

    def call(*arguments):
        code = main(arguments)
        return code, *capsys.readouterr()

    return call


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def _edit(path, pattern, replacement):
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
    assert count
    path.write_text(text, encoding="utf-8")


def _due(plan):
    return [action for customer in plan["customers"] for action in customer["actions"] if action["when"] == "now"]


def test_plan_apply_plan(run, partner_folder):
    code, shown, errors = run("plan", "-out", "p.json", "-detailed-exitcode")
    assert (code, errors) == (2, "")
    assert (partner_folder / "p.json").stat().st_mode & 0o777 == 0o600
    assert "pcreconcile apply p.json" in shown
    kept = (partner_folder / "p.json").read_text(encoding="utf-8")
    assert run("show", "p.json", "-format", "json") == (0, kept, "")
    assert run("show", "p.json")[1].endswith(shown.partition("\n  next")[0])

    code, told, errors = run("apply", "p.json")
    assert (code, errors) == (0, "")
    assert f"plan ID     {json.loads(kept)['planId']}" in told
    assert "aspen-books  remove the reseller relationship: verified" in told

    code, after, _ = run("plan", "-format", "json")
    assert code == 0
    assert _due(json.loads(kept))
    assert _due(json.loads(after)) == []
    assert _names(partner_folder / ".pcreconcile")[0] == "journal.db"


def test_applying_again_does_nothing_and_is_no_error(run):
    run("plan", "--out", "p.json")
    assert run("apply", "p.json")[0] == 0
    code, records, _ = run("apply", "p.json", "--json")
    kinds = [json.loads(line).get("event", {}).get("kind") for line in records.splitlines()]
    assert (code, "intent" in kinds) == (0, False)


def test_apply_in_records(run):
    run("plan", "--out", "p.json")
    code, out, errors = run("apply", "p.json", "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert (code, errors) == (0, "")
    assert [record["type"] for record in records] == ["version", *["event"] * (len(records) - 2), "result"]
    assert records[-1]["exitCode"] == records[-1]["receipt"]["exitCode"] == 0


def test_apply_without_a_file_in_records(run):
    code, out, _ = run("apply", "--json", "--auto-approve")
    kinds = [json.loads(line)["type"] for line in out.splitlines()]
    assert (code, kinds[:2], kinds.count("result")) == (0, ["version", "plan"], 1)


class _Keyboard(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [
        ("yes\n", 0, "Apply this plan?"),
        ("y\n", 1, "error: nothing was applied: the answer was not yes"),
        ("YES\n", 1, "error: nothing was applied"),
        ("", 1, "error: nothing was applied"),
    ],
)
def test_apply_asks(typed, code, told, run, monkeypatch, partner_folder):
    monkeypatch.setattr("sys.stdin", _Keyboard(typed))
    ended, _, errors = run("apply")
    assert (ended, told in errors) == (code, True)
    assert bool(journalled(partner_folder)) is (code == 0)


def test_apply_without_a_file_and_with_nothing_due_asks_nobody(run, monkeypatch):
    run("apply", "--auto-approve")
    monkeypatch.setattr("sys.stdin", _Keyboard(""))
    assert run("apply")[0] == 0


def test_a_target_is_planned_alone_and_the_others_are_not_called_unmanaged(run):
    code, out, _ = run("plan", "-target", "customer/birch-clinic", "-target=customer/aspen-books", "-format=json")
    plan = json.loads(out)
    assert code == 0
    assert [customer["name"] for customer in plan["customers"]] == ["aspen-books", "birch-clinic"]
    assert [live["companyName"] for live in plan["unmanaged"]] == ["Harbor Dental", "Olive Bank", "Quince Retail"]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("customer/birch-clinc", "no manifest has that name; did you mean birch-clinic?"),
        ("customer/birch*", "no manifest has that name"),
        ("birch-clinic", "expected customer/NAME"),
    ],
)
def test_an_unknown_target(target, told, run, partner_folder):
    code, out, errors = run("plan", "-target", target)
    assert (code, out, told in errors) == (1, "", True)
    assert not (partner_folder / ".pcreconcile").exists()


def test_a_kept_snapshot_gives_the_same_plan_without_reading(run, partner_folder):
    _, read, _ = run("plan", "-format", "json", "-snapshot", "s.json")
    (partner_folder / ".pcreconcile" / "simulator.db").unlink()
    code, recalled, _ = run("plan", "-format", "json", "-snapshot", "s.json", "-refresh=false")
    assert code == 0
    assert json.loads(recalled)["planId"] == json.loads(read)["planId"]
    assert _names(partner_folder / ".pcreconcile") == ["journal.db"]  # whom the policy protects
    assert journalled(partner_folder) == ()


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (None, 9, "no such snapshot"),
        ("{", 1, "no snapshot"),
        ('{"partnerTenant": 3}', 1, "no snapshot"),
        ("[" * 100_000, 1, "no snapshot"),
    ],
)
def test_a_snapshot_that_cannot_be_used(content, code, told, run, partner_folder):
    if content is not None:
        (partner_folder / "s.json").write_text(content)
    ended, out, errors = run("plan", "-snapshot", "s.json", "-refresh=false")
    assert (ended, out, told in errors) == (code, "", True)


def test_no_snapshot_at_all(run):
    assert run("plan", "-refresh=false")[0] == 9


def test_a_snapshot_of_another_partner_or_format(run, partner_folder):
    run("plan", "-snapshot", "s.json")
    _edit(partner_folder / "s.json", '"formatVersion":1', '"formatVersion":2')
    assert "format 2, expected 1" in run("plan", "-snapshot", "s.json", "-refresh=false")[2]
    run("plan", "-snapshot", "s.json")
    _edit(partner_folder / "manifests" / "partner.yaml", "9f10aa00-[-0-9a-f]+", "9f10aa00-0000-4000-8000-0000000000bb")
    assert "of another partner" in run("plan", "-snapshot", "s.json", "-refresh=false")[2]


def test_wrong_manifests_send_nothing(run, partner_folder):
    (partner_folder / "manifests" / "customers" / "aspen-books.yaml").write_text("kind: [\n")
    code, out, errors = run("plan", "--out", "p.json")
    assert (code, out) == (1, "")
    first, last = errors.splitlines()
    assert first.startswith("manifests/customers/aspen-books.yaml:")
    assert last == "error: 1 finding in the manifests; no request was sent"
    assert _names(partner_folder) == ["manifests"]


def test_validate_and_show_write_nothing(run, partner_folder):
    code, out, _ = run("validate")
    assert (code, out) == (0, "manifests: 16 customers of partner contoso-csp, nothing wrong\n")
    assert _names(partner_folder) == ["manifests"]
    run("plan", "--out", "p.json")
    before = {path: path.stat().st_mtime_ns for path in partner_folder.rglob("*")}
    assert run("show", "p.json")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in partner_folder.rglob("*")} == before


@pytest.mark.parametrize("command", ["show", "apply"])
@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        ('"quantity":12', '"quantity":13'),
        ('"formatVersion":2', '"formatVersion":3'),
        ('"totals":.*', ""),
        ('{"aftercare"', '{"aftercare":1,"aftercare"'),
    ],
)
def test_a_damaged_plan_file(command, pattern, replacement, run, partner_folder):
    run("plan", "--out", "p.json")
    _edit(partner_folder / "p.json", pattern, replacement)
    code, out, errors = run(command, "p.json")
    assert (code, out, errors.startswith("error: ")) == (1, "", True)


@pytest.mark.parametrize("command", ["show", "apply"])
def test_a_plan_of_another_partner(command, run, partner_folder):
    run("plan", "--out", "p.json")
    _edit(partner_folder / "manifests" / "partner.yaml", "9f10aa00-[-0-9a-f]+", "9f10aa00-0000-4000-8000-0000000000bb")
    assert run(command, "p.json")[0] == 1


def test_a_plan_whose_only_manifest_changed_is_stale(run, partner_folder):
    run("plan", "-target", "customer/aspen-books", "--out", "p.json")
    _edit(
        partner_folder / "manifests" / "customers" / "aspen-books.yaml",
        "relationship: removed",
        "relationship: suspended",
    )
    code, _, errors = run("apply", "p.json")
    assert (code, errors.startswith("error: the manifests have changed since this plan was made")) == (3, True)


def test_a_refused_plan_is_shown_and_kept_and_never_applied(run, partner_folder):
    _edit(partner_folder / "manifests" / "policy.yaml", "removals: [0-9]+", "removals: 0")
    code, out, _ = run("plan", "--out", "p.json", "--detailed-exitcode")
    assert (code, "REFUSED by a guard" in out) == (5, True)
    assert "next " not in out
    assert run("apply", "p.json")[0] == 5
    assert run("apply", "--auto-approve")[0] == 5
    assert _due(json.loads((partner_folder / "p.json").read_text()))


def test_time_moves_forward_in_one_world(run, monkeypatch):
    monkeypatch.setenv("PCRECONCILE_NOW", "2027-03-01T00:00:00Z")
    _, out, _ = run("plan", "-format", "json")
    assert json.loads(out)["createdAt"] == "2027-03-01T00:00:00Z"
    monkeypatch.setenv("PCRECONCILE_NOW", "2027-06-01T00:00:00Z")
    assert run("apply", "--auto-approve")[0] == 0
    monkeypatch.setenv("PCRECONCILE_NOW", "2027-02-01T00:00:00Z")
    code, _, errors = run("plan")
    assert (code, "its time does not run backwards" in errors) == (1, True)


def test_no_rehearsal_on_a_real_partner(run, monkeypatch, partner_folder):
    _edit(
        partner_folder / "manifests" / "partner.yaml",
        "cloud: simulator",
        "cloud: commercial\n  credentials: {clientId: {env: PC_ID}, clientSecret: {env: PC_SECRET}}",
    )
    monkeypatch.setenv("PCRECONCILE_NOW", "2027-03-01T00:00:00Z")
    code, _, errors = run("plan")
    assert (code, errors.startswith("error: PCRECONCILE_NOW is for the simulator alone")) == (1, True)


def test_an_estate_of_the_partners_own(run, partner_folder):
    (partner_folder / "manifests" / "estate").mkdir()
    _edit(
        partner_folder / "manifests" / "partner.yaml",
        "cloud: simulator",
        "cloud: simulator\n  simulator: {estate: no-such.estate}",
    )
    code, _, errors = run("plan")
    assert (code, errors.startswith("error: the simulator does not start: ")) == (1, True)


def _shown(run, *arguments):
    return json.loads(run("plan", "-format", "json", *arguments)[1])


def test_only_protective_actions_are_applied_and_nothing_else(run):
    whole = _shown(run)
    code, out, errors = run("plan", "-only", "protective", "-out", "p.json")
    assert (code, errors) == (0, "")
    told = "only protective actions that require no others; left out: 3 cancel-subscription,"
    assert told in " ".join(out.split())  # however wide the terminal is
    code, records, _ = run("apply", "p.json", "--json")
    events = [json.loads(line).get("event", {}) for line in records.splitlines()]
    sent = {event["action"] for event in events if event.get("kind") == "intent"}
    wanted = [(action["kind"], action["id"]) for action in _due(whole) if action["effect"] == "protective"]
    assert code == 0
    assert [kind for kind, _ in wanted] == ["cancel-at-term-end"]
    assert sent == {name for _, name in wanted}
    left = _shown(run)
    assert [action["id"] for action in _due(left)] == [a["id"] for a in _due(whole) if a["effect"] != "protective"]


def test_a_plan_over_a_budget_can_be_narrowed_to_what_no_budget_limits(run, partner_folder):
    _edit(partner_folder / "manifests" / "policy.yaml", "removals: [0-9]+", "removals: 0")
    assert run("plan", "-only", "takes-service")[0] == 0  # no removal is left in it
    assert run("plan", "-only", "protective", "-out", "p.json")[0] == 0
    assert run("apply", "p.json")[0] == 0


def test_a_freeze_since_the_plan_was_made_names_a_way_that_works(run, partner_folder):
    run("plan", "-out", "p.json")
    _edit(
        partner_folder / "manifests" / "policy.yaml",
        "minCustomersLeft: 1",
        'minCustomersLeft: 1\n  freezes: [{from: "2000-01-01", until: "2199-12-31", reason: year end}]',
    )
    assert "--only protective" in run("apply", "p.json")[2]
    assert run("plan", "-only", "protective", "-out", "p.json")[0] == 0
    assert run("apply", "p.json")[0] == 0


@pytest.mark.parametrize("option", ["--out", "--snapshot"])
@pytest.mark.parametrize("name", ["missing/plan.json", "manifests"])
def test_a_file_that_cannot_be_written_is_found_before_the_service_is_asked(option, name, run, partner_folder):
    code, out, errors = run("plan", option, name)
    assert (code, out, errors.startswith(f"error: {name}: cannot be written: ")) == (1, "", True)
    assert _names(partner_folder) == ["manifests"]


@pytest.mark.parametrize("path", ["manifests", "manifests/customers", "manifests/customers/aspen-books.yaml"])
def test_state_lies_beside_the_partner_folder_whatever_part_of_it_path_names(path, run, partner_folder):
    assert run("plan", path)[0] == 0
    assert _names(partner_folder) == [".pcreconcile", "manifests"]
    assert sorted(found.name for found in partner_folder.rglob("simulator.db")) == ["simulator.db"]


def test_state_lies_where_the_variable_says(run, partner_folder, monkeypatch):
    monkeypatch.setenv("PCRECONCILE_HOME", "elsewhere/state")
    assert run("plan", "manifests")[0] == 0
    assert _names(partner_folder / "elsewhere" / "state")[-1] == "simulator.db"
    assert _names(partner_folder) == ["elsewhere", "manifests"]
