"""Ctrl-C and SIGTERM: inside the event loop they cancel the work once, so that it can journal where it stands."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class Terminated(BaseException):
    """SIGTERM arrived. No Exception: nothing that handles errors may swallow it."""


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Outside the event loop SIGTERM raises Terminated, as SIGINT raises KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise_terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """The one `asyncio.run`. Raises KeyboardInterrupt or Terminated when a signal ended the work."""
    arrived: list[signal.Signals] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return asyncio.run(_cancellable(work, arrived))
    except asyncio.CancelledError:
        raise (Terminated if arrived[:1] == [signal.SIGTERM] else KeyboardInterrupt) from None
    finally:
        _restore(before)


async def _cancellable(work: Coroutine[Any, Any, _Result], arrived: list[signal.Signals]) -> _Result:
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)

    def cancel(number: signal.Signals) -> None:
        # Only the first one: a second would cut short the journalling that the first one asked for.
        if not arrived:
            arrived.append(number)
            task.cancel()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, cancel, number)
    return await task


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number, handler in handlers.items():
            signal.signal(number, handler)
