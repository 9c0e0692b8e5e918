"""Snapshot files: written after a read (`--snapshot`), planned from instead of reading (`--refresh=false`).

They have no bound of their own: what was read and written is read again, in memory that is a small multiple of the
file. A snapshot holds what its owner's own command has read and is trusted like that, other than a plan file.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import msgspec

from pcreconcile.cli import files
from pcreconcile.model.errors import IncompleteRead, PlanFileError
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.identity import canonical_parts
from pcreconcile.model.ids import TenantId
from pcreconcile.model.machine_json import escaped_json

FORMAT_VERSION = 1


def keep(path: Path, snapshot: Snapshot) -> None:
    """Write it. Raises UsageError when that cannot be done."""
    parts = (escaped_json(part.decode()).encode() for part in canonical_parts(snapshot))
    files.write(path, chain(parts, (b"\n",)))


def recall(path: Path | None, partner_tenant: TenantId) -> Snapshot:
    """A snapshot kept earlier.

    Raises IncompleteRead without one: then nothing was seen at all. Raises PlanFileError for one that is damaged,
    of another format or of another partner.
    """
    if path is None or not path.exists():
        missing = "--refresh=false reads nothing: name a kept snapshot with --snapshot FILE"
        raise IncompleteRead(
            missing if path is None else f"{path}: no such snapshot; plan once without --refresh=false"
        )
    snapshot = _decoded(path)
    if snapshot.format_version != FORMAT_VERSION:
        raise PlanFileError(f"{path}: a snapshot of format {snapshot.format_version}, expected {FORMAT_VERSION}")
    if snapshot.partner_tenant != partner_tenant:
        raise PlanFileError(f"{path}: a snapshot of another partner")
    return snapshot


def _decoded(path: Path) -> Snapshot:
    with files.opened(path) as stream:
        data = stream.read()
    try:
        return msgspec.json.decode(data, type=Snapshot)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PlanFileError(f"{path}: no snapshot: {error}") from error
