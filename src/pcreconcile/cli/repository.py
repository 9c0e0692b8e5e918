"""What git keeps: a commit by any of its names, the files of a folder as they stood at it, and the history of files.

Objects are read, never checked out: filters, `export-ignore` and the working tree have no say, and nothing is written.
Objects that somebody put in the place of others on this machine (`git replace`) have none either.
"""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pcreconcile.model.errors import UsageError

_PATIENCE = 60.0
_ID = re.compile(r"[0-9a-f]{40,64}")
_COMMIT = "%x00%aE%x00%B%x00"
_LINK, _SUBMODULE = "120000", "160000"  # modes of git's trees


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as a commit keeps it: `path` as named below the folder that was asked for, `size` in bytes."""

    path: str
    is_link: bool
    object: str
    size: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit in the history of some files; `parents` are the nearest commits above it in that history.

    `author` is an e-mail address as `.mailmap` has it, `message` the whole of it, trailers included.
    """

    id: str
    parents: tuple[str, ...]
    author: str
    message: str


class Repository:
    """The repository that a folder stands in. Every method raises UsageError when git does not answer."""

    def __init__(self, folder: Path) -> None:
        """Raises UsageError when the folder is in no repository that git opens here, or when there is no git."""
        self._folder = folder
        self.prefix = self._line(["rev-parse", "--show-prefix"], f"{folder} is in no git repository").rstrip("/")
        self.top = Path(self._line(["rev-parse", "--show-toplevel"], f"{folder} is in no git working tree"))

    def commit(self, name: str) -> str:
        """The full ID of the commit that a branch, tag or anything else of git's names means."""
        words = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
        found = self._line(words, f"--base {name}: no such commit here; a shallow clone has to fetch it first")
        if not _ID.fullmatch(found):
            raise UsageError(f"--base {name}: not the name of one commit")
        return found

    def files(self, commit: str, folder: str) -> tuple[Kept, ...]:
        """All files below a folder of the repository at a commit, by path; none when it was not there.

        Raises UsageError for a submodule in it, whose files no commit of this repository knows.
        """
        below = ["--", f"{folder}/"] if folder else []
        listed = self._ask(["ls-tree", "-r", "-z", "-l", "--full-tree", commit, *below], "its files cannot be listed")
        start = len(folder) + 1 if folder else 0
        return tuple(_kept(entry, start) for entry in _split(listed))

    def naming(self, commit: str, text: str) -> tuple[str, ...]:
        """The YAML files of the whole repository that hold this text at a commit, in any letter case."""
        words = ["grep", "-l", "-z", "-I", "-i", "-F", "--full-name", "-e", text, commit, "--", ":(top)"]
        done = self._run(words, b"", ())
        if done.returncode not in (0, 1):  # 1: no such text
            raise UsageError(f"its files cannot be searched{_said(done)}")
        names = (name.removeprefix(f"{commit}:") for name in _split(done.stdout))
        return tuple(name for name in names if name.lower().endswith((".yaml", ".yml")))

    def contents(self, files: Sequence[Kept]) -> Iterator[bytes]:
        """What is in each of the files."""
        asked = "".join(f"{file.object}\n" for file in files).encode()
        answer = self._ask(["cat-file", "--batch"], "its files cannot be read", asked)
        at = 0
        for file in files:
            begin = answer.index(b"\n", at) + 1
            if answer[at:begin].split()[1:2] != [b"blob"]:
                raise UsageError(f"{file.path}: git does not have this file of that commit")
            yield answer[begin : begin + file.size]
            at = begin + file.size + 1

    def history(self, start: str, paths: Sequence[str]) -> tuple[Commit, ...]:
        """Every commit up to `start` that changed one of these files of the repository, the newest first.

        Both sides of a merge are followed; a merge is there when it joins two histories of the files. Renames are not
        followed: a file begins where its path does.
        """
        words = ["rev-list", "--simplify-merges", "--parents", f"--format={_COMMIT}", "--encoding=UTF-8"]
        below = [posixpath.relpath(path, self.prefix or ".") for path in paths]
        told = self._ask([*words, "--end-of-options", start, "--", *below], "its history cannot be read")
        parts = told.decode(errors="surrogateescape").split("\0")
        return tuple(_commit(*parts[at : at + 3]) for at in range(0, len(parts) - 2, 3))

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit, as git has them here."""
        words = ["rev-list", "--parents", "--max-count=1", "--end-of-options", commit]
        return tuple(self._line(words, "its history cannot be read").split()[1:])

    def cut_off(self) -> frozenset[str]:
        """The commits of a shallow clone whose parents were left out; none in a whole one."""
        if self._line(["rev-parse", "--is-shallow-repository"], "its history cannot be read") == "false":
            return frozenset()
        name = self._line(["rev-parse", "--git-path", "shallow"], "its history cannot be read")
        try:
            return frozenset((self._folder / name).read_text(encoding="ascii").split())
        except (OSError, ValueError) as error:
            raise UsageError("git does not say where this shallow clone begins") from error

    def at(self, places: Sequence[tuple[str, str]]) -> tuple[Kept | None, ...]:
        """The file at each (commit, path of the repository); None where there was none, or no file.

        A link is not told from a file that holds its target's name.
        """
        asked = "".join(f"{commit}:{path}\n" for commit, path in places)
        answer = self._ask(["cat-file", "--batch-check"], "its files cannot be found", os.fsencode(asked))
        lines = answer.splitlines()
        if len(lines) != len(places):
            raise UsageError("git's answer does not fit what it was asked")
        return tuple(_found(line, path) for line, (_, path) in zip(lines, places, strict=True))

    def mapped(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """E-mail addresses as `.mailmap` has them."""
        asked = "".join(f"<{address}>\n" for address in addresses)
        answer = self._ask(["check-mailmap", "--stdin"], "its .mailmap cannot be read", os.fsencode(asked))
        mapped = tuple(os.fsdecode(line).rpartition("<")[2].rstrip(">") for line in answer.splitlines())
        if len(mapped) != len(addresses):
            raise UsageError("git's answer does not fit what it was asked")
        return mapped

    def _line(self, words: Sequence[str], otherwise: str) -> str:
        return os.fsdecode(self._ask(words, otherwise)).removesuffix("\n")

    def _ask(self, words: Sequence[str], otherwise: str, given: bytes = b"") -> bytes:
        done = self._run(words, given, ("--literal-pathspecs",))
        if done.returncode != 0:
            raise UsageError(f"{otherwise}{_said(done)}")
        return done.stdout

    def _run(self, words: Sequence[str], given: bytes, ahead: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        command = ["git", "--no-replace-objects", "-C", str(self._folder), *ahead, *words]
        try:
            return subprocess.run(command, input=given, capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603
        except FileNotFoundError as error:
            raise UsageError("git is not installed, and --base needs it") from error
        except (OSError, ValueError) as error:
            raise UsageError("git cannot be asked for that") from error
        except subprocess.SubprocessError as error:
            raise UsageError(f"git has not answered for {_PATIENCE:.0f} seconds") from error


def _split(answer: bytes) -> tuple[str, ...]:
    return tuple(os.fsdecode(part) for part in answer.split(b"\0") if part)


def _kept(entry: str, start: int) -> Kept:
    facts, _, path = entry.partition("\t")
    mode, _, name, size = facts.split()
    if mode == _SUBMODULE:
        raise UsageError(f"{path}: a submodule among the manifests, whose former state cannot be seen from here")
    return Kept(path[start:], mode == _LINK, name, int(size))


def _commit(head: str, author: str, message: str) -> Commit:
    _, name, *parents = head.split()
    return Commit(name, tuple(parents), author, message)


def _found(line: bytes, path: str) -> Kept | None:
    name, _, rest = line.decode(errors="replace").partition(" ")
    kind, _, size = rest.partition(" ")
    found = _ID.fullmatch(name) and kind == "blob" and size.isdecimal()
    return Kept(path, is_link=False, object=name, size=int(size)) if found else None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").splitlines()
    return f": git says: {lines[0]}" if lines else ""
