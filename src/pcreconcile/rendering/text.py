"""Text from outside, made harmless to look at: what a company name can never do to a terminal or a build log.

Trade-off: escapes are visible (``\\x1b``) rather than removed, so that a reader sees that something was there.
"""

from __future__ import annotations

import re

from pcreconcile.model.machine_json import STEERING

OUTSIDE_LIMIT = 200
PROSE_LIMIT = 2000

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_UNSAFE = re.compile(f"[\x00-\x1f{STEERING}]")

# Build services read commands out of logs: GitHub at the start of a line (blanks before it do not help), Azure
# Pipelines ("##vso[", "##[") anywhere in it, and what it will read next year nobody knows: no "##" comes out.
_STARTS_COMMAND = re.compile(r"^(\s*):(?=:)")
_HOLDS_COMMAND = re.compile(r"#(?=#)")


def outside(text: str | None) -> str:
    """A name or value that came from elsewhere: escaped, and cut at 200 characters."""
    return _shown(text or "", OUTSIDE_LIMIT)


def prose(text: str | None) -> str:
    """A sentence of ours that may quote somebody: escaped, and cut far later."""
    return _shown(text or "", PROSE_LIMIT)


def harmless(text: str) -> str:
    """The text with no line that a build service takes for a command; line ends stay."""
    return "\n".join(_harmless_line(line) for line in text.split("\n"))


def _harmless_line(line: str) -> str:
    return _HOLDS_COMMAND.sub(r"\\x23", _STARTS_COMMAND.sub(r"\1\\x3a", line))


def _shown(text: str, limit: int) -> str:
    return _UNSAFE.sub(_escape, text if len(text) <= limit else text[: limit - 1] + "…")


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
