"""JSON for machines: no text inside of it can steer a terminal or a build log (design, section 12, "JSON").

Names, reasons and comments come from outside. In JSON every character may be written as a ``\\u`` sequence, so what a
log would obey is written as one: the value stays the same, and so does every hash, since hashes are made of values.
What is escaped: C1 and DEL, bidirectional and zero-width characters, line and paragraph separators, and ``##``, which
begins a command of Azure Pipelines anywhere in a line. C0 is escaped by every JSON encoder. A line that begins with
``::`` (GitHub Actions) cannot come about, since each line of JSON begins with punctuation or a quoted text.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

# C1; Arabic letter mark; zero-width, direction marks; line and paragraph separators, embeddings; joiner, isolates;
# lone surrogates; byte order mark. A character class for `re`, without its brackets.
STEERING = "\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff"

_UNSAFE = re.compile(f"[{STEERING}]|#(?=#)")


def machine_json(value: Any) -> str:
    """The canonical form of a value (`identity.canonical_json`) on one line, escaped; no line end.

    Raises what msgspec raises for a value that JSON cannot hold: TypeError, ValueError, OverflowError.
    """
    return escaped_json(msgspec.json.encode(value, order="sorted").decode())


def escaped_json(text: str) -> str:
    """JSON text, whole or a piece that ends between two values, with the same value and nothing that steers a log."""
    if text.isascii() and "##" not in text and "\x7f" not in text:
        return text
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
