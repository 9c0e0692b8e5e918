"""The tables of a PostgreSQL journal: one schema for each partner tenant, and how they are told from anything else.

The highest number ever given stands apart from the events, so that a tail that was cut off is missed. Guards are
triggers, statement by statement; whoever owns the tables can drop them, and then the journal is refused.
"""

from __future__ import annotations

from psycopg import sql

from pcreconcile.applying.stores.rows import FORMAT
from pcreconcile.model.ids import TenantId

PREFIX = "pcreconcile_"
NAMES = f"^{PREFIX}[0-9a-f]{{8}}(_[0-9a-f]{{4}}){{3}}_[0-9a-f]{{12}}$"
"""The schemas of all partners, as a regular expression."""

_TABLES = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE {schema}.journal (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    format integer NOT NULL,
    partner text NOT NULL,
    highest bigint NOT NULL
);
CREATE TABLE {schema}.events (
    seq bigint PRIMARY KEY,
    run text NOT NULL,
    plan text NOT NULL,
    at text NOT NULL,
    kind text NOT NULL,
    customer text,
    action text,
    request_id text,
    body text NOT NULL,
    prev text NOT NULL,
    hash text NOT NULL
);
CREATE TABLE {schema}.documents (digest text PRIMARY KEY, content bytea NOT NULL);
CREATE TABLE {schema}.holder (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    backend integer NOT NULL,
    document bytea NOT NULL
);
CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS {refusal};
CREATE TRIGGER journal_stays BEFORE UPDATE OF format, partner OR DELETE OR TRUNCATE ON {schema}.journal
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();
CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();
CREATE TRIGGER documents_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.documents
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();
INSERT INTO {schema}.journal (format, partner, highest) VALUES ({format}, {partner}, 0);
"""
_REFUSAL = "BEGIN RAISE EXCEPTION '% are never changed or deleted', TG_TABLE_NAME; END"
_NOTES = """
CREATE TABLE {schema}.notes (
    number bigint PRIMARY KEY,
    kind text NOT NULL,
    at text NOT NULL,
    who text NOT NULL,
    body text NOT NULL,
    mac text NOT NULL
);
CREATE TRIGGER notes_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.notes
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();
"""
_BEFORE_EVERYTHING = 58  # pg_trigger.tgtype of BEFORE UPDATE OR DELETE OR TRUNCATE, for each statement

SHAPE = """
SELECT format('%%s.%%s %%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT format('%%s.%%s %%s %%s %%s', c.relname, t.tgname, t.tgtype, t.tgenabled, p.prosrc)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE n.nspname = %(schema)s AND NOT t.tgisinternal
"""
"""Every column and every guard of a schema, as text."""

FORMAT_COLUMN = "journal.format integer"
"""What every format has."""

_TYPES = {
    "journal": "one boolean, format integer, partner text, highest bigint",
    "events": "seq bigint, run text, plan text, at text, kind text, customer text, action text, request_id text,"
    " body text, prev text, hash text",
    "documents": "digest text, content bytea",
    "holder": "one boolean, backend integer, document bytea",
}
_GUARDS = {"journal": "journal_stays", "events": "events_stay", "documents": "documents_stay"}
WHOLE = frozenset(f"{table}.{column}" for table, columns in _TYPES.items() for column in columns.split(", ")) | {
    f"{table}.{guard} {_BEFORE_EVERYTHING} O {_REFUSAL}" for table, guard in _GUARDS.items()
}
"""What SHAPE gives for a journal of this format with its guards on."""
NOTES = frozenset(
    f"notes.{column}" for column in ("number bigint", "kind text", "at text", "who text", "body text", "mac text")
) | {f"notes.notes_stay {_BEFORE_EVERYTHING} O {_REFUSAL}"}
"""What it gives besides once there are notes: their table belongs to no format."""


def name_of(partner: TenantId) -> str:
    """The schema of a partner tenant."""
    return PREFIX + partner.replace("-", "_")


def creation(partner: TenantId) -> sql.Composed:
    """The statements that make a partner's journal; they belong into one transaction, under its lock."""
    return sql.SQL(_TABLES).format(
        schema=sql.Identifier(name_of(partner)),
        refusal=sql.Literal(_REFUSAL),
        format=sql.Literal(FORMAT),
        partner=sql.Literal(partner),
    )


def notes_creation(schema: str) -> sql.Composed:
    """The statements that add the table of notes; for a transaction that has locked the journal's row."""
    return named(_NOTES, schema)


def named(statement: str, schema: str) -> sql.Composed:
    """A statement of ours about the tables of one schema, which it writes as `{schema}`."""
    return sql.SQL(statement).format(schema=sql.Identifier(schema))
