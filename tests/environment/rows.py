"""The table of places where the program runs: what is odd about each, and what comes of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FULL = os.environ.get("PCRECONCILE_ENVIRONMENT") == "full"  # every row at every place where it should not matter

WORKS = {"plan": 0, "apply": 0, "doctor": 0, "login": 0}
STOPS = {"plan": 1, "apply": 1, "doctor": 1, "login": 1}
WITHOUT_OUTPUT = {**STOPS, "apply": 6}  # what was due is done, and after the first write no ending is 1
SIGNING_STOPS = {**WORKS, "login": 1}


@dataclass(frozen=True)
class Row:
    """`sets` are variables (None: not set; `{}` of PROXY and FOLDER are filled in), `prepare` changes the folder.

    `codes` are the exit codes, `says` is in what each command says that ends otherwise than well, `line` in what doctor
    says, `child` are options of the warm process, `fresh` asks for a real start of the interpreter.
    """

    name: str
    sets: Mapping[str, str | None] = field(default_factory=dict)
    place: str = "local"
    codes: Mapping[str, int] = field(default_factory=lambda: WORKS)
    says: str = ""
    line: str = ""
    prepare: Callable[[Path], None] = lambda _folder: None
    child: Mapping[str, Any] = field(default_factory=dict)
    fresh: bool = False


def remote(name: str, sets: Mapping[str, str | None], says: str = "", line: str = "") -> Row:
    """A row at the partner whom only the proxy can reach; `says` makes it stop."""
    return Row(name, sets, "remote", STOPS if says else WORKS, says, line or says)


def unseen(name: str, sets: Mapping[str, str | None], says: str, line: str) -> Row:
    """A row where the service cannot be reached: what cannot be read is unknown (exit 9)."""
    return Row(name, sets, "remote", {"plan": 9, "apply": 9, "doctor": 1, "login": 1}, says, line)


def _world_of_root(folder: Path) -> None:
    """Folders that nobody but root may write."""
    (folder / "home").chmod(0o777)
    for path in (folder, folder / "manifests"):
        path.chmod(0o555)


def _read_only_home(folder: Path) -> None:
    (folder / "home").chmod(0o555)


def _writable(folder: Path) -> None:
    for path in (folder, *folder.iterdir()):
        if path.is_dir():
            path.chmod(0o777)


def _home_read_only_and_the_rest_not(folder: Path) -> None:
    _writable(folder)
    _read_only_home(folder)


def _somebody_elses_checkout(folder: Path) -> None:
    """Who runs as root finds a repository of another user."""
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=jo", "-c", "user.email=jo@x", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    if os.geteuid() == 0:
        os.chown(folder / ".git", 54321, 54321)
        os.chown(folder, 54321, 54321)


NOT_HERE: Mapping[str, str | None] = {"HTTPS_PROXY": None}

PROXIES = (
    # kinds of proxies
    remote("a proxy for https", {}, line="HTTPS_PROXY: http://127.0.0.1"),
    remote("a proxy in lower case", {**NOT_HERE, "https_proxy": "http://{PROXY}"}, line="https_proxy: http://127"),
    remote("a proxy without a scheme", {"HTTPS_PROXY": "{PROXY}"}, line="HTTPS_PROXY: http://127.0.0.1"),
    remote("socks5", {**NOT_HERE, "ALL_PROXY": "socks5://{PROXY}"}, line="ALL_PROXY: socks5://127.0.0.1"),
    remote("socks5h", {**NOT_HERE, "ALL_PROXY": "socks5h://{PROXY}"}, line="ALL_PROXY: socks5://127.0.0.1"),
    remote("socks, as desktops write it", {**NOT_HERE, "all_proxy": "socks://{PROXY}/"}, line="all_proxy: socks5://"),
    remote("credentials", {"HTTPS_PROXY": "http://jo:s3cr3t@{PROXY}"}, line="(with user and password)"),
    remote("socks4", {**NOT_HERE, "ALL_PROXY": "socks4://s3cr3t@{PROXY}"}, "ALL_PROXY names no proxy"),
    remote("ftp", {"HTTPS_PROXY": "ftp://s3cr3t:21"}, "HTTPS_PROXY names no proxy"),
    remote("a port that is none", {"HTTPS_PROXY": "http://s3cr3t:port"}, "HTTPS_PROXY names no proxy"),
    remote(
        "both spellings", {"https_proxy": "http://{PROXY}", "HTTPS_PROXY": "ftp://s3cr3t"}, line="https_proxy counts"
    ),
    remote("empty beside another", {"HTTPS_PROXY": "", "ALL_PROXY": "http://{PROXY}"}, line="ALL_PROXY: http://127"),
    remote("blank beside another", {"HTTPS_PROXY": " \t", "ALL_PROXY": "http://{PROXY}"}, line="ALL_PROXY: http://127"),
    remote("a proxy for http that is none", {"HTTP_PROXY": "ftp://proxy:21"}, line="HTTP_PROXY names no proxy"),
    # whom they do not count for
    remote("ranges", {"NO_PROXY": "10.0.0.0/8,fd00::/8"}, line="NO_PROXY: no proxy for no host of this partner"),
    remote("a bracketed address", {"NO_PROXY": "[::1],localhost:*,fe80::/10"}, line="NO_PROXY: no proxy for no host"),
    remote("other names and blanks", {"no_proxy": " .example.com , localhost"}, line="no_proxy: no proxy for no host"),
    remote("an entry that is none", {"NO_PROXY": "<local>,10.*"}, line="the entry <local> exempts nobody"),
    # certificates
    remote("a missing file", {"SSL_CERT_FILE": "/no/such.pem"}, "SSL_CERT_FILE names /no/such.pem: No such file"),
    remote("an empty file", {"SSL_CERT_FILE": "/dev/null"}, "SSL_CERT_FILE names /dev/null: no certificate in PEM"),
    remote("a folder for a file", {"SSL_CERT_FILE": "{FOLDER}"}, ": Is a directory; name a file"),
    remote(
        "garbage for a file", {"SSL_CERT_FILE": "{FOLDER}/manifests/partner.yaml"}, "no certificate in PEM form in it"
    ),
    remote("a missing folder", {"SSL_CERT_FILE": None, "SSL_CERT_DIR": "/no/such"}, "SSL_CERT_DIR names /no/such: No"),
    remote("an unused missing folder", {"SSL_CERT_DIR": "/no/such"}, line="SSL_CERT_DIR is not read"),
    remote("requests' variable", {"REQUESTS_CA_BUNDLE": "/no/such"}, line="REQUESTS_CA_BUNDLE is not read"),
    remote("curl's variable", {"CURL_CA_BUNDLE": "/no/such"}, line="CURL_CA_BUNDLE is not read"),
    unseen("an authority that nobody names", {"SSL_CERT_FILE": ""}, "check SSL_CERT_FILE", "check SSL_CERT_FILE"),
    unseen(
        "a proxy that is not there",
        {"HTTPS_PROXY": "http://jo:s3cr3t@127.0.0.1:1"},
        "check HTTPS_PROXY, ALL_PROXY and NO_PROXY",
        "the proxy of HTTPS_PROXY for partner.example",
    ),
    unseen("no proxy for the partner", {"NO_PROXY": "*"}, "could not be opened", "NO_PROXY: no proxy for partner"),
)

# What none of them disturbs: the name, the variables, the line of doctor.
_DISTURBING = (
    ("socks5", {"ALL_PROXY": "socks5://127.0.0.1:1"}, "ALL_PROXY: socks5://127.0.0.1:1 for no host"),
    ("ranges", {"NO_PROXY": "10.0.0.0/8,fd00::/8,[::1],localhost:*"}, "NO_PROXY: no proxy for"),
    ("socks4", {"all_proxy": "socks4://127.0.0.1:1"}, "all_proxy names no proxy"),
    ("ftp", {"HTTP_PROXY": "ftp://proxy:21"}, "HTTP_PROXY names no proxy"),
    ("a bad port", {"HTTPS_PROXY": "http://proxy:port"}, "HTTPS_PROXY names no proxy"),
    ("a missing certificate file", {"SSL_CERT_FILE": "/no/such"}, "SSL_CERT_FILE names /no/such"),
)
ON_THIS_MACHINE = tuple(
    Row(f"{name} on this machine ({place})", sets, place, line=line)
    for number, (name, sets, line) in enumerate(_DISTURBING)
    for place in ("local", "here")
    if FULL or place == ("local", "here")[number // 3]
)

NO_USER: Mapping[str, str | None] = {"LOGNAME": None, "USER": None}
NOBODY = {"nobody": True}
LOCAL_STOPS = {"plan": 1, "apply": 1, "doctor": 1, "login": 0}

PLACES = (
    Row("nothing odd", line="home: "),
    # the home
    Row("no HOME", {"HOME": None}, codes=SIGNING_STOPS, says="set HOME or XDG_STATE_HOME", line="HOME is not set"),
    Row(
        "a HOME that is a file", {"HOME": "/dev/null"}, codes=SIGNING_STOPS, says="/dev/null/", line="null is no folder"
    ),
    Row("a HOME that is not there", {"HOME": "{FOLDER}/gone"}, line="gone is no folder"),
    Row("a HOME that is not text", {"HOME": "{FOLDER}/\udcff"}, line="\\udcff is no folder"),
    Row(
        "a HOME that is read-only",
        prepare=_home_read_only_and_the_rest_not,
        child=NOBODY,
        codes=SIGNING_STOPS,
        says="could not be kept",
        line="is not writable: no refresh token",
    ),
    Row("no HOME, but a folder for the token", {"HOME": None, "XDG_STATE_HOME": "{FOLDER}/x"}, line="HOME is not set"),
    Row(
        "no keyring",
        {"PCRECONCILE_TOKEN_CACHE": "system"},
        codes=SIGNING_STOPS,
        says="PCRECONCILE_TOKEN_CACHE=file",
        line="token cache: ",
    ),
    # the user
    Row("a user without a name", NO_USER, child=NOBODY, prepare=_writable, line="this user has no name"),
    # folders
    Row(
        "read-only folders",
        child=NOBODY,
        prepare=_world_of_root,
        codes=LOCAL_STOPS,
        says="PCRECONCILE_HOME",
        line="state folder: ",
    ),
    Row(
        "read-only manifests, state elsewhere",
        {"PCRECONCILE_HOME": "{FOLDER}/home/state"},
        child=NOBODY,
        prepare=_world_of_root,
        line="home/state is writable",
    ),
    Row("state in a file", {"PCRECONCILE_HOME": "/dev/null"}, codes=LOCAL_STOPS, says="/dev/null", line="/dev/null"),
    Row(
        "no state at a service",
        {"PCRECONCILE_HOME": "/dev/null"},
        "here",
        {**WORKS, "doctor": 1},
        "/dev/null",
        "/dev/null",
    ),
    Row("a working folder that was deleted", child={"deletes_cwd": True}, line="it has been deleted"),
    Row("a TMPDIR that is not there", {"TMPDIR": "/no/such"}, line="TMPDIR: /no/such is not writable"),
    Row("a strict umask", child={"umask": 0o077}, line="state folder: "),
    # time
    Row(
        "a clock that is ahead",
        {"PCRECONCILE_NOW": "{LATER}"},
        "here",
        {**WORKS, "doctor": 1},
        line="clock: this machine's is 3",
    ),
    Row("a TZ that is none", {"TZ": "Non/Sense"}, line="clock: "),
    Row("no time zones of the system", {"PYTHONTZPATH": ""}, fresh=True, line="manifests: "),
    Row(
        "no time zones at all",
        child={"no_zones": True},
        codes=STOPS,
        says="time zone database",
        line="this machine has no time zone database",
    ),
    # text and terminal
    Row(
        "ASCII alone",
        {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        fresh=True,
        line="text: ",
    ),
    Row("no columns", {"COLUMNS": "0", "LINES": "0"}, line="text: "),
    Row("columns that are none", {"COLUMNS": "wide", "TERM": None}, line="text: "),
    Row("few columns", {"COLUMNS": "1", "TERM": "dumb"}, line="text: "),
    Row("no colour", {"NO_COLOR": "1"}, line="text: "),
    Row("warnings are errors", {"PYTHONWARNINGS": "error"}, fresh=True, line="text: "),
    # programs
    Row("no programs", {"PATH": "/no/such"}, line="git is not on PATH"),
    Row("an empty PATH", {"PATH": ""}, line="ssh-keygen is not on PATH"),
    Row("no PATH", {"PATH": None}, line="programs: "),
    Row("somebody else's checkout", prepare=_somebody_elses_checkout, line="manifests: "),
    # standard streams
    Row("no input", child={"closed": ["stdin"]}, line="text: "),
    Row("no output", child={"closed": ["stdout"]}, codes=WITHOUT_OUTPUT, says="standard output"),
    Row("no error output", child={"closed": ["stderr"]}, line="text: "),
    Row("no streams", child={"closed": ["stdin", "stdout", "stderr"]}, codes=WITHOUT_OUTPUT),
)
