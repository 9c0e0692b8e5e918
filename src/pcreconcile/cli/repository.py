"""What git keeps: a commit by its name, the files of a folder as they stood at it, and the history of files.

Objects are read, never checked out: filters, `export-ignore` and the working tree have no say, and nothing is written.
Objects that somebody put in the place of others on this machine (`git replace`) have none either, and no configuration
of the repository is read (`git_view`).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

from pcreconcile.cli.git_directory import find_repository, is_ref_name
from pcreconcile.cli.git_names import commit_named
from pcreconcile.cli.git_ownership import require_own
from pcreconcile.cli.git_view import GitView
from pcreconcile.model.errors import UsageError
from pcreconcile.rendering.text import outside

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_TOLD, _SHOWN = 5, 80  # merge bases, and characters of what should be a hash, that an error names
_COMMIT = "%x00%ae%x00%ce%x00%ct%x00%B%x00"
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

    `author` and `committer` are e-mail addresses as the commit has them, `at` is when it was committed (aware),
    `message` the whole of it, trailers included.
    """

    id: str
    parents: tuple[str, ...]
    author: str
    committer: str
    at: datetime
    message: str


class Repository:
    """The repository that a folder stands in. Every method raises UsageError when git does not answer."""

    def __init__(self, folder: Path, *, judges: bool = True) -> None:
        """`judges`: somebody is believed by what it says, so that it may be no submodule.

        Raises UsageError when the folder is in no repository, in one of somebody else's, or when there is no git.
        """
        place = find_repository(folder)
        if place is None:
            raise UsageError(f"{folder} is in no git repository")
        require_own(place)
        if judges and (outer := place.superproject) is not None:
            raise UsageError(
                f"{place.top} is a submodule of {outer}, and which repository and history that is, a change says: it is"
                " not asked for a base or for authors; keep the manifests in the repository itself, or run in a clone"
                " of the submodule's own repository"
            )
        self._place = place
        self._git = GitView(place)
        self.top = place.top
        self.prefix = _inside(place.top, folder)

    @property
    def head(self) -> str:
        """The full ID of the commit that is checked out. Raises UsageError when there is none."""
        found = self._place.head()
        if found is None:
            raise UsageError(f"{self.top} is at no commit that can be read: HEAD leads to none")
        return found

    def commit(self, name: str) -> str:
        """The full ID of the commit that a name means (`git_names`)."""
        return commit_named(name, self._place, self._git)

    def merge_base(self, name: str) -> str:
        """The commit at which HEAD parted from the commit of this name, as `git diff NAME...` has it.

        What others did there since is theirs: compared with their newest commit, this branch would seem to undo it.
        Histories that were merged both ways have several, of which git takes one by the order of a merge's parents,
        which the change itself may choose. So none is taken then.
        """
        done = self._git.run(["merge-base", "--all", self.head, self.commit(name)])
        found = os.fsdecode(done.stdout).split()
        if done.returncode != 0 or not found:
            raise UsageError(
                f"--base {outside(name)}: HEAD and it have no commit in common here; a shallow clone has to fetch the"
                f" whole history first (`git fetch --unshallow`, or fetch-depth: 0 where the pipeline checks out)"
                f"{_said(done)}"
            )
        if len(found) > 1:
            raise UsageError(
                f"--base {outside(name)}: HEAD parted from it at {len(found)} commits"
                f" ({', '.join(each[:12] for each in sorted(found)[:_TOLD])}), since each was merged into the other, so"
                " nobody can say what this change found: merge it into this branch or rebase the branch onto it, and"
                " plan again; or give the full hash of the commit that judges, where this branch holds that commit"
            )
        return found[0]

    def files(self, commit: str, folder: str) -> tuple[Kept, ...]:
        """All files below a folder of the repository at a commit, by path; none when it was not there.

        Raises UsageError for a submodule in it, whose files no commit of this repository knows.
        """
        below = ["--", f"{folder}/"] if folder else []
        listed = self._ask(
            ["ls-tree", "-r", "-z", "-l", "--full-tree", _full(commit), *below], "its files cannot be listed"
        )
        start = len(folder) + 1 if folder else 0
        return tuple(_kept(entry, start) for entry in _split(listed))

    def naming(self, commit: str, text: str) -> tuple[str, ...]:
        """The YAML files of the whole repository that hold this text at a commit, in any letter case.

        Files that attributes call binary are searched like others: they are read like others.
        """
        done = self._git.run(["grep", "-l", "-z", "-a", "-i", "-F", "--full-name", "-e", text, _full(commit)])
        if done.returncode not in (0, 1) or done.stderr:  # 1: no such text; it goes on after a file that is not there
            raise UsageError(f"its files cannot be searched{_said(done)}{self._remedy()}")
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
                raise UsageError(f"{outside(file.path)}: git does not have this file of that commit{self._remedy()}")
            yield answer[begin : begin + file.size]
            at = begin + file.size + 1

    def history(self, start: str, paths: Sequence[str]) -> tuple[Commit, ...]:
        """Every commit up to `start` that changed one of these files of the repository, the newest first.

        Both sides of a merge are followed; a merge is there when it joins two histories of the files. Renames are not
        followed: a file begins where its path does.
        """
        words = ["rev-list", "--simplify-merges", "--parents", f"--format={_COMMIT}", "--encoding=UTF-8"]
        told = self._ask([*words, "--end-of-options", _full(start), "--", *paths], "its history cannot be read")
        parts = told.decode(errors="surrogateescape").split("\0")
        size = _COMMIT.count("%x00")
        return tuple(_commit(*parts[at : at + size]) for at in range(0, len(parts) - 2, size))

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit, as git has them here."""
        words = ["rev-list", "--parents", "--max-count=1", "--end-of-options", _full(commit)]
        return tuple(self._line(words, "its history cannot be read").split()[1:])

    def cut_off(self) -> frozenset[str]:
        """The commits of a shallow clone whose parents were left out; none in a whole one."""
        try:
            return frozenset((self._place.common / "shallow").read_text(encoding="ascii").split())
        except FileNotFoundError:
            return frozenset()
        except (OSError, ValueError) as error:
            raise UsageError("git does not say where this shallow clone begins") from error

    def at(self, places: Sequence[tuple[str, str]]) -> tuple[Kept | None, ...]:
        """The file at each (commit, path of the repository); None where there was none, or no file.

        A link is not told from a file that holds its target's name. Raises UsageError for a file that a partial clone
        was not given.
        """
        asked = "".join(f"{_full(commit)}:{path}\n" for commit, path in places)
        answer = self._ask(["cat-file", "--batch-check"], "its files cannot be found", os.fsencode(asked))
        lines = answer.splitlines()
        if len(lines) != len(places):
            raise UsageError("git's answer does not fit what it was asked")
        found = tuple(_found(line, path) for line, (_, path) in zip(lines, places, strict=True))
        if self._is_partial:
            self._require_given(place for place, kept in zip(places, found, strict=True) if kept is None)
        return found

    def text(self, commit: str, path: str) -> bytes | None:
        """What a file holds at a commit; None where there is none."""
        (kept,) = self.at([(commit, path)])
        return next(self.contents([kept])) if kept else None

    def tracks(self, path: str) -> bool:
        """Whether HEAD holds this path of the repository, something below it, or a link or submodule on the way to it.

        Letter case counts for nothing: on some disks it is one place in any case.
        """
        head = self._place.head()
        if head is None:
            return False
        names = self._git.paths("ls-tree", "-r", "-z", "--name-only", "--full-tree", head)
        return any(is_same_place(name, path) for name in names)

    def message(self, tag: str) -> bytes | None:
        """An annotated tag as git keeps it (gitformat-signature(5)), by its full ref name; None: no such tag."""
        name = self._place.ref(tag) if is_ref_name(tag) else None
        if name is None:
            return None
        shown = self._git.run(["cat-file", "tag", name])
        return shown.stdout if shown.returncode == 0 else b""

    def writers(self, folder: str) -> frozenset[str]:
        """The addresses by which anybody is author or committer of a commit up to HEAD that touched a folder."""
        below = ["--", f"{folder}/"] if folder else []
        words = ["log", "-z", "--format=%ae%x00%ce", self.head, *below]
        return frozenset(_split(self._ask(words, "its history cannot be read")))

    @property
    def _is_partial(self) -> bool:
        """Whether a server has promised objects that are not here (a clone with --filter)."""
        packs = self._place.common / "objects" / "pack"
        return any(packs.glob("*.promisor"))

    def _remedy(self) -> str:
        whole = "; this is a partial clone, and nothing is fetched from here: `git fetch --refetch --no-filter` first"
        return whole if self._is_partial else ""

    def _require_given(self, places: Iterable[tuple[str, str]]) -> None:
        """Raises UsageError for a file that its commit has and that is not here."""
        for commit, path in dict.fromkeys(places):
            words = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{path}"]
            if self._git.run(words).returncode == 0:
                raise UsageError(f"{outside(path)}: git does not have this file of that commit{self._remedy()}")

    def _line(self, words: Sequence[str], otherwise: str) -> str:
        return os.fsdecode(self._ask(words, otherwise)).removesuffix("\n")

    def _ask(self, words: Sequence[str], otherwise: str, given: bytes = b"") -> bytes:
        done = self._git.run(words, given)
        if done.returncode != 0:
            raise UsageError(f"{otherwise}{_said(done)}{self._remedy()}")
        return done.stdout


def _full(commit: str) -> str:
    """The same, which names a commit to git and cannot be an option, a ref or a search. Raises UsageError if not."""
    if not _ID.fullmatch(commit):
        raise UsageError(f"{outside(commit[:_SHOWN])} is no full hash of a commit")
    return commit


def is_same_place(name: str, path: str) -> bool:
    """Whether one of two paths of a repository is the other or lies below it, letter case apart."""
    one, other = (unicodedata.normalize("NFC", each).casefold() for each in (name, path))
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _inside(top: Path, folder: Path) -> str:
    place = Path(os.path.realpath(folder)).relative_to(top).as_posix()
    return "" if place == "." else place


def _split(answer: bytes) -> tuple[str, ...]:
    return tuple(os.fsdecode(part) for part in answer.split(b"\0") if part)


def _kept(entry: str, start: int) -> Kept:
    facts, _, path = entry.partition("\t")
    mode, _, name, size = facts.split()
    shown = outside(path)
    if mode == _SUBMODULE:
        raise UsageError(f"{shown}: a submodule among the manifests, whose former state cannot be seen from here")
    if not size.isdecimal():
        raise UsageError(f"{shown}: git does not have this file of that commit; a partial clone has to fetch it first")
    return Kept(path[start:], mode == _LINK, name, int(size))


def _commit(head: str, author: str, committer: str, when: str, message: str) -> Commit:
    _, name, *parents = head.split()
    return Commit(name, tuple(parents), author, committer, _instant(when), message)


def _instant(seconds: str) -> datetime:
    """When a commit was made; one that does not say it in a way that can be read was made long ago."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.min.replace(tzinfo=UTC)


def _found(line: bytes, path: str) -> Kept | None:
    name, _, rest = line.decode(errors="replace").partition(" ")
    kind, _, size = rest.partition(" ")
    found = _ID.fullmatch(name) and kind == "blob" and size.isdecimal()
    return Kept(path, is_link=False, object=name, size=int(size)) if found else None


def _said(done: CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").splitlines()
    return f": git says: {outside(lines[0])}" if lines else ""
