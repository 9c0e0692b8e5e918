"""Snapshot files: written after a read (`--snapshot`), planned from instead of reading (`--refresh=false`)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pcreconcile.cli import files
from pcreconcile.model.errors import IncompleteRead, PlanFileError
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import TenantId

FORMAT_VERSION = 1
_LIMIT = 256 * 2**20


def keep(path: Path, snapshot: Snapshot) -> None:
    """Write it. Raises UsageError when that cannot be done."""
    files.write(path, canonical_json(snapshot) + b"\n")


def recall(path: Path | None, partner_tenant: TenantId) -> Snapshot:
    """A snapshot kept earlier.

    Raises IncompleteRead without one: then nothing was seen at all. Raises PlanFileError for one that is damaged, too
    large, of another format or of another partner.
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
    data = files.read(path, _LIMIT)
    if len(data) > _LIMIT:
        raise PlanFileError(f"{path}: more than {_LIMIT // 2**20} MiB")
    try:
        return msgspec.json.decode(data, type=Snapshot)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PlanFileError(f"{path}: no snapshot: {error}") from error
