"""`--base NAME`: one reading or a refusal. Whoever may push a ref chooses neither the judge nor whether there is one.

main is at the founder's commit, the branch `change` at the author's, which is what a planted name would bring in.
"""

import os
import shutil
import subprocess

import pytest

HASH = "refs/heads/{main}"  # a branch that is called as main's full hash


@pytest.fixture
def parted(site):
    site.git("branch", "--force", "change", "main")
    site.git("switch", "--quiet", "change")
    site.git("branch", "--force", "main", "main~1")
    site.git("update-ref", "refs/remotes/origin/main", "main")
    return site


def ids(site):
    main, change = site.git("rev-parse", "refs/heads/main"), site.git("rev-parse", "refs/heads/change")
    return {"main": main, "change": change, "short": main[:9]}


def plan(site, name, capsys, folder=None):
    """The exit code, the beginning of the commit that judged ("" for none), and what was said."""
    code = site.run("plan", "--base", name, folder or site.manifests)
    told = capsys.readouterr().err
    return code, told.partition("(commit ")[2][:12] if code == 0 else "", told


def plant(site, ref, target="refs/heads/change"):
    """As a fetch would write it: git's own commands refuse some of these names."""
    site.git("update-ref", ref, target)


PLANTED = [
    # the base, and a ref that git would take for it or call ambiguous with it
    ("main", "refs/tags/main"),
    ("main", "refs/main"),
    ("main", "refs/remotes/main"),
    ("main~0", "refs/tags/main"),
    ("origin/main", "refs/tags/origin/main"),
    ("origin/main", "refs/heads/origin/main"),
    ("origin/main^0", "refs/origin/main"),
    ("{short}", "refs/tags/{short}"),
    ("{short}", "refs/heads/{short}"),
    ("{short}", "refs/remotes/{short}"),
    ("HEAD~1", "refs/heads/HEAD"),
    ("HEAD~1", "refs/tags/HEAD"),
    ("FETCH_HEAD", "refs/heads/FETCH_HEAD"),
    ("ORIG_HEAD", "refs/tags/ORIG_HEAD"),
    ("MERGE_HEAD", "refs/tags/MERGE_HEAD"),
]


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
@pytest.mark.parametrize(("name", "ref"), PLANTED)
def test_a_name_with_two_readings_is_refused_where_they_differ(parted, name, ref, packed, capsys):
    known = ids(parted)
    name, ref = name.format(**known), ref.format(**known)
    if name.endswith("_HEAD"):
        (parted.checkout / ".git" / name).write_text(f"{known['main']}\n")
    assert plan(parted, name, capsys)[:2] == (0, known["main"][:12])
    plant(parted, ref, "refs/heads/main" if name.startswith("HEAD") else "refs/heads/change")
    if packed:
        parted.git("pack-refs", "--all", "--prune")
    code, _, told = plan(parted, name, capsys)
    assert code == 1
    assert "more than one commit is called so here" in told
    assert ref in told
    assert "the full hash of the commit" in told
    plant(parted, ref, "HEAD" if name.startswith("HEAD") else "refs/heads/main")
    assert plan(parted, name, capsys)[:2] == (0, known["main"][:12])  # both lead to one commit


UNMOVED = [
    # what is written in full, and a ref that changes nothing about it
    ("refs/heads/main", "refs/tags/main"),
    ("refs/heads/main", "refs/heads/refs/heads/main"),
    ("refs/remotes/origin/main", "refs/tags/origin/main"),
    ("{main}", "refs/tags/main"),
    ("{main}", HASH),
    ("{main}", "refs/tags/{main}"),
    ("{main}", "refs/remotes/{main}"),
    ("{main}~0", HASH),
    ("main", HASH),
    ("main", "refs/heads/{change}"),
    ("main", "refs/replace/{main}"),
    ("main", "refs/heads/fleet/manifests"),
    ("main", "refs/heads/main-2"),
    ("main", "refs/tags/heads/main-2"),
]


@pytest.mark.parametrize(("name", "ref"), UNMOVED)
def test_what_is_written_in_full_is_that_whatever_else_is_called_so(parted, name, ref, capsys):
    known = ids(parted)
    plant(parted, ref.format(**known))
    assert plan(parted, name.format(**known), capsys)[:2] == (0, known["main"][:12])


