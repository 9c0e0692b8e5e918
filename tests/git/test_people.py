"""Who counts as an author where code hosts, merges and pipelines come between the person and the commit."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from pcreconcile.cli.accounts import is_hidden
from pcreconcile.cli.authors import PULL_REQUEST_AUTHORS, Planned, authors_of
from pcreconcile.cli.mailmap import Mailmap
from pcreconcile.cli.wiring import read_manifests
from tests.git.site import ASPEN, Site, outside_settings

PLANNED = datetime(2026, 11, 1, 12, tzinfo=UTC)
BEFORE, AFTER = ((PLANNED + timedelta(hours=hours)).isoformat() for hours in (-3, 3))
ACCOUNT = "12345+eve@users.noreply.github.com"
HOST = "noreply@github.com"
LINE = f"Eve <eve@example.com> <{ACCOUNT}>\n"


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Manifests in which the customer stays, committed long before anything was planned."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patch:
        outside_settings(patch, folder / "home")
        site = Site(folder).found()
        leaving = site.aspen.read_text()
        site.aspen.write_text(leaving.replace("relationship: removed", "relationship: active"))
        site.commit("founder", **dated(BEFORE))
    return site


@pytest.fixture
def site(begun, tmp_path, monkeypatch):
    outside_settings(monkeypatch, tmp_path / "home")
    return begun.copy_to(tmp_path)


def dated(instant):
    return {"GIT_AUTHOR_DATE": instant, "GIT_COMMITTER_DATE": instant}


def proposed(site, who="eve", **extra):
    """The change on a branch of its own, as it was planned; the plan's commit."""
    site.git("switch", "--quiet", "--create", "change")
    site.edit("relationship: active", "relationship: removed")
    return site.commit(who, **{**dated(BEFORE), **extra})


def people(site, commit=None, at=PLANNED, **given):
    found = authors_of(
        read_manifests(str(site.manifests)), [ASPEN], planned=Planned(at, commit), environment=given or {}
    )
    known = found.people.get(ASPEN)
    return found.unknown[ASPEN] if known is None else {name.removesuffix("@example.com") for name in known}


def merge(site):
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--no-ff", "--no-edit", "change", who="alice", **dated(AFTER))


def merge_fast_forward(site):
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--ff-only", "change", who="alice")


def squash_by_the_host(site):
    """GitHub, GitLab: the author stays, who pressed the button or the host itself commits."""
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--squash", "change")
    site.commit("eve", GIT_COMMITTER_EMAIL=HOST, GIT_COMMITTER_DATE=AFTER)


def squash_by_the_approver(site):
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--squash", "change")
    site.commit("eve", GIT_COMMITTER_EMAIL="alice@example.com", GIT_COMMITTER_DATE=AFTER)


def squash_by_hand(site):
    """git names who squashed as author as well."""
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--squash", "change")
    site.commit("alice", **dated(AFTER))


def rebase(site):
    site.git("switch", "--quiet", "main")
    (site.checkout / "README.md").write_text("another change\n")
    site.commit("colleague", **dated(BEFORE))
    site.git("switch", "--quiet", "change")
    site.git("rebase", "--quiet", "main", who="alice", GIT_COMMITTER_DATE=AFTER)
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--ff-only", "change")


def cherry_pick(site):
    site.git("switch", "--quiet", "main")
    site.git("cherry-pick", "change", who="alice", GIT_COMMITTER_DATE=AFTER)


def update_branch(site):
    """The base moves on, and the approver presses *Update branch*: a merge that changes no manifest."""
    site.git("switch", "--quiet", "main")
    (site.checkout / "README.md").write_text("another change\n")
    other = site.manifests / "customers" / "iris-legal.yaml"
    other.write_text(other.read_text().replace("CHG-", "CHG-9"))
    site.commit("colleague", **dated(BEFORE))
    site.git("switch", "--quiet", "change")
    site.git("merge", "--quiet", "--no-edit", "main", who="alice", **dated(BEFORE))


