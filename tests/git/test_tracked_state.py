"""State that git tracks is refused by every command with state, wherever it lies; what git does not track is taken."""

import os
import shutil
import subprocess

import pytest

from pcreconcile.cli.git_index import indexed_paths
from pcreconcile.cli.tracked_state import require_untracked
from pcreconcile.model.errors import ConfigurationError

PARTS = ("journal.db", "journal.db-wal", "simulator.db", "snapshots/a.json", "runs/x/plan.json", "anything")


def state(site):
    return site.manifests.parent / ".pcreconcile"


def is_refused(site, folder=None):
    try:
        require_untracked(folder or state(site), site.manifests)
    except ConfigurationError:
        return True
    return False


def add(site, *paths):
    for path in paths:
        file = site.checkout / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(file):
            file.write_text("x")
        site.git("add", "--force", "--", str(file))


@pytest.mark.parametrize("part", PARTS)
def test_any_part_of_the_folder(site, part):
    assert not is_refused(site)
    add(site, f"fleet/.pcreconcile/{part}")
    assert is_refused(site)
    site.commit("planter")
    assert is_refused(site)
    site.git("rm", "--quiet", "--cached", "-r", "fleet/.pcreconcile")
    assert is_refused(site)  # HEAD has it still
    site.commit("mender")
    assert not is_refused(site)


def test_every_command_with_state_says_what_to_do(site, capsys):
    add(site, "fleet/.pcreconcile/journal.db")
    for name, words in {**site.commands(), "history": ["history", "--manifests", str(site.manifests)]}.items():
        assert site.run(*words) == 1, name
        told = " ".join("".join(capsys.readouterr()).split())
        assert "git rm -r --cached fleet/.pcreconcile" in told, name
        assert ".gitignore" in told
        assert "make the plan anew" in told
    site.git("rm", "--quiet", "--cached", "-r", "fleet/.pcreconcile")
    site.commit("mender")
    assert site.run("plan", site.manifests) == 0


def test_approvals_may_be_tracked(site):
    assert site.run(*site.commands()["approve"]) == 0
    site.commit("alice")
    assert "fleet/approvals/" in site.git("ls-files")
    assert site.run(*site.commands()["apply"]) == 0


@pytest.mark.parametrize("home", ["elsewhere", "checkout/untracked", "checkout/fleet/manifests/state"])
def test_a_home_that_git_does_not_track(site, home, monkeypatch):
    folder = site.folder / home
    folder.mkdir()
    monkeypatch.setenv("PCRECONCILE_HOME", str(folder))
    assert site.run("plan", site.manifests) == 0
    assert site.run("plan", site.manifests) == 0


@pytest.mark.parametrize(
    ("home", "tracked"),
    [
        ("checkout/kept", "kept/journal.db"),
        ("checkout", "journal.db"),
        ("checkout/fleet", "fleet/simulator.db-wal"),
        ("checkout/fleet", "fleet/runs/x"),
        ("checkout/kept/deep", "kept"),
    ],
)
def test_a_home_in_the_checkout(site, home, tracked, monkeypatch):
    folder = site.folder / home
    monkeypatch.setenv("PCRECONCILE_HOME", str(folder))
    if tracked == "kept":  # a link that a change brought leads the state elsewhere
        (site.folder / "theirs" / "deep").mkdir(parents=True)
        (site.checkout / "kept").symlink_to(site.folder / "theirs")
    add(site, tracked)
    assert site.run("plan", site.manifests) == 1


def test_a_home_that_holds_the_manifests_and_no_state(site, monkeypatch):
    monkeypatch.setenv("PCRECONCILE_HOME", str(site.manifests.parent))
    assert site.run("plan", site.manifests) == 0


def _link(site):
    (site.checkout / "fleet" / "there").mkdir()
    add(site, "fleet/there/journal.db")
    shutil.rmtree(state(site))
    state(site).symlink_to("there")


def _tracked_link(site):
    (site.folder / "theirs").mkdir()
    shutil.rmtree(state(site))
    state(site).symlink_to(site.folder / "theirs")
    add(site, "fleet/.pcreconcile")


def _submodule(site):
    head = site.git("rev-parse", "HEAD")
    site.git("update-index", "--add", "--cacheinfo", f"160000,{head},fleet/.pcreconcile")


def _another_letter_case(site):
    site.git("update-index", "--add", "--cacheinfo", f"100644,{'e' * 40},fleet/.PCreconcile/Journal.db")


def _index_alone_of_version_4(site):
    add(site, "fleet/.pcreconcile/journal.db")
    site.git("update-index", "--index-version", "4")


def _split_index(site):
    site.git("update-index", "--split-index")
    add(site, "fleet/.pcreconcile/journal.db")
    assert indexed_paths(site.checkout / ".git" / "index", 20) is None


