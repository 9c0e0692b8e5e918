"""`allowed_signers`: which keys are whose, and what their owners may approve (`ssh-keygen(1)`, "ALLOWED SIGNERS").

ssh-keygen judges signatures by the file itself. What it does not tell is who stands behind a key: here all names that
are joined by a common key, or all keys by a common name, are one person. Lines that cannot be read, and those of
certificate authorities, which name no key of a person, are left out, so that nobody is known by them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pcreconcile.applying.sorts import SORTS
from pcreconcile.model.approval import NAMESPACE, Signer

_OPTION = re.compile(r'([A-Za-z-]+)(?:="((?:\\"|[^"])*)")?(?:,|$)')
_FIELD = re.compile(r'(?:\\"|"(?:\\"|[^"])*"|[^ \t"])+')


@dataclass(frozen=True, slots=True)
class Line:
    """One line that lists a person's key; `namespaces` is None where the key may sign everything."""

    raw: bytes
    principals: tuple[str, ...]
    key: bytes
    namespaces: str | None = None

    @property
    def sorts(self) -> frozenset[str] | None:
        """The sorts of actions that the line lets its key approve, None: all of them."""
        patterns = self.namespaces
        if patterns is None:
            return None
        return frozenset(sort for sort in SORTS if matches(f"{NAMESPACE}:{sort}", patterns))

    @property
    def names_persons(self) -> bool:
        """Whether all its principals are names; a pattern is nobody in particular."""
        return not any(set("*?!") & set(name) for name in self.principals)


class AllowedSigners:
    """The content of the file."""

    def __init__(self, content: bytes) -> None:
        self.lines = tuple(_lines(content))

    def of(self, key: bytes) -> tuple[Line, ...]:
        """The lines that list a key (its SSH wire form)."""
        return tuple(line for line in self.lines if line.key == key)

    def person(self, key: bytes) -> tuple[Line, ...]:
        """All lines of the person to whom a key belongs, who may have further keys and names."""
        mine = list(self.of(key))
        others = [line for line in self.lines if line not in mine]
        while joined := [line for line in others if any(_same_person(line, each) for each in mine)]:
            mine += joined
            others = [line for line in others if line not in joined]
        return tuple(mine)

    def signers(self) -> tuple[Signer, ...]:
        """Everybody who may approve something, one for each key; validity in time is not looked at."""
        keys = dict.fromkeys(line.key for line in self.lines if _may_sign(line))
        return tuple(self.signer(key, [line for line in self.of(key) if _may_sign(line)]) for key in keys)

    def signer(self, key: bytes, by: Sequence[Line]) -> Signer:
        """Whose a key is; it may approve what one of the lines `by` allows."""
        names = sorted({name for line in self.person(key) for name in line.principals})
        sorts = [line.sorts for line in by]
        known = [each for each in sorts if each is not None]
        allowed = None if len(known) < len(sorts) else frozenset[str]().union(*known)
        return Signer(tuple(names), fingerprint(key), allowed)


def fingerprint(key: bytes) -> str:
    """As `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def matches(name: str, patterns: str) -> bool:
    """OpenSSH's pattern lists: `*` and `?`, comma-separated; one that begins with `!` and fits forbids."""
    found = False
    for pattern in patterns.split(","):
        if _fits(name, pattern.removeprefix("!")):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _fits(name: str, pattern: str) -> bool:
    # fnmatch takes the first place where what follows a star fits and never comes back to it: no pattern is slow.
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _may_sign(line: Line) -> bool:
    return line.namespaces is None or matches(NAMESPACE, line.namespaces)


def _same_person(one: Line, other: Line) -> bool:
    return one.key == other.key or bool(_folded(one.principals) & _folded(other.principals))


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _lines(content: bytes) -> Iterator[Line]:
    for raw in content.split(b"\n"):
        line = _line(raw)
        if line is not None:
            yield line


def _line(raw: bytes) -> Line | None:
    """None for a blank line, a comment, a certificate authority, and what is no line of this form."""
    text = raw.decode("utf-8", "replace").strip(" \t\r")
    if not text or text.startswith("#"):
        return None
    who, *rest = _FIELD.findall(text)
    key = _key(rest)
    options: dict[str, str | None] | None = {}
    if key is None and rest:
        key, options = _key(rest[1:]), _options(rest[0])
    if key is None or options is None or "cert-authority" in options:
        return None
    names = tuple(name for name in who.strip('"').split(",") if name)
    return Line(raw, names, key, options.get("namespaces"))


def _key(fields: Sequence[str]) -> bytes | None:
    """The key whose type and text come first, in SSH's wire form; None when they are none."""
    if len(fields) < 2:
        return None
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    sort = fields[0].encode()
    return blob if blob.startswith(len(sort).to_bytes(4, "big") + sort) else None


def _options(text: str) -> dict[str, str | None] | None:
    """The options by name in lower case; None when they cannot be read."""
    found: dict[str, str | None] = {}
    at = 0
    while at < len(text):
        option = _OPTION.match(text, at)
        if option is None:
            return None
        value = option[2]
        found[option[1].lower()] = None if value is None else value.replace('\\"', '"')
        at = option.end()
    return found
