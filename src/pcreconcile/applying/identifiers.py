"""New identifiers come from outside, so that applying has no randomness of its own."""

from __future__ import annotations

from typing import Protocol

from pcreconcile.model.ids import RequestId, RunId


class Ids(Protocol):
    """GUID text, never the same twice."""

    def run_id(self) -> RunId:
        """Names one run of apply in the journal."""
        ...

    def request_id(self) -> RequestId:
        """Names one logical write to the service (`MS-RequestId`, its idempotency key)."""
        ...
