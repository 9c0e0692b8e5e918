"""`doctor` on this machine's side: manifests, journal, state folder, approvals; then all the way to Partner Center."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile import __version__
from pcreconcile.cli import approval_checks, interrupts, operator_settings, surroundings, wiring
from pcreconcile.cli.operator_settings import OperatorSettings
from pcreconcile.model.errors import ConfigurationError, ManifestError, PcreconcileError
from pcreconcile.partner_center.trust import READ_ONLY

if TYPE_CHECKING:
    from pcreconcile.partner_center.check import Check

Tell = Callable[["Check"], None]

_SHOWN_FINDINGS = 5


def run(manifests: str, tell: Tell) -> bool:
    """Tell every check as it is made; whether none failed. Raises only what ends any command."""
    failed = False

    def told(check: Check) -> None:
        nonlocal failed
        failed = failed or check.level.value == "fail"
        tell(check)

    session = _manifests(manifests, told)
    if session is not None:
        for check in (
            *_operator(session.operator),
            *surroundings.here(session, os.environ),
            *_state(session.state),
            _journal(session),
            *_holds(session),
            *approval_checks.here(session, os.environ),
        ):
            told(check)
        _service(session, told)
    return not failed


def _manifests(manifests: str, tell: Tell) -> wiring.Session | None:
    from pcreconcile.partner_center.check import fail, ok

    try:
        session = wiring.open_session(manifests)
    except ManifestError as error:
        for finding in error.findings[:_SHOWN_FINDINGS]:
            tell(fail("manifests", str(finding)))
        count = len(error.findings)
        tell(fail("manifests", f"{count} finding(s); nothing else was looked at", "see `pcreconcile validate`"))
        return None
    except ConfigurationError as error:
        for line in str(error).splitlines():
            tell(fail("settings", line))
        return None
    loaded = session.loaded
    customers = len(loaded.fleet.customers)
    tell(ok("manifests", f"partner {loaded.partner.name}, tenant {loaded.partner.tenant_id}, {customers} customer(s)"))
    return session


def _operator(operator: OperatorSettings) -> Iterator[Check]:
    """A line for each operator setting in force; secrets are named and not shown."""
    from pcreconcile.partner_center.check import ok, warn

    stops = {READ_ONLY: operator.trust.read_only, operator_settings.HOLD: bool(operator.hold)}
    for setting, shown in operator_settings.in_force(os.environ):
        if stops.get(setting.name):
            remedy = "the operator unsets it to let `apply` write"
            yield warn("operator settings", f"{setting.name}: {shown}: `apply` writes nothing", remedy)
        else:
            yield ok("operator settings", f"{setting.name}: {shown}")


def _state(folder: Path) -> Iterator[Check]:
    """A file is written and taken away again; a folder that is not there yet must only be possible."""
    from pcreconcile.partner_center.check import fail, ok

    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        if existing == folder:
            with tempfile.TemporaryFile(dir=folder):
                pass
        elif not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        yield fail("state folder", f"{folder}: {reason}", "make it writable, or name another with PCRECONCILE_HOME")
        return
    yield ok("state folder", f"{folder} is writable" if existing == folder else f"{folder} can be created")


def _journal(session: wiring.Session) -> Check:
    from pcreconcile.partner_center.check import fail, ok

    try:
        events = len(tuple(wiring.read_journal(session).events()))
    except ConfigurationError as error:
        return fail("journal", str(error))
    except PcreconcileError as error:
        return fail("journal", str(error), "restore it from a copy; it is left as it was")
    return ok("journal", f"{events} events" if events else "none yet")


def _holds(session: wiring.Session) -> Iterator[Check]:
    """Why an apply would not begin; nothing where it would."""
    from pcreconcile.cli import holding
    from pcreconcile.partner_center.check import warn

    try:
        for held in holding.standing(session, os.environ):
            yield warn("hold", held.reason, held.remedy)
    except PcreconcileError as error:
        yield warn("hold", f"whether one stands cannot be seen: {error}", "no apply begins a write until it can")


def _service(session: wiring.Session, tell: Tell) -> None:
    from pcreconcile.partner_center.check import failure

    try:
        with wiring.world(session) as place:
            interrupts.run(_examine(session, place, tell))
    except ConfigurationError as error:
        tell(failure("simulator", error))


async def _examine(session: wiring.Session, place: wiring.World, tell: Tell) -> None:
    from pcreconcile.partner_center import examine

    application = f"pcreconcile/{__version__}"
    now = session.clock.now
    async for check in examine(place.partner, place.environment, trust=place.trust, application=application, now=now):
        tell(check)
    applying = await approval_checks.user(session, place)
    if applying is not None:
        tell(applying)
