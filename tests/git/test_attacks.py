"""What a checkout may hold to have a command run or a lie believed, and every command that asks git for something.

Each trap is first shown to be one: git itself, asked in the folder as anybody would ask it, runs the command.
"""

import os
import shutil
import subprocess

import pytest

from pcreconcile.rendering.text import outside
from tests.git.site import SECRETS


def bare(place, site, config):
    """An embedded bare repository, as ordinary files; its HEAD is a commit that is not there."""
    shutil.copytree(site.checkout / ".git" / "objects", place / "objects")
    (place / "refs").mkdir()
    (place / "refs" / "keep").write_text("")
    (place / "HEAD").write_text("1" * 40 + "\n")
    (place / "config").write_text(config)


def promised(site, more=""):
    """The configuration of a partial clone that has a missing object fetched by the trigger."""
    return (
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n\tworktree = .\n"
        "[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = {site.checkout}\n\tpromisor = true\n\tuploadpack = "{site.trigger}"\n{more}'
    )


def configure(site, *pairs, file=".git/config"):
    for name, value in pairs:
        site.git("config", "--file", str(site.checkout / file), name, value)


def stat_dirty(site):
    """A file that git has to look into before it knows whether it has changed."""
    os.utime(site.aspen, (1, 1))


def embedded(site):
    bare(site.manifests, site, promised(site))
    return ["rev-parse", "--verify", "HEAD^{commit}"], site.manifests


def embedded_above(site):
    bare(site.manifests.parent, site, promised(site))
    return ["rev-parse", "--verify", "HEAD^{commit}"], site.manifests


def fsmonitor(site):
    configure(site, ("core.fsmonitor", site.trigger))
    return ["status"], site.manifests


def fsmonitor_by_include(site):
    (site.manifests / "gitconfig").write_text(f'[core]\n\tfsmonitor = "{site.trigger}"\n')
    configure(site, ("include.path", "../fleet/manifests/gitconfig"))
    return ["status"], site.manifests


def fsmonitor_of_a_worktree(site):
    configure(site, ("extensions.worktreeConfig", "true"))
    configure(site, ("core.fsmonitor", site.trigger), file=".git/config.worktree")
    return ["status"], site.manifests


def ssh_command(site):
    configure(
        site,
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", "ssh://nowhere.invalid/x"),
        ("remote.origin.promisor", "true"),
        ("core.sshCommand", f"sh -c '{site.trigger}' --"),
    )
    return ["cat-file", "-p", "2" * 40], site.manifests


