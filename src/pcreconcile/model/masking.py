"""What stands in a text in place of a secret."""

from __future__ import annotations

MASK = "[secret]"


def is_masked(text: str) -> bool:
    """Whether something was taken out of a text, so that it is no longer what it named."""
    return MASK.casefold() in text.casefold()
