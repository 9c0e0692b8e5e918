"""Switches of the whole service, set in an estate's `options:` or by `POST /_simulator/options`.

Where the facts leave a behaviour open or say that it varies, there is a switch; the defaults are the common case.
"""

from typing import Any

from .messages import Json

__all__ = ["DEFAULTS", "checked"]

DEFAULTS: Json = {
    "acceptedUpdates": False,
    "asyncReads": 2,
    "byteOrderMark": False,
    "errorCodeText": False,
    "orderLagReads": 0,
    "pageSize": 100,
    "resetOmitted": True,
    "sandbox": False,
    "saysWhySuspended": False,
    "schedulesNeedAutoRenew": False,
    "throttlePerMinute": 0,
    "throttleWindowSeconds": 60,
    "trailingToken": False,
}
"""`acceptedUpdates`: PATCH of a subscription answers 202 and takes effect later (5.6).
`asyncReads`: how many reads still show the old state of something asynchronous.
`byteOrderMark`: 2xx bodies begin with one (14.1). `errorCodeText`: error codes are strings (14.7).
`orderLagReads`: how many reads do not see an order that is younger than fifteen minutes (6.1).
`pageSize`: customers and audit records per page when `size` is absent or 0.
`resetOmitted`: PATCH of a subscription resets renewal settings that its body leaves out (C2).
`sandbox`: reservations can be cancelled by PATCH order, and a customer deleted, as in the integration sandbox
(sections 0 and 4.4).
`saysWhySuspended`: what a partner suspended shows a reason, too (5.6: suspensionReasons possibly set).
`schedulesNeedAutoRenew`: a PATCH that leaves auto-renew off silently drops every scheduled change (5.7).
`throttlePerMinute`: requests per resource and window of `throttleWindowSeconds`, 0 for no limit (9.3).
`trailingToken`: the last page of customers carries a token that leads to 400/2000 (section 3)."""

_SMALLEST = {"pageSize": 1, "throttleWindowSeconds": 1}


def checked(given: Any) -> Json:
    """Options as given, or ValueError saying which one is wrong."""
    if not isinstance(given, dict):
        raise ValueError("options: expected a mapping")
    for number, (name, value) in enumerate(given.items(), 1):
        if name not in DEFAULTS:
            raise ValueError(f"options: option {number} is unknown; expected one of {', '.join(DEFAULTS)}")
        if type(value) is not type(DEFAULTS[name]):
            raise ValueError(f"options.{name}: expected {_expected(DEFAULTS[name])}")
        if not isinstance(value, bool) and not _SMALLEST.get(name, 0) <= value <= 1_000_000:
            raise ValueError(f"options.{name}: expected a number from {_SMALLEST.get(name, 0)} to 1000000")
    return dict(given)


def _expected(default: Any) -> str:
    return "true or false" if isinstance(default, bool) else "a whole number"
