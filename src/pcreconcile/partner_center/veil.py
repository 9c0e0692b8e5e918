"""What must never be shown, and its removal from texts that came from elsewhere and may quote it."""

from __future__ import annotations

from collections.abc import Iterable


class Veil:
    """Every secret and token that one connection has seen; it forgets none and shows none."""

    __slots__ = ("_hidden",)

    def __init__(self, hidden: Iterable[str] = ()) -> None:
        self._hidden = {text for text in hidden if text}

    def __repr__(self) -> str:
        return "Veil(…)"

    def hide(self, text: str) -> str:
        """From now on this text is a secret; it is given back for use."""
        if text:
            self._hidden.add(text)
        return text

    def conceal(self, text: str) -> str:
        """The text with every secret in it replaced, the longest first."""
        for secret in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text
