"""Manifests in a submodule, and a `.git` that leads to files of a working tree: whose history a change would choose."""

import shutil

import pytest

from pcreconcile.cli.git_directory import find_repository


def submodule(site):
    """The folder of manifests as a submodule, its history written by whoever proposes it."""
    theirs = site.folder / "theirs"
    shutil.copytree(site.manifests, theirs)
    site.git("init", "--quiet", "--initial-branch", "main", folder=theirs)
    site.git("add", "--all", folder=theirs)
    site.git("commit", "--quiet", "--message", "theirs", folder=theirs)
    site.git("rm", "-r", "--quiet", "fleet/manifests")
    shutil.rmtree(site.manifests, ignore_errors=True)
    words = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(theirs), "fleet/manifests"]
    site.git(*words)
    site.commit("author")


def worktree(site):
    return site.folder / "worktree"


def test_a_submodule_is_asked_for_no_base_and_no_authors(site, capsys):
    submodule(site)
    assert site.run("plan", "--base", "HEAD", site.manifests) == 1
    assert "is a submodule of" in capsys.readouterr().err
    assert site.authors() is None
    assert site.run("plan", "--target", "customer/aspen-books", site.manifests) == 0


def test_a_submodule_in_a_worktree(site):
    submodule(site)
    site.git("worktree", "add", "--quiet", str(worktree(site)))
    words = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"]
    site.git(*words, folder=worktree(site))
    assert find_repository(worktree(site) / "fleet" / "manifests").superproject == worktree(site)


def test_the_submodules_own_clone(site):
    submodule(site)
    assert site.run("plan", "--base", "HEAD", site.folder / "theirs") == 0


def test_worktrees_and_separate_directories_are_no_submodules(site):
    site.git("worktree", "add", "--quiet", str(worktree(site)))
    site.git("worktree", "add", "--quiet", str(site.checkout / "inner"))
    site.git("init", "--quiet", "--separate-git-dir", str(site.folder / "apart"), str(site.checkout / "fleet"))
    for top in (worktree(site), site.checkout / "inner", site.checkout / "fleet"):
        found = find_repository(top)
        assert (found.top, found.superproject) == (top, None)


@pytest.mark.parametrize("as_link", [False, True])
def test_a_pointer_to_files_of_the_checkout_is_passed_over(site, as_link):
    site.git("init", "--quiet", str(site.checkout / "store"))
    (site.checkout / "store" / ".git").rename(site.checkout / "store" / "dotgit")
    (site.checkout / "store" / "dotgit" / "HEAD").write_text("1" * 40)
    entry = site.manifests / ".git"
    if as_link:
        entry.symlink_to("../../store/dotgit")
    else:
        entry.write_text("gitdir: ../../store/dotgit\n")
    assert find_repository(site.manifests).top == site.checkout
    assert site.run("plan", "--base", "HEAD", site.manifests) == 0
