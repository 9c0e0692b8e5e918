r"""The encodings in which somebody may repeat a text to us, undone, with the place of each character kept.

=====================  ==========================================================
percent, forms          ``%2F`` ``%2f`` ``%u002F``, also doubled; ``+`` for a blank
JSON, JavaScript        ``\/`` ``\u002f`` ``\x2f`` ``\"``, surrogate pairs
HTML, XML               ``&#47;`` ``&#x2F;`` ``&amp;``
quoted-printable        ``=2F``, soft line ends
mistaken for Latin-1    the bytes of UTF-8, each shown as a character
whole runs              base64, base64url (padded or not, alone or within more), hex, also with ``:``, ``-`` or
                        blanks between the bytes; each of UTF-8 or of UTF-16 in either order
=====================  ==========================================================

Each is undone by itself and in all orders, because nobody says in which one a text was made.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_DEPTH = 4  # encodings within each other
_FORMS = 48  # readings of one text; only a hostile one has more than a few

_HEX = "[0-9A-Fa-f]"


class Reading(NamedTuple):
    """A text as it reads when some encodings are undone; `starts` and `ends` say for each character from where to
    where it stands in the text that was given."""

    text: str
    starts: list[int]
    ends: list[int]


class _Decoder(NamedTuple):
    pattern: re.Pattern[str]
    decode: Callable[[str], str]


def _bytes_pattern(mark: str) -> str:
    """One character of UTF-8 as marked bytes; a byte that is none by itself is taken as Latin-1."""
    more = f"(?:{mark}[89ABab]{_HEX})"
    return (
        f"{mark}[0-7]{_HEX}|{mark}[CDcd]{_HEX}{more}|{mark}[Ee]{_HEX}{more}{{2}}|{mark}[Ff][0-7]{more}{{3}}"
        f"|{mark}[89A-Fa-f]{_HEX}"
    )


def _from_bytes(mark: str) -> Callable[[str], str]:
    def decode(text: str) -> str:
        raw = bytes.fromhex(text.replace(mark, ""))
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    return decode


def _from_script(text: str) -> str:
    if text[1] in "ux":
        units = [int(each, 16) for each in re.split(r"\\[ux]\{?", text.replace("}", ""))[1:]]
        if len(units) == 2:
            return b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")
        return chr(units[0]) if units[0] < 0x110000 else text
    return {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(text[1], text[1])


def _from_latin(text: str) -> str:
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return text


_DECODERS = (
    _Decoder(re.compile(_bytes_pattern("%")), _from_bytes("%")),
    _Decoder(re.compile(rf"%u({_HEX}{{4}})"), lambda text: chr(int(text[2:], 16))),
    _Decoder(re.compile(r"\+"), lambda _text: " "),
    _Decoder(
        re.compile(
            rf"\\u[Dd][89ABab]{_HEX}{{2}}\\u[Dd][C-Fc-f]{_HEX}{{2}}|\\u{_HEX}{{4}}|\\u\{{{_HEX}{{1,6}}\}}|\\x{_HEX}{{2}}"
            r"|\\[\"'\\/bfnrt]"
        ),
        _from_script,
    ),
    _Decoder(re.compile(rf"&(?:#[0-9]{{1,7}};?|#[xX]{_HEX}{{1,6}};?|[A-Za-z][A-Za-z0-9]{{1,31}};)"), html.unescape),
    _Decoder(
        re.compile(rf"=\r?\n|{_bytes_pattern('=')}"), lambda text: _from_bytes("=")(text) if text[-1] > " " else ""
    ),
    _Decoder(re.compile(r"[\xc2-\xf4][\x80-\xbf]{1,3}"), _from_latin),
)

_RUNS = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_BETWEEN = re.compile(r"[:\s-]")
_HEX_RUN = re.compile(rf"{_HEX}{{2}}(?:(?:{_BETWEEN.pattern})?{_HEX}{{2}}){{3,}}")


def readings(text: str) -> Iterator[Reading]:
    """The text itself, then everything that it reads as when encodings are undone; bounded."""
    waiting = [Reading(text, list(range(len(text))), list(range(1, len(text) + 1)))]
    known = {text}
    for _ in range(_DEPTH):
        yield from waiting
        undone = (_undo(reading, decoder) for reading in waiting for decoder in _DECODERS)
        waiting = []
        for reading in undone:
            if reading.text not in known and len(known) < _FORMS:
                known.add(reading.text)
                waiting.append(reading)
    yield from waiting


def decoded_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Where base64 or hex may stand, and the texts that it would be; a run may begin with what belongs to it not."""
    for match in _RUNS.finditer(text):
        plain = match.group().rstrip("=").translate(str.maketrans("-_", "+/"))
        for offset in range(4):
            for decoded in _texts(_from_base64(plain[offset:])):
                yield match.start(), match.end(), decoded
    for match in _HEX_RUN.finditer(text):
        for decoded in _texts(bytes.fromhex(_BETWEEN.sub("", match.group()))):
            yield match.start(), match.end(), decoded


def _texts(raw: bytes) -> Iterator[str]:
    """What bytes read as. UTF-16 has a zero byte wherever there is a letter of ours."""
    yield raw.decode("utf-8", "replace")
    if 0 in raw:
        for order in ("utf-16-le", "utf-16-be"):
            yield raw.decode(order, "replace")


def _from_base64(text: str) -> bytes:
    """What is cut in the middle of three bytes loses them."""
    whole = text[: len(text) - 1] if len(text) % 4 == 1 else text
    try:
        return base64.b64decode(whole + "=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return b""


def _undo(reading: Reading, decoder: _Decoder) -> Reading:
    """One encoding undone once; the characters that stand for others take their places."""
    matches = list(decoder.pattern.finditer(reading.text))
    if not matches:
        return reading
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in matches:
        new = decoder.decode(match.group())
        parts += (reading.text[at : match.start()], new)
        starts += reading.starts[at : match.start()] + [reading.starts[match.start()]] * len(new)
        ends += reading.ends[at : match.start()] + [reading.ends[match.end() - 1]] * len(new)
        at = match.end()
    return Reading("".join((*parts, reading.text[at:])), starts + reading.starts[at:], ends + reading.ends[at:])
