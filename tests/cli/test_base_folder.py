"""`--base`: a change that moves the Partner document is judged by the guards that stood beside it before."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.guarded import PARTNER, Guarded, guarded

__all__ = ["guarded"]

OTHER = "9f10aa00-0000-4000-8000-0000000000ab"
GUARDS = ("partner.yaml", "policy.yaml")
REFUSED = "under the policy at the base main: mig is protected"


@pytest.fixture
def desk(guarded: Guarded) -> Guarded:
    """Its estate is a file that is no manifest wherever the partner folder stands."""
    (guarded.folder / "world.yaml").rename(guarded.folder / "world.txt")
    partner(guarded, "manifests")
    return guarded


def move(desk: Guarded, source: str, target: str, *names: str) -> None:
    """The files as git mv has them; the estate is named anew, since it stays."""
    (desk.folder / target).mkdir(parents=True, exist_ok=True)
    for name in names:
        (desk.folder / source / name).rename(desk.folder / target / name)


def partner(desk: Guarded, home: str, **spec: object) -> None:
    estate = "../" * len(Path(home).parts) + "world.txt"
    desk.partner(home, simulator={"estate": estate}, **spec)


def everything(desk: Guarded, target: str) -> None:
    shutil.copytree(desk.folder / "manifests", desk.folder / target, dirs_exist_ok=True)
    shutil.rmtree(desk.folder / "manifests")


def up(desk: Guarded) -> str:
    move(desk, "manifests", ".", *GUARDS)
    partner(desk, ".")
    return "manifests"


def up_alone(desk: Guarded) -> str:
    move(desk, "manifests", ".", "partner.yaml")
    partner(desk, ".")
    return "manifests/customers"


def down(desk: Guarded) -> str:
    move(desk, "manifests", "manifests/customers", *GUARDS)
    partner(desk, "manifests/customers")
    return "manifests/customers"


def renamed(desk: Guarded) -> str:
    everything(desk, "partners")
    return "partners"


def away(desk: Guarded) -> str:
    everything(desk, "some/where/else")
    partner(desk, "some/where/else")
    return "some/where/else"


def copied(desk: Guarded) -> str:
    shutil.copytree(desk.folder / "manifests", desk.folder / "copy")
    return "copy"


def over_a_file_that_was_there(desk: Guarded) -> str:
    everything(desk, "docs")
    return "docs"


MOVES = [up, up_alone, down, renamed, away, copied, over_a_file_that_was_there]


@pytest.mark.parametrize("way", MOVES)
@pytest.mark.parametrize("name", ["partner.yaml", "contoso.yml"])
def test_the_policy_judges_wherever_the_document_went(
    desk: Guarded, monkeypatch: pytest.MonkeyPatch, way: Callable[[Guarded], str], name: str
) -> None:
    """Whatever the file was called then."""
    desk.policy(protected=["mig"])
    desk.write("docs/note.txt", note="nothing of ours")
    (desk.folder / "manifests" / "partner.yaml").rename(desk.folder / "manifests" / name)
    desk.repository()
    (desk.folder / "manifests" / name).rename(desk.folder / "manifests" / "partner.yaml")
    desk.policy()
    desk.customer("mig")
    path = way(desk)
    monkeypatch.setenv("PCRECONCILE_HOME", str(desk.folder / ".pcreconcile"))
    own, _, errors = desk("plan", path)
    assert own == 0, errors  # its own policy lets it
    code, shown, errors = desk("plan", path, "--base", "main")
    assert (code, REFUSED in shown) == (5, True), errors


def test_those_who_may_approve_are_found_there_too(desk: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.policy(approvals={"required": 1})
    key = f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA{'A' * 42}"
    (desk.folder / "manifests" / "allowed_signers").write_text(f"anna@example.com {key}\n", encoding="utf-8")
    desk.repository()
    (desk.folder / "manifests" / "allowed_signers").unlink()
    desk.policy(approvals={"required": 0})
    path = up(desk)
    monkeypatch.setenv("PCRECONCILE_HOME", str(desk.folder / ".pcreconcile"))
    shown = desk("plan", path, "--base", "main")[1]
    assert "since main: allowed_signers: anna@example.com ssh-ed25519 SHA256:" in shown
    assert "since main: Policy approvals.required: 1 → 0" in shown


def a_customer_vanishes(desk: Guarded) -> None:
    (desk.folder / "manifests" / "customers" / "mig.yaml").unlink()


def test_who_vanishes_with_a_move_is_told(desk: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.repository()
    a_customer_vanishes(desk)
    desk.policy()
    path = down(desk)
    monkeypatch.setenv("PCRECONCILE_HOME", str(desk.folder / ".pcreconcile"))
    code, _, errors = desk("plan", path, "--base", "main")
    assert (code, "customer mig (tenant ID" in errors) == (1, True)


def another_tenant(desk: Guarded) -> None:
    desk.repository()
    desk.partner(tenantId=OTHER)


def no_partner_before(desk: Guarded) -> None:
    path = desk.folder / "manifests" / "partner.yaml"
    document = path.read_bytes()
    path.unlink()
    desk.repository()
    path.write_bytes(document)


def an_id_in_escapes(desk: Guarded) -> None:
    path = desk.folder / "manifests" / "partner.yaml"
    document = path.read_text("utf-8")
    path.write_text(document.replace(str(PARTNER), f'"\\x39\\x66{str(PARTNER)[2:]}"'), encoding="utf-8")
    desk.repository()
    path.write_text(document, encoding="utf-8")


def two_folders_one_goes(desk: Guarded) -> None:
    partner(desk, "rehearsal")
    desk.repository()
    shutil.rmtree(desk.folder / "rehearsal")


def two_folders_both_go(desk: Guarded) -> None:
    two_folders(desk)
    shutil.rmtree(desk.folder / "rehearsal")
    everything(desk, "partners")


def two_folders_one_is_a_link_now(desk: Guarded) -> None:
    two_folders(desk)
    shutil.rmtree(desk.folder / "manifests")
    (desk.folder / "manifests").symlink_to("partners")
    (desk.folder / "rehearsal").rename(desk.folder / "partners")


def two_folders_one_is_of_another_tenant_now(desk: Guarded) -> None:
    two_folders(desk)
    (desk.folder / "manifests").rename(desk.folder / "partners")
    partner(desk, "manifests", tenantId=OTHER)


def two_folders(desk: Guarded) -> None:
    shutil.copytree(desk.folder / "manifests", desk.folder / "rehearsal")
    desk.repository()


def a_policy_elsewhere(desk: Guarded) -> None:
    """As a link leads to it: beside the document no file is one."""
    (desk.folder / "shared").mkdir()
    (desk.folder / "manifests" / "policy.yaml").rename(desk.folder / "shared" / "policy.yaml")
    (desk.folder / "manifests" / "policy.yaml").symlink_to("../shared/policy.yaml")
    desk.repository()
    (desk.folder / "manifests" / "policy.yaml").unlink()
    everything(desk, "partners")


UNTOLD = {
    another_tenant: "holds no Partner document of this tenant, and others that judge (manifests/partner.yaml",
    no_partner_before: "holds no Partner document of this tenant, and others that judge (manifests/policy.yaml)",
    two_folders_one_goes: "several folders hold this partner's document (manifests, rehearsal)",
    two_folders_one_is_a_link_now: "several folders hold this partner's document (manifests, rehearsal)",
    two_folders_one_is_of_another_tenant_now: "several folders hold this partner's document (manifests, rehearsal)",
    two_folders_both_go: "several folders hold this partner's document (manifests, rehearsal)",
    a_policy_elsewhere: "stood in manifests without a Policy, and there are others (shared/policy.yaml)",
}


@pytest.mark.parametrize("case", UNTOLD)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--auto-approve")])
def test_where_nobody_knows_which_policy_held_it_refuses(
    desk: Guarded, case: Callable[[Guarded], None], command: tuple[str, ...]
) -> None:
    desk.policy(protected=["mig"])
    case(desk)
    path = "partners" if (desk.folder / "partners").exists() else "manifests"
    where = [path] if command[0] == "plan" else ["--manifests", path]
    code, _, errors = desk(*command, *where, "--base", "main")
    assert (code, UNTOLD[case] in errors) == (5, True), errors
    assert "planned and applied without --base" in errors


def test_an_id_that_the_search_does_not_find_is_no_absence(desk: Guarded) -> None:
    desk.policy(protected=["mig"])
    an_id_in_escapes(desk)
    assert desk("plan", "--base", "main")[0] == 5


def nothing_before(desk: Guarded) -> None:
    desk.git("init", "--quiet", "--initial-branch", "main")
    (desk.folder / "notes.yaml").write_text(f"kind: Policy\napiVersion: kyverno.io/v1\nof: {PARTNER}\n", "utf-8")
    (desk.folder / "README.md").write_text("apiVersion: pcreconcile/v1\nkind: Policy\n", "utf-8")
    desk.git("add", "notes.yaml", "README.md")
    desk.git("commit", "--quiet", "--message", "notes")


def two_tenants(desk: Guarded) -> None:
    desk.policy()
    desk.partner("second", tenantId=OTHER)
    desk.policy("second", protected=["mig"])
    desk.repository()


def a_rehearsal_beside_it(desk: Guarded) -> None:
    desk.policy()
    partner(desk, "rehearsal")
    desk.policy("rehearsal", protected=["mig"])
    desk.repository()


def over_a_link(desk: Guarded) -> None:
    """As somebody keeps all Partner documents in one place."""
    (desk.folder / "manifests" / "kept").mkdir()
    desk.policy()
    path = desk.folder / "manifests" / "partner.yaml"
    path.rename(path.parent / "kept" / "contoso.txt")
    path.symlink_to("kept/contoso.txt")
    desk.repository()


TWINS = [nothing_before, two_tenants, a_rehearsal_beside_it, over_a_link]


@pytest.mark.parametrize("case", TWINS)
def test_what_goes_on_working(desk: Guarded, case: Callable[[Guarded], None]) -> None:
    case(desk)
    desk.customer("mig")
    code, shown, errors = desk("plan", "--base", "main")
    assert (code, "mig" in shown) == (0, True), errors


def test_a_folder_renamed_by_itself(desk: Guarded) -> None:
    """In the same place: its state is where it was."""
    desk.policy(protected=["alder-law"])
    desk.repository()
    everything(desk, "partners")
    assert desk("plan", "partners", "--base", "main")[0] == 0
    desk.commit()
    assert desk("apply", "--auto-approve", "--manifests", "partners", "--base", "HEAD~1")[0] == 0


MOVES_THE_STATE = [up, up_alone, down, away]


def test_every_move_is_told_apart() -> None:
    assert {renamed, copied, over_a_file_that_was_there}.isdisjoint(MOVES_THE_STATE)
    assert {renamed, copied, over_a_file_that_was_there} | set(MOVES_THE_STATE) == set(MOVES)


@pytest.mark.parametrize("way", MOVES)
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_change_does_not_choose_the_journal(desk: Guarded, way: Callable[[Guarded], str], command: str) -> None:
    """A hold, budgets and withdrawals stand in the one that was there."""
    desk.policy()
    desk.repository()
    path = way(desk)
    where = [path] if command == "plan" else ["--manifests", path, "--auto-approve"]
    code, _, errors = desk(command, *where, "--base", "main")
    assert (code, "no change decides which journal" in errors) == ((5, True) if way in MOVES_THE_STATE else (0, False))
    assert ("set PCRECONCILE_HOME to its folder" in errors) == (way in MOVES_THE_STATE)


@pytest.mark.parametrize("way", MOVES_THE_STATE)
def test_the_operator_says_where_it_is(
    desk: Guarded, monkeypatch: pytest.MonkeyPatch, way: Callable[[Guarded], str]
) -> None:
    desk.policy()
    desk.repository()
    path = way(desk)
    monkeypatch.setenv("PCRECONCILE_HOME", str(desk.folder / ".pcreconcile"))
    code, _, errors = desk("plan", path, "--base", "main")
    assert code == 0, errors