def upload_pack(site):
    configure(
        site,
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", str(site.checkout)),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", site.trigger),
    )
    lost = site.git("rev-parse", "HEAD~1:fleet/manifests/customers/aspen-books.yaml")
    (site.checkout / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    return ["cat-file", "-p", lost], site.manifests


def instead_of(site):
    ssh_command(site)
    (site.folder / "trigger").write_text(f"#!/bin/sh\n{site.trigger}\n")
    (site.folder / "trigger").chmod(0o755)
    configure(
        site,
        (f"url.ext::{site.folder}/trigger .insteadOf", "ssh://nowhere.invalid/"),
        ("protocol.ext.allow", "always"),
        ("core.sshCommand", "false"),
    )
    return ["cat-file", "-p", "2" * 40], site.manifests


def external_diff(site):
    configure(site, ("diff.external", f"sh -c '{site.trigger}'"))
    return ["diff", "HEAD~1", "HEAD"], site.manifests


def textconv(site):
    (site.checkout / ".gitattributes").write_text("*.yaml diff=evil\n")
    configure(site, ("diff.evil.textconv", f"sh -c '{site.trigger}'"))
    return ["diff", "HEAD~1", "HEAD"], site.manifests


def clean_and_smudge(site):
    (site.checkout / ".gitattributes").write_text("*.yaml filter=evil\n")
    configure(site, ("filter.evil.clean", site.trigger), ("filter.evil.smudge", site.trigger))
    stat_dirty(site)
    return ["status"], site.manifests


def hooks(site):
    folder = site.manifests / "hooks"
    folder.mkdir()
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit", "fsmonitor-watchman"):
        (folder / name).write_text(f"#!/bin/sh\n{site.trigger}\n")
        (folder / name).chmod(0o755)
    configure(site, ("core.hooksPath", str(folder)))
    return ["commit", "--allow-empty", "--message", "x"], site.manifests


def gpg_program(site):
    site.git("-c", "gpg.format=ssh", "-c", f"user.signingkey={site.folder / 'alice'}", "tag", "-s", "t", "-m", "x")
    (site.manifests / "evil").write_text(f"#!/bin/sh\n{site.trigger}\n")
    (site.manifests / "evil").chmod(0o755)
    program = str(site.manifests / "evil")
    configure(site, ("gpg.ssh.program", program), ("gpg.program", program))
    configure(site, ("gpg.ssh.allowedSignersFile", str(site.manifests / "allowed_signers")))
    return ["verify-tag", "t"], site.manifests


def gitfile(site):
    """What an unpacked archive may hold and no commit: a `.git` that points to files of the checkout."""
    (site.checkout / ".git").rename(site.manifests / "store")
    (site.checkout / ".git").write_text("gitdir: fleet/manifests/store\n")
    configure(site, ("core.fsmonitor", site.trigger), file="fleet/manifests/store/config")
    return ["status"], site.manifests


def common_directory(site):
    (site.manifests / "common").mkdir()
    for name in ("objects", "refs", "config"):
        (site.checkout / ".git" / name).rename(site.manifests / "common" / name)
    (site.checkout / ".git" / "commondir").write_text("../fleet/manifests/common\n")
    configure(site, ("core.fsmonitor", site.trigger), file="fleet/manifests/common/config")
    return ["status"], site.manifests


def environment_config(site):
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": site.trigger}
    return ["status"], site.manifests, settings


def environment_directory(site):
    fsmonitor(site)
    (site.checkout / ".git").rename(site.folder / "elsewhere")
    site.git("init", "--quiet")
    return ["status"], site.manifests, {"GIT_DIR": str(site.folder / "elsewhere"), "GIT_WORK_TREE": str(site.checkout)}


def environment_trace(site):
    return ["status"], site.manifests, {"GIT_TRACE": str(site.canary)}


TRAPS = [
    embedded,
    embedded_above,
    fsmonitor,
    fsmonitor_by_include,
    fsmonitor_of_a_worktree,
    ssh_command,
    upload_pack,
    instead_of,
    external_diff,
    textconv,
    clean_and_smudge,
    hooks,
    gpg_program,
    gitfile,
    common_directory,
    environment_config,
    environment_directory,
    environment_trace,
]
# Where the repository is nobody's, or a lie by itself, nothing is said about it.
REFUSED = {gitfile, common_directory}
UNBORN = {environment_directory}
LOSES_AN_OBJECT = {upload_pack}


def spring(trap, site, monkeypatch):
    words, folder, *settings = trap(site)
    for name, value in (settings or [{}])[0].items():
        monkeypatch.setenv(name, value)
    return words, folder


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_git_itself_falls_into_the_trap(site, trap, monkeypatch):
    words, folder = spring(trap, site, monkeypatch)
    subprocess.run(["git", *words], cwd=folder, check=False, capture_output=True, timeout=600)
    assert site.canary.exists()


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_no_command_runs_what_a_checkout_says(site, trap, monkeypatch, capsys):
    spring(trap, site, monkeypatch)
    codes = {}
    for name, words in site.commands().items():
        codes[name] = site.run(*words)
        assert not site.canary.exists(), name
    errors = capsys.readouterr().err
    assert all(secret not in errors for secret in SECRETS.values() if secret)
    assert "Traceback" not in errors
    assert "internal error" not in errors
    silent = trap in REFUSED | UNBORN
    lost = trap in LOSES_AN_OBJECT
    assert (codes["plan"], codes["deadlines"], codes["approve"]) == (0, 2, 0)
    assert codes["plan --base"] == (1 if silent or lost else 0)
    assert codes["apply"] == (4 if silent or lost else 0)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_the_authors_are_those_of_the_real_repository(site, trap, monkeypatch):
    spring(trap, site, monkeypatch)
    unknown = trap in REFUSED | UNBORN | LOSES_AN_OBJECT
    assert site.authors() == (None if unknown else {"author", "founder"})


def grafts(site):
    """A file of old that cuts the author's commit out of the history."""
    (site.checkout / ".git" / "info").mkdir(exist_ok=True)
    tree = site.git("rev-parse", "HEAD^{tree}")
    clean = site.git("commit-tree", tree, "-m", "x", who="nobody")
    site.git("update-ref", "refs/heads/clean", clean)
    new = site.git("commit-tree", tree, "-p", "HEAD", "-m", "x", who="nobody")
    site.git("reset", "--quiet", "--soft", new)
    (site.checkout / ".git" / "info" / "grafts").write_text(f"{new} {clean}\n")


def replacement(site):
    tree = site.git("rev-parse", "HEAD^{tree}")
    site.git("replace", "HEAD", site.git("commit-tree", tree, "-m", "x", who="nobody"))


@pytest.mark.parametrize("lie", [grafts, replacement], ids=lambda lie: lie.__name__)
def test_a_history_that_was_rewritten_on_this_machine_hides_nobody(site, lie):
    assert site.authors() == {"author", "founder"}
    lie(site)
    assert "author@example.com" not in site.git("log", "--format=%ae").split()
    assert site.authors() == {"author", "founder"}


def test_attributes_hide_no_manifest_from_the_search(site):
    """A file that .gitattributes calls binary is still the place from where a customer was moved."""
    (site.checkout / ".gitattributes").write_text("*.yaml binary\n")
    site.commit("hider")
    site.aspen.rename(site.manifests / "aspen.yaml")
    site.commit("mover")
    assert site.authors() == {"author", "founder", "mover"}


@pytest.mark.parametrize("name", ["-rf", "--output=canary", "a\nb", "%00", ":(top)x", "..", "HEAD@{1}", "x" * 5000])
def test_names_that_are_words_of_git(site, name, capsys):
    """As a base: an answer, and never an option."""
    assert site.run("plan", f"--base={name}", site.manifests) == 1
    assert f"--base {outside(name)}: no" in capsys.readouterr().err  # no such commit, or not a name of a base
    assert not list(site.folder.glob("**/canary"))


@pytest.mark.parametrize(
    "name", ["-rf.yaml", "--output=canary.yaml", "a\nb.yaml", "[a]*.yaml", ":(top)x.yaml", "ü.yaml"]
)
def test_paths_that_are_words_of_git(site, name):
    site.git("mv", "--", str(site.aspen), str(site.aspen.parent / name))
    site.commit("mover")
    assert site.authors() == (None if "\n" in name else {"author", "founder", "mover"})
    assert site.run("plan", "--base", "HEAD~1", site.manifests) == 0
    assert not list(site.folder.glob("**/canary"))


def test_a_submodule_among_the_manifests_is_told(site, capsys):
    head = site.git("rev-parse", "HEAD")
    site.git("update-index", "--add", "--cacheinfo", f"160000,{head},fleet/manifests/customers/sub")
    site.git("commit", "--quiet", "--message", "sub")
    assert site.run("plan", "--base", "HEAD", site.manifests) == 1
    assert "a submodule among the manifests" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("whose", ["everything", ".git"])
def test_a_repository_of_somebody_else_is_believed_where_git_is_told_so(site, whose, capsys):
    for place in [site.checkout / ".git"] if whose == ".git" else [site.checkout, *site.checkout.rglob("*")]:
        os.chown(place, 12345, 12345, follow_symlinks=False)
    remedy = f"git config --global --add safe.directory {site.checkout}"
    assert site.authors() is None
    assert site.run("plan", site.manifests) == 0
    assert site.run("plan", "--base", "HEAD~1", site.manifests) == 1
    assert remedy in capsys.readouterr().err
    assert site.run(*site.commands()["approve"]) == 0
    assert site.run(*site.commands()["apply"]) == 4
    site.git("config", "--file", ".git/config", "safe.directory", "*")  # a checkout says nothing about itself
    assert site.authors() is None
    subprocess.run(remedy.split(), check=True)
    assert site.authors() == {"author", "founder"}
    assert site.run("plan", "--base", "HEAD~1", site.manifests) == 0
    assert site.run(*site.commands()["apply"]) == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(
    ("values", "is_believed"),
    [
        (["*"], True),
        (["{top}"], True),
        (["{top}/"], True),
        (["{above}/*"], True),
        (["~/../checkout"], True),
        (["{above}"], False),
        (["{top}/fleet"], False),
        (["{top}", ""], False),
        (["", "{top}"], True),
        (["elsewhere"], False),
    ],
)
def test_safe_directories_are_read_as_git_reads_them(site, values, is_believed):
    os.chown(site.checkout / ".git", 12345, 12345)
    for value in values:
        known = value.format(top=site.checkout, above=site.folder)
        subprocess.run(["git", "config", "--global", "--add", "safe.directory", known], check=True)
    assert (site.authors() is not None) == is_believed


def test_git_and_ssh_keygen_see_no_secret(site, monkeypatch):
    """Whatever is started, by whatever command, is handed a listed environment."""
    programs, seen = site.folder / "programs", site.folder / "seen"
    programs.mkdir()
    for name in ("git", "ssh-keygen"):
        real = shutil.which(name)
        (programs / name).write_text(f'#!/bin/sh\n(echo {name}; env) >> {seen}\nexec {real} "$@"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIT_TRACE2", "0")
    for words in site.commands().values():
        site.run(*words)
    told = seen.read_text()
    assert {"git", "ssh-keygen"} <= set(told.splitlines())
    for name, value in SECRETS.items():
        assert f"{name}=" not in told
        assert not value or value not in told
    assert "PCRECONCILE_NOW" not in told
    assert "GIT_TRACE2" not in told
