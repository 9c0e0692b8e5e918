"""Signatures by the real ssh-keygen with real keys: who is taken for whom, and what they may approve."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pcreconcile.cli import ssh_signatures
from pcreconcile.cli.allowed_signers import AllowedSigners, matches
from pcreconcile.cli.ssh_signatures import SshSignatures, require_program, sign
from pcreconcile.model.approval import NAMESPACE, Signer
from pcreconcile.model.errors import BadSignature, ConfigurationError, UsageError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORDS = "canonical: {Köln}".encode()
SECRET = "a passphrase"


class Ring:
    """Keys in a folder; `public` is type and text, as a line of `allowed_signers` wants them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str, *words: str) -> Path:
        path = self.folder / name
        if not path.exists():
            made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path), *words]
            subprocess.run(made, check=True, capture_output=True)
        return path

    def public(self, name: str) -> str:
        return " ".join(self.path(name).with_name(f"{name}.pub").read_text().split()[:2])

    def fingerprint(self, name: str) -> str:
        told = subprocess.run(["ssh-keygen", "-lf", self.path(name)], check=True, capture_output=True, text=True)
        return told.stdout.split()[1]

    def signed(self, name: str, words: bytes = WORDS, namespace: str = NAMESPACE) -> str:
        command = ["ssh-keygen", "-Y", "sign", "-q", "-n", namespace, "-f", str(self.path(name))]
        return subprocess.run(command, input=words, check=True, capture_output=True).stdout.decode()


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Ring:
    return Ring(tmp_path_factory.mktemp("keys"))


@pytest.fixture(autouse=True)
def _own_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)


Listed = Callable[[Ring], str]


def verified(ring: Ring, listed: str, principal: str = "anna@x", at: datetime = NOW) -> Signer:
    return SshSignatures(listed.encode()).verify(principal, WORDS, ring.signed("anna"), at)


def test_who_it_is(ring: Ring) -> None:
    assert verified(ring, f"anna@x {ring.public('anna')}") == Signer(("anna@x",), ring.fingerprint("anna"), None)


WHOSE: dict[str, tuple[str, tuple[str, ...]]] = {
    "a comment and blank lines": ("# who may approve\n\n   # more\nanna@x {anna} Anna's laptop\n", ("anna@x",)),
    "a list of names": ("anna@x,a.miller@x {anna}\n", ("a.miller@x", "anna@x")),
    "two lines": ("anna@x {anna}\nmiller@x {anna}\n", ("anna@x", "miller@x")),
    "a second key": ("anna@x {anna}\nanna@x,home@x {bela}\n", ("anna@x", "home@x")),
    "a second key in other letters": ("anna@x {anna}\nAnna@x,home@x {bela}\n", ("Anna@x", "anna@x", "home@x")),
    "a chain of keys and names": ("anna@x {anna}\nanna@x,b@x {bela}\nb@x,c@x {carl}\n", ("anna@x", "b@x", "c@x")),
    "others beside": ("bela@x {bela}\nanna@x {anna}\n", ("anna@x",)),
    "a broken line before": ("nonsense\nanna@x {anna}\n", ("anna@x",)),
    "quotes": ('"anna@x" {anna}\n', ("anna@x",)),
    "Windows line ends": ("bela@x {bela}\r\nanna@x {anna} comment\r\n", ("anna@x",)),
    "a name for git alone": ('anna@x {anna}\nmiller@x namespaces="git" {anna}\n', ("anna@x", "miller@x")),
}


@pytest.mark.parametrize(("listed", "names"), WHOSE.values(), ids=WHOSE)
def test_all_names_of_one_person(ring: Ring, listed: str, names: tuple[str, ...]) -> None:
    text = listed.format(anna=ring.public("anna"), bela=ring.public("bela"), carl=ring.public("carl"))
    assert verified(ring, text).principals == names


