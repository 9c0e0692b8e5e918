"""What a checkout holds: where it ends, and which links on the way to a file are its own.

A checkout is somebody's proposal, and a link in it leads where its author wants. Links elsewhere (`/tmp` of macOS, a
home on another disk) are the machine's own and are followed.
"""

from __future__ import annotations

import os
from errno import ELOOP
from pathlib import Path

from pcreconcile.cli.git_directory import find_repository

_MOST_LINKS = 40  # as Linux follows


class HeldLink(Exception):
    """The way to a file leads over a link that a repository holds; `link` is its real place."""

    def __init__(self, link: Path) -> None:
        self.link = link
        super().__init__(str(link))


def checkout_of(partner_folder: Path) -> Path:
    """The folder whose content comes with the manifests: the repository's; without one, what the partner folder lies
    in."""
    repository = find_repository(partner_folder)
    return repository.top if repository else Path(os.path.realpath(partner_folder)).parent


def is_of_checkout(path: Path, partner_folder: Path) -> bool:
    """Whether a file, its links resolved, is content of the checkout; git's own folder is not."""
    place = Path(os.path.realpath(path))
    top = checkout_of(partner_folder)
    return place.is_relative_to(top) and ".git" not in place.relative_to(top).parts


def real_folder(path: Path) -> Path:
    """The real place of the folder in which a path names something; the last part is not looked at.

    Raises HeldLink when a link on the way lies in a repository, and OSError when they are too many.
    """
    way = [*reversed(path.parent.parts)]
    place, links = Path(os.path.realpath(os.curdir)), 0
    while way:
        part = way.pop()
        here = place / part
        if part == os.pardir:
            place = place.parent
        elif not here.is_symlink():
            place = here
        else:
            links += 1
            require_unheld(here)
            if links > _MOST_LINKS:
                raise OSError(ELOOP, os.strerror(ELOOP))
            way += reversed(here.readlink().parts)
    return place


def require_unheld(link: Path) -> None:
    """Raises HeldLink for a link that lies in a repository; its folder must be a real place."""
    if find_repository(link.parent) is not None:
        raise HeldLink(link)
