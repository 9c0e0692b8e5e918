"""Identifiers of what an estate does not name: the same for the same estate, in the forms of the wire."""

import base64
import hashlib
import uuid

__all__ = ["etag", "order_id", "stable_id"]


def stable_id(*parts: object) -> str:
    """A GUID that is the same whenever the same estate is founded."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


def order_id(seed: str) -> str:
    """An opaque, case-sensitive order ID in the form of section 6.1."""
    return base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()[:24]).decode() + "1"


def etag(subscription_id: str, version: int) -> str:
    """The etag of a legacy subscription: base64 of its ID and version (section 2)."""
    return base64.b64encode(f'{{"id":"{subscription_id}","version":{version}}}'.encode()).decode()
