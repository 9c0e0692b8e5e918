"""The only place that speaks HTTP to Microsoft: Partner Center as the rest of the program sees it.

::

    sign_in ─► device_login      examine ─► diagnosis ─► setup_checks, reaching, token_checks
    connect ─► PartnerCenter (service.py)
                 reader, items ─► paging ─► decoding ─► wire      what is read, and how completely
                 writer                                           what is written, once
                 beyond ─► graph, management, audit               delegated access, reservations, audit records
                 session ─► tokens, pacing, retrying ─► transport what goes over the wire, for how long (time_budget)

Importing this package loads neither httpx nor msal; connecting does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pcreconcile.model.partner import Partner
from pcreconcile.partner_center.trust import Trust

if TYPE_CHECKING:
    from pcreconcile.partner_center.check import Check
    from pcreconcile.partner_center.device_login import Prompt, SignedIn
    from pcreconcile.partner_center.service import PartnerCenter

__all__ = ["PartnerCenter", "Trust", "connect", "examine", "sign_in"]


def connect(
    partner: Partner,
    environment: Mapping[str, str],
    *,
    trust: Trust,
    application: str = "pcreconcile",
    budget: timedelta = timedelta(hours=2),
) -> AbstractAsyncContextManager[PartnerCenter]:
    """Partner Center for one partner; connections are closed when the context is left.

    `environment` holds the credentials by the names that the Partner document gives; `trust` is what the operator lets
    it name, and whether anything may be written. `application` is told to Microsoft as the caller's name. When the time
    of the `budget` is over, counted from entering, every read fails and no write is begun. Entering sends nothing.

    Raises ConfigurationError, naming the variable, file or field, when something is not set up.
    """
    from pcreconcile.partner_center.opening import open_partner_center

    return open_partner_center(partner, environment, trust=trust, application=application, budget=budget)


async def sign_in(
    partner: Partner,
    environment: Mapping[str, str],
    *,
    trust: Trust,
    patience: timedelta,
    show: Callable[[Prompt], None],
) -> SignedIn:
    """Sign a person in with a device code, and keep the refresh token for App+User.

    `show` is given what to tell the person; `patience` bounds the wait. Raises ConfigurationError and
    AuthenticationError; nothing is kept then.
    """
    from pcreconcile.partner_center.device_login import sign_in_with_device_code

    return await sign_in_with_device_code(partner, environment, trust=trust, patience=patience, show=show)


def examine(
    partner: Partner,
    environment: Mapping[str, str],
    *,
    trust: Trust,
    application: str = "pcreconcile",
    now: Callable[[], datetime],
) -> AsyncIterator[Check]:
    """What works and what does not, one check after the other; `now` is the clock to compare with. Only reads."""
    from pcreconcile.partner_center.diagnosis import examine_partner_center

    return examine_partner_center(partner, environment, trust=trust, application=application, now=now)


def __getattr__(name: str) -> object:
    if name == "PartnerCenter":
        from pcreconcile.partner_center.service import PartnerCenter

        return PartnerCenter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
