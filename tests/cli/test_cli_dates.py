"""`deadlines`, `explain` and `plan --at` against the embedded simulator, on a clock that stands still."""

import json

import pytest

from pcreconcile.cli import main
from tests.cli.guarded import journalled

NOW = "2026-11-22T12:00:00Z"
OLIVE = "6b2e0b0c-0000-4000-8000-000000000035"  # a live customer that no manifest speaks of


@pytest.fixture
def run(partner_folder, monkeypatch, capsys):
    """Runs a command; gives its exit code, stdout and stderr."""
    monkeypatch.chdir(partner_folder)
    monkeypatch.setenv("PCRECONCILE_NOW", NOW)

    def call(*arguments):
        code = main(arguments)
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def snapshot(run):
    """What was read once, for commands that need no second look."""
    assert run("plan", "--snapshot", "s.json", "--format", "json")[0] == 0
    return ("--snapshot", "s.json", "--refresh=false")


@pytest.mark.parametrize(
    ("target", "within", "code"),
    [
        ("birch-clinic", "30d", 2),  # its window closes in 5 days
        ("birch-clinic", "5d", 2),
        ("birch-clinic", "4d", 0),
        ("cedar-logistics", "30d", 0),  # its term ends in 40 days
        ("cedar-logistics", "60d", 2),
        ("aspen-books", "365d", 0),
    ],
)
def test_deadlines_end_with_2_when_something_closes_inside(run, target, within, code):
    ended, out, errors = run("deadlines", "-target", f"customer/{target}", "-within", within, "-format", "json")
    assert (ended, errors) == (code, "")
    assert any(each["inside"] for each in json.loads(out)["deadlines"]) is (code == 2)


def test_deadlines_for_people_and_for_calendars(run, snapshot):
    code, shown, errors = run("deadlines", *snapshot)
    assert (code, errors) == (2, "")
    assert "Closing within 30 days\n" in shown
    assert "birch-clinic, 5 days left" in shown
    code, calendar, _ = run("deadlines", *snapshot, "-format", "ics")
    assert (code, calendar.startswith("BEGIN:VCALENDAR\r\n")) == (2, True)
    assert run("plan", *snapshot, "-format", "ics") == (0, calendar, "")


def test_a_kept_plan_is_a_calendar_too(run, snapshot):
    run("plan", *snapshot, "-out", "p.json")
    assert run("show", "p.json", "-format", "ics")[1].count("BEGIN:VEVENT") > 5


def test_deadlines_of_customers_that_were_not_read_are_not_known(run, snapshot, partner_folder):
    kept = partner_folder / "s.json"
    world = json.loads(kept.read_text(encoding="utf-8"))
    world["states"].clear()
    kept.write_text(json.dumps(world), encoding="utf-8")
    code, shown, _ = run("deadlines", *snapshot)
    assert code == 9
    assert "birch-clinic: this customer was not read" in shown
    assert run("explain", "birch-clinic", *snapshot)[0] == 9


def test_explain_by_name_and_by_tenant_is_the_same_page(run, snapshot):
    code, shown, errors = run("explain", "cedar-logistics", *snapshot)
    assert (code, errors) == (0, "")
    assert shown.startswith("Cedar Logistics (cedar-logistics)\n")
    assert "productType OnlineServicesNCE" in shown
    assert run("explain", "6B2E0B0C-0000-4000-8000-000000000023", *snapshot)[1] == shown


def test_explain_as_a_document(run, snapshot):
    code, out, _ = run("explain", "cedar-logistics", *snapshot, "-format", "json")
    page = json.loads(out)
    assert (code, out.count("\n")) == (0, 1)
    assert page["customer"]["earliestRemoval"] == "2027-01-02"
    assert [way["way"] for way in page["holdings"][0]["ways"]] == ["cancel", "wait", "transfer"]


@pytest.mark.parametrize(("customer", "name"), [(OLIVE, "Olive Bank"), ("quince-retail", "Quince Retail")])
def test_explain_whom_no_manifest_manages(run, partner_folder, customer, name):
    code, shown, errors = run("explain", customer)
    assert (code, errors) == (0, "")
    assert shown.startswith(name)
    assert "No manifest manages this customer." in shown
    assert journalled(partner_folder) == ()


def test_explain_who_stays_and_how_it_could_leave(run):
    shown = run("explain", "juniper-foods")[1]
    assert "wish        active" in shown
    assert "if it left  2027-05-22 at the earliest" in shown


@pytest.mark.parametrize(
    ("customer", "told"),
    [
        ("birch-clinc", "no manifest has that name; did you mean birch-clinic?"),
        ("6b2e0b0c-0000-4000-8000-0000000000ff", "no manifest and no customer of this partner has that tenant ID"),
        ("00000000-0000-0000-0000-000000000000", "no manifest has that name"),
    ],
)
def test_explain_somebody_unknown(run, customer, told):
    code, out, errors = run("explain", customer)
    assert (code, out, told in errors) == (1, "", True)