def update_branch_and_squash(site):
    update_branch(site)
    squash_by_the_approver(site)


BROUGHT_IN = [merge, merge_fast_forward, squash_by_the_host, squash_by_the_approver, rebase, cherry_pick, update_branch]


@pytest.mark.parametrize("way", [*BROUGHT_IN, squash_by_hand, update_branch_and_squash], ids=lambda way: way.__name__)
def test_who_brings_in_what_was_approved_is_no_author(site, way):
    commit = proposed(site)
    way(site)
    assert people(site, commit) == {"eve"}


@pytest.mark.parametrize("way", BROUGHT_IN, ids=lambda way: way.__name__)
def test_nor_where_the_commit_that_was_planned_is_in_nobodys_clone(site, way):
    proposed(site)
    way(site)
    assert people(site, "1" * 40) == {"eve"}


@pytest.mark.parametrize("way", [squash_by_the_approver, rebase, cherry_pick, squash_by_hand], ids=lambda w: w.__name__)
def test_who_did_it_before_it_was_planned_is_one(site, way):
    commit = proposed(site)
    way(site)
    earlier = PLANNED + timedelta(days=1)  # the plan is younger than all of that
    assert "alice" in people(site, commit if way is squash_by_hand else None, at=earlier)


def test_who_changes_it_on_the_way_is_one(site):
    """Not the plan's manifest: whatever the plan's commit says, this is a change by whoever made it."""
    commit = proposed(site)
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--squash", "change")
    site.edit("CHG-9999", "CHG-2")
    site.commit("alice", **dated(AFTER))
    assert people(site, commit) == {"alice"}


def test_a_merge_by_hand_that_changes_it_makes_an_author(site):
    commit = proposed(site)
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--no-ff", "--no-commit", "change")
    site.edit("CHG-9999", "CHG-2")
    site.commit("alice", **dated(AFTER))
    assert people(site, commit) == {"eve", "alice"}


def test_the_committer_is_an_author(site):
    proposed(site, GIT_COMMITTER_EMAIL="pusher@example.com")
    assert people(site) == {"eve", "pusher"}


def test_the_hosts_own_address_as_committer_is_nobody(site):
    proposed(site, GIT_COMMITTER_EMAIL=HOST)
    assert people(site) == {"eve"}


def test_a_mailmap_of_the_same_change_takes_no_name_away(site):
    (site.checkout / ".mailmap").write_text("Somebody <else@example.com> <eve@example.com>\n")
    proposed(site)
    assert people(site) == {"eve", "else"}


def test_a_mailmap_that_lies_about_the_approver_only_adds(site):
    (site.checkout / ".mailmap").write_text(
        "A <eve@home.example> <eve@example.com>\nA <eve@home.example> <e@old.example>\n"
    )
    site.commit("founder", **dated(BEFORE))
    proposed(site, "e@old.example")
    assert people(site) == {"eve", "eve@home.example", "e@old.example"}


def _by_somebody_else(site):
    proposed(site, ACCOUNT)
    (site.checkout / ".mailmap").write_text(LINE)
    site.commit("colleague")


def _before_the_change(site):
    (site.checkout / ".mailmap").write_text(LINE)
    site.commit(ACCOUNT, **dated(BEFORE))
    proposed(site, ACCOUNT)


@pytest.mark.parametrize("way", [_by_somebody_else, _before_the_change], ids=lambda way: way.__name__.strip("_"))
def test_a_noreply_address_and_one_line_of_mailmap(site, way):
    way(site)
    assert people(site) == {"eve", ACCOUNT, "eve@users.noreply.github.com"}


def _in_the_change_itself(site):
    (site.checkout / ".mailmap").write_text(LINE)
    proposed(site, ACCOUNT)


def _by_herself_afterwards(site):
    proposed(site, ACCOUNT)
    (site.checkout / ".mailmap").write_text(LINE)
    site.commit(ACCOUNT)


def _not_committed(site):
    proposed(site, ACCOUNT)
    (site.checkout / ".mailmap").write_text(LINE)


