"""Time and chance of this process, for the parts that have none of their own."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime

from pcreconcile.model.ids import RequestId, RunId


class ProcessClock:
    """The system's UTC, or a rehearsed instant that stands still; waits are real in both."""

    def __init__(self, rehearsed: datetime | None = None) -> None:
        self.rehearsed = rehearsed

    def now(self) -> datetime:
        """The instant that decisions use, aware UTC."""
        return self.rehearsed or datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds for measuring a wait."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class FreshIds:
    """Random GUIDs."""

    def run_id(self) -> RunId:
        """For one run."""
        return RunId(str(uuid.uuid4()))

    def request_id(self) -> RequestId:
        """For one logical request."""
        return RequestId(str(uuid.uuid4()))
