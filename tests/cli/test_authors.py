"""Who wrote the change that is being applied: stories of commits in a real repository, and who counts as an author."""

import os
import subprocess
from pathlib import Path

import pytest

from pcreconcile.cli.authors import authors
from pcreconcile.cli.wiring import read_manifests

TENANT = "6b2e0b0c-0000-4000-8000-000000000011"
OTHER = "6b2e0b0c-0000-4000-8000-000000000012"
FILE = "manifests/customers/harbor.yaml"
DEFAULTS = "manifests/_defaults.yaml"
PARTNER = (Path(__file__).parents[2] / "manifests" / "partner.yaml").read_text(encoding="utf-8")


def customer(relationship="removed", tenant=TENANT, name="harbor", reason="moves on", **spec):
    asked = {"tenantId": tenant, "domain": f"{name}.onmicrosoft.com", "relationship": relationship}
    if relationship in {"removed", "suspended"}:
        asked["reason"] = reason
    lines = [f"  {field}: {value}" for field, value in {**asked, **spec}.items()]
    head = f"apiVersion: pcreconcile/v1\nkind: Customer\nmetadata: {{name: {name}}}\nspec:\n"
    return head + "\n".join(lines) + "\n"


def defaults(spec, labels="{}"):
    return f"apiVersion: pcreconcile/v1\nkind: CustomerDefaults\nmetadata: {{labels: {labels}}}\nspec: {spec}\n"


CANCEL = "{match: {family: azure-plan}, desired: cancel, reason: migrated}"
KEEP = "{match: {family: savings-plan}, desired: keep, reason: paid}"


class History:
    """A repository in which people commit, under the name of their e-mail address."""

    def __init__(self, folder):
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch", "main")
        self.write("manifests/partner.yaml", PARTNER)
        self.commit("founder")

    def git(self, *words, who="somebody", **extra):
        people = {f"GIT_{role}_{what}": f"{who}@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("EMAIL",)}
        people |= {"GIT_AUTHOR_NAME": who, "GIT_COMMITTER_NAME": who, **extra}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env={**os.environ, **people}, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def commit(self, who, message="manifests", **extra):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, who=who, **extra)

    def says(self, who, text, path=FILE, **extra):
        """One commit of one file."""
        self.write(path, text)
        self.commit(who, **extra)

    def authors(self, *tenants):
        found = authors(read_manifests("manifests"), tenants or (TENANT,))
        return {tenant: {one.removesuffix("@example.com") for one in people} for tenant, people in found.items()}