def _to_another_account(site):
    (site.checkout / ".mailmap").write_text(f"Eve <eve@users.noreply.example> <{ACCOUNT}>\n")
    site.commit("founder", **dated(BEFORE))
    proposed(site, ACCOUNT)


def _as_co_author(site):
    proposed(site)
    site.git("commit", "--amend", "--quiet", "--message", f"x\n\nCo-authored-by: Eve <{ACCOUNT}>", who="eve")


def _as_committer(site):
    proposed(site, GIT_COMMITTER_EMAIL=ACCOUNT)


@pytest.mark.parametrize(
    "way",
    [
        lambda site: proposed(site, ACCOUNT),
        _in_the_change_itself,
        _by_herself_afterwards,
        _not_committed,
        _to_another_account,
        _as_co_author,
        _as_committer,
    ],
    ids=lambda way: way.__name__.strip("_"),
)
def test_a_noreply_address_that_nobody_else_explains_is_unknown(site, way):
    way(site)
    told = people(site)
    assert isinstance(told, str)
    assert f"`Full Name <address> <{ACCOUNT}>` to .mailmap" in told


@pytest.mark.parametrize("listed", [ACCOUNT, "eve@users.noreply.github.com"])
def test_a_second_name_in_allowed_signers(site, listed):
    proposed(site, ACCOUNT)
    key = (site.folder / "alice.pub").read_text()
    loaded = read_manifests(str(site.manifests))
    with_it, without = f"eve@example.com,{listed} {key}".encode(), f"eve@example.com {key}".encode()
    assert ACCOUNT in authors_of(loaded, [ASPEN], signers=[with_it]).people[ASPEN]
    for signers in ([without], [with_it, without], []):
        assert ASPEN in authors_of(loaded, [ASPEN], signers=signers).unknown


@pytest.mark.parametrize(
    ("told", "more"),
    [
        ("", set()),
        ("opener@example.com", {"opener"}),
        (" Opener@Example.com , pusher@example.com,,", {"opener", "pusher"}),
        ("eve", set()),
        (ACCOUNT, {"eve@users.noreply.github.com"}),
    ],
)
def test_whom_the_pipeline_names_is_an_author(site, told, more):
    (site.checkout / ".mailmap").write_text(LINE)
    site.commit("founder", **dated(BEFORE))
    proposed(site)
    assert people(site, **{PULL_REQUEST_AUTHORS: told}) == {"eve", ACCOUNT} | more


def test_an_account_of_the_pipeline_that_nobody_explains(site):
    proposed(site)
    told = people(site, **{PULL_REQUEST_AUTHORS: "mallory"})
    assert "<mallory@users.noreply.HOST>" in told


def test_manifests_in_no_repository(site):
    shutil.rmtree(site.checkout / ".git")
    assert "in no git repository" in people(site, **{PULL_REQUEST_AUTHORS: "opener@example.com"})
    assert site.run("plan", site.manifests) == 0


def _worktree(site, place):
    site.git("worktree", "add", "--quiet", "--detach", str(place))


def _shallow(site, place):
    subprocess.run(["git", "clone", "--quiet", "--depth=2", f"file://{site.checkout}", str(place)], check=True)


def _reference(site, place):
    words = ["--reference", str(site.checkout), f"file://{site.checkout}"]
    subprocess.run(["git", "clone", "--quiet", *words, str(place)], check=True)
    assert (place / ".git" / "objects" / "info" / "alternates").exists()


def _shared_by_a_relative_path(site, place):
    subprocess.run(["git", "clone", "--quiet", "--shared", str(site.checkout), str(place)], check=True)
    shared = place / ".git" / "objects" / "info" / "alternates"
    shared.write_text("../../../checkout/.git/objects\n")


def _by_a_link(site, place):
    place.symlink_to(site.checkout)


