"""The only place that speaks HTTP to Microsoft: Partner Center as the rest of the program sees it.

::

    connect ─► PartnerCenter (service.py)
                 reader, items ─► paging ─► decoding ─► wire      what is read, and how completely
                 writer                                           what is written, once
                 session ─► tokens, pacing, retrying ─► transport what goes over the wire

Importing this package loads neither httpx nor msal; connecting does.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.model.partner import Partner

if TYPE_CHECKING:
    from pcreconcile.partner_center.service import PartnerCenter

__all__ = ["PartnerCenter", "connect"]


def connect(
    partner: Partner, environment: Mapping[str, str], *, home: Path | None = None, application: str = "pcreconcile"
) -> AbstractAsyncContextManager[PartnerCenter]:
    """Partner Center for one partner; connections are closed when the context is left.

    `environment` holds the credentials by the names that the Partner document gives; credential files are taken
    relative to `home`. `application` is told to Microsoft as the caller's name. Entering sends nothing.

    Raises ConfigurationError, naming the variable, file or field, when something is not set up.
    """
    from pcreconcile.partner_center.opening import open_partner_center

    return open_partner_center(partner, environment, home=home, application=application)


def __getattr__(name: str) -> object:
    if name == "PartnerCenter":
        from pcreconcile.partner_center.service import PartnerCenter

        return PartnerCenter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