def test_no_branch_called_as_a_commit_keeps_anybody_from_working(parted, capsys):
    """Authors, a rename and every command ask git for commits by their hashes."""
    for commit in parted.git("rev-list", "--all").split():
        for where in ("heads", "tags"):
            plant(parted, f"refs/{where}/{commit}")
    parted.git("mv", str(parted.aspen), str(parted.aspen.parent / "renamed.yaml"))
    parted.commit("mover")
    assert parted.authors() == {"author", "founder", "mover"}
    assert plan(parted, "main", capsys)[0] == 0
    codes = {name: parted.run(*words) for name, words in parted.commands().items()}
    assert (codes["plan"], codes["deadlines"], codes["approve"], codes["apply"]) == (0, 2, 0, 0)


DAILY = [
    "main",
    "refs/heads/main",
    "heads/main",
    "origin/main",
    "refs/remotes/origin/main",
    "remotes/origin/main",
    "refs/remotes/origin/HEAD",
    "v1",
    "refs/tags/v1",
    "light",
    "{main}",
    "{MAIN}",
    "{short}",
    "{tag}",
    "change~1",
    "change^",
    "HEAD~1",
    "HEAD^1",
    "change~1^0~0",
    "FETCH_HEAD",
    "ORIG_HEAD",
    "feature/ü-1.2",
]


@pytest.mark.parametrize("place", ["checkout", "packed", "worktree", "shallow"])
@pytest.mark.parametrize("name", DAILY)
def test_names_of_daily_use(parted, name, place, capsys):
    known = ids(parted)
    for more in ("feature/ü-1.2", "change2"):
        parted.git("branch", more, "main")
    parted.git("tag", "--annotate", "v1", "--message", "first", "main")
    parted.git("tag", "light", "main")
    parted.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    known |= {"tag": parted.git("rev-parse", "v1"), "MAIN": known["main"].upper()}
    top = _placed(parted, place)
    for file in ("FETCH_HEAD", "ORIG_HEAD"):
        own = parted.git("rev-parse", "--absolute-git-dir", folder=top)
        with open(f"{own}/{file}", "w") as stream:  # noqa: PTH123
            stream.write(f"{known['main']}\t\tbranch 'main' of x\n")
            if file == "FETCH_HEAD":
                stream.write(f"{known['change']}\tnot-for-merge\tbranch 'change' of x\n")
    found = plan(parted, name.format(**known), capsys, top / "fleet" / "manifests")
    assert found[:2] == (0, known["main"][:12]), found[2]


def _placed(site, place):
    if place == "packed":
        site.git("pack-refs", "--all", "--prune")
    if place == "worktree":
        site.git("worktree", "add", "--quiet", "--detach", str(site.folder / "tree"), "change")
        return site.folder / "tree"
    if place == "shallow":
        clone = site.folder / "clone"
        words = ["--quiet", "--depth=2", "--no-single-branch", "--branch", "change"]
        site.git("clone", *words, f"file://{site.checkout}", str(clone))
        for ref in site.git("for-each-ref", "--format=%(refname)").splitlines():
            site.git("fetch", "--quiet", "--force", "--update-head-ok", "origin", f"{ref}:{ref}", folder=clone)
        return clone
    return site.checkout


OTHER_FORMS = [
    "",
    "@",
    "@{u}",
    "@{-1}",
    "main@{upstream}",
    "main@{yesterday}",
    "HEAD@{0}",
    ":/manifests",
    ":fleet",
    "main:fleet/manifests",
    "main:",
    "main^{/manifests}",
    "^{/manifests}",
    "main^{commit}",
    "main^{}",
    "main^{tree}",
    "v1^{tag}",
    "main^@",
    "main^!",
    "main^-1",
    "^main",
    "~1",
    "main..change",
    "main...change",
    "main~1000000000",
    "main~-1",
    "main ",
    " main",
    "main\n",
    "main\0",
    "refs/heads/../heads/main",
    "../../HEAD",
    "./main",
    "/refs/heads/main",
    "refs//heads/main",
    "refs/",
    "refs/heads/main/",
    "refs/heads/main.lock",
    "main\\",
    "ma*n",
    "[m]ain",
    "ma?n",
]
NOBODY = [
    "nowhere",
    "refs/heads",
    "heads",
    "origin",
    "config",
    "index",
    "packed-refs",
    "objects",
    "--all",
    "-h",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "main-0-g{short}",
    "{short}x",
    "{six}",
    "{blob}",
    "{tree}",
    "{treeish}",
    "0" * 40,
    "{main}{main}",
    "main~7",
    "main^2",
    "x" * 5000,
]


@pytest.mark.parametrize("name", OTHER_FORMS)
def test_other_forms_of_gits_are_refused_with_what_to_write(parted, name, capsys):
    code, _, told = plan(parted, name, capsys)
    assert code == 1
    assert "not a name of a base: write a branch" in told


