"""SSH signatures by OpenSSH's own program, made and judged as git does it (`ssh-keygen -Y sign` and `-Y verify`).

No cryptography of ours: the program says whether a signature is good, for whom, by which line of `allowed_signers` and
at which instant. What is ours is only who stands behind a key. Times in `allowed_signers` without a zone are UTC here,
so that every machine judges alike.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

from pcreconcile.applying.ports import Signatures
from pcreconcile.cli import child_process
from pcreconcile.cli.allowed_signers import AllowedSigners, Line, fingerprint
from pcreconcile.model.approval import NAMESPACE, Signer
from pcreconcile.model.errors import BadSignature, ConfigurationError, UsageError

PROGRAM = "ssh-keygen"
LITERAL = "key::"  # git's prefix of a public key given as text

_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_PATIENCE = 120.0  # seconds for a verification, in which nobody is asked anything

# Control, blank, invisible and direction characters, quotes, list and pattern characters; a first - or #.
_NO_NAME = re.compile(
    '[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff"*,?!]|^[-#]|^$'
)


class SshSignatures(Signatures):
    """Judges signatures by the content of an `allowed_signers`; `shown` is how messages call that file."""

    def __init__(self, allowed_signers: bytes, shown: str = "allowed_signers") -> None:
        self._content = allowed_signers
        self._shown = shown
        self._listed = AllowedSigners(allowed_signers)

    def require_listed(self, principal: str, signature: str) -> None:
        """Raises BadSignature when the key that the signature names is not this person's; starts no process."""
        require_name(principal)
        self._lines_of(_key_of(signature), principal)

    def verify(self, principal: str, signed: bytes, signature: str, at: datetime) -> Signer:
        """Whose signature it is, for the instant `at` (aware).

        Raises BadSignature with the reason, and ConfigurationError when there is no ssh-keygen here.
        """
        require_name(principal)
        key = _key_of(signature)
        lines = self._lines_of(key, principal)
        self._ask(self._content, principal, signed, signature, at)
        good = [line for line in lines if self._allows(line, principal, signed, signature, at)]
        if not good:
            raise BadSignature(
                f"its key {fingerprint(key)} is good by a line of {self._shown} that cannot be read here"
            )
        return self._listed.signer(key, good)

    def _lines_of(self, key: bytes, principal: str) -> list[Line]:
        """The lines that make the key this person's. Raises BadSignature when there is none."""
        lines = self._listed.of(key)
        if not lines:
            raise BadSignature(f"its key {fingerprint(key)} is not listed in {self._shown}")
        if not all(line.names_persons for line in self._listed.person(key)):
            raise BadSignature(f"its key {fingerprint(key)} is listed in {self._shown} for a pattern, not for a person")
        mine = [line for line in lines if principal in line.principals]
        if not mine:
            names = ", ".join(sorted({name for line in lines for name in line.principals}))
            raise BadSignature(f"its key {fingerprint(key)} belongs to {names}, not to {principal}")
        return mine

    def _allows(self, line: Line, principal: str, signed: bytes, signature: str, at: datetime) -> bool:
        """Whether this line by itself makes the signature good: it may be valid at another time, or elsewhere."""
        try:
            self._ask(line.raw, principal, signed, signature, at)
        except BadSignature:
            return False
        return True

    def _ask(self, listed: bytes, principal: str, signed: bytes, signature: str, at: datetime) -> None:
        """Raises BadSignature with what ssh-keygen says."""
        with TemporaryDirectory(prefix="pcreconcile-") as folder:
            signers, armour = Path(folder, "allowed_signers"), Path(folder, "signature")
            _keep(signers, listed)
            _keep(armour, signature.encode("utf-8", "replace"))
            then = at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
            words = ["verify", "-f", str(signers), "-I", principal, "-n", NAMESPACE, "-s", str(armour)]
            done = _run([*words, "-O", f"verify-time={then}"], signed, patience=_PATIENCE)
            if done.returncode != 0:
                raise BadSignature(_said(done.stderr, 0).replace(str(signers), self._shown))


