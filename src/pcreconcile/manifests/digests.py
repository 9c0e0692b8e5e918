"""What a digest is taken over: every value, also those that equal the model's defaults.

Writing `settle: 0d` and leaving it out mean the same, so they must give the same digest; the models' own encoding
leaves out what it sees as a default, which depends on how a value came about.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pcreconcile.model.identity import sha256_hex


def digest_of(value: Any) -> str:
    """SHA-256, in hex, over the canonical form of a model value."""
    return sha256_hex(_complete(value))


def _complete(value: Any) -> Any:
    match value:
        case msgspec.Struct():
            return {name: _complete(getattr(value, name)) for name in value.__struct_fields__}
        case tuple():
            return [_complete(item) for item in value]
    return value
