"""One thing looked at by `doctor`, and what came of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """Whether somebody must act: FAIL something does not work, WARN it may not, or could not be looked at."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(msgspec.Struct, frozen=True, rename="camel"):
    """`name` is what was looked at, `told` what was found, `remedy` what to do ("" when nothing is)."""

    level: Level
    name: str
    told: str
    remedy: str = ""


def ok(name: str, told: str) -> Check:
    """Nothing to do."""
    return Check(Level.OK, name, told)


def warn(name: str, told: str, remedy: str = "") -> Check:
    """It may not work."""
    return Check(Level.WARN, name, told, remedy)


def fail(name: str, told: str, remedy: str = "") -> Check:
    """It does not work."""
    return Check(Level.FAIL, name, told, remedy)


def failure(name: str, error: Exception) -> Check:
    """What an error of ours says; a remedy in it stands apart."""
    remedy = str(getattr(error, "remedy", ""))
    told = str(getattr(error, "verbatim", "") or error)
    return fail(name, told, remedy)
