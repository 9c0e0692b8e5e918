"""A program that has everything imported and runs each command in a fork of itself: a process of its own, quickly.

A job is one line of JSON on standard input; its exit code is answered as one line. Waits of the program take no time.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import pwd
import sys
import tempfile
import time
import zoneinfo
from pathlib import Path
from typing import Any

NOBODY = 54321  # a user whom no list of users knows

_sleep = asyncio.sleep


async def _no_wait(_seconds: float, result: Any = None) -> Any:
    return await _sleep(0, result)


def run(job: dict[str, Any]) -> int:
    """One command in this process, as `python -m pcreconcile` would run it."""
    from pcreconcile.cli import main

    os.chdir(job["cwd"])
    if job["deletes_cwd"]:
        Path(job["cwd"]).rmdir()
    os.umask(job["umask"])
    _streams(job)
    _become(job["environment"], nobody=job["nobody"])
    if job["no_zones"]:
        zoneinfo.reset_tzpath(to=[])
        zoneinfo.ZoneInfo.clear_cache()
        sys.modules["tzdata"] = None  # type: ignore[assignment]
    code = 1
    try:
        code = main(job["arguments"])
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
    return code


def _become(environment: dict[str, str], *, nobody: bool) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None
    if nobody:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        pwd.getpwuid = _unknown


def _unknown(_number: int) -> Any:
    raise KeyError("no such user")


def _streams(job: dict[str, Any]) -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if name in job["closed"]:
            with contextlib.suppress(OSError):
                os.close(number)
            setattr(sys, name, None)
            continue
        path = os.devnull if name == "stdin" else job[name]
        opened = os.open(path, os.O_RDONLY if name == "stdin" else os.O_WRONLY)
        os.dup2(opened, number)
        os.close(opened)
        if name != "stdin":
            setattr(sys, name, os.fdopen(number, "w", encoding="ascii", closefd=False))


def fork(job: dict[str, Any]) -> int:
    """The exit code of a child of this process."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.sleep = _no_wait
            time.sleep = lambda _seconds: None
            code = run(job)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _warm_up() -> None:
    """Whatever is imported late by anybody is imported once, while it can be read."""
    from pcreconcile.cli import main

    shipped = str(Path(__file__).parents[2] / "manifests")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.environ["PCRECONCILE_HOME"] = folder
        for command in ("doctor", "plan"):
            assert main([command, "--manifests", shipped]) == 0


def main() -> None:
    """Import what the commands import late, then serve."""
    import importlib
    import pkgutil

    import pcreconcile

    for module in pkgutil.walk_packages(pcreconcile.__path__, "pcreconcile."):
        if not module.name.endswith(("__main__", "postgres", "postgres_session", "postgres_schema")):
            importlib.import_module(module.name)
    for name in ("msal", "msal_extensions", "certifi", "h11", "socksio", "httpcore", "encodings.idna", "getpass"):
        importlib.import_module(name)
    _warm_up()
    for line in sys.stdin:
        print(fork(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