@pytest.fixture
def history(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.chdir(tmp_path)
    return History(tmp_path)


def _one_change(history):
    history.says("creator", customer("active"))
    history.says("author", customer())


def _new_and_leaving_at_once(history):
    history.says("author", customer())


def _harmless_touches_after(history):
    _one_change(history)
    history.says("tidy", customer(reason="moves to another partner"))
    history.says("ticket", customer(reason="moves to another partner", ticket="CHG-1"))
    history.says("nobody", "# another file\n", "README.md")


def _another_detail_after(history):
    _one_change(history)
    history.says("second", customer(serviceUntil="2026-12-31"))


def _there_and_back_again(history):
    _one_change(history)
    history.says("doubter", customer("active"))
    history.says("resolute", customer())


def _another_removal_long_ago(history):
    history.says("creator", customer("active"))
    history.says("dunning", customer("suspended"))
    history.says("author", customer())


def _a_line(history):
    history.says("creator", customer("active"))
    history.says("author", customer("active", subscriptions=f"[{CANCEL}]"))


def _a_line_behind_another(history):
    _a_line(history)
    history.says("second", customer("active", subscriptions=f"[{CANCEL}, {KEEP}]"))


def _a_line_reworded(history):
    _a_line(history)
    history.says("tidy", customer("active", subscriptions=f"[{CANCEL.replace('migrated', 'gone')}]"))


def _renamed(history):
    _one_change(history)
    history.git("mv", FILE, "manifests/customers/zebra.yaml")
    history.commit("mover")


def _renamed_and_changed(history):
    history.says("creator", customer("active"))
    history.git("mv", FILE, "manifests/customers/zebra.yaml")
    history.says("author", customer(), "manifests/customers/zebra.yaml")


def _renamed_twice(history):
    _renamed(history)
    history.git("mv", "manifests/customers/zebra.yaml", "manifests/z.yaml")
    history.commit("again")


def _moved_into_another_file(history):
    history.says("other", customer("active", OTHER, "other"), "manifests/other.yaml")
    _one_change(history)
    (history.folder / FILE).unlink()
    history.says("mover", f"{customer('active', OTHER, 'other')}---\n{customer()}", "manifests/other.yaml")


def _the_partner_folder_moved(history):
    history.git("mv", "manifests", "fleet")
    history.says("creator", customer("active"), "fleet/harbor.yaml")
    history.says("author", customer(), "fleet/harbor.yaml")
    history.git("mv", "fleet", "manifests")
    history.commit("mover")


def _written_together(history):
    history.says("creator", customer("active"))
    history.says("author", customer(), message="Leave\n\nCo-authored-by: Friend <FRIEND@example.com>\n")


def _merged(history):
    history.says("creator", customer("active"))
    history.git("switch", "--quiet", "--create", "side")
    history.says("author", customer())
    history.git("switch", "--quiet", "main")
    history.says("nobody", "# another file\n", "README.md")
    history.git("merge", "--quiet", "--no-ff", "--no-edit", "side", who="merger")


def _changed_in_the_merge(history):
    history.says("creator", customer("active"))
    history.git("switch", "--quiet", "--create", "side")
    history.says("side", customer("active", refunds="ignore"))
    history.git("switch", "--quiet", "main")
    history.says("main", customer("active", refunds="require"))
    history.git("merge", "--quiet", "--strategy", "ours", "--no-commit", "side", who="merger")
    history.says("merger", customer())


def _both_sides_of_a_merge(history):
    history.says("creator", customer("active"))
    history.git("switch", "--quiet", "--create", "side")
    history.says("side", customer(reason="one"))
    history.git("switch", "--quiet", "main")
    history.says("main", customer(reason="two"))
    history.git("merge", "--quiet", "--strategy", "ours", "--no-commit", "side")
    history.says("merger", customer(reason="three"))


def _another_wish_on_a_side_that_lost(history):
    history.says("creator", customer("active"))
    history.git("switch", "--quiet", "--create", "side")
    history.says("side", customer("active", refunds="ignore"))
    history.git("switch", "--quiet", "main")
    history.says("author", customer())
    history.git("merge", "--quiet", "--strategy", "ours", "--no-edit", "side", who="merger")


def _through_a_broken_version(history):
    _one_change(history)
    history.says("breaker", customer(typo="x"))
    history.says("mender", customer())


def _through_broken_yaml(history):
    _one_change(history)
    history.says("breaker", customer() + "  - [\n")
    history.says("mender", customer())


def _by_the_folders_defaults(history):
    history.says("defaults", defaults("{settle: 5d}"), DEFAULTS)
    _one_change(history)
    history.says("hasty", defaults("{settle: 0d}"), DEFAULTS)


def _labels_of_the_folder(history):
    history.says("defaults", defaults("{settle: 5d}"), DEFAULTS)
    _one_change(history)
    history.says("labels", defaults("{settle: 5d}", "{book: emea}"), DEFAULTS)


def _mailmap(history):
    _one_change(history)
    history.says("nobody", "Author <real@example.com> <author@example.com>\n", ".mailmap")


def _mailmap_of_friends(history):
    _written_together(history)
    history.says("nobody", "Friend <real@example.com> <friend@example.com>\n", ".mailmap")


def _a_copy_elsewhere(history):
    """What still stands where it stood was not moved."""
    history.says("archivist", customer(), "archive/harbor.yaml")
    history.says("author", customer())


def _what_asks_for_nothing(history):
    history.says("creator", customer("active", subscriptions=f"[{KEEP}]"))
    history.says("author", customer(subscriptions=f"[{KEEP}]"))


def _what_asks_for_nothing_reworded(history):
    history.says("creator", customer("active", subscriptions=f"[{KEEP}]"))
    history.says("author", customer("active", subscriptions=f"[{KEEP}]", refunds="ignore"))
    history.says("tidy", customer("active", subscriptions=f"[{KEEP.replace('paid', 'long paid')}]", refunds="ignore"))


def _git_replace(history):
    """What somebody puts in the place of a commit on this machine hides nobody."""
    _one_change(history)
    history.git("replace", "HEAD", "HEAD~1")


STORIES = [
    (_one_change, {"author"}),
    (_new_and_leaving_at_once, {"author"}),
    (_harmless_touches_after, {"author", "tidy", "ticket"}),
    (_another_detail_after, {"author", "second"}),
    (_there_and_back_again, {"resolute"}),
    (_another_removal_long_ago, {"author"}),
    (_a_line, {"author"}),
    (_a_line_behind_another, {"author", "second"}),
    (_a_line_reworded, {"author", "tidy"}),
    (_renamed, {"author", "mover"}),
    (_renamed_and_changed, {"author"}),
    (_renamed_twice, {"author", "mover", "again"}),
    (_moved_into_another_file, {"author", "mover"}),
    (_the_partner_folder_moved, {"author", "mover"}),
    (_written_together, {"author", "friend"}),
    (_merged, {"author"}),
    (_changed_in_the_merge, {"merger"}),
    (_both_sides_of_a_merge, {"main", "side", "merger"}),
    (_another_wish_on_a_side_that_lost, {"author"}),
    (_through_a_broken_version, {"author", "breaker", "mender"}),
    (_through_broken_yaml, {"author", "breaker", "mender"}),
    (_by_the_folders_defaults, {"author", "hasty"}),
    (_labels_of_the_folder, {"author"}),
    (_mailmap, {"author", "real"}),
    (_mailmap_of_friends, {"author", "friend", "real"}),
    (_a_copy_elsewhere, {"author"}),
    (_what_asks_for_nothing, {"author"}),
    (_what_asks_for_nothing_reworded, {"author", "tidy"}),
    (_git_replace, {"author"}),
]


@pytest.mark.parametrize(("story", "expected"), STORIES, ids=[story.__name__.strip("_") for story, _ in STORIES])
def test_authors(history, story, expected):
    story(history)
    assert history.authors() == {TENANT: expected}


def _not_committed(history):
    history.write(FILE, customer())


def _staged_alone(history):
    _not_committed(history)
    history.git("add", "--all")


def _changed_since_it_was_committed(history):
    history.says("author", customer())
    history.write(FILE, customer(ticket="CHG-2"))


def _a_change_that_git_was_told_not_to_see(history):
    history.says("creator", customer("active"))
    history.git("update-index", "--assume-unchanged", FILE)
    history.write(FILE, customer())


def _ignored(history):
    history.says("nobody", "customers/\n", "manifests/.gitignore")
    history.says("author", customer())


def _a_link(history):
    history.says("author", customer(), "manifests/real.txt")
    (history.folder / "manifests" / "harbor.yaml").symlink_to("real.txt")
    history.commit("linker")


def _no_repository(history):
    history.says("author", customer())
    (history.folder / ".git").rename(history.folder / "elsewhere")


def _nobody_is_named(history):
    history.says("author", customer())
    history.says("somebody", customer(ticket="CHG-1"), GIT_AUTHOR_EMAIL="")


def _defaults_that_are_not_committed(history):
    history.says("author", customer())
    history.write(DEFAULTS, defaults("{settle: 1d}"))


@pytest.mark.parametrize(
    "story",
    [
        _not_committed,
        _staged_alone,
        _changed_since_it_was_committed,
        _a_change_that_git_was_told_not_to_see,
        _ignored,
        _a_link,
        _no_repository,
        _nobody_is_named,
        _defaults_that_are_not_committed,
    ],
    ids=lambda story: story.__name__.strip("_"),
)
def test_no_author_is_known(history, story):
    story(history)
    assert history.authors() == {}


@pytest.mark.parametrize(
    ("depth", "expected"), [(1, {}), (2, {TENANT: {"tidy", "author"}}), (9, {TENANT: {"tidy", "author"}})]
)
def test_a_shallow_clone_must_reach_back_to_before_the_change(history, monkeypatch, depth, expected):
    history.says("creator", customer("active"))
    history.says("author", customer())
    history.says("tidy", customer(ticket="CHG-1"))
    history.git("clone", "--quiet", f"--depth={depth + 1}", f"file://{history.folder}", "clone")
    if depth == 1:
        history.git("-C", "clone", "fetch", "--quiet", "--depth=1")
    monkeypatch.chdir(history.folder / "clone")
    assert history.authors() == expected


def test_each_customer_has_its_own(history):
    history.says("creator", customer("active"))
    history.says("one", customer())
    history.says("two", customer(tenant=OTHER, name="other"), "manifests/other.yaml")
    assert history.authors(TENANT, OTHER, "not-in-the-manifests") == {TENANT: {"one"}, OTHER: {"two"}}


def test_a_path_that_is_no_plain_word(history):
    history.says("author", customer(), "manifests/[a]*ü #1/harbor d.yaml")
    assert history.authors() == {TENANT: {"author"}}


def test_no_git(history, monkeypatch):
    history.says("author", customer())
    monkeypatch.setenv("PATH", str(history.folder))
    assert history.authors() == {}