@pytest.mark.parametrize("name", NOBODY)
def test_names_that_lead_to_no_commit(parted, name, capsys):
    tree = parted.git("rev-parse", "main^{tree}")
    blob = parted.git("rev-parse", "main:fleet/manifests/policy.yaml")
    known = ids(parted)
    known |= {"tree": tree, "treeish": tree[:9], "blob": blob, "six": known["main"][:6]}
    code, _, told = plan(parted, name.format(**known), capsys)
    assert (code, "no such commit here" in told) == (1, True), told


def test_a_ref_that_leads_to_no_commit_is_no_reason_to_take_another_one(parted, capsys):
    blob = parted.git("rev-parse", "main:fleet/manifests/policy.yaml")
    plant(parted, "refs/tags/main", blob)
    assert plan(parted, "main", capsys)[0] == 1
    parted.git("update-ref", "-d", "refs/tags/main")
    plant(parted, "refs/tags/origin/main")
    for broken in ("", "ref: refs/remotes/origin/gone", "ref: ../../HEAD", "1" * 40, "x"):
        (parted.checkout / ".git" / "refs" / "remotes" / "origin" / "main").write_text(broken)
        assert plan(parted, "origin/main", capsys)[0] == 1, broken


def test_odd_lines_of_packed_refs_mean_nothing(parted, capsys):
    known = ids(parted)
    parted.git("pack-refs", "--all", "--prune")
    packed = parted.checkout / ".git" / "packed-refs"
    odd = ("refs/tags/main ", "refs/tags/main\r", "refs/tags/./main", "../refs/tags/main", "refs/tags/main\0", "main")
    packed.write_text(packed.read_text() + "".join(f"{known['change']} {name}\n" for name in odd) + "^x\n#\n\n")
    assert plan(parted, "main", capsys)[:2] == (0, known["main"][:12])
    packed.write_text(packed.read_text() + f"{known['change']} refs/tags/main\n")
    assert plan(parted, "main", capsys)[0] == 1


@pytest.mark.parametrize(
    ("lines", "is_taken"),
    [
        (["{main}\t\tbranch 'main' of x"], True),
        (["{main}\t\tbranch 'main' of x", "{change}\tnot-for-merge\tbranch 'change' of x"], True),
        (["{change}\tnot-for-merge\tbranch 'change' of x", "{main}\t\tbranch 'main' of x"], True),
        (["{main}\t\tbranch 'main' of x", "{change}\t\tbranch 'change' of x"], False),
        (["{change}\tnot-for-merge\tbranch 'change' of x"], False),
        ([], False),
        (["ref: refs/heads/main"], False),
    ],
)
def test_what_was_fetched_is_a_base_where_it_is_one_commit(parted, lines, is_taken, capsys):
    known = ids(parted)
    text = "".join(f"{line.format(**known)}\n" for line in lines)
    (parted.checkout / ".git" / "FETCH_HEAD").write_text(text)
    code, commit, _ = plan(parted, "FETCH_HEAD", capsys)
    assert (code, commit) == ((0, known["main"][:12]) if is_taken else (1, ""))


def test_sha256_takes_its_own_length_for_a_full_hash(parted, tmp_path, capsys):
    top = tmp_path / "long"
    subprocess.run(["git", "init", "--quiet", "--object-format=sha256", "--initial-branch=main", str(top)], check=True)
    shutil.copytree(parted.manifests, top / "fleet" / "manifests")
    for message in ("first", "second"):
        parted.git("add", "--all", folder=top)
        parted.git("commit", "--quiet", "--allow-empty", "--message", message, folder=top)
    first = parted.git("rev-parse", "main~1", folder=top)
    for planted in (first, first[:40]):  # git takes neither for a ref, or would
        ref = top / ".git" / "refs" / "heads" / planted
        ref.write_text(f"{parted.git('rev-parse', 'main', folder=top)}\n")
    for name in (first, first[:40], first[:9], "main~1"):
        assert plan(parted, name, capsys, top / "fleet" / "manifests")[:2] == (0, first[:12]), name


def test_git_is_asked_for_commits_by_their_full_hash_alone(parted, monkeypatch):
    """Nothing that stands for a commit on git's command line could be read as a ref."""
    programs, seen, short = parted.folder / "programs", parted.folder / "words", ids(parted)["short"]
    programs.mkdir()
    (programs / "git").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {seen}\nexec {shutil.which("git")} "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    for words in parted.commands().values():
        parted.run(*words)
    for name in ("main", "origin/main", "HEAD", short):
        assert parted.run("plan", "--base", name, parted.manifests) == 0
    told = seen.read_text().splitlines()
    assert "merge-base" in told
    assert "rev-list" in told
    assert sorted({word for word in told if "HEAD" in word or word.startswith(("main", "origin", "refs/", "t^"))}) == []