@pytest.mark.parametrize(
    "way",
    [_worktree, _shallow, _reference, _shared_by_a_relative_path, _by_a_link],
    ids=lambda way: way.__name__.strip("_"),
)
def test_every_sort_of_checkout(site, way):
    proposed(site)
    place = site.folder / "there"
    way(site, place)
    other = Site(site.folder)
    other.manifests = place / "fleet" / "manifests"
    assert people(other) == {"eve"}
    assert site.run("plan", "--base", "HEAD~1", other.manifests) == 0


def test_a_partial_clone_says_what_to_fetch_and_fetches_nothing(site):
    proposed(site)
    site.git("config", "uploadpack.allowFilter", "true")
    words = ["--filter=blob:none", f"file://{site.checkout}", str(site.folder / "there")]
    subprocess.run(["git", "clone", "--quiet", *words], check=True)
    site.manifests = site.folder / "there" / "fleet" / "manifests"
    assert "git fetch --refetch --no-filter" in people(site)
    subprocess.run(["git", "fetch", "--quiet", "--refetch", "--no-filter"], cwd=site.folder / "there", check=True)
    assert people(site) == {"eve"}


def test_the_approver_merges_and_the_plan_is_applied(site, monkeypatch):
    """From the proposal to the write: planned and approved on the branch, handed over by a commit, merged, applied."""
    monkeypatch.setenv("PCRECONCILE_NOW", PLANNED.isoformat())
    proposed(site)
    assert site.make_plan() == 0
    assert site.run(*site.commands()["approve"]) == 0
    site.commit("alice", **dated(AFTER))
    squash_by_hand(site)
    assert site.run(*site.commands()["apply"]) == 0


@pytest.mark.parametrize(
    ("text", "asked", "names"),
    [
        ("", {"a@x"}, {"a@x"}),
        ("A <a@x> <b@x>", {"b@x"}, {"a@x", "b@x"}),
        ("A <a@x> <b@x>", {"a@x"}, {"a@x", "b@x"}),
        ("A <a@x> B <B@X>  # a remark", {"b@x"}, {"a@x", "b@x"}),
        ("<a@x> <b@x>\n<b@x> <c@x>", {"c@x"}, {"a@x", "b@x", "c@x"}),
        ("A <a@x>", {"a@x"}, {"a@x"}),
        ("# <a@x> <b@x>\nnonsense\n<a@x> <b@x", {"b@x"}, {"b@x"}),
        ("<> <b@x>", {"b@x"}, {"b@x"}),
    ],
)
def test_mailmap(text, asked, names):
    assert Mailmap(text.encode()).names(asked) == names


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        (ACCOUNT, True),
        ("eve@users.noreply.github.com", True),
        ("123-eve@users.noreply.gitlab.com", True),
        ("eve@users.noreply.ghe.example", True),
        ("eve@noreply.codeberg.org", True),
        (HOST, True),
        ("no-reply@bots.example", True),
        ("eve", True),
        ("eve@example.com", False),
        ("noreply.fan@example.com", False),
        ("eve@noreplying.example", False),
    ],
)
def test_what_hides_whose_it_is(name, hidden):
    assert is_hidden(name) == hidden


def test_apply_says_which_line_is_missing_and_doctor_said_so_before(site, monkeypatch, capsys):
    monkeypatch.setenv("PCRECONCILE_NOW", PLANNED.isoformat())
    proposed(site, ACCOUNT)
    assert site.make_plan() == 0
    assert site.run(*site.commands()["approve"]) == 0
    capsys.readouterr()
    site.run(*site.commands()["doctor"])
    told = " ".join("".join(capsys.readouterr()).split())
    assert "nothing says whose these accounts are" in told
    assert f"`Full Name <address> <{ACCOUNT}>`" in told
    assert site.run(*site.commands()["apply"]) == 4
    assert f"`Full Name <address> <{ACCOUNT}>` to .mailmap" in capsys.readouterr().err
    (site.checkout / ".mailmap").write_text(LINE)
    site.commit("colleague")
    site.run(*site.commands()["doctor"])
    assert "git can tell who wrote the manifests" in " ".join("".join(capsys.readouterr()).split())
    assert site.run(*site.commands()["apply"]) == 0