def sign(key: Path | str | None, signed: bytes) -> str:
    """The armoured signature over these bytes.

    `key` is what git's `user.signingkey` may be: a private key file, a public one whose private half an agent or the
    file beside it holds, or the text of a public key (`key::ssh-ed25519 …`); None is `~/.ssh/id_ed25519`. Passphrases
    are asked for at the terminal, by ssh-keygen itself. Raises UsageError when there is no such key or it cannot sign,
    and ConfigurationError when there is no ssh-keygen here.
    """
    text = _literal(key)
    if text is not None:
        with TemporaryDirectory(prefix="pcreconcile-") as folder:
            public = Path(folder, "key.pub")
            _keep(public, f"{text}\n".encode("utf-8", "replace"))
            return _sign(["-U", "-f", str(public)], signed, "the key from the agent")
    path = Path(os.path.abspath(Path(key or "~/.ssh/id_ed25519").expanduser()))  # noqa: PTH100 - links stay as given
    if not path.is_file():
        raise UsageError(f"{path}: no such key; name a private or public SSH key file")
    return _sign(["-f", str(path)], signed, str(path))


def require_program() -> None:
    """Raises ConfigurationError when there is no ssh-keygen here that knows signatures (OpenSSH 8.9 or later)."""
    done = _run(["check-novalidate", "-n", NAMESPACE, "-s", os.devnull], b"", patience=_PATIENCE)
    if b"unknown option" in done.stderr or b"usage:" in done.stderr.lower():
        raise ConfigurationError(f"this {PROGRAM} knows no signatures: OpenSSH 8.9 or later is needed")


def require_name(principal: str) -> None:
    """Raises BadSignature when this cannot be the name of one person."""
    if _NO_NAME.search(principal):
        raise BadSignature("the approver's name is none: blanks, quotes, commas, wildcards and a first - are refused")


def _literal(key: Path | str | None) -> str | None:
    """The public key in the words themselves, None when they name a file."""
    if isinstance(key, str) and key.startswith(LITERAL):
        return key.removeprefix(LITERAL)
    return key if isinstance(key, str) and key.startswith(("ssh-", "ecdsa-", "sk-")) and " " in key else None


def _sign(words: Sequence[str], signed: bytes, shown: str) -> str:
    done = _run(["sign", "-q", "-n", NAMESPACE, *words], signed, patience=None)
    armour = done.stdout.decode("ascii", "replace")
    if done.returncode != 0 or not armour.startswith(_BEGIN):
        raise UsageError(f"{shown}: nothing was signed: {_said(done.stderr, -1)}")
    return armour


def _run(words: Sequence[str], given: bytes, *, patience: float | None) -> CompletedProcess[bytes]:
    """`ssh-keygen -Y …`. At a terminal its words go there while somebody may have to do something (touch a key)."""
    shows = patience is None and sys.stderr.isatty()
    command, settings = [PROGRAM, "-Y", *words], {"TZ": "UTC", "LC_ALL": "C"}
    try:
        return child_process.run(command, given=given, settings=settings, patience=patience, shows_errors=shows)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{PROGRAM} is not installed, and approvals need it (OpenSSH 8.9 or later)") from error
    except child_process.NotAnswered as error:
        raise ConfigurationError(str(error)) from error


def _said(stderr: bytes | None, which: int) -> str:
    """One line of what ssh-keygen said, never of what it signed."""
    lines = [line for line in (stderr or b"").decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[which].strip() if lines else f"{PROGRAM} says no more"


def _key_of(signature: str) -> bytes:
    """The key that a signature names (PROTOCOL.sshsig). Raises BadSignature when there is none to be found."""
    body = "".join(line.strip() for line in signature.splitlines() if not line.startswith("-----"))
    try:
        blob = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature("it has no SSH signature") from error
    start = len(_MAGIC) + 8  # after the version and the key's length
    length = int.from_bytes(blob[start - 4 : start], "big")
    key = blob[start : start + length]
    if not blob.startswith(_MAGIC) or not key or len(key) != length:
        raise BadSignature("it has no SSH signature")
    if b"-cert-v01@openssh.com" in key[:64]:
        raise BadSignature("it was signed with a certificate: list the approver's own key instead")
    return key


def _keep(path: Path, content: bytes) -> None:
    """Readable by its owner alone from the first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
