"""Whose certificates are believed: a file or a folder that the environment names, else the shipped list (certifi).

`SSL_CERT_FILE` and `SSL_CERT_DIR` are OpenSSL's own names, and the first wins. What other programs call theirs is not
read; `doctor` says so where one is set.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pcreconcile.model.errors import ConfigurationError

FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"
NOT_READ = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_REHASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Authorities:
    """The variable that names certificate authorities, and what it names; both "" for the shipped list."""

    variable: str = ""
    place: str = ""

    def context(self, shipped: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """Settings of TLS that believe them alone; `shipped` makes those for when nothing is named.

        Raises ConfigurationError, naming the variable, when it names nothing that holds certificates.
        """
        if not self.variable:
            return shipped()
        if self.variable == FOLDER:
            _require_certificates(self.place)
            return ssl.create_default_context(capath=self.place)
        try:
            return ssl.create_default_context(cafile=self.place)
        except ssl.SSLError:
            raise _unusable(FILE, self.place, "no certificate in PEM form in it") from None
        except (OSError, ValueError) as error:
            raise _unusable(FILE, self.place, _reason(error)) from None


def authorities_of(environment: Mapping[str, str]) -> Authorities:
    """What an environment names; blank is not set. Raises nothing: it is looked at where it is needed."""
    for variable in (FILE, FOLDER):
        place = environment.get(variable, "").strip()
        if place:
            return Authorities(variable, place)
    return Authorities()


def _require_certificates(folders: str) -> None:
    """OpenSSL takes any folder and then believes nobody: a name is asked for that it would look at."""
    problems = []
    for folder in folders.split(os.pathsep):
        try:
            if any(_REHASHED.fullmatch(path.name) for path in Path(folder).iterdir()):
                return
            problems.append("no certificate in it that has a name as `openssl rehash` gives it")
        except (OSError, ValueError) as error:
            problems.append(_reason(error))
    raise _unusable(FOLDER, folders, problems[0])


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "no usable path"


def _unusable(variable: str, place: str, reason: str) -> ConfigurationError:
    kind = "a file of certificate authorities (PEM)" if variable == FILE else "a folder of certificate authorities"
    shown = place.encode("utf-8", "backslashreplace").decode()  # a path need not be text
    return ConfigurationError(f"environment variable {variable} names {shown}: {reason}; name {kind}, or unset it")
