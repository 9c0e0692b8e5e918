"""Journals. Each store is one module with its own optional dependency, opened through here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.applying.stores.sealing import NO_KEY, Sealing
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.run import Event, Holder

if TYPE_CHECKING:
    from pcreconcile.applying.ports import Store

__all__ = ["open_store", "read_events", "read_holder", "store_to_read"]

_SCHEMES = ("postgresql://", "postgres://")


def open_store(place: Path | str, partner: TenantId | None = None, sealing: Sealing = NO_KEY) -> Store:
    """The journal in a file, or in the database of a `postgresql://` address; made when its lock is first held.

    With a partner, it is that partner tenant's: a file of another is refused, and of a database that holds several it
    is the one. `sealing` has the journal key, if one is set.

    Raises StoreError when the journal is damaged, newer or cannot be reached (it is left as it was), and
    ConfigurationError for a text that is no such address.
    """
    store = store_to_read(place, partner, sealing)
    store.events()  # verified
    return store


def read_events(place: Path | str, partner: TenantId | None = None) -> tuple[Event, ...]:
    """All events of a journal, in order; empty when there is none. Creates nothing.

    Raises as `open_store` does.
    """
    return tuple(store_to_read(place, partner).events())


def read_holder(place: Path | str, partner: TenantId) -> Holder | None:
    """Who holds a partner tenant's lock at this moment; None when nobody does. Creates nothing and reads no events.

    Raises StoreError when that cannot be seen, and ConfigurationError as `open_store` does.
    """
    return store_to_read(place, partner).holder(partner)


def store_to_read(place: Path | str, partner: TenantId | None = None, sealing: Sealing = NO_KEY) -> Store:
    """As `open_store`, for who reads the events anyway: they are verified then, and not once more before.

    Raises ConfigurationError as `open_store` does; StoreError comes with what is read.
    """
    if isinstance(place, str):
        return _in_database(place, partner, sealing)
    from pcreconcile.applying.stores.sqlite import SqliteStore

    return SqliteStore(place, partner, sealing)


def _in_database(address: str, partner: TenantId | None, sealing: Sealing) -> Store:
    if not address.startswith(_SCHEMES):
        raise ConfigurationError(
            "the address of the journal's database (PCRECONCILE_DATABASE) is not understood: expected one that begins"
            " with postgresql://"
        )
    try:
        from pcreconcile.applying.stores.postgres import PostgresStore
    except ImportError as error:
        raise ConfigurationError(
            "a journal in PostgreSQL needs psycopg: pip install 'pcreconcile[postgres]'"
        ) from error
    return PostgresStore(address, partner, sealing)
