"""What must never be shown, and its removal from texts that came from elsewhere and may quote it.

A secret is found in every encoding of encodings.py, and so is a part of ten characters or more, since a service may cut
what it repeats. A secret of fewer than four characters is taken out only where it stands as a word of its own and is
never looked for in base64 or hex: it opens nothing that guessing would not, almost every word decodes to some text that
holds it, and taking it out of every word would leave no text to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from pcreconcile.model.masking import MASK
from pcreconcile.partner_center.encodings import Reading, decoded_runs, readings

__all__ = ["MASK", "Veil"]

_SHORT = 4
_PART = 10  # characters of a secret by which a part of it is known
_DENSE = 64  # characters at both ends of a long secret of which every part is known; between them every 16th begins one
_STRIDE = 16
_LONGEST = 1 << 11  # characters of a text; what is shown of an error is far shorter
_RUN_DEPTH = 2  # base64 within base64
_RUN_READINGS = 12  # of a text with runs, and of what a run decodes to
_LOST = "\ufffd"  # what a byte becomes that is no UTF-8

_Span = tuple[int, int]


class Veil:
    """Every secret and token that one connection has seen; it forgets none and shows none."""

    __slots__ = ("_hidden", "_parts")

    def __init__(self, hidden: Iterable[str] = ()) -> None:
        self._hidden: set[str] = set()
        self._parts: dict[str, tuple[str, int]] = {}
        for text in hidden:
            self._keep(text)

    def __repr__(self) -> str:
        return "Veil(…)"

    def hide(self, text: str) -> str:
        """From now on this text is a secret; it is given back for use."""
        self._keep(text)
        return text

    def conceal(self, text: str) -> str:
        """The text with every secret in it, and every longer part of one, replaced.

        Of a text longer than 2,048 characters the beginning is given back.
        """
        if not self._hidden:
            return text
        text = text[:_LONGEST]
        spans = sorted({*self._spans(text), *self._spans_in_runs(text)})
        return "".join(_masked(text, _joined(spans)))

    def betrays(self, text: str) -> bool:
        """Whether a text holds, in any encoding, a secret of four characters or more, or a longer part of one.

        Texts that are compared or kept as they are ask this instead of being masked: a masked name is nobody's.
        """
        return bool(self._hidden) and self._holds(text, _RUN_DEPTH)

    def _keep(self, text: str) -> None:
        """The secret, as it is and as it reads with its blanks or its letters beyond ASCII lost on the way."""
        if not text or text in self._hidden:
            return
        forms = {text, " ".join(text.split()), *(_ascii(text, lost) for lost in (_LOST, "?"))}
        for form in filter(None, forms):
            self._hidden.add(form)
            for start in _part_starts(len(form)):
                self._parts.setdefault(form[start : start + _PART], (form, start))

    def _spans(self, text: str) -> Iterator[_Span]:
        """Where secrets stand, in whatever encoding."""
        for reading in readings(text):
            for start, end in (*self._found(reading.text), *self._words(reading.text)):
                yield _original(reading, start, end)

    def _spans_in_runs(self, text: str, depth: int = _RUN_DEPTH) -> Iterator[_Span]:
        """Where base64 or hex stands that holds a secret, itself encoded or not."""
        for reading in islice(readings(text), _RUN_READINGS):
            for start, end, decoded in decoded_runs(reading.text):
                if self._holds(decoded, depth):
                    yield _original(reading, start, end)

    def _holds(self, text: str, depth: int) -> bool:
        inner = islice(readings(text), _RUN_READINGS)
        if any(True for reading in inner for _ in self._found(reading.text)):
            return True
        return depth > 1 and any(True for _ in self._spans_in_runs(text, depth - 1))

    def _found(self, text: str) -> Iterator[_Span]:
        for secret in self._hidden:
            if len(secret) >= _SHORT:
                yield from _occurrences(text, secret)
        for at in range(len(text) - _PART + 1):
            known = self._parts.get(text[at : at + _PART])
            if known is not None:
                yield _extended(text, at, *known)

    def _words(self, text: str) -> Iterator[_Span]:
        """Short secrets that stand as words of their own."""
        for secret in self._hidden:
            if len(secret) < _SHORT:
                yield from (match.span() for match in re.finditer(rf"(?<!\w){re.escape(secret)}(?!\w)", text))


def _ascii(text: str, lost: str) -> str:
    """The text with other letters than ASCII's lost; "" when it has none, or little else."""
    if text.isascii():
        return ""
    plain = "".join(letter if letter.isascii() else lost for letter in text)
    return plain if len(plain.replace(lost, "")) >= _SHORT else ""


def _part_starts(length: int) -> Iterator[int]:
    for start in range(length - _PART + 1):
        if start < _DENSE or start >= length - _DENSE or start % _STRIDE == 0:
            yield start


def _occurrences(text: str, secret: str) -> Iterator[_Span]:
    at = text.find(secret)
    while at >= 0:
        yield at, at + len(secret)
        at = text.find(secret, at + 1)


def _extended(text: str, at: int, secret: str, start: int) -> _Span:
    """All that stands there of a secret, of which a part was found."""
    first, last = at, at + _PART
    while first > 0 and start > 0 and text[first - 1] == secret[start - 1]:
        first, start = first - 1, start - 1
    end = start + last - first
    while last < len(text) and end < len(secret) and text[last] == secret[end]:
        last, end = last + 1, end + 1
    return first, last


def _original(reading: Reading, start: int, end: int) -> _Span:
    return reading.starts[start], reading.ends[end - 1]


def _joined(spans: Iterable[_Span]) -> Iterator[_Span]:
    """Spans in order, those that touch each other as one."""
    start = end = -1
    for first, last in spans:
        if first > end:
            if end >= 0:
                yield start, end
            start, end = first, last
        else:
            end = max(end, last)
    if end >= 0:
        yield start, end


def _masked(text: str, spans: Iterable[_Span]) -> Iterator[str]:
    at = 0
    for start, end in spans:
        yield text[at:start]
        yield MASK
        at = end
    yield text[at:]
