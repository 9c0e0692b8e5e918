"""`plan --base`: what changed since a commit of a real repository is planned; who vanished is an error."""

import json
import os
import re
import shutil
import subprocess

import pytest

from pcreconcile.cli import main

ASPEN = "6b2e0b0c-0000-4000-8000-000000000021"


class Desk:
    """A repository with the shipped manifests, committed once, and the program run in it."""

    def __init__(self, folder, capsys):
        self.folder = folder
        self._capsys = capsys
        self.git("init", "--quiet", "--initial-branch", "main")
        (folder / ".gitignore").write_text(".pcreconcile\n")
        self.commit()

    def git(self, *words):
        done = subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True, timeout=600)
        return done.stdout.strip()

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "manifests")

    def __call__(self, *arguments):
        code = main(["plan", *arguments])
        return code, *self._capsys.readouterr()

    def planned(self, *arguments):
        """Names of the customers in the plan."""
        code, out, errors = self(*arguments, "--format", "json")
        assert code == 0, errors
        return [customer["name"] for customer in json.loads(out)["customers"]]

    def file(self, name):
        return self.folder / "manifests" / "customers" / f"{name}.yaml"

    def edit(self, name, pattern, replacement):
        text, count = re.subn(pattern, replacement, self.file(name).read_text(encoding="utf-8"))
        assert count
        self.file(name).write_text(text, encoding="utf-8")

    def add(self, name, number):
        shutil.copy(self.file("aspen-books"), self.file(name))
        self.edit(name, "aspen-books", name)
        self.edit(name, "aspenbooks", name)
        self.edit(name, "000000000021", f"0000000000{number}")


@pytest.fixture
def desk(partner_folder, monkeypatch, capsys):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "desk")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "desk@example.com")
    monkeypatch.chdir(partner_folder)
    return Desk(partner_folder, capsys)


def _rename(desk):
    desk.file("aspen-books").rename(desk.file("zebra"))


def _move_into_a_folder(desk):
    (desk.folder / "manifests" / "emea").mkdir()
    desk.file("aspen-books").rename(desk.folder / "manifests" / "emea" / "aspen-books.yml")


def _move_the_document(desk):
    text = desk.file("aspen-books").read_text()
    desk.file("birch-clinic").write_text(f"{desk.file('birch-clinic').read_text()}---\n{text}")
    desk.file("aspen-books").unlink()


def _reformat(desk):
    desk.edit("aspen-books", "reason: (.*)", r'reason: "\1"  # as before')


def _tombstone(desk):
    desk.edit("aspen-books", "relationship: removed(.|\n)*", "relationship: unmanaged\n")


def _tombstone_is_deleted(desk):
    desk.file("quince-retail").unlink()


def _new_defaults(desk):
    (desk.folder / "manifests" / "customers" / "_defaults.yaml").write_text(
        "apiVersion: pcreconcile/v1\nkind: CustomerDefaults\nspec: {settle: 0d}\n"
    )


def _wish_by_defaults(desk):
    folder = desk.folder / "manifests" / "emea"
    folder.mkdir()
    desk.file("aspen-books").rename(folder / "aspen-books.yaml")
    (folder / "_defaults.yaml").write_text(
        "apiVersion: pcreconcile/v1\nkind: CustomerDefaults\nspec: {onBlocked: fail}\n"
    )


CHANGES = [
    # what is done to the manifests, who is planned then
    (lambda desk: None, []),
    (_rename, []),
    (_move_into_a_folder, []),
    (_move_the_document, []),
    (_reformat, []),
    (_new_defaults, []),
    (_wish_by_defaults, ["aspen-books"]),
    (_tombstone, []),  # it differs, and takes no planning
    (_tombstone_is_deleted, []),
    (lambda desk: desk.add("willow-farm", 77), ["willow-farm"]),
    (lambda desk: desk.edit("aspen-books", "CHG-4821", "CHG-9999"), ["aspen-books"]),
    (lambda desk: desk.edit("iris-legal", "removed", "suspended"), ["iris-legal"]),
    (lambda desk: desk.edit("quince-retail", "unmanaged", "active\n  reason: won back"), ["quince-retail"]),
]


@pytest.mark.parametrize(("change", "planned"), CHANGES)
def test_what_differs_from_the_commit_is_planned(change, planned, desk):
    change(desk)
    assert desk.planned("--base", "main") == planned


def test_only_what_differs_is_read_and_the_others_are_not_called_unmanaged(desk):
    desk.edit("iris-legal", "CHG-4829", "CHG-9999")
    code, out, errors = desk("--base", "main", "--snapshot", "s.json", "--format", "json")
    commit = desk.git("rev-parse", "main")[:12]
    assert code == 0
    assert errors == f"planning 1 of 16 customers: those new or changed since main (commit {commit})\n"
    assert list(json.loads((desk.folder / "s.json").read_text())["states"]) == ["6b2e0b0c-0000-4000-8000-000000000029"]
    assert [live["companyName"] for live in json.loads(out)["unmanaged"]] == [
        "Harbor Dental",
        "Olive Bank",
        "Quince Retail",
    ]


