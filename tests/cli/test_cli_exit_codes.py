"""`plan` ends with 9 over 5 over 2 over 0; only the first two when nobody asks for details."""

from types import SimpleNamespace

import pytest

from pcreconcile.cli import exit_codes
from pcreconcile.model.desired import DesiredCustomer, LineDesire, Match, Relationship, SubscriptionLine
from pcreconcile.model.estate import ReadProof
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Guard, Verdict

TENANT = TenantId("6b2e0b0c-0000-4000-8000-000000000011")

_WHOLE, _CUT = ReadProof("customers", True), ReadProof("customers", False)
_KEEP = SubscriptionLine(Match(), LineDesire.KEEP)
_CANCEL = SubscriptionLine(Match(), LineDesire.CANCEL)


def _customer(verdict, *when, wish=Relationship.REMOVED, lines=()):
    desired = DesiredCustomer("harbor", TENANT, "harbor.example", wish, subscriptions=lines)
    return SimpleNamespace(verdict=verdict, desired=desired, actions=[SimpleNamespace(when=each) for each in when])


def _plan(*customers, passed=True):
    return SimpleNamespace(customers=customers, guards=[Guard("budget", passed, "")])


_NOW = _customer(Verdict.READY, "now")
_UNKNOWN = _customer(Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("plan", "listed", "code", "detailed"),
    [
        (_plan(), _WHOLE, 0, 0),
        (_plan(_customer(Verdict.CONVERGED)), _WHOLE, 0, 0),
        (_plan(_NOW), _WHOLE, 0, 2),
        (_plan(_customer(Verdict.BLOCKED, "manual")), _WHOLE, 0, 2),
        (_plan(_customer(Verdict.WAITING, "2027-01-15")), _WHOLE, 0, 0),
        (_plan(_NOW, passed=False), _WHOLE, 5, 5),
        (_plan(_NOW, _customer(Verdict.REFUSED)), _WHOLE, 5, 5),
        (_plan(_NOW, _UNKNOWN), _WHOLE, 9, 9),
        (_plan(_UNKNOWN, _customer(Verdict.REFUSED), passed=False), _WHOLE, 9, 9),
        (_plan(_NOW), _CUT, 9, 9),
        (_plan(_customer(Verdict.UNKNOWN, wish=Relationship.SUSPENDED)), _WHOLE, 9, 9),
        (_plan(_customer(Verdict.UNKNOWN, wish=Relationship.ACTIVE)), _WHOLE, 0, 0),
        (_plan(_customer(Verdict.UNKNOWN, wish=Relationship.ACTIVE, lines=(_CANCEL,))), _WHOLE, 9, 9),
        (_plan(_customer(Verdict.UNKNOWN, wish=Relationship.ACTIVE, lines=(_KEEP,))), _WHOLE, 0, 0),
    ],
)
def test_what_plan_ends_with(plan, listed, code, detailed):
    assert (exit_codes.of_plan(plan, listed), exit_codes.of_plan_detailed(plan, listed)) == (code, detailed)