def _no_index(site):
    add(site, "fleet/.pcreconcile/journal.db")
    site.commit("planter")
    (site.checkout / ".git" / "index").unlink()


def _broken_index(site):
    _no_index(site)
    (site.checkout / ".git" / "index").write_bytes(b"DIRC\0\0\0\x09")


def _packed_refs(site):
    _no_index(site)
    site.git("pack-refs", "--all")


def _outer_repository(site):
    """The manifests are a repository of their own in another one, which tracks the state beside them."""
    shutil.rmtree(site.manifests / ".git", ignore_errors=True)
    subprocess.run(["git", "init", "--quiet", str(site.manifests)], check=True)
    add(site, "fleet/.pcreconcile/journal.db")


WAYS = [
    _link,
    _tracked_link,
    _submodule,
    _another_letter_case,
    _index_alone_of_version_4,
    _split_index,
    _no_index,
    _packed_refs,
    _outer_repository,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_however_it_is_tracked(site, way):
    way(site)
    assert is_refused(site)


def test_a_broken_index_is_told_and_not_passed_over(site, capsys):
    _broken_index(site)
    assert site.run("plan", site.manifests) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("tracked", [True, False])
def test_without_git_the_index_alone_tells(site, tracked, monkeypatch):
    if tracked:
        add(site, "fleet/.pcreconcile/journal.db")
    monkeypatch.setenv("PATH", str(site.folder))
    assert is_refused(site) == tracked


def test_a_worktree_has_its_own_index(site):
    tree = site.folder / "tree"
    site.git("worktree", "add", "--quiet", str(tree), "-b", "side")
    (tree / "fleet" / ".pcreconcile").mkdir()
    place = tree / "fleet" / ".pcreconcile"
    require_untracked(place, tree / "fleet" / "manifests")
    (place / "journal.db").write_text("x")
    site.git("add", "--force", str(place), folder=tree)
    with pytest.raises(ConfigurationError, match="tracked by git"):
        require_untracked(place, tree / "fleet" / "manifests")
    assert not is_refused(site)


@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_the_index_is_read_as_git_reads_it(tmp_path, version, object_format):
    def git(*words):
        done = subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
        return done.stdout

    git("init", "--quiet", f"--object-format={object_format}")
    for number in range(40):
        file = tmp_path / f"{'d' * (number % 9)}e" / f"{'x' * number}ü{number}"
        file.parent.mkdir(exist_ok=True)
        file.write_text(str(number))
    git("add", "--all")
    git("update-index", "--index-version", version)
    if version == "3":
        (tmp_path / "later").write_text("")
        git("add", "--intent-to-add", "later")
    read = indexed_paths(tmp_path / ".git" / "index", {"sha1": 20, "sha256": 32}[object_format])
    assert read == tuple(os.fsdecode(name) for name in git("ls-files", "-z").split(b"\0")[:-1])
    assert len(read) >= 40


@pytest.mark.parametrize("name", [".pcreconcile", ".PcReconcile", ".PCRECONCILE"])
def test_state_that_is_not_there_yet_is_tracked_in_any_letter_case(site, name):
    site.git("update-index", "--add", "--cacheinfo", f"100644,{'e' * 40},fleet/{name}/journal.db")
    shutil.rmtree(state(site), ignore_errors=True)
    assert site.run("plan", site.manifests) == 1


def test_state_that_is_not_there_yet_and_not_tracked(site):
    site.git("update-index", "--add", "--cacheinfo", f"100644,{'e' * 40},fleet/.pcreconciled/journal.db")
    shutil.rmtree(state(site), ignore_errors=True)
    assert site.run("plan", site.manifests) == 0


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "journal.db-shm", "simulator.db"])
@pytest.mark.parametrize("way", ["link", "hard link", "dangling", "own", "left by a kill"])
def test_a_file_of_state_that_is_another_file(site, name, way):
    home, kept = site.folder / "home of state", site.checkout / "kept"
    home.mkdir()
    kept.write_text("x")
    file = home / name
    if way == "link":
        file.symlink_to(kept)
    elif way == "hard link":
        os.link(kept, file)
    elif way == "dangling":
        file.symlink_to("nowhere")
    else:
        file.write_text("x")
    if way == "left by a kill":  # a journal is made in a folder beside its place and put there by a hard link
        (home / f".{name}.abc").mkdir()
        os.link(file, home / f".{name}.abc" / name)
    assert is_refused(site, home) == (way in {"link", "hard link", "dangling"})


def test_a_folder_of_state_that_is_a_link_elsewhere(site):
    shutil.move(state(site), site.folder / "another disk")
    state(site).symlink_to(site.folder / "another disk")
    assert not is_refused(site)
    assert site.run("plan", site.manifests) == 0
