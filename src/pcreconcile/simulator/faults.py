"""Faults to inject: per request the service may lose the connection, fail, truncate, dawdle, or pretend.

A list of rules, as YAML for `--faults` or JSON for `POST /_simulator/faults`:

    faults:
      - fault: drop-after          # one of the kinds below
        method: PATCH              # a regular expression for the whole method; any when absent
        path: /v1/customers/.*     # a regular expression found in the path, in any case; any when absent
        query: seekOperation=Next  # a regular expression found in the query as it was sent; any when absent
        content: grant_type=refresh_token  # a regular expression found in the request's body; any when absent
        nth: 1                     # the first matching request that is hit
        count: 1                   # how many in a row; 0 is all from there on
        …                          # and what the kind takes

    drop-before, drop-after        the connection closes without an answer
    status-before, status-after    another answer: status (503), body (none), headers {Retry-After: '1'}
    truncate, reset                half of the body, then the connection closes, or is reset
    slow                           seconds: the delay between applying and answering
    wrong-content-type             contentType (text/html) over the body as it is
    huge-body                      the body with so many megabytes (64) of blanks behind it
    redirect                       302 to location (another host)
    no-effect                      a write is answered as if it had worked, and changes nothing
    overlap                        a collection goes on, and its next page shows the same rows once more
    odd-row                        the first row of a collection (or the whole object) is empty
    wrong-total                    totalCount says more rows than come
    stale-reads                    so many reads (3) of the customer still see it as it was before this write
    clock-skew                     the Date header alone is wrong by so many seconds (3600), which may be negative

The `-before` ones and `redirect` have no effect; all others but `no-effect` have taken full effect. Each rule counts
its own matches; the first rule that hits decides. The simulator's own routes are never hit. Rules and counts live in
the state file, so that they go on in the next process.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from .fields import Fields, read_document
from .messages import Json
from .store import Store

__all__ = ["Fault", "FaultPlan", "read_fault_file", "read_faults"]

KINDS = (
    *("drop-before", "drop-after", "status-before", "status-after", "truncate", "reset", "slow"),
    *("wrong-content-type", "huge-body", "redirect", "no-effect", "stale-reads", "clock-skew"),
    *("overlap", "odd-row", "wrong-total"),
)
_FIELDS = (
    *("fault", "method", "path", "query", "content", "nth", "count", "status", "body", "headers", "seconds"),
    *("contentType", "megabytes", "location", "reads"),
)
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule; the expressions are kept as text."""

    kind: str
    method: str = ".*"
    path: str = ".*"
    query: str = ".*"
    content: str = ""
    nth: int = 1
    count: int = 1
    status: int = 503
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    skew: int = 0
    content_type: str = "text/html"
    megabytes: int = 64
    location: str = "https://elsewhere.invalid/"
    reads: int = 3

    @property
    def before(self) -> bool:
        """Whether the request is lost before it takes effect."""
        return self.kind.endswith("-before") or self.kind == "redirect"

    def matches(self, method: str, path: str, query: str, content: bytes) -> bool:
        """Whether a request is one that this rule counts."""
        wanted = _expression(self.method).fullmatch(method) and _expression(self.path).search(path)
        if not wanted or not _expression(self.query).search(query):
            return False
        return not self.content or bool(_expression(self.content).search(content.decode("utf-8", "replace")))

    def strikes(self, seen: int) -> bool:
        """Whether the turn of that match has come."""
        return seen >= self.nth and (self.count == 0 or seen < self.nth + self.count)

    def shown(self, seen: int) -> Json:
        """The rule as JSON."""
        shape = {"fault": self.kind, "method": self.method, "path": self.path, "query": self.query}
        return shape | {"nth": self.nth, "count": self.count, "seen": seen}


