"""The body of one answer: undone and counted while it comes, so that no answer takes more memory than its bound.

We ask for gzip or nothing, and take one coding at most: 1.7 kB that were packed twice can become 700 MB. httpx would
undo any number of codings without a bound, take no notice of a packed body that is cut, and hand on one in a coding
that it does not know as it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

ACCEPTED = "gzip"
_PLAIN = frozenset({"", "identity"})
_GZIP = frozenset({"gzip", "x-gzip"})
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib's way of saying: with a header and a checksum of gzip


class UnusableBody(ValueError):
    """A body that cannot be taken: too large, in a coding that was not asked for, or damaged. Quotes nothing of it."""


class Body:
    """Takes the bytes as they come; `limit` counts both what came and what became of it."""

    def __init__(self, codings: Iterable[str], limit: int) -> None:
        """Raises UnusableBody for more than one content coding, and for one that nobody asked for."""
        packed = [coding for coding in (each.strip().lower() for each in codings) if coding not in _PLAIN]
        if len(packed) > 1:
            raise UnusableBody("the answer is packed more than once")
        if not _GZIP.issuperset(packed):
            raise UnusableBody("the answer is packed in a way that was not asked for")
        self._inflater = zlib.decompressobj(_GZIP_WINDOW) if packed else None
        self._limit = limit
        self._came = 0
        self._content = bytearray()

    def take(self, chunk: bytes) -> None:
        """Raises UnusableBody."""
        self._came += len(chunk)
        if self._inflater is None:
            self._content += chunk
        else:
            self._inflate(self._inflater, chunk)
        self._check_size()

    def whole(self) -> bytes:
        """What came, once nothing more comes. Raises UnusableBody for a packed body without its end."""
        if self._inflater is not None and self._came and not self._inflater.eof:
            raise UnusableBody("the answer cannot be decompressed: it is cut")
        return bytes(self._content)

    def _inflate(self, inflater: zlib._Decompress, chunk: bytes) -> None:
        """Never more than one byte above the limit, whatever the chunk holds."""
        if inflater.eof and chunk:
            raise UnusableBody("the answer cannot be decompressed: something follows its end")
        while chunk:
            try:
                self._content += inflater.decompress(chunk, self._limit + 1 - len(self._content))
            except zlib.error:
                raise UnusableBody("the answer cannot be decompressed") from None
            self._check_size()
            if inflater.unused_data:
                raise UnusableBody("the answer cannot be decompressed: something follows its end")
            chunk = inflater.unconsumed_tail

    def _check_size(self) -> None:
        if max(self._came, len(self._content)) > self._limit:
            raise UnusableBody(f"the answer is larger than {self._limit >> 10} KiB")
