"""Where a rotated refresh token is kept between runs: this machine's keyring, a private file, or nowhere.

Persistence is msal-extensions' (DPAPI, Keychain, libsecret). Nothing is ever kept beside the journal, because pipelines
hand that folder on. Two processes may write at once: the last one wins, and Entra takes either token.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import TokenCache

VARIABLE = "PCRECONCILE_TOKEN_CACHE"
REMEDY = f"set {VARIABLE}=file to keep it in a file that you alone can read (credentials.tokenCache says so too)"
UNWRITABLE = f"set HOME or XDG_STATE_HOME to a folder that you can write, or {VARIABLE} to another kind of place"

_log = logging.getLogger("pcreconcile.partner_center")


class Persistence(Protocol):
    """What msal-extensions offers."""

    def load(self) -> str: ...
    def save(self, content: str) -> None: ...


class _Kept(msgspec.Struct, rename="camel"):
    tenant_id: str
    client_id: str
    refresh_token: str
    format_version: int = 1


class RefreshTokens:
    """The newest refresh token of one client in one tenant. `place` says in words where it is kept."""

    def __init__(self, tenant: str, client_id: str, persistence: Persistence | None, place: str, warning: str) -> None:
        self._tenant = tenant
        self._client_id = client_id
        self._persistence = persistence
        self._warning = warning
        self._warned = False
        self.place = place

    def __repr__(self) -> str:
        return f"RefreshTokens({self.place})"

    @property
    def loss(self) -> str:
        """Why rotation is lost against everybody's wish, "" when it is kept or need not be."""
        return self._warning

    @property
    def keeps(self) -> bool:
        """Whether a token outlives the process."""
        return self._persistence is not None

    def load(self) -> str | None:
        """The token kept last, None when there is none or it belongs to another client or tenant."""
        if self._persistence is None:
            return None
        try:
            kept = msgspec.json.decode(self._persistence.load(), type=_Kept)
        except ConfigurationError:
            raise
        except Exception as error:  # every platform's keyring has errors of its own
            if isinstance(error, OSError) and error.errno == errno.ENOENT:  # msal-extensions' own "not found" too
                return None
            _log.warning("the kept refresh token cannot be read (%s): %s", type(error).__name__, self.place)
            return None
        ours = (kept.tenant_id, kept.client_id.lower()) == (self._tenant, self._client_id.lower())
        return kept.refresh_token if ours else None

    def save(self, token: str) -> bool:
        """Keep the token; whether it was kept. Never raises: a token that is lost costs no more than the old one."""
        if self._persistence is None:
            self._warn()
            return False
        content = msgspec.json.encode(_Kept(self._tenant, self._client_id, token)).decode()
        try:
            self._persistence.save(content)
        except Exception as error:  # every platform's keyring has errors of its own
            _log.warning("a new refresh token could not be kept (%s): %s", type(error).__name__, self.place)
            return False
        return True

    def _warn(self) -> None:
        """Once."""
        if self._warning and not self._warned:
            _log.warning("%s", self._warning)
            self._warned = True


class PrivateFile:
    """A file that its owner alone can read, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> str:
        """Raises FileNotFoundError, and ConfigurationError when others can read it."""
        if os.name == "posix" and stat.S_IMODE(self._path.stat().st_mode) & 0o077:
            raise ConfigurationError(f"{self._path}: others can read this token file: `chmod 600` it")
        return self._path.read_text(encoding="utf-8")

    def save(self, content: str) -> None:
        """Raises OSError."""
        from msal_extensions import FilePersistence

        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)
        FilePersistence(str(beside)).save(content)  # creates it with mode 0600
        beside.replace(self._path)


def open_refresh_tokens(
    tenant: str, client_id: str, wanted: TokenCache, environment: Mapping[str, str]
) -> RefreshTokens:
    """The store that document (`wanted`) and environment ask for; the environment wins.

    Raises ConfigurationError for a word that is none of system, file and memory, and for a file without a home.
    """
    choice = _choice(environment.get(VARIABLE, "").strip(), wanted)
    folder = _folder(environment)
    path = None if folder is None else folder / f"{_digest(tenant, client_id)}.json"
    if choice is TokenCache.FILE:
        if path is None:
            raise ConfigurationError(f"{VARIABLE}=file: no folder for files is known: set HOME or XDG_STATE_HOME")
        return RefreshTokens(tenant, client_id, PrivateFile(path), f"file {path}", "")
    if choice is TokenCache.MEMORY or path is None:
        return RefreshTokens(tenant, client_id, None, "memory: it is forgotten when the program ends", "")
    return _system(tenant, client_id, path)


def _choice(said: str, wanted: TokenCache) -> TokenCache:
    try:
        return TokenCache(said) if said else wanted
    except ValueError:
        raise ConfigurationError(f"{VARIABLE}: expected one of {', '.join(TokenCache)}") from None


def _system(tenant: str, client_id: str, path: Path) -> RefreshTokens:
    try:
        persistence = _keyring(path.with_suffix(".keyring"))
    except Exception:  # what a platform without a keyring raises is its own
        warning = f"a new refresh token was issued, and this machine has no keyring to keep it in: {REMEDY}"
        place = "memory: this machine has no keyring"
        return RefreshTokens(tenant, client_id, None, place, warning)
    return RefreshTokens(tenant, client_id, persistence, "this machine's keyring", "")


def _keyring(location: Path) -> Any:
    from msal_extensions import build_encrypted_persistence

    return build_encrypted_persistence(str(location))


def _folder(environment: Mapping[str, str]) -> Path | None:
    named = (environment.get("XDG_STATE_HOME"), environment.get("LOCALAPPDATA"))
    home = environment.get("HOME")
    base = next(filter(None, named), None) or (f"{home}/.local/state" if home else None)
    return Path(base) / "pcreconcile" / "tokens" if base else None


def _digest(tenant: str, client_id: str) -> str:
    return hashlib.sha256(f"{tenant}/{client_id.lower()}".encode()).hexdigest()[:16]
