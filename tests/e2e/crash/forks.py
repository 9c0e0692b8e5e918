"""Processes that are quick to start: a warm parent forks, the child runs the program's own `main` and dies of its own.

`python -m tests.e2e.crash.forks` reads one order a line (JSON) and answers with two: the child's process ID, and the
status with which it ended. The child is a process like any other: its own folder, environment, sockets, signals, and
`kill -9` ends it with whatever it had half done. What it is spared is the half second of importing.

Two things are changed in it, and in nothing else: waiting goes `SPEED` times as fast (the service's asynchronous work
is counted in reads, so nothing is skipped), and the journal's calls may strike. A share of the matrix runs through
`python -m pcreconcile`, where nothing is changed at all.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SPEED = 40.0
BROKEN = 70  # the harness itself went wrong in the child
PLACES = ("before append", "after append", "append not yet acknowledged", "before keep", "after keep")
MARK = struct.Struct("<qq")  # bytes of the write-ahead log, number of the last event that was acknowledged


def main() -> None:
    """Until the orders end."""
    _warm()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            os._exit(_guarded(order))
        _tell({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _tell({"status": os.waitstatus_to_exitcode(status)})


def _tell(answer: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _warm() -> None:
    """Import what `apply` imports late, so that no child has to."""
    import gc

    import deepdiff  # noqa: F401
    import httpx  # noqa: F401
    import jsonschema  # noqa: F401
    import msal  # noqa: F401

    import pcreconcile.applying
    import pcreconcile.applying.stores.sqlite
    import pcreconcile.cli.commands.apply
    import pcreconcile.cli.commands.plan
    import pcreconcile.cli.running
    import pcreconcile.cli.wiring
    import pcreconcile.exits
    import pcreconcile.manifests
    import pcreconcile.partner_center
    import pcreconcile.planning  # noqa: F401

    gc.freeze()


def _guarded(order: dict[str, Any]) -> int:
    try:
        return _child(order)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        return BROKEN


def _child(order: dict[str, Any]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    _redirect(Path(order["folder"]))
    _hurry()
    _arm(order)
    from pcreconcile.cli import main as program

    try:
        return int(program(order["arguments"]) or 0)
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _redirect(folder: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)


def _hurry() -> None:
    """Waits pass `SPEED` times as fast, and clocks that measure waits with them."""
    from pcreconcile.cli.clock import ProcessClock
    from pcreconcile.partner_center import opening
    from pcreconcile.partner_center.time_budget import Timing

    def monotonic() -> float:
        return time.monotonic() * SPEED

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)

    ProcessClock.monotonic = lambda self: monotonic()  # type: ignore[method-assign]
    ProcessClock.sleep = lambda self, seconds: sleep(seconds)  # type: ignore[method-assign]
    opening.Timing = lambda: Timing(monotonic=monotonic, sleep=sleep)  # type: ignore[attr-defined,assignment,misc]


def _arm(order: dict[str, Any]) -> None:
    """Journals that are opened from here on mark what they acknowledged, and strike where the order says."""
    import pcreconcile.applying as applying

    ordinary = applying.open_store
    blow = order.get("blow") or {}
    mark = os.open(order["mark"], os.O_WRONLY | os.O_CREAT, 0o600)
    log = Path(order["journal"] + "-wal")

    def armed(place: Any, partner: Any = None, *more: Any) -> Any:
        store = ordinary(place, partner, *more)
        os.pwrite(mark, MARK.pack(_size(log), 0), 0)
        _arm_calls(type(store), blow, lambda event: os.pwrite(mark, MARK.pack(_size(log), event.seq), 0))
        return store

    applying.open_store = armed  # type: ignore[assignment]


def _arm_calls(kind: Any, blow: dict[str, Any], acknowledge: Callable[[Any], Any]) -> None:
    append, keep = kind.append, kind.keep
    appends, keeps = itertools.count(1), itertools.count(1)

    def armed_append(self: Any, draft: Any) -> Any:
        number = next(appends)
        _strike(blow, "before append", number)
        event = append(self, draft)
        _strike(blow, "append not yet acknowledged", number)
        acknowledge(event)
        _strike(blow, "after append", number)
        return event

    def armed_keep(self: Any, content: bytes) -> Any:
        number = next(keeps)
        _strike(blow, "before keep", number)
        digest = keep(self, content)
        _strike(blow, "after keep", number)
        return digest

    kind.append, kind.keep = armed_append, armed_keep


def _strike(blow: dict[str, Any], place: str, number: int) -> None:
    if blow.get("place") == place and blow.get("number") == number:
        for each in blow.get("signals", (signal.SIGKILL,)):
            os.kill(os.getpid(), each)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


if __name__ == "__main__":
    main()
