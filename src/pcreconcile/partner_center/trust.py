"""What the operator lets a Partner document name: hosts, variables and files; and whether anything may be written.

A Partner document comes with a pull request, so it configures nothing about trust (design, section 12, "Who is
believed"). `Trust` is the operator's word, from variables that the checkout cannot set. Every place that turns a name
of the document into an address, a variable's value or a file's bytes asks here first, so that nothing is sent and
nothing is read before it was allowed. What is refused is never quoted; the refusal names what the operator can set.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult

from pcreconcile.model.errors import ConfigurationError

ALLOW_HOSTS = "PCRECONCILE_ALLOW_HOSTS"
ALLOW_ENV = "PCRECONCILE_ALLOW_ENV"
SECRETS = "PCRECONCILE_SECRETS"
READ_ONLY = "PCRECONCILE_READ_ONLY"

OPEN_PREFIX = "PC_"  # variables of this prefix are meant for Partner documents
OWN_PREFIX = "PCRECONCILE_"  # variables of this one hold the database's password and the journal's key

_PORTS = {"https": 443, "http": 80}


class NotAllowed(ConfigurationError):
    """A Partner document names what the operator has not allowed: nothing of it was looked at, nothing was sent.

    `verbatim` says what, `remedy` what to do; neither quotes a value.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        self.verbatim = f"{problem}: refused before anything was read or sent"
        self.remedy = remedy
        super().__init__(f"{self.verbatim}; {remedy}")


class Host(NamedTuple):
    """A host in lower case, on one port or (None) on every one."""

    name: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """What is allowed beyond what needs no permission; without arguments nothing is.

    `hosts` beyond Microsoft's own and this machine; `variables` beyond those that begin with `PC_`; `secrets`, the
    absolute folder in which credential files lie; `read_only`, whether the transport refuses every write.
    """

    hosts: frozenset[Host] = frozenset()
    variables: frozenset[str] = frozenset()
    secrets: Path | None = None
    read_only: bool = False

    def check_host(self, url: SplitResult, what: str) -> None:
        """Raises NotAllowed, naming the field `what`, for a host that the operator has not allowed."""
        host, port = (url.hostname or "").lower(), url.port or _PORTS.get(url.scheme)
        if not {Host(host), Host(host, port)} & self.hosts:
            raise NotAllowed(
                f"{what}: this host is neither Microsoft's nor this machine, and a Partner document cannot allow it",
                f"if credentials may go there, the operator adds it to {ALLOW_HOSTS} (HOST or HOST:PORT)",
            )

    def check_variable(self, name: str, what: str, defined: frozenset[str] = frozenset()) -> None:
        """Raises NotAllowed, naming field and variable, for one that holds what is not the document's to send.

        `defined` are the names that a build service or platform defines for this field.
        """
        if name.startswith(OWN_PREFIX):
            raise NotAllowed(
                f"{what}: environment variable {name} is pcreconcile's own and never a credential",
                f"name one that begins with {OPEN_PREFIX}",
            )
        if not (name.startswith(OPEN_PREFIX) or name in defined or name in self.variables):
            raise NotAllowed(
                f"{what}: environment variable {name} is not one that a Partner document may name",
                f"use one whose name begins with {OPEN_PREFIX}, or the operator adds {name} to {ALLOW_ENV}",
            )

    def read_file(self, name: str, what: str, limit: int) -> bytes:
        """At most `limit` bytes of a credential file below `secrets`; a relative name is resolved there.

        Raises NotAllowed for a file elsewhere, also behind links, before anything of it is looked at, and
        ConfigurationError for one that cannot be read.
        """
        if self.secrets is None:
            raise NotAllowed(
                f"{what}: a Partner document may not name a file without a folder for secrets",
                f"the operator puts the file into a folder outside the repository and sets {SECRETS} to that folder",
            )
        try:
            with os.fdopen(_open_beneath(self.secrets, name), "rb") as stream:
                return stream.read(limit)
        except _Elsewhere:
            raise NotAllowed(
                f"{what}: the file does not lie in the folder of {SECRETS}",
                "put it there, and name it relative to that folder",
            ) from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no usable path"
            raise ConfigurationError(f"{what}: file {name} cannot be read ({reason})") from None


class _Elsewhere(Exception):
    """A name that leads out of the folder."""


def _open_beneath(folder: Path, name: str) -> int:
    """A descriptor of a regular file below a folder; links may lead about in the folder and not out of it.

    The place is resolved first and then opened step by step without following anything, so that a link that is put
    there in between leads nowhere.
    """
    root = os.path.realpath(folder)
    place = Path(os.path.realpath(Path(root) / name))
    if not place.is_relative_to(root):
        raise _Elsewhere
    *folders, last = place.relative_to(root).parts or (".",)
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        return _regular(os.open(last, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at))
    finally:
        os.close(at)


def _regular(descriptor: int) -> int:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(0, "Not a regular file")
