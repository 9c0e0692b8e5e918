"""Globs over what was bought: one meaning of `sku` for the manifest's lines and for the partner's price list."""

from __future__ import annotations

from fnmatch import fnmatchcase


def fits_offer(offer_id: str, pattern: str) -> bool:
    """A glob over the product, product:sku, or the whole offer ID, without case."""
    parts = offer_id.upper().split(":")
    names = {":".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return any(fnmatchcase(name, pattern.upper()) for name in names)
