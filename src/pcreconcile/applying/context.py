"""What every part of one run reaches the world with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pcreconcile.applying.identifiers import Ids
from pcreconcile.applying.journal import Journal
from pcreconcile.applying.ports import Clock, Service


@dataclass(frozen=True, slots=True)
class RunContext:
    """`wait` bounds how long each asynchronous result is waited for."""

    service: Service
    journal: Journal
    clock: Clock
    ids: Ids
    wait: timedelta

    @property
    def wait_seconds(self) -> float:
        """The same in seconds."""
        return self.wait.total_seconds()
