"""Where approvals lie, and what is made of files that are none."""

import os

import pytest

from pcreconcile.cli.approvals_folder import file_for, read

PLAN = "ab" * 32

NAMES = {
    "alice@example.com": "alice@example.com.yaml",
    "Alice@Example.com": "alice@example.com.yaml",
    "../../etc/passwd": "etc-passwd-",
    "..": "approver-",
    ".hidden": "hidden-",
    "a/b": "a-b-",
    "jürgen@example.com": "j-rgen@example.com-",
    "a" * 300: "a" * 80 + "-",
    "con\x00": "con-",
}


@pytest.mark.parametrize(("principal", "name"), NAMES.items())
def test_a_file_is_named_after_its_approver_and_lies_in_the_plans_folder(tmp_path, principal, name):
    file = file_for(tmp_path, PLAN, principal)
    assert file.parent == tmp_path / PLAN
    assert file.name.startswith(name)
    assert len(file.name) <= 120


def test_two_people_never_share_a_file(tmp_path):
    assert file_for(tmp_path, PLAN, "a/b") != file_for(tmp_path, PLAN, "a-b") != file_for(tmp_path, PLAN, "a\\b")


def test_no_folder_no_approvals(tmp_path):
    assert read(tmp_path, PLAN) == read(tmp_path / "nowhere", PLAN)
    assert read(tmp_path, PLAN).approvals == ()


def _no_yaml(folder):
    (folder / "a.yaml").write_text("- [")


def _too_large(folder):
    (folder / "a.yaml").write_text("#" * (2**20 + 1))


def _a_pipe(folder):
    os.mkfifo(folder / "a.yaml")


def _a_link_out(folder):
    (folder.parent / "outside.yaml").write_text("kind: Approval")
    (folder / "a.yaml").symlink_to("../outside.yaml")


def _another_document(folder):
    (folder / "a.yaml").write_text("apiVersion: pcreconcile/v1\nkind: Policy\nmetadata: {name: x}\nspec: {}\n")


def _empty(folder):
    (folder / "a.yaml").write_text("")


@pytest.mark.parametrize("odd", [_no_yaml, _too_large, _a_pipe, _a_link_out, _another_document, _empty])
def test_an_odd_file_is_a_problem_that_is_told(tmp_path, odd):
    (tmp_path / PLAN).mkdir()
    odd(tmp_path / PLAN)
    found = read(tmp_path, PLAN)
    assert found.approvals == ()
    assert found.problems
    assert all("a.yaml" in problem for problem in found.problems)


@pytest.mark.parametrize("place", ["link", "file"])
def test_the_plans_folder_must_be_one(tmp_path, place):
    if place == "link":
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / PLAN).symlink_to("elsewhere")
    else:
        (tmp_path / PLAN).write_text("")
    assert read(tmp_path, PLAN).problems
