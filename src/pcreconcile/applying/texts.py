"""Texts from outside, as the journal and the receipt keep them: in the service's own words, and harmless."""

from __future__ import annotations

import re

LONGEST_TEXT = 16_384  # characters

_TOKEN = re.compile(r"\bBearer\s+\S+|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*", re.IGNORECASE)


def clean(text: str) -> str:
    """Without anything that looks like a token, as valid Unicode, and bounded."""
    shown = _TOKEN.sub("[token]", text)[:LONGEST_TEXT]
    return shown.encode("utf-8", "replace").decode("utf-8")
