"""Aftercare as people read it."""

from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec.structs import replace

from pcreconcile.model.ids import RunId, TenantId
from pcreconcile.model.memory import Credit
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Aftercare, OpenEnd
from pcreconcile.rendering import terminal
from pcreconcile.rendering.page import Style
from tests.rendering.sample_plan import sample

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
GONE = Aftercare(
    "aspen\x1b[31m",
    TenantId("6b2e0b0c-0000-4000-8000-000000000001"),
    AT,
    RunId("r-1"),
    (
        OpenEnd("delegated-access-remains", "GDAP ::error:: helpdesk is active", AT),
        OpenEnd("credits-expected", "2 credits are expected", AT, date(2027, 1, 19)),
    ),
    (Credit("subscription s1", AT, Money(Decimal("12.5"), "EUR")), Credit("order-line o/1", AT, None)),
)


def shown(*gone: Aftercare) -> str:
    return terminal.render(sample(aftercare=gone), style=Style(width=120))


def test_every_open_end_and_every_credit_is_told_and_harmless():
    told = shown(GONE)
    assert "Aftercare: 1 customer that has gone, and what is still open" in told
    assert (
        "  aspen\\x1b[31m, tenant 6b2e0b0c-0000-4000-8000-000000000001: removed 2026-11-20 09:30 UTC by run r-1" in told
    )
    assert "    - credits-expected: 2 credits are expected (until 2027-01-19)" in told
    assert "      - subscription s1, 2026-11-20: 12.50 EUR" in told
    assert "      - order-line o/1, 2026-11-20: unknown" in told
    assert "\x1b" not in told


def test_who_has_no_name_is_called_by_tenant_once():
    told = shown(replace(GONE, name=GONE.tenant_id))
    assert told.count(GONE.tenant_id) == 1


def test_a_plan_that_follows_nobody_up_does_not_speak_of_it():
    assert "Aftercare" not in shown()
