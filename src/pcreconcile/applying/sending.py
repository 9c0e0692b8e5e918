"""One request on its way: it is never abandoned without a word, not even when the run is told to stop.

A cancelled run waits a little for the answer of the write in flight, because an answer that is known now need not be
resolved by reading later. A second cancellation, or a service that does not answer in that time, makes it *no answer*.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pcreconcile.applying.ports import Answer, Service, WriteRequest
from pcreconcile.model.errors import NoAnswer, PcreconcileError, RemoteError

GRACE = 20.0  # seconds that a write in flight is waited for when the run is told to stop


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a request; `interruption` is to be raised again once the outcome is durable."""

    outcome: Answer | RemoteError | NoAnswer
    interruption: BaseException | None = None


async def send(service: Service, request: WriteRequest) -> Sent:
    """Send one write and see it through. Raises nothing but what stops the event loop itself."""
    task = asyncio.ensure_future(service.write(request))
    interruption: BaseException | None = None
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError as cancelled:
        interruption = cancelled
        await _see_through(task)
    return _outcome(task, interruption)


async def _see_through(task: asyncio.Future[Answer]) -> None:
    try:
        await asyncio.wait({task}, timeout=GRACE)
    except asyncio.CancelledError:
        pass
    finally:
        task.cancel()


def _outcome(task: asyncio.Future[Answer], interruption: BaseException | None) -> Sent:
    if not task.done() or task.cancelled():
        return Sent(NoAnswer("interrupted before an answer came"), interruption or asyncio.CancelledError())
    error = task.exception()
    if error is None:
        return Sent(task.result(), interruption)
    if isinstance(error, RemoteError | NoAnswer):
        return Sent(error, interruption)
    if isinstance(error, PcreconcileError):
        return Sent(NoAnswer(str(error)), interruption)
    return Sent(NoAnswer(f"the client failed: {type(error).__name__}"), error)