@lru_cache(maxsize=256)
def _expression(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


class FaultPlan:
    """The rules in force and their counts, kept in the state."""

    def __init__(self, store: Store) -> None:
        self._store, self._place = store, "faults"

    def start(self, from_file: list[Fault] | None) -> None:
        """Begin a process with the rules of its file; without one with those that were set over HTTP before.

        The counts go on when the file says what it said before. The two do not mix: a process without a file neither
        has nor ends the rules of another one's file.
        """
        if from_file is None:
            return
        self._place = "faultsOfFile"
        with self._store.transaction():
            if self._kept()["rules"] != [asdict(each) for each in from_file]:
                self._set(from_file)

    def replace(self, faults: list[Fault]) -> None:
        """Put other rules in force, with counts of nought."""
        with self._store.transaction():
            self._set(faults)

    def _set(self, faults: list[Fault]) -> None:
        rules = [asdict(each) for each in faults]
        self._store.set_meta(self._place, {"rules": rules, "seen": [0] * len(rules)})

    def shown(self) -> list[Json]:
        """The rules with their counts as JSON."""
        kept = self._kept()
        return [fault.shown(seen) for fault, seen in zip(_rules(kept), kept["seen"], strict=True)]

    def _kept(self) -> Json:
        return self._store.meta(self._place) or {"rules": [], "seen": []}

    def take(self, method: str, path: str, query: str, content: bytes = b"") -> Fault | None:
        """The fault for this request; every rule counts it, the first that hits decides."""
        if not self._kept()["rules"]:
            return None
        with self._store.transaction():
            kept = self._kept()
            faults = _rules(kept)
            counted = [fault.matches(method, path, query, content) for fault in faults]
            seen = [before + hit for before, hit in zip(kept["seen"], counted, strict=True)]
            self._store.set_meta(self._place, kept | {"seen": seen})
        due = (fault for fault, hit, number in zip(faults, counted, seen, strict=True) if hit and fault.strikes(number))
        return next(due, None)


def _rules(kept: Json) -> list[Fault]:
    return [Fault(**each) for each in kept["rules"]]


def read_fault_file(path: Path) -> list[Fault]:
    """The rules of a file. Raises SimulatorError."""
    return read_faults(read_document(path), str(path))


def read_faults(document: Any, where: str) -> list[Fault]:
    """The rules of a document, a bare list of rules included. Raises SimulatorError."""
    whole = {"faults": document} if isinstance(document, list) else document
    fields = Fields(whole, where, datetime.now(UTC), ("faults",))
    return [_fault(each) for each in fields.each("faults", _FIELDS)]


def _fault(fields: Fields) -> Fault:
    kind = fields.choice("fault", KINDS)
    seconds = _seconds(fields, kind)
    status = fields.number("status", 503)
    if not 200 <= status <= 599:
        raise fields.wrong("status", "an HTTP status from 200 to 599")
    megabytes = fields.number("megabytes", 64)
    if megabytes > 4096:
        raise fields.wrong("megabytes", "a whole number up to 4096")
    return Fault(
        kind=kind,
        method=_pattern(fields, "method"),
        path=_pattern(fields, "path"),
        query=_pattern(fields, "query"),
        content=_pattern(fields, "content") if fields.has("content") else "",
        nth=max(fields.number("nth", 1), 1),
        count=fields.number("count", 1),
        status=status,
        body=fields.text("body", ""),
        headers={name: _header(fields, "headers", str(value)) for name, value in fields.mapping("headers").items()},
        seconds=0.0 if kind == "clock-skew" else seconds,
        skew=int(seconds) if kind == "clock-skew" else 0,
        content_type=_header(fields, "contentType", fields.text("contentType", "text/html")),
        megabytes=megabytes,
        location=_header(fields, "location", fields.text("location", "https://elsewhere.invalid/")),
        reads=fields.number("reads", 3),
    )


def _seconds(fields: Fields, kind: str) -> float:
    skewed = kind == "clock-skew"
    seconds = fields.get("seconds") if fields.has("seconds") else 3600 if skewed else 0
    smallest, largest = (-366 * _DAY, 366 * _DAY) if skewed else (0, 3600)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not smallest <= seconds <= largest:
        raise fields.wrong("seconds", f"a number from {smallest} to {largest}")
    return float(seconds)


def _header(fields: Fields, key: str, value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise fields.wrong(key, "plain text")
    return value


def _pattern(fields: Fields, key: str) -> str:
    text = fields.text(key, ".*")
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise fields.wrong(key, "a regular expression") from error
    return text
