"""The archive itself: one zip in one form, so that the same files are the same bytes on every machine.

Members are sorted, stored and dated 1980: nothing is compressed, because compressors differ. Reading takes the files
out, packs them again and compares every byte, so nothing can hide in a comment, an extra field, a gap, a second member
of the same name or behind the end. The price is size, and that an archive which somebody zipped anew is refused.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping

from pcreconcile.applying.evidence.told import DIGESTS, DamagedEvidence

LARGEST = 2 * 1024**3  # bytes

_OLDEST = (1980, 1, 1, 0, 0, 0)
_UNIX, _READABLE = 3, 0o100644 << 16
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)", re.ASCII)


def pack(files: Mapping[str, bytes]) -> bytes:
    """One zip of these files; their list of digests must be among them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _OLDEST)
            member.create_system, member.external_attr = _UNIX, _READABLE
            archive.writestr(member, files[name])
    return out.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files. Raises DamagedEvidence for anything but what `pack` makes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > len(data):
                raise DamagedEvidence("the archive says that its files are larger than it is itself")
            files = {member.filename: archive.read(member) for member in members}
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, KeyError) as error:
        raise DamagedEvidence(f"not a whole zip archive: {error}") from None
    except Exception as error:  # a decompressor's own, which zlib, bz2 and lzma each name differently
        raise DamagedEvidence(f"not a whole zip archive: {type(error).__name__}") from None
    if pack(files) != data:
        raise DamagedEvidence("the archive is not as it was packed: something was changed, added, left out or repeated")
    return files


def digests(files: Mapping[str, bytes]) -> bytes:
    """`sha256  name` lines for every file but the list itself, as `sha256sum -c` reads them."""
    names = sorted(name for name in files if name != DIGESTS)
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names).encode()


def unfit(files: Mapping[str, bytes]) -> Iterator[str]:
    """What of the files the list of digests does not fit, in words."""
    lines = files.get(DIGESTS, b"").decode("utf-8", "replace").splitlines()
    listed = {match[2]: match[1] for line in lines if (match := _LINE.fullmatch(line))}
    for name in sorted(listed.keys() | (files.keys() - {DIGESTS})):
        if name not in files:
            yield f"{name} is missing"
        elif name not in listed:
            yield f"{name} is not in {DIGESTS}"
        elif hashlib.sha256(files[name]).hexdigest() != listed[name]:
            yield f"{name} is not what {DIGESTS} says"
    if files.get(DIGESTS) != digests(files):
        yield f"{DIGESTS} is not the list of these files"
