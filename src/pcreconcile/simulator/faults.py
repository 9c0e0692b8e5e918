"""Faults to inject: per request the service may lose the connection, fail, truncate or dawdle.

A list of rules, as YAML for `--faults` or JSON for `POST /_simulator/faults`:

    faults:
      - fault: drop-after          # drop-before, drop-after, status-before, status-after, truncate, slow
        method: PATCH              # a regular expression for the whole method; any when absent
        path: /v1/customers/.*     # a regular expression found in the path, in any case; any when absent
        nth: 1                     # the first matching request that is hit
        count: 1                   # how many in a row; 0 is all from there on
        status: 503                # status-before and status-after
        body: '…'                  # their body, none when absent
        headers: {Retry-After: '1'}
        seconds: 0.5               # slow: the delay between applying and answering

`before` means that the request has no effect; `after`, `truncate` and `slow` that it has taken full effect.
Each rule counts its own matches; the first rule that hits decides. The simulator's own routes are never hit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .fields import Fields, read_document
from .messages import Json

__all__ = ["Fault", "FaultPlan", "read_fault_file", "read_faults"]

KINDS = ("drop-before", "drop-after", "status-before", "status-after", "truncate", "slow")
_FIELDS = ("fault", "method", "path", "nth", "count", "status", "body", "headers", "seconds")


@dataclass(slots=True)
class Fault:
    """One rule, and how many requests have matched it."""

    kind: str
    method: re.Pattern[str]
    path: re.Pattern[str]
    nth: int = 1
    count: int = 1
    status: int = 503
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    seen: int = 0

    @property
    def before(self) -> bool:
        """Whether the request is lost before it takes effect."""
        return self.kind.endswith("-before")

    def hits(self, method: str, path: str) -> bool:
        """Count a request if it matches; whether its turn has come."""
        if not (self.method.fullmatch(method) and self.path.search(path)):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.count == 0 or self.seen < self.nth + self.count)

    def shown(self) -> Json:
        """The rule as JSON."""
        shape = {"fault": self.kind, "method": self.method.pattern, "path": self.path.pattern}
        return shape | {"nth": self.nth, "count": self.count, "seen": self.seen}


class FaultPlan:
    """The rules in force."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request; every rule counts it, the first that hits decides."""
        return next(iter([fault for fault in self.faults if fault.hits(method, path)]), None)


def read_fault_file(path: Path) -> list[Fault]:
    """The rules of a file. Raises SimulatorError."""
    return read_faults(read_document(path), str(path))


def read_faults(document: Any, where: str) -> list[Fault]:
    """The rules of a document, a bare list of rules included. Raises SimulatorError."""
    whole = {"faults": document} if isinstance(document, list) else document
    fields = Fields(whole, where, datetime.now(UTC), ("faults",))
    return [_fault(each) for each in fields.each("faults", _FIELDS)]


def _fault(fields: Fields) -> Fault:
    seconds = fields.get("seconds") or 0
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 3600:
        raise fields.wrong("seconds", "a number from 0 to 3600")
    status = fields.number("status", 503)
    if not 400 <= status <= 599:
        raise fields.wrong("status", "an HTTP status from 400 to 599")
    return Fault(
        kind=fields.choice("fault", KINDS),
        method=_pattern(fields, "method"),
        path=_pattern(fields, "path"),
        nth=max(fields.number("nth", 1), 1),
        count=fields.number("count", 1),
        status=status,
        body=fields.text("body", ""),
        headers={name: str(value) for name, value in fields.mapping("headers").items()},
        seconds=float(seconds),
    )


def _pattern(fields: Fields, key: str) -> re.Pattern[str]:
    try:
        return re.compile(fields.text(key, ".*"), re.IGNORECASE)
    except re.error as error:
        raise fields.wrong(key, "a regular expression") from error
