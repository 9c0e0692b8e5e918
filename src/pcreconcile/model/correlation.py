"""Correlation IDs that this tool knows for its own without a journal.

The service echoes the `MS-CorrelationId` of a write as `originalCorrelationId` of its audit record (API facts, 8.1).
The one of a write is made from its request ID, which is in the journal before the request leaves: a journal knows the
records of all its requests, even of those that were never answered. Its last 48 bits are a checksum of the others, so
that a record can be told from a colleague's or another program's where the journal is lost; by chance one of 2^48 is.

The mark is no secret and no proof. Who forges one must be able to write to Partner Center already, and reaches that
approvals are asked for again.
"""

from __future__ import annotations

import hashlib

from pcreconcile.model.ids import is_guid

_DOMAIN = b"pcreconcile correlation 1"
_BODY = 10  # bytes of a GUID that say which one it is; the six others are the checksum


def correlation_of(request_id: str) -> str:
    """The correlation ID under which a write is sent, GUID text in lower case; the same for the same request ID."""
    body = bytearray(hashlib.sha256(_DOMAIN + b" of " + request_id.lower().encode()).digest()[:_BODY])
    body[6] = 0x40 | body[6] & 0x0F  # version 4 and its variant (RFC 9562): nobody shall refuse it as no GUID
    body[8] = 0x80 | body[8] & 0x3F
    digits = (bytes(body) + _checksum(bytes(body))).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_ours(correlation_id: str) -> bool:
    """Whether a write of this tool, by whatever installation of it, was sent under that correlation ID."""
    if not is_guid(correlation_id):
        return False
    given = bytes.fromhex(correlation_id.replace("-", ""))
    return given[_BODY:] == _checksum(given[:_BODY])


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(_DOMAIN + body).digest()[: 16 - _BODY]