def test_a_projection_is_marked_kept_shown_and_never_applied(run, snapshot, partner_folder):
    code, shown, errors = run("plan", *snapshot, "-at", "2027-03-01", "-out", "p.json")
    assert (code, errors) == (0, "")
    assert shown.startswith("PROJECTION to 2027-03-01: nothing of this can be applied\n")
    assert "  made for    2027-03-01 00:00 UTC" in shown
    assert "\n  next " not in shown
    assert run("show", "p.json")[1].endswith(shown)
    code, out, errors = run("apply", "p.json")
    assert (code, out) == (1, "")
    assert "this plan is a projection: it was made for 2027-03-01 from what was read on 2026-11-22" in errors
    assert journalled(partner_folder) == ()


def test_a_projection_is_what_time_alone_makes_of_the_world(run, snapshot):
    def planned(*options):
        out = run("plan", *snapshot, "-target", "customer/cedar-logistics", *options, "-format", "json")[1]
        plan = json.loads(out)
        return plan["projectedFrom"], plan["customers"][0]["earliestRemoval"]

    assert planned() == (None, "2027-01-02")
    assert planned("-at", "2027-01-02") == (NOW, "2027-01-02")  # it renewed that day, and its window is open again
    assert planned("-at", "2027-03-01") == (NOW, "2028-01-02")  # the window of the new term has closed


def test_a_projection_may_be_narrowed(run, snapshot):
    code, out, _ = run("plan", *snapshot, "-at", "2027-03-01", "-only", "protective", "-format", "json")
    assert code == 0
    assert {each["code"] for each in json.loads(out)["warnings"]} >= {"projection", "only"}


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-11-22", "expected a day after today"),
        ("2025-01-01", "expected a day after today"),
        ("2200-01-01", "expected a day of the years up to 2199"),
        ("soon", "expected a day such as 2027-03-01"),
        ("20270301", "expected a day such as 2027-03-01"),
        ("2027-02-30", "expected a day such as 2027-03-01"),
    ],
)
def test_a_day_that_is_none_or_over(run, partner_folder, day, told):
    code, out, errors = run("plan", "-at", day)
    assert (code, out, told in errors) == (1, "", True)
    assert not (partner_folder / ".pcreconcile").exists()


_ROWS = """
partner: {tenantId: 9f10aa00-0000-4000-8000-0000000000aa, name: Contoso CSP}
customers:
  - tenantId: 6b2e0b0c-0000-4000-8000-000000000023
    name: cedar-logistics
    items:
      - {kind: new-commerce-license, name: year, ends: +40d, autoRenew: true}
      - {kind: new-commerce-license, name: month, term: P1M, ends: +10d, autoRenew: true}
      - {kind: new-commerce-license, name: slides, ends: +20d, autoRenew: false, endOfTerm: none}
      - {kind: new-commerce-license, name: told, ends: +60d, autoRenew: false, endOfTerm: cancel}
      - {kind: new-commerce-license, name: extended, term: P1M, ends: +5d, autoRenew: false, endOfTerm: extend}
      - {kind: new-commerce-license, name: suspended, ends: +15d, status: suspended, autoRenew: false}
      - {kind: trial, name: trial, ends: +12d, autoRenew: false}
      - {kind: legacy-license, name: legacy, ends: +30d, autoRenew: true}
      - {kind: legacy-license, name: legacy that ends, ends: +30d, autoRenew: false}
      - {kind: software-subscription, name: software, ends: +25d, autoRenew: false}
      - {kind: savings-plan, name: savings, ends: +35d, autoRenew: true}
      - {kind: savings-plan, name: savings that end, ends: +35d, autoRenew: false}
      - {kind: azure-plan}
"""
_SEEN = ("status", "termDuration", "autoRenewEnabled", "commitmentEndDate", "isTrial")
_OVER = {"disabled": "expired"}  # a projection knows that it is over, and not which word stands there by then


def _rows(plan):
    items = [each for each in plan["customers"][0]["observed"]["items"] if each["type"] == "subscription"]
    return [
        [each["name"], _OVER.get(each["status"], each["status"]), *(each[name] for name in _SEEN[1:])] for each in items
    ]


@pytest.mark.parametrize("day", ["2026-12-03", "2026-12-08", "2026-12-13", "2026-12-23", "2027-01-02", "2027-02-01"])
def test_a_projection_shows_what_the_service_will_show(run, partner_folder, monkeypatch, day):
    """The simulator knows nothing of how we project, and time makes the same of its world."""
    (partner_folder / "estate.yaml").write_text(_ROWS, encoding="utf-8")
    folder = partner_folder / "manifests" / "partner.yaml"
    text = folder.read_text(encoding="utf-8").rstrip("\n")
    folder.write_text(f"{text}\n  simulator: {{estate: ../estate.yaml}}\n", encoding="utf-8")
    only_one = ("-target", "customer/cedar-logistics", "-format", "json")
    projected = json.loads(run("plan", "-at", day, *only_one)[1])
    monkeypatch.setenv("PCRECONCILE_NOW", f"{day}T00:00:00Z")
    later = json.loads(run("plan", *only_one)[1])
    assert _rows(projected) == _rows(later)
    assert projected["customers"][0]["earliestRemoval"] == later["customers"][0]["earliestRemoval"]
    assert projected["customers"][0]["verdict"] == later["customers"][0]["verdict"]
