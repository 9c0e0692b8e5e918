"""Which credential an action needs: the one table that planning aloud, authorising and writing all go by.

App-only is an application by itself. App+User is an application on behalf of a person with multi-factor
authentication (API facts, sections 0 and 1.4); whatever removes a relationship, or asks for one, needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pcreconcile.model.plan import NOW, ActionKind, Plan


class Credential(StrEnum):
    """Who a request is made as."""

    APP = "app"
    APP_USER = "app+user"


# API facts: 4.3 (customer), 4.4 (relationship requests), 6.6 (reservations: delegated, in the customer's tenant). Graph
# takes an application by itself for delegated access (section 7), where it was given the permission.
_APP_USER_KINDS = frozenset(
    {
        ActionKind.REMOVE_RELATIONSHIP,
        ActionKind.REMOVE_DELEGATED_ADMIN,
        ActionKind.REQUEST_RELATIONSHIP,
        ActionKind.RETURN_RESERVATION,
    }
)


# Refusals (403 and its like) that speak of who asks and not of the customer: a role that is given today helps today
# (API facts, 9.2; a test compares them with `partner_center.meanings`).
WHO_ASKS = frozenset(
    {"900329", "900308", "900309", "90000", "900150", "2032", "1002", "800039", "900149", "900420", "900421", "10001"}
)


def credential_of(kind: ActionKind) -> Credential:
    """What `apply` must have to carry the action out; reading needs app-only in any case."""
    return Credential.APP_USER if kind in _APP_USER_KINDS else Credential.APP


def user_kinds(kinds: Iterable[ActionKind]) -> tuple[ActionKind, ...]:
    """Those that need App+User, sorted."""
    return tuple(sorted(kind for kind in set(kinds) if credential_of(kind) is Credential.APP_USER))


def credential_line(plan: Plan) -> str:
    """What `apply` of this plan needs to sign in with, in a few words; "" when nothing is due."""
    due = {action.kind for customer in plan.customers for action in customer.actions if action.when == NOW}
    if not due:
        return ""
    asking = user_kinds(due)
    if not asking:
        return "app-only credentials"
    return f"App+User credentials (a refresh token with multi-factor authentication) for {', '.join(asking)}"
