"""The customers that we removed, from the journal: whose open ends are followed up (`model.memory.Departure`)."""

from __future__ import annotations

from collections.abc import Iterable

from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Departure
from pcreconcile.model.run import Event


def departures_of(events: Iterable[Event]) -> dict[TenantId, Departure]:
    """By tenant ID, from all events of a journal in order."""
    return {}
