"""Connections to PostgreSQL: how they are made, and what is told when they fail.

Of an address nothing but host and database is ever told; libpq's own words name the user, so they are not passed on
but sorted. A connection that is lost stays lost: with it went the lock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from pcreconcile.model.errors import ConfigurationError, StoreError

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

_DEFAULTS = {
    "application_name": "pcreconcile",
    "connect_timeout": "10",  # seconds
    "keepalives_idle": "30",  # a line that is cut is noticed within a minute or so
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",  # milliseconds
}

# What holds for a session whatever its role's own settings are: a commit is on disk when it is answered, no statement
# meets a foreign object, each sees what was committed before it, nobody cuts off an apply that waits, and the server
# notices a machine that has gone.
_SETTINGS = """
SELECT set_config(wanted.name, wanted.value, false)
  FROM (VALUES ('synchronous_commit', 'on'), ('search_path', 'pg_catalog'), ('default_transaction_read_only', 'off'),
               ('default_transaction_isolation', 'read committed'),
               ('idle_session_timeout', '0'), ('statement_timeout', '0'), ('lock_timeout', '0'),
               ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3')
       ) AS wanted (name, value)
  JOIN pg_catalog.pg_settings AS known USING (name)
 WHERE known.setting <> 'remote_apply'
"""  # remote_apply is stricter than on

_REASONS = (
    ("password authentication failed", "the server does not accept the user and password"),
    ("no password supplied", "the server wants a password, and none is given"),
    ("no pg_hba.conf entry", "the server does not let this user in from here"),
    ("too many", "the server has no connection left"),
    ("remaining connection slots", "the server has no connection left"),
    ("database", "there is no such database, or this user may not connect to it"),
    ("role", "the server does not know the user"),
    ("starting up", "the server is only just starting"),
    ("shutting down", "the server is shutting down"),
    ("certificate", "no encrypted connection could be made"),
    ("SSL", "no encrypted connection could be made"),
    ("translate host name", "its host is not known"),
    ("resolve host", "its host is not known"),
    ("refused", "nothing listens there"),
    ("timeout", "no answer came in time"),
    ("timed out", "no answer came in time"),
    ("No such file", "nothing listens there"),
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is; its text may hold a password and is never shown."""

    name: str
    options: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises ConfigurationError, without the text, when it is not understood."""
        options: dict[str, Any] | None
        try:
            options = conninfo_to_dict(text)
        except psycopg.Error:
            options = None
        if options is None or _is_torn(options):
            raise ConfigurationError(
                "the address of the journal's database (PCRECONCILE_DATABASE) is not understood: expected"
                " postgresql://user:password@host:port/database, special characters in it percent-encoded"
            )
        return cls(_name(options.get("dbname"), options.get("host")), {**_DEFAULTS, **options})

    @property
    def journal(self) -> str:
        """The journal that is kept there, for a sentence."""
        return f"the journal in {self.name}"


def connect(address: Address) -> Connection:
    """A session of its own, every statement its own transaction. Raises StoreError."""
    try:
        connection = psycopg.connect(**address.options, autocommit=True, prepare_threshold=None)
    except (psycopg.Error, OSError, UnicodeError) as error:
        reason = _reason(str(error))
        raise StoreError(f"{address.journal} cannot be reached: {reason}") from None
    with contextlib.ExitStack() as undo, telling(address, connection):
        undo.callback(connection.close)
        connection.execute(_SETTINGS)
        undo.pop_all()
    return connection


@contextlib.contextmanager
def telling(address: Address, connection: Connection) -> Iterator[None]:
    """What goes wrong with the database, as a StoreError that names the journal."""
    try:
        yield
    except StoreError as error:
        text = str(error)
        whole = address.journal in text
        raise (error if whole else StoreError(f"{address.journal} is damaged: {text}")) from error.__cause__
    except psycopg.Error as error:
        told = _LOST if connection.closed else _told(address, error) + _NO_ROOM.get(error.sqlstate or "", "")
        raise StoreError(f"{address.journal} cannot be used: {told}") from None
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise StoreError(f"{address.journal} is damaged: something in it is not readable") from error


_LOST = (
    "the connection to it is lost, and with it the lock: see that the server runs and can be reached, and go on with "
    "the same database"
)
_NO_ROOM = {
    "53100": "; make room on the server's disk",
    "53200": "; the server has no memory left",
    "25006": "; the server is read-only: write to the primary one",
}


def _told(address: Address, error: psycopg.Error) -> str:
    """The server's own sentence, unless it says something of the address that is not told."""
    said = error.diag.message_primary or str(error)
    hidden = [str(value) for name, value in address.options.items() if name in {"user", "password"}]
    if any(value and value in said for value in hidden):
        return f"SQLSTATE {error.sqlstate}"
    return said


def _reason(said: str) -> str:
    return next((reason for mark, reason in _REASONS if mark in said), "the connection could not be made")


def _is_torn(options: dict[str, Any]) -> bool:
    """Whether a password that was not encoded was read as something else, which must not be shown."""
    host, database, port = (str(options.get(name) or "") for name in ("host", "dbname", "port"))
    return "@" in host + database or not f"0{port}".replace(",", "").isdigit()


def _name(database: object, host: object) -> str:
    """Host and database in words."""
    return (f"database {database}" if database else "a database") + (f" at {host}" if host else "")
