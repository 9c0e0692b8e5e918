"""`--base` compares with the commit at which HEAD parted from it: what others did there since is theirs."""

import subprocess

import pytest

from pcreconcile.cli.git_directory import find_repository

OTHER = "6b2e0b0c-0000-4000-8000-000000000900"


@pytest.fixture
def parted(site):
    """A branch that changes a ticket, while a colleague adds a customer to main and lets another go."""
    site.git("switch", "--quiet", "--create", "feature")
    site.edit("CHG-9999", "CHG-1")
    site.commit("author")
    site.git("switch", "--quiet", "main")
    (site.manifests / "customers" / "second-co.yaml").write_text(
        "apiVersion: pcreconcile/v1\nkind: Customer\nmetadata: {name: second-co}\n"
        f"spec: {{tenantId: {OTHER}, domain: anchorco.onmicrosoft.com, relationship: active}}\n"
    )
    iris = site.manifests / "customers" / "iris-legal.yaml"
    iris.write_text(iris.read_text().replace("relationship: removed", "relationship: unmanaged"))
    site.commit("colleague")
    site.git("switch", "--quiet", "feature")
    return site


def test_what_others_did_since_is_no_change_of_this_branch(parted, capsys):
    begin = parted.git("merge-base", "main", "feature")
    assert parted.run("plan", "--base", "main", parted.manifests) == 0
    told = capsys.readouterr().err
    assert told == f"planning 1 of 16 customers: those new or changed since main (commit {begin[:12]})\n"


def test_what_this_branch_took_over_from_there_is_none_either(parted, capsys):
    parted.git("merge", "--quiet", "--no-edit", "main")
    assert parted.run("plan", "--base", "main", parted.manifests) == 0
    assert "planning 1 of 1" in capsys.readouterr().err


def test_an_ancestor_is_its_own_merge_base(parted, capsys):
    commit = parted.git("rev-parse", "HEAD~1")
    assert parted.run("plan", "--base", "HEAD~1", parted.manifests) == 0
    assert f"(commit {commit[:12]})" in capsys.readouterr().err


def test_a_customer_that_vanished_on_this_branch_is_told(parted, capsys):
    parted.git("rm", "--quiet", str(parted.aspen))
    assert parted.run("plan", "--base", "main", parted.manifests) == 1
    assert "aspen-books" in capsys.readouterr().err


def test_a_shallow_clone_without_the_common_commit_says_what_to_fetch(parted, capsys):
    clone = parted.folder / "clone"
    words = ["--quiet", "--depth=1", "--no-single-branch", "--branch", "feature"]
    subprocess.run(["git", "clone", *words, f"file://{parted.checkout}", str(clone)], check=True)
    assert parted.run("plan", "--base", "origin/main", clone / "fleet" / "manifests") == 1
    told = capsys.readouterr().err
    assert "no commit in common" in told
    assert "fetch-depth: 0" in told
    subprocess.run(["git", "fetch", "--quiet", "--unshallow"], cwd=clone, check=True)
    assert parted.run("plan", "--base", "origin/main", clone / "fleet" / "manifests") == 0


@pytest.mark.parametrize("words", [[], ["--detach"]])
@pytest.mark.parametrize("packed", [True, False])
def test_the_head_is_known_without_git(parted, words, packed, monkeypatch):
    head = parted.git("rev-parse", "HEAD")
    parted.git("switch", "--quiet", *(words or ["feature"]))
    if packed:
        parted.git("pack-refs", "--all", "--prune")
    monkeypatch.setenv("PATH", "")
    assert find_repository(parted.manifests).head() == head


@pytest.mark.parametrize("first", [0, 1], ids=["the strict parent first", "the lax parent first"])
def test_several_merge_bases_are_refused_whatever_the_change_puts_first(site, first, capsys):
    """A history crossed twice has two merge bases, and the change chooses which of them git would name."""
    site.git("switch", "--quiet", "--create", "lax")
    (site.checkout / "lax").write_text("x")
    site.commit("colleague")
    site.git("switch", "--quiet", "main")
    (site.checkout / "strict").write_text("x")
    site.commit("colleague")
    heads = [site.git("rev-parse", "main"), site.git("rev-parse", "lax")]
    site.git("switch", "--quiet", "--create", "change", heads[first])
    site.git("merge", "--quiet", "--no-edit", heads[1 - first])
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--no-edit", "--no-ff", "lax")
    site.git("switch", "--quiet", "change")
    assert sorted(site.git("merge-base", "--all", "main", "change").split()) == sorted(heads)
    assert site.run("plan", "--base", "main", site.manifests) == 1
    told = capsys.readouterr().err
    assert "HEAD parted from it at 2 commits" in told
    site.git("merge", "--quiet", "--no-edit", "main")
    assert site.run("plan", "--base", "main", site.manifests) == 0, "its remedy works"