ALL, ONE_WAY, SERVICE = None, frozenset({"one-way"}), frozenset({"takes-service"})
SORTS: dict[str, tuple[str, frozenset[str] | None]] = {
    "no option": ("anna@x {anna}", ALL),
    "everything of ours": ('anna@x namespaces="pcreconcile*" {anna}', ONE_WAY | SERVICE | {"commits-money"}),
    "everything": ('anna@x namespaces="*" {anna}', ONE_WAY | SERVICE | {"commits-money"}),
    "one sort": ('anna@x namespaces="pcreconcile,pcreconcile:takes-service" {anna}', SERVICE),
    "git too": ('anna@x namespaces="git,pcreconcile,pcreconcile:one-way" {anna}', ONE_WAY),
    "no sort": ('anna@x namespaces="pcreconcile" {anna}', frozenset()),
    "one sort less": ('anna@x namespaces="!pcreconcile:one-way,pcreconcile*" {anna}', SERVICE | {"commits-money"}),
    "letters of any case": ('anna@x NameSpaces="pcreconcile,pcreconcile:one-way" {anna}', ONE_WAY),
    "with a validity": ('anna@x namespaces="pcreconcile,pcreconcile:one-way",valid-after="20200101" {anna}', ONE_WAY),
    "two lines": (
        'anna@x namespaces="pcreconcile,pcreconcile:one-way" {anna}\n'
        'anna@x namespaces="pcreconcile,pcreconcile:takes-service" {anna}',
        ONE_WAY | SERVICE,
    ),
    "a wider line of another name": ('a@x {anna}\nanna@x namespaces="pcreconcile" {anna}', frozenset()),
    "a wider line that has ended": (
        'anna@x valid-before="20260101" {anna}\nanna@x namespaces="pcreconcile,pcreconcile:one-way" {anna}',
        ONE_WAY,
    ),
    "a wider line for git": (
        'anna@x namespaces="git,pcreconcile:one-way" {anna}\nanna@x namespaces="pcreconcile" {anna}',
        frozenset(),
    ),
}


@pytest.mark.parametrize(("listed", "sorts"), SORTS.values(), ids=SORTS)
def test_what_somebody_may_approve(ring: Ring, listed: str, sorts: frozenset[str] | None) -> None:
    assert verified(ring, listed.format(anna=ring.public("anna"))).sorts == sorts


REFUSED: dict[str, tuple[str, str, str]] = {
    "an empty list": ("", "anna@x", "its key SHA256:"),
    "a list of others": ("anna@x {bela}", "anna@x", "is not listed in allowed_signers"),
    "another name": ("anna@x,a.miller@x {anna}", "bela@x", "belongs to a.miller@x, anna@x, not to bela@x"),
    "another spelling": ("Anna@x {anna}", "anna@x", "belongs to Anna@x, not to anna@x"),
    "another namespace": ('anna@x namespaces="git" {anna}', "anna@x", "not permitted for use in signature namespace"),
    "not yet": ('anna@x valid-after="20270101" {anna}', "anna@x", "allowed_signers:1: key is not yet valid"),
    "no longer": ('anna@x valid-before="20260101" {anna}', "anna@x", "allowed_signers:1: key has expired"),
    "a pattern": ("*@x {anna}", "anna@x", "is listed in allowed_signers for a pattern, not for a person"),
    "everybody but one": ("*,!bela@x {anna}", "anna@x", "for a pattern, not for a person"),
    "a pattern on another line of theirs": ("anna@x {anna}\n* {anna}", "anna@x", "for a pattern, not for a person"),
    "an authority": ("anna@x cert-authority {anna}", "anna@x", "is not listed"),
    "no name": ("anna@x {anna}", "", "the approver's name is none"),
    "an option for a name": ("-O {anna}", "-O", "the approver's name is none"),
    "a line end in a name": ("anna@x {anna}", "anna@x\nbela@x", "the approver's name is none"),
    "an escape in a name": ("anna@x {anna}", "anna@x\x1b[2J", "the approver's name is none"),
    "two names": ("anna@x,b@x {anna}", "anna@x,b@x", "the approver's name is none"),
}


@pytest.mark.parametrize(("listed", "principal", "told"), REFUSED.values(), ids=REFUSED)
def test_who_it_is_not(ring: Ring, listed: str, principal: str, told: str) -> None:
    text = listed.format(anna=ring.public("anna"), bela=ring.public("bela"))
    with pytest.raises(BadSignature) as caught:
        verified(ring, text, principal)
    assert told in str(caught.value)
    assert "/" not in str(caught.value).replace(ring.fingerprint("anna"), ""), "no path of this machine"


