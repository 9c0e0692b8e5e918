"""Which commit a name means: by one reading alone, and never by git's own choice among several.

git takes the first of six readings of a name (gitrevisions(7)) and only warns, so that whoever can push a tag called
like the base branch would choose what judges a change. Here every reading counts, and those that lead to different
commits are refused. A full hash is a commit and never a ref. What depends on this machine's reflog or configuration
(`@{u}`), searches messages (`:/text`) or names something else than a commit (`main:path`) is no name of a base.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pcreconcile.cli.git_directory import GitDirectory, is_ref_name
from pcreconcile.model.errors import UsageError
from pcreconcile.rendering.text import outside

if TYPE_CHECKING:
    from pcreconcile.cli.git_view import GitView

__all__ = ["commit_named"]

# A name and the way from there to an ancestor; neither sign can be part of a ref's name.
_FORM = re.compile(r"(?P<name>[^~^]*)(?P<steps>(?:~[0-9]{0,6}|\^[0-9]{0,2})*)", re.ASCII)
_FULL = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII | re.IGNORECASE)
_SHORT = re.compile(r"[0-9a-f]{7,63}", re.ASCII | re.IGNORECASE)
_OF_THE_WORKING_TREE = ("FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD")
_WHERE = ("refs/heads/", "refs/remotes/", "refs/tags/", "refs/")
_NO_COMMIT = ""  # what a reading leads to that leads to none
_SHOWN = 12  # digits of a hash in an error
_NO_SUCH = "no such commit here; a shallow clone has to fetch it first"
_FORMS = (
    "not a name of a base: write a branch (main, origin/main or refs/remotes/origin/main), a tag, HEAD or a commit's"
    " hash, with ~1 or ^ behind it where an ancestor is meant"
)


def commit_named(name: str, place: GitDirectory, git: GitView) -> str:
    """The full ID of the one commit that a name means.

    Raises UsageError, with what to write, for a name that leads to none, to several, or has another form.
    """
    form = _FORM.fullmatch(name)
    if form is None or not is_ref_name(form["name"]):
        raise _refused(name, _FORMS)
    readings = dict(_readings(form["name"], place, git))
    commits = frozenset(readings.values())
    if len(commits) > 1:
        raise _refused(name, _ambiguous(readings))
    found = _commit(f"{next(iter(commits), _NO_COMMIT)}{form['steps']}", git) if any(commits) else _NO_COMMIT
    if not found:
        raise _refused(name, _NO_SUCH)
    return found


def _readings(name: str, place: GitDirectory, git: GitView) -> Iterator[tuple[str, str]]:
    """What the name may mean, as it would be written in full, and the commit of each."""
    known = len(place.head() or "") or 40
    if _FULL.fullmatch(name) and len(name) >= known:
        yield name, _commit(name.lower(), git) if len(name) == known else _NO_COMMIT
        return
    for ref in _refs(name, place):
        id_ = place.ref(ref)
        yield ref, _commit(id_, git) if id_ else _NO_COMMIT
    if (ids := place.fetched(name) if name in _OF_THE_WORKING_TREE else None) is not None:
        yield from ((f"{name} {id_[:_SHOWN]}", _commit(id_, git) if _FULL.fullmatch(id_) else "") for id_ in ids)
    if _SHORT.fullmatch(name):
        yield from ((id_, id_) for id_ in _commits_beginning(name.lower(), git))


def _refs(name: str, place: GitDirectory) -> Iterator[str]:
    """The refs that there are of this name, by their full names; what looks like a hash of 40 digits is none."""
    if name.startswith("refs/") or name == "HEAD":
        yield from (each for each in [name] if place.has_ref(each))
    if not name.startswith("refs/") and not _FULL.fullmatch(name):
        yield from (ref for where in _WHERE if place.has_ref(ref := f"{where}{name}"))


def _commits_beginning(digits: str, git: GitView) -> Iterator[str]:
    """The commits whose hash begins so; objects of other kinds are nobody's base."""
    listed = git.run(["rev-parse", f"--disambiguate={digits}"]).stdout
    told = git.run(["cat-file", "--batch-check=%(objecttype) %(objectname)"], listed).stdout
    for line in os.fsdecode(told).splitlines():
        kind, _, id_ = line.partition(" ")
        if kind == "commit":
            yield id_


def _commit(expression: str, git: GitView) -> str:
    """The commit that a full hash, or an ancestor counted from one, leads to; "" where that is none here."""
    words = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{expression}^{{commit}}"]
    found = os.fsdecode(git.run(words).stdout).strip()
    return found if _FULL.fullmatch(found) else _NO_COMMIT


def _ambiguous(readings: Mapping[str, str]) -> str:
    told = ", ".join(f"{outside(each)} ({commit[:_SHOWN] or 'no commit'})" for each, commit in readings.items())
    full = next((each for each in readings if each.startswith("refs/")), None)
    instead = f"{outside(full)} where that one is meant, or " if full else ""
    return f"more than one commit is called so here: {told}; write {instead}the full hash of the commit"


def _refused(name: str, why: str) -> UsageError:
    return UsageError(f"--base {outside(name)}: {why}")
