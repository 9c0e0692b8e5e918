"""What git keeps: a commit by any of its names, and the files of a folder as they stood at it.

Objects are read, never checked out: filters, `export-ignore` and the working tree have no say, and nothing is written.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pcreconcile.model.errors import UsageError

_PATIENCE = 60.0
_ID = re.compile(r"[0-9a-f]{40,64}")
_LINK, _SUBMODULE = "120000", "160000"  # modes of git's trees


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as a commit keeps it: `path` as named below the folder that was asked for, `size` in bytes."""

    path: str
    is_link: bool
    object: str
    size: int


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

    def _line(self, words: Sequence[str], otherwise: str) -> str:
        return os.fsdecode(self._ask(words, otherwise)).removesuffix("\n")

    def _ask(self, words: Sequence[str], otherwise: str, given: bytes = b"") -> bytes:
        done = self._run(words, given, ("--literal-pathspecs",))
        if done.returncode != 0:
            raise UsageError(f"{otherwise}{_said(done)}")
        return done.stdout

    def _run(self, words: Sequence[str], given: bytes, ahead: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(self._folder), *ahead, *words]
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


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").splitlines()
    return f": git says: {lines[0]}" if lines else ""