OTHER: dict[str, Callable[[Ring], tuple[bytes, str]]] = {
    "other bytes": lambda ring: (WORDS + b" ", ring.signed("anna")),
    "of another namespace": lambda ring: (WORDS, ring.signed("anna", namespace="git")),
    "of somebody else": lambda ring: (WORDS, ring.signed("bela")),
    "none": lambda _: (WORDS, ""),
    "no signature": lambda _: (WORDS, "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"),
    "no base64": lambda _: (WORDS, "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----\n"),
    "a lone surrogate": lambda _: (WORDS, "\ud800"),
    "cut": lambda ring: (WORDS, "\n".join(ring.signed("anna").splitlines()[:3])),
    "another key's name on it": lambda ring: (
        WORDS,
        "\n".join([*ring.signed("anna").splitlines()[:2], *ring.signed("bela").splitlines()[2:]]),
    ),
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_what_it_is_not(ring: Ring, other: Callable[[Ring], tuple[bytes, str]]) -> None:
    words, signature = other(ring)
    with pytest.raises(BadSignature):
        SshSignatures(f"anna@x {ring.public('anna')}".encode()).verify("anna@x", words, signature, NOW)


def test_a_certificate_names_nobody(ring: Ring) -> None:
    subject = ring.path("subject")
    authority = ring.path("authority")
    made = ["ssh-keygen", "-q", "-s", str(authority), "-I", "id", "-n", "anna@x", f"{subject}.pub"]
    subprocess.run(made, check=True, capture_output=True)
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", f"{subject}-cert.pub"]
    signature = subprocess.run(command, input=WORDS, check=True, capture_output=True).stdout.decode()
    listed = SshSignatures(f"anna@x cert-authority {ring.public('authority')}".encode())
    with pytest.raises(BadSignature, match="signed with a certificate"):
        listed.verify("anna@x", WORDS, signature, NOW)


@pytest.mark.parametrize("ends", ["202611221000", "202611221000Z"])
@pytest.mark.parametrize(
    ("at", "good"), [(NOW.replace(hour=9, minute=59), True), (NOW.replace(hour=10, minute=1), False)]
)
def test_times_are_utc_on_every_machine(
    ring: Ring, ends: str, at: datetime, good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    listed = f'anna@x valid-before="{ends}" {ring.public("anna")}'
    if good:
        assert verified(ring, listed, at=at)
    else:
        with pytest.raises(BadSignature, match="expired"):
            verified(ring, listed, at=at)


def test_nothing_stays_behind(ring: Ring, tmp_path: Path) -> None:
    verified(ring, f"anna@x {ring.public('anna')}")
    with pytest.raises(BadSignature):
        verified(ring, f"anna@x {ring.public('bela')}")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_files_are_their_owner_s(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        ssh_signatures._keep(tmp_path / "kept", b"x")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600


# Signing.


@pytest.mark.parametrize("form", [str, Path, lambda path: Path(f"{path}.pub")], ids=["text", "path", "public half"])
def test_what_is_signed_is_verified(ring: Ring, form: Callable[[Path], Path | str]) -> None:
    signature = sign(form(ring.path("anna")), WORDS)
    listed = SshSignatures(f"anna@x {ring.public('anna')}".encode())
    assert listed.verify("anna@x", WORDS, signature, NOW).principals == ("anna@x",)


def test_by_default_it_is_the_key_at_home(ring: Ring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match="no such key"):
        sign(None, WORDS)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").symlink_to(ring.path("anna"))
    assert sign(None, WORDS) == ring.signed("anna")


def test_a_key_in_the_agent(ring: Ring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE)
    try:
        assert agent.stdout is not None
        agent.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        subprocess.run(["ssh-add", "-q", ring.path("anna")], check=True, capture_output=True)
        assert sign(f"key::{ring.public('anna')}", WORDS) == ring.signed("anna")
        assert sign(ring.public("anna"), WORDS) == ring.signed("anna")
        with pytest.raises(UsageError, match="the key from the agent: nothing was signed"):
            sign(f"key::{ring.public('bela')}", WORDS)
    finally:
        agent.terminate()
        agent.wait()


def test_a_passphrase_is_asked_for_at_the_terminal_alone(ring: Ring, tmp_path: Path) -> None:
    locked = ring.path("locked", "-N", SECRET)
    here, there = pty.openpty()
    program = (
        "import sys; from pathlib import Path; from pcreconcile.cli.ssh_signatures import sign; "
        f"Path({str(tmp_path / 'out')!r}).write_text(sign({str(locked)!r}, b'x'))"
    )
    command = ["setsid", "--ctty", "--wait", sys.executable, "-c", program]
    child = subprocess.Popen(command, stdin=there, stdout=there, stderr=there)
    os.close(there)
    said = b""
    while b"passphrase" not in said:
        said += os.read(here, 1024)
    os.write(here, f"{SECRET}\n".encode())
    assert child.wait(600) == 0
    os.close(here)
    assert (tmp_path / "out").read_text().startswith("-----BEGIN SSH SIGNATURE-----")


UNUSABLE: dict[str, Callable[[Ring, Path], Path]] = {
    "none": lambda _, folder: folder / "missing",
    "a folder": lambda _, folder: folder,
    "no key": lambda _, folder: written(folder / "no-key", "nothing of the kind\n"),
    "a public key without its private half": lambda ring, folder: written(folder / "x.pub", ring.public("anna") + "\n"),
    "an open one": lambda ring, folder: opened(folder / "open", ring.path("anna").read_text()),
}


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def opened(path: Path, text: str) -> Path:
    return written(path, text, 0o644)


@pytest.mark.parametrize("unusable", UNUSABLE.values(), ids=UNUSABLE)
def test_keys_that_sign_nothing(ring: Ring, tmp_path: Path, unusable: Callable[[Ring, Path], Path]) -> None:
    path = unusable(ring, tmp_path)
    with pytest.raises(UsageError) as caught:
        sign(path, WORDS)
    assert str(path) in str(caught.value)
    secret = ring.path("anna").read_text().splitlines()[1]
    assert secret not in str(caught.value)


def test_without_ssh_keygen(ring: Ring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature, key = ring.signed("anna"), ring.path("anna")
    listed = SshSignatures(f"anna@x {ring.public('anna')}".encode())
    require_program()
    monkeypatch.setenv("PATH", str(tmp_path))
    for ask in (lambda: listed.verify("anna@x", WORDS, signature, NOW), lambda: sign(key, WORDS), require_program):
        with pytest.raises(ConfigurationError, match="ssh-keygen is not installed, and approvals need it"):
            ask()


def test_an_old_ssh_keygen_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "ssh-keygen"
    old.write_text("#!/bin/sh\necho 'unknown option -- Y' >&2\nexit 1\n")
    old.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="knows no signatures"):
        require_program()


# The list itself.


@pytest.mark.parametrize(
    ("name", "patterns", "fits"),
    [
        ("pcreconcile", "pcreconcile", True),
        ("pcreconcile", "pcreconcil", False),
        ("pcreconcile:one-way", "pcreconcile*", True),
        ("pcreconcile:one-way", "pcreconcile:???-way", True),
        ("pcreconcile:one-way", "git,*:one-way", True),
        ("pcreconcile:one-way", "*,!*:one-way", False),
        ("pcreconcile:one-way", "!git", False),
        ("pcreconcile", "", False),
        ("pcreconcile", "PCRECONCILE", False),
        ("a.b", "a?b", True),
        ("axb", "a.b", False),
    ],
)
def test_patterns_are_openssh_s(name: str, patterns: str, fits: bool) -> None:
    assert matches(name, patterns) == fits


def test_who_is_listed_at_all(ring: Ring) -> None:
    listed = AllowedSigners(
        f"""
        anna@x {ring.public("anna")}
        a@x {ring.public("anna")}
        bela@x namespaces="git" {ring.public("bela")}
        carl@x namespaces="pcreconcile,pcreconcile:one-way" {ring.public("carl")}
        all@x cert-authority {ring.public("authority")}
        nobody ssh-ed25519 !!!
        nobody namespaces="pcreconcile {ring.public("dora")}
        nobody
        """.encode()
    )
    assert listed.signers() == (
        Signer(("a@x", "anna@x"), ring.fingerprint("anna"), None),
        Signer(("carl@x",), ring.fingerprint("carl"), frozenset({"one-way"})),
    )