def test_the_base_may_be_any_name_of_a_commit(desk):
    first = desk.git("rev-parse", "HEAD")
    desk.git("tag", "--annotate", "v1", "--message", "first")
    desk.edit("iris-legal", "CHG-4829", "CHG-9999")
    desk.commit()
    assert [desk.planned("--base", name) for name in (first, first[:9], "v1", "HEAD~1")] == [["iris-legal"]] * 4
    assert desk.planned("--base", "HEAD") == []


def test_a_target_narrows_further(desk):
    desk.edit("iris-legal", "CHG-4829", "CHG-9999")
    desk.edit("aspen-books", "CHG-4821", "CHG-9999")
    assert desk.planned("--base", "main", "--target", "customer/aspen-books") == ["aspen-books"]
    assert desk.planned("--base", "main", "--target", "customer/birch-clinic") == []


def test_the_next_step_repeats_what_narrowed_the_plan(desk):
    desk.edit("aspen-books", "CHG-4821", "CHG-9999")
    _, shown, _ = desk("--base", "main", "--target", "customer/aspen-books", "--only", "takes-service")
    command = "plan --target customer/aspen-books --base main --only takes-service --out plan.json"
    assert " ".join(shown.split()).endswith(f"next pcreconcile {command}")


def _deleted(desk):
    desk.file("aspen-books").unlink()


def _another_tenant(desk):
    desk.edit("aspen-books", "000000000021", "000000000099")


def _no_customer_any_more(desk):
    desk.edit("aspen-books", "kind: Customer\n", "kind: CustomerDefaults\n")
    desk.file("aspen-books").rename(desk.file("_defaults"))
    desk.edit("_defaults", "  name: aspen-books\n", "")
    desk.edit("_defaults", "spec:(.|\n)*", "spec: {settle: 0d}\n")


def _out_of_sight(desk):
    desk.file("aspen-books").rename(desk.file(".aspen-books"))


VANISHED = [
    (_deleted, " and is in no manifest any more"),
    (_another_tenant, ", and that name now has the tenant ID 6b2e0b0c-0000-4000-8000-000000000099"),
    (_no_customer_any_more, " and is in no manifest any more"),
    (_out_of_sight, " and is in no manifest any more"),
]


@pytest.mark.parametrize(("change", "told"), VANISHED)
@pytest.mark.parametrize("path", ["manifests", "manifests/customers/birch-clinic.yaml"])
def test_who_vanished_is_an_error_before_any_request(change, told, path, desk):
    change(desk)
    code, out, errors = desk(path, "--base", "main", "--target", "customer/birch-clinic")
    assert (code, out) == (1, "")
    assert errors.splitlines() == [
        f"manifests/customers/aspen-books.yaml:7:9: customer aspen-books (tenant ID {ASPEN}) stood here at main{told},"
        " expected its manifest, or one for that tenant ID with relationship: unmanaged",
        "error: 1 finding in the manifests; no request was sent",
    ]
    assert not (desk.folder / ".pcreconcile").exists()


def test_all_that_vanished_are_told_at_once(desk):
    for name in ("aspen-books", "birch-clinic", "quince-retail"):  # the last was unmanaged, so nothing is missing
        desk.file(name).unlink()
    code, _, errors = desk("--base", "main")
    assert (code, errors.splitlines()[-1]) == (1, "error: 2 findings in the manifests; no request was sent")


def test_a_customer_that_moved_out_of_path_has_not_vanished(desk):
    _move_into_a_folder(desk)
    assert desk.planned("manifests/customers", "--base", "main") == []
    assert desk.planned("manifests/emea", "--base", "main") == []


def test_the_partner_folder_may_move_as_long_as_nobody_is_lost(desk):
    partner = desk.folder / "manifests" / "partner.yaml"
    partner.write_text(partner.read_text().replace("9f10aa00-", "9F10AA00-"))
    desk.commit()
    (desk.folder / "manifests").rename(desk.folder / "partners")
    assert desk.planned("partners", "--base", "main") == []
    (desk.folder / "partners" / "customers" / "aspen-books.yaml").unlink()
    code, _, errors = desk("partners", "--base", "main")
    assert (code, "manifests/customers/aspen-books.yaml:7:9: customer aspen-books" in errors) == (1, True)


