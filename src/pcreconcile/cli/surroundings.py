"""`doctor` on what surrounds the program: the way out, programs, folders, the user's name, time zones, the encoding.

None of it belongs to Partner Center or to the manifests, and most of it is noticed only when something else fails.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.cli import wiring
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Cloud

if TYPE_CHECKING:
    from pcreconcile.partner_center.check import Check

_PROGRAMS = {
    "git": "authors, bases and commits cannot be told, so that an approved plan cannot be applied",
    "ssh-keygen": "approvals can be neither signed nor verified",
}


def here(session: wiring.Session, environment: Mapping[str, str]) -> Iterator[Check]:
    """A line for each kind of thing that may stand in the way. Raises nothing."""
    from pcreconcile.partner_center.network_checks import network_checks

    yield from network_checks(environment, _hosts(session))
    yield from _programs(environment)
    yield _home(environment)
    yield _user(session)
    yield _temporary(environment)
    yield _working_folder()
    yield _text()


def _hosts(session: wiring.Session) -> tuple[str, ...]:
    """The partner's addresses; none of the embedded simulator, or where they are refused, which another check tells."""
    from pcreconcile.partner_center.endpoints import addresses_of

    partner = session.loaded.partner
    if partner.cloud is Cloud.SIMULATOR:
        return ()
    try:
        return addresses_of(partner, session.operator.trust).hosts
    except ConfigurationError:
        return ()


def _programs(environment: Mapping[str, str]) -> Iterator[Check]:
    from pcreconcile.partner_center.check import ok, warn

    for name, loss in _PROGRAMS.items():
        place = shutil.which(name, path=environment.get("PATH", os.defpath))
        if place:
            yield ok("programs", f"{name} is {place}")
        else:
            yield warn("programs", f"{name} is not on PATH: {loss}", f"install {name}, or correct PATH")


def _home(environment: Mapping[str, str]) -> Check:
    from pcreconcile.partner_center.check import ok, warn

    home = environment.get("HOME", "")
    remedy = "set HOME, or XDG_STATE_HOME to a folder for the refresh token"
    if not home:
        return warn("home", "HOME is not set: no refresh token can be kept, and keys need a path", remedy)
    if not Path(home).is_dir():
        return warn("home", f"HOME: {_shown(home)} is no folder", remedy)
    if not os.access(home, os.W_OK | os.X_OK):
        return warn("home", f"HOME: {_shown(home)} is not writable: no refresh token can be kept there", remedy)
    return ok("home", _shown(home))


def _user(session: wiring.Session) -> Check:
    from pcreconcile.partner_center.check import ok, warn

    me = wiring.this_process(session)
    if me.user == str(os.getuid()):
        return warn("user", f"this user has no name: journal and lock say {me.user}@{me.host}", "set LOGNAME to one")
    return ok("user", f"{me.user}@{me.host}, as journal and lock say")


def _temporary(environment: Mapping[str, str]) -> Check:
    from pcreconcile.partner_center.check import ok, warn

    wanted = environment.get("TMPDIR", "")
    try:
        place = tempfile.gettempdir()
    except OSError:
        return warn("temporary folder", "none is writable", "set TMPDIR to a writable folder")
    if wanted and os.path.realpath(place) != os.path.realpath(wanted):
        told = f"TMPDIR: {_shown(wanted)} is not writable, {_shown(place)} is used"
        return warn("temporary folder", told, "set TMPDIR to a writable folder")
    return ok("temporary folder", f"{_shown(place)} is writable")


def _working_folder() -> Check:
    from pcreconcile.partner_center.check import ok, warn

    try:
        return ok("working folder", _shown(str(Path.cwd())))
    except OSError:
        remedy = "change into a folder that exists"
        return warn("working folder", "it has been deleted: relative paths lead nowhere", remedy)


def _text() -> Check:
    from pcreconcile.partner_center.check import ok, warn

    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") == "utf8":
        return ok("text", "paths and output are UTF-8")
    told = f"paths are read as {encoding}: names that it lacks cannot be opened"
    return warn("text", told, "set LC_ALL=C.UTF-8 or PYTHONUTF8=1")


def _shown(path: str) -> str:
    """A path need not be text."""
    return path.encode("utf-8", "backslashreplace").decode()