def test_before_there_were_manifests_everybody_is_new(desk):
    tree = desk.git("mktree")
    desk.git("tag", "empty", desk.git("commit-tree", tree, "-m", "nothing"))
    desk.git("reset", "--soft", desk.git("commit-tree", "HEAD^{tree}", "-p", "empty", "-m", "manifests"))
    code, out, _ = desk("--base", "empty", "--format", "json")
    assert len(json.loads(out)["customers"]) == 15
    assert code == 5  # the manifests bring a policy of their own, and the built-in one lets fewer go


def test_with_their_policy_in_force_everybody_new_is_planned(desk):
    desk.git("rm", "--quiet", "-r", "manifests/customers")
    desk.git("commit", "--quiet", "--message", "guards alone")
    desk.git("tag", "guards")
    desk.git("revert", "--no-edit", "HEAD")
    assert len(desk.planned("--base", "guards")) == 15


def test_what_was_wrong_then_is_no_error_now(desk):
    desk.edit("aspen-books", "ticket: CHG-4821", "ticket: CHG-4821\n  colour: green")
    desk.edit("birch-clinic", "relationship: removed", "relationship: gone")
    desk.edit("cedar-logistics", "tenantId: .*", "tenantId: someone")
    desk.file("dune-studio").write_text("kind: [\n")
    desk.file("elm-robotics").write_text(f"{desk.file('elm-robotics').read_text()}\n# {'x' * 2**20}\n")
    (desk.folder / "manifests" / "customers" / "twice.yaml").write_text(desk.file("iris-legal").read_text())
    desk.commit()
    desk.git("checkout", "main~1", "--", "manifests")
    desk.file("twice").unlink()
    wrong = ["aspen-books", "birch-clinic", "cedar-logistics", "dune-studio", "elm-robotics", "iris-legal"]
    assert desk.planned("--base", "main") == wrong


def test_an_unreadable_customer_can_still_vanish(desk):
    desk.edit("birch-clinic", "relationship: removed", "colour: green")
    desk.commit()
    desk.file("birch-clinic").unlink()
    assert "customer birch-clinic (tenant ID" in desk("--base", "main")[2]


def test_links_are_followed_inside_the_folder_alone(desk, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text(desk.file("aspen-books").read_text().replace("000000000021", "000000000098"))
    _wish_by_defaults(desk)
    folder = desk.folder / "manifests"
    (folder / "emea" / "_defaults.yaml").rename(folder / "shared.txt")
    (folder / "emea" / "_defaults.yaml").symlink_to("../shared.txt")
    (folder / "absolute.yaml").symlink_to(outside)
    (folder / "upwards.yaml").symlink_to(os.path.relpath(outside, folder))
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "dangling.yaml").symlink_to("nowhere.yaml")
    desk.commit()
    for name in ("absolute", "upwards", "loop", "dangling"):
        (folder / f"{name}.yaml").unlink()
    assert desk.planned("--base", "main") == []
    assert desk.planned("--base", "main~1") == ["aspen-books"]


def test_neither_attributes_nor_replacement_of_lines_have_a_say(desk):
    (desk.folder / ".gitattributes").write_text("*.yaml export-ignore text eol=crlf\n")
    desk.commit()
    assert desk.planned("--base", "main") == []
    desk.file("aspen-books").unlink()
    assert desk("--base", "main")[0] == 1


def test_a_submodule_among_the_manifests_cannot_be_compared(desk):
    desk.git("update-index", "--add", "--cacheinfo", f"160000,{desk.git('rev-parse', 'HEAD')},manifests/emea")
    desk.git("commit", "--quiet", "--message", "submodule")
    code, out, errors = desk("--base", "main")
    assert (code, out, "manifests/emea: a submodule among the manifests" in errors) == (1, "", True)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no-such-branch", "error: --base no-such-branch: no such commit here"),
        ("", "error: --base : not a name of a base: write a branch"),
        ("--all", "error: --base --all: no such commit here"),
        ("main:manifests", "error: --base main:manifests: not a name of a base: write a branch"),
        ("^main", "error: --base ^main: not a name of a base: write a branch"),
        ("main..main", "error: --base main..main: not a name of a base: write a branch"),
        ("x\x1b[2J\ny", "error: --base x\\x1b[2J"),
        ("nul\x00", "error: --base nul\\x00: not a name of a base: write a branch"),
    ],
)
def test_a_name_that_is_no_commit(name, told, desk):
    code, out, errors = desk("--base", name)
    assert (code, out) == (1, "")
    assert errors.startswith(told)
    assert "\x1b" not in errors
    assert not (desk.folder / ".pcreconcile").exists()


def test_no_repository(desk):
    shutil.rmtree(desk.folder / ".git")
    code, _, errors = desk("--base", "main")
    assert (code, errors) == (1, "error: manifests is in no git repository\n")


def test_no_git(desk, monkeypatch):
    monkeypatch.setenv("PATH", "")
    code, _, errors = desk("--base", "main")
    assert (code, errors) == (1, "error: git is not installed, and --base, --anchor and approvals need it\n")
