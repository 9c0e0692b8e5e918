"""Approvals in real processes: the good case, then every attack, refused with exit 4 and nothing written.

One simulated service, one repository and one plan serve all attacks that must not get as far as a write; each attack
has a copy of the folder. Approvals that `approve` itself would refuse are forged: by hand, with the person's real key.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pcreconcile.applying import ceilings, open_store, read_events
from pcreconcile.applying.plan_file import read_plan_file
from pcreconcile.manifests.approvals import read_approval, write_signed
from pcreconcile.model import identity
from pcreconcile.model.approval import NAMESPACE, Approval, SignedApproval, consequences, signed_bytes
from pcreconcile.model.ids import RunId
from pcreconcile.model.plan import Effect, Plan, Reversibility
from pcreconcile.model.run import EventDraft, EventKind, Holder
from tests.e2e.conftest import ESTATES, Desk, Service, environment, simulating

PEOPLE = ("alice", "bob", "carol", "admin")
AUTHOR = "carol"
USER = "admin@partner.onmicrosoft.com"  # whom the simulator's refresh token speaks for
KILLED_APPLY = Path(__file__).parent / "killed_apply.py"
TENANT = "6b2e0b0c-0000-4000-8000-0000000000"
PLAN = "kept.plan.json"


def address(who: str) -> str:
    return USER if who == "admin" else f"{who}@example.com"


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Office:
    """A repository with manifests, people with keys, and a kept plan."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.folder = folder

    def found(self, url: str, approvals: dict[str, Any] | None = None) -> None:
        """The manifests, written by the author; the people and their keys."""
        for who in PEOPLE:
            made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(self.folder / who)]
            subprocess.run(made, check=True)
        self.desk.partner(url)
        self.desk.policy(approvals={"required": 2, **(approvals or {})})
        self.desk.customer("umber-tools", f"{TENANT}53", "umbertools.onmicrosoft.com")
        self.desk.customer("vale-clinic", f"{TENANT}54", "valeclinic.onmicrosoft.com")
        self.signers([(address(who), "", who) for who in PEOPLE])
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit(AUTHOR)

    def git(self, *words: str, who: str = AUTHOR) -> None:
        people = {f"GIT_{role}_{what}": address(who) for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        subprocess.run(["git", *words], cwd=self.folder, env=environment(self.folder, **people), check=True)

    def commit(self, who: str) -> None:
        self.git("add", "manifests")
        self.git("commit", "--quiet", "--message", "manifests", who=who)

    def signers(self, lines: list[tuple[str, str, str]]) -> None:
        """`allowed_signers`: names, options, whose key."""
        text = [f"{names} {option} {self.public(who)}\n" for names, option, who in lines]
        (self.folder / "manifests" / "allowed_signers").write_text("".join(text))

    def public(self, who: str) -> str:
        return " ".join((self.folder / f"{who}.pub").read_text().split()[:2])

    @property
    def plan(self) -> Plan:
        return read_plan_file((self.folder / PLAN).read_bytes())

    def file(self, name: str) -> Path:
        file = self.folder / "approvals" / self.plan.plan_id / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def approve(self, who: str, *arguments: str, **extra: str) -> None:
        """As the person does it."""
        self.desk("approve", PLAN, "--as", address(who), "--key", who, "--yes", *arguments, expect=0, **extra)

    def forge(self, who: str, name: str = "", **changes: Any) -> None:
        """A file that `approve` might not write, signed with the person's key; `changes` are of the approval."""
        plan = self.plan
        start = datetime.now(UTC).replace(microsecond=0)
        honest = Approval(
            principal=address(who),
            plan_id=plan.plan_id,
            partner=plan.partner.tenant_id,
            consequences=consequences(plan),
            scope=ceilings.scope_of(ceilings.due(plan)),
            approved_at=start,
            expires_at=start + timedelta(hours=72),
        )
        said = msgspec.structs.replace(honest, **changes)
        signed = ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(self.folder / who)]
        done = subprocess.run(signed, input=signed_bytes(said), capture_output=True, check=True)
        self.file(name or address(who)).write_text(write_signed(SignedApproval(said, done.stdout.decode())))

    def events(self) -> list[Any]:
        return list(read_events(self.folder / ".pcreconcile" / "journal.db"))


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with simulating(folder, "--estate", str(ESTATES / "half-read.yaml")) as running:
        yield running


@pytest.fixture(scope="module")
def template(tmp_path_factory, service: Service) -> Path:
    """A plan that alice and bob have approved, and carol has written."""
    office = Office(tmp_path_factory.mktemp("office"))
    office.found(service.url)
    office.desk("plan", "--out", PLAN, expect=0)
    office.approve("alice")
    office.approve("bob")
    return office.folder


@pytest.fixture
def office(tmp_path: Path, template: Path) -> Office:
    """A copy of it."""
    shutil.copytree(template, tmp_path / "office", symlinks=True)
    return Office(tmp_path / "office")


def test_two_people_approve_and_the_journal_keeps_what_they_signed(tmp_path: Path):
    office = Office(tmp_path)
    with simulating(tmp_path, "--estate", str(ESTATES / "half-read.yaml")) as service:
        office.found(service.url)
        office.desk("plan", "--out", PLAN, expect=0)
        missing = office.desk("apply", PLAN, expect=4)
        assert "approve" in missing.stderr
        office.approve("alice")
        one = office.desk("apply", PLAN, expect=4)
        assert "has 1 of 2" in one.stderr
        assert service.writes() == []
        office.approve("bob")
        office.desk("apply", PLAN, expect=0)
        assert {entry["customer"] for entry in service.writes()} == {f"{TENANT}53", f"{TENANT}54"}
    started = office.events()[0].body
    assert (started["required"], started["user"]) == (2, USER)
    assert {each["principal"] for each in started["approvals"]} == {address("alice"), address("bob")}
    assert {each["key"][:7] for each in started["approvals"]} == {"SHA256:"}


def _other_plan(office: Office) -> None:
    """Bob agreed to something else, and his file was put here."""
    text = office.file(address("bob")).read_text()
    office.desk("plan", "--target", "customer/vale-clinic", "--out", PLAN, expect=0)
    office.approve("alice")
    office.file(address("bob")).write_text(text)


def _made_out_to_this_plan(office: Office) -> None:
    """As above, with the ID written into the file."""
    signed = office.file(address("bob")).read_text()
    old = office.plan.plan_id
    office.desk("plan", "--target", "customer/vale-clinic", "--out", PLAN, expect=0)
    office.approve("alice")
    office.file(address("bob")).write_text(signed.replace(old, office.plan.plan_id))


def _missing(office: Office) -> None:
    office.file(address("bob")).unlink()


def _expired(office: Office) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    office.forge("bob", approved_at=now - timedelta(hours=2), expires_at=now - timedelta(hours=1))


def _longer_than_the_policy_lets_it(office: Office) -> None:
    """Signed four days ago, for a year."""
    now = datetime.now(UTC).replace(microsecond=0)
    office.forge("bob", approved_at=now - timedelta(days=4), expires_at=now + timedelta(days=361))


def _by_the_author(office: Office) -> None:
    _missing(office)
    office.forge(AUTHOR)


def _by_the_author_under_a_second_name(office: Office) -> None:
    _missing(office)
    office.signers([(address("alice"), "", "alice"), (f"{address(AUTHOR)},x@example.com", "", AUTHOR)])
    office.forge(AUTHOR, principal="x@example.com")


def _by_the_author_after_somebody_tidied_up(office: Office) -> None:
    """The last commit of both manifests is another's."""
    _missing(office)
    for name, number in (("umber-tools", 53), ("vale-clinic", 54)):
        office.desk.customer(name, f"{TENANT}{number}", f"{name.replace('-', '')}.onmicrosoft.com", ticket="CHG-2")
    office.commit("bob")
    office.desk("plan", "--out", PLAN, expect=0)
    office.forge("alice")
    office.forge(AUTHOR)


def _not_committed(office: Office) -> None:
    """Nobody can tell who wrote it."""
    shutil.rmtree(office.folder / ".git")


def _unknown_key(office: Office) -> None:
    office.signers([(address("alice"), "", "alice")])


def _scope_of_one_customer(office: Office) -> None:
    scope = ceilings.scope_of(ceilings.due(office.plan))
    office.forge("bob", scope=msgspec.structs.replace(scope, customers=scope.customers[:1]))


def _scope_of_fewer_one_way_actions(office: Office) -> None:
    scope = ceilings.scope_of(ceilings.due(office.plan))
    office.forge("bob", scope=msgspec.structs.replace(scope, one_way=scope.one_way - 1))


def _scope_of_fewer_seats(office: Office) -> None:
    scope = ceilings.scope_of(ceilings.due(office.plan))
    office.forge("bob", scope=msgspec.structs.replace(scope, seats=scope.seats - 1))


def _made_wider_after_it_was_signed(office: Office) -> None:
    _scope_of_fewer_one_way_actions(office)
    file = office.file(address("bob"))
    file.write_text(file.read_text().replace("oneWay: 1", "oneWay: 2"))
    assert "oneWay: 2" in file.read_text()


def _one_bit_of_the_signature(office: Office) -> None:
    file = office.file(address("bob"))
    signed = read_approval(file.read_bytes(), "")
    blob = bytearray(base64.b64decode("".join(signed.signature.splitlines()[1:-1])))
    blob[-1] ^= 1
    armour = base64.b64encode(bytes(blob)).decode()
    lines = [armour[at : at + 70] for at in range(0, len(armour), 70)]
    body = "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])
    file.write_text(write_signed(SignedApproval(signed.approval, body)))


def _not_for_one_way_actions(office: Office) -> None:
    only = 'namespaces="pcreconcile,pcreconcile:takes-service"'
    office.signers([(address("alice"), "", "alice"), (address("bob"), only, "bob")])


def _a_key_for_something_else(office: Office) -> None:
    office.signers([(address("alice"), "", "alice"), (address("bob"), 'namespaces="git"', "bob")])


def _from_the_future(office: Office) -> None:
    """As it looks to a clock that was moved back."""
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    office.forge("bob", approved_at=now, expires_at=now + timedelta(hours=1))


def _by_who_applies(office: Office) -> None:
    _missing(office)
    office.approve("admin")


def _by_who_applies_in_capitals(office: Office) -> None:
    _missing(office)
    office.signers([(address("alice"), "", "alice"), (USER.upper(), "", "admin")])
    office.forge("admin", principal=USER.upper())


def _one_person_with_two_keys(office: Office) -> None:
    _missing(office)
    office.signers([(address("alice"), "", "alice"), (address("alice"), "", "bob")])
    office.forge("bob", "again", principal=address("alice"))


def _one_key_under_two_names(office: Office) -> None:
    _missing(office)
    office.signers([(address("alice"), "", "alice"), (address("bob"), "", "alice")])
    office.forge("alice", "again", principal=address("bob"))


def _the_same_file_twice(office: Office) -> None:
    _missing(office)
    shutil.copy(office.file(address("alice")), office.file("again"))


def _for_another_partner(office: Office) -> None:
    office.forge("bob", partner="9f10aa00-0000-4000-8000-0000000000bb")


def _belittled(office: Office, **changes: Any) -> None:
    """The plan file says less of what it does, under the same plan ID and with a digest that fits."""
    plan = office.plan
    customers = tuple(
        msgspec.structs.replace(each, actions=tuple(msgspec.structs.replace(act, **changes) for act in each.actions))
        for each in plan.customers
    )
    made = msgspec.structs.replace(
        plan, customers=customers, approvals=msgspec.structs.replace(plan.approvals, required=0)
    )
    sealed = identity.seal(made)
    assert sealed.plan_id == plan.plan_id
    (office.folder / PLAN).write_bytes(identity.canonical_json(sealed))


def _said_to_be_reversible(office: Office) -> None:
    _belittled(office, reversibility=Reversibility.REVERSIBLE)


def _said_to_be_neutral(office: Office) -> None:
    _belittled(office, effect=Effect.NEUTRAL, reversibility=Reversibility.REVERSIBLE)


def _said_to_touch_nobody(office: Office) -> None:
    _belittled(office, impact=None)


def _said_to_need_nobody(office: Office) -> None:
    """Belittled, and nobody asked at all."""
    _said_to_be_neutral(office)
    shutil.rmtree(office.folder / "approvals")


def _unreadable(office: Office) -> None:
    office.file(address("bob")).write_text("kind: [")


def _a_link_to_elsewhere(office: Office) -> None:
    file = office.file(address("bob"))
    file.rename(office.folder / "bob.yaml")
    file.symlink_to(office.folder / "bob.yaml")


def _loosened_after_the_plan(office: Office) -> None:
    """The plan wants two; the policy of today would be content with one."""
    _missing(office)
    office.desk.policy(approvals={"required": 1})


ATTACKS: list[tuple[Callable[[Office], None], str]] = [
    (_missing, "has 1 of 2"),
    (_other_plan, "another plan"),
    (_made_out_to_this_plan, "something else about what it does"),
    (_expired, "expired"),
    (_longer_than_the_policy_lets_it, "expired"),
    (_by_the_author, "wrote the manifest of umber-tools, vale-clinic"),
    (_by_the_author_under_a_second_name, "wrote the manifest of umber-tools, vale-clinic"),
    (_by_the_author_after_somebody_tidied_up, "wrote the manifest of umber-tools, vale-clinic"),
    (_not_committed, "manifests must be committed in git"),
    (_unknown_key, "is not listed in"),
    (_scope_of_one_customer, "has 1 of 2"),
    (_scope_of_fewer_one_way_actions, "one-way actions are planned and it allows"),
    (_scope_of_fewer_seats, "seats are planned and it allows"),
    (_made_wider_after_it_was_signed, "ignature"),
    (_one_bit_of_the_signature, "ignature"),
    (_not_for_one_way_actions, "one-way"),
    (_a_key_for_something_else, "bob@example.com.yaml"),
    (_from_the_future, "a clock is wrong"),
    (_by_who_applies, f"is by {USER}"),
    (_by_who_applies_in_capitals, f"is by {USER}"),
    (_one_person_with_two_keys, "one person's approvals count once"),
    (_one_key_under_two_names, "one person's approvals count once"),
    (_the_same_file_twice, "one person's approvals count once"),
    (_for_another_partner, "partner"),
    (_said_to_be_reversible, "something else about what it does"),
    (_said_to_be_neutral, "something else about what it does"),
    (_said_to_touch_nobody, "something else about what it does"),
    (_said_to_need_nobody, "approvals by 2 different people"),
    (_unreadable, "bob@example.com.yaml:1:"),
    (_a_link_to_elsewhere, "symbolic link out of"),
    (_loosened_after_the_plan, "has 1 of 2"),
]


@pytest.mark.parametrize(("attack", "said"), ATTACKS, ids=[attack.__name__.strip("_") for attack, _ in ATTACKS])
def test_refused_and_nothing_written(office: Office, service: Service, attack: Callable[[Office], None], said: str):
    attack(office)
    refused = office.desk("apply", PLAN, "--auto-approve", expect=4)
    assert said in refused.stderr
    assert service.writes() == []
    assert office.events() == []


@pytest.mark.parametrize(("moved", "said"), [(-60, "a clock is wrong"), (73 * 60, "expired")])
def test_by_a_clock_that_was_moved(office: Office, service: Service, moved: int, said: str):
    now = datetime.now(UTC) + timedelta(minutes=moved)
    refused = office.desk("apply", PLAN, expect=4, PCRECONCILE_NOW=stamp(now))
    assert said in refused.stderr
    assert service.writes() == []


def test_an_approval_lasts_by_the_services_time_too(tmp_path: Path):
    """The clock here is set back to when the approval was good; the service's goes on."""
    office = Office(tmp_path)
    start = datetime.now(UTC).replace(microsecond=0)
    with simulating(tmp_path, "--estate", str(ESTATES / "half-read.yaml")) as service:
        office.found(service.url, {"expireAfter": "1h"})
        office.desk("plan", "--out", PLAN, expect=0)
        office.approve("alice")
        office.approve("bob")
        service.move(stamp(start + timedelta(hours=2)))
        refused = office.desk("apply", PLAN, expect=4, PCRECONCILE_NOW=stamp(start + timedelta(minutes=1)))
        assert "expired" in refused.stderr
        assert service.writes() == []


def test_an_approval_survives_planning_again(tmp_path: Path):
    """The same world gives the same plan ID: what was approved is the same."""
    office = Office(tmp_path)
    with simulating(tmp_path, "--estate", str(ESTATES / "half-read.yaml")) as service:
        office.found(service.url)
        office.desk("plan", "--out", PLAN, expect=0)
        office.approve("alice")
        office.approve("bob")
        before = office.plan
        office.desk("plan", "--out", PLAN, expect=0)
        assert (office.plan.plan_id, office.plan.digest == before.digest) == (before.plan_id, False)
        office.desk("apply", PLAN, expect=0)
        assert service.writes()


def test_an_approval_is_used_once(tmp_path: Path):
    """The world is put back as it was, and planning it gives the same plan ID; the approvals are spent.

    Of a removal they would not count either way: a customer that came back is refused until its manifest speaks anew.
    """
    office, clock = Office(tmp_path), stamp(datetime.now(UTC))
    estate = ["--estate", str(ESTATES / "half-read.yaml"), "--clock", clock]
    now = {"PCRECONCILE_NOW": clock}
    with simulating(tmp_path, *estate) as service:
        office.found(service.url)
        office.desk.customer("umber-tools", f"{TENANT}53", "umbertools.onmicrosoft.com", "suspended")
        office.desk.customer("vale-clinic", f"{TENANT}54", "valeclinic.onmicrosoft.com", "suspended")
        office.commit(AUTHOR)
        office.desk("plan", "--out", PLAN, expect=0, **now)
        office.approve("alice", **now)
        office.approve("bob", **now)
        office.desk("apply", PLAN, expect=0, **now)
    before = office.plan.plan_id
    with simulating(tmp_path, *estate) as service:
        office.desk.partner(service.url)
        office.desk("plan", "--out", PLAN, **now)
        assert office.plan.plan_id == before
        refused = office.desk("apply", PLAN, expect=4, **now)
        assert "used" in refused.stderr
        assert service.writes() == []
        office.approve("alice", "--comment", "again", **now)
        office.approve("bob", "--comment", "again", **now)
        office.desk("apply", PLAN, expect=0, **now)
        assert service.writes()


def killed(office: Office, after: int = 6) -> None:
    """An apply that dies after so many events."""
    done = subprocess.run(
        [sys.executable, str(KILLED_APPLY), "after", str(after), PLAN],
        cwd=office.folder,
        env=environment(office.folder),
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def _files_deleted(office: Office) -> None:
    shutil.rmtree(office.folder / "approvals")


def _documents_lost(office: Office) -> None:
    """The journal still names the approvals, and keeps no documents of them."""
    with contextlib.closing(sqlite3.connect(office.folder / ".pcreconcile" / "journal.db")) as journal, journal:
        guards = journal.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            journal.execute(f"DROP TRIGGER {name}")
        journal.execute("DELETE FROM documents WHERE instr(CAST(content AS TEXT), 'BEGIN SSH SIGNATURE')")
        for _, sql in guards:
            journal.execute(sql)


def _another_machine(office: Office) -> None:
    """A clone with the journal, whose files are not there."""
    _files_deleted(office)
    there = office.folder / "there"
    subprocess.run(["git", "clone", "--quiet", str(office.folder), str(there)], check=True)
    shutil.copytree(office.folder / ".pcreconcile", there / ".pcreconcile")
    shutil.copy(office.folder / PLAN, there)
    office.folder, office.desk = there, Desk(there)


@pytest.mark.parametrize("after", [4, 6])
@pytest.mark.parametrize("then", [_files_deleted, _another_machine], ids=["files deleted", "another machine"])
def test_a_run_that_was_killed_is_resumed_by_what_was_signed_and_has_expired(
    tmp_path: Path, then: Callable[[Office], None], after: int
):
    office, start = Office(tmp_path), datetime.now(UTC).replace(microsecond=0)
    with simulating(tmp_path, "--estate", str(ESTATES / "half-read.yaml")) as service:
        office.found(service.url, {"expireAfter": "1h"})
        office.desk("plan", "--out", PLAN, expect=0)
        office.approve("alice")
        office.approve("bob")
        killed(office, after)
        then(office)
        service.move(stamp(start + timedelta(hours=2)))
        office.desk("apply", PLAN, expect=0, PCRECONCILE_NOW=stamp(start + timedelta(hours=2)))
        keys = [(entry["customer"], entry["path"], entry["method"]) for entry in service.writes()]
        assert len(keys) == len(set(keys)) > 0


def _bob_is_listed_no_more(office: Office) -> None:
    office.signers([(address("alice"), "", "alice")])


def _withdrawn(office: Office) -> None:
    office.desk(
        "approve",
        "--withdraw",
        str(office.file(address("bob"))),
        "--as",
        address("alice"),
        "--key",
        "alice",
        "--yes",
        expect=0,
    )
    shutil.rmtree(office.folder / "approvals")


def _nothing_is_kept(office: Office) -> None:
    _files_deleted(office)
    _documents_lost(office)


HALTS: dict[Callable[[Office], None], str] = {
    _bob_is_listed_no_more: "is not listed",
    _withdrawn: f"it was withdrawn by {address('alice')}",
    _nothing_is_kept: "keeps no signed document of it",
}


@pytest.mark.parametrize(("then", "said"), HALTS.items(), ids=[each.__name__.strip("_") for each in HALTS])
def test_a_run_that_was_killed_is_not_resumed_without_what_was_signed(
    tmp_path: Path, then: Callable[[Office], None], said: str
):
    office = Office(tmp_path)
    with simulating(tmp_path, "--estate", str(ESTATES / "half-read.yaml")) as service:
        office.found(service.url)
        office.desk("plan", "--out", PLAN, expect=0)
        office.approve("alice")
        office.approve("bob")
        killed(office)
        written = service.writes()
        then(office)
        refused = office.desk("apply", PLAN, expect=4)
        assert said in refused.stderr
        assert service.writes() == written
        office.signers([(address(who), "", who) for who in PEOPLE])
        office.approve("alice", "--offline", "--comment", "again")
        office.approve("bob", "--offline", "--comment", "again")
        office.desk("apply", PLAN, expect=0)
        assert len(service.writes()) > len(written)


def test_a_planted_journal_stands_for_no_signature(office: Office, service: Service):
    """As somebody would commit it with the change: a run of this plan, allowed by two names, that has begun."""
    shutil.rmtree(office.folder / "approvals")
    plan = office.plan
    first = ceilings.due(plan)[0]
    names = [{"principal": address(who), "key": f"SHA256:{who}", "document": "0" * 64} for who in ("alice", "bob")]
    store, run = open_store(office.folder / ".pcreconcile" / "journal.db"), RunId("run-1")
    body = {"digest": plan.digest, "required": 2, "approvals": names}
    with store.lock(plan.partner.tenant_id, 0, Holder(1, "here", "eve", datetime.now(UTC))):
        now = datetime.now(UTC)
        store.append(EventDraft(run, plan.plan_id, now, EventKind.RUN_STARTED, body=body))
        intent = {"kind": first.action.kind.value, "target": {"type": first.action.target.type, "id": "x"}}
        store.append(
            EventDraft(
                run, plan.plan_id, now, EventKind.INTENT, first.customer.tenant_id, first.action.id, "q", body=intent
            )
        )
    refused = office.desk("apply", PLAN, "--auto-approve", expect=4)
    assert "keeps no signed document of it" in refused.stderr
    assert service.writes() == []


def test_an_approval_that_was_withdrawn_comes_back_by_signing_anew_alone(office: Office, service: Service):
    file = office.file(address("bob"))
    kept = file.read_bytes()
    office.desk("approve", "--withdraw", str(file), "--as", address("bob"), "--key", "bob", "--yes", expect=0)
    assert "was withdrawn by bob" in office.desk("doctor").stdout
    for each in file.parent.glob("withdrawn-*"):
        each.unlink()
    file.unlink()
    file.write_bytes(kept)
    refused = office.desk("apply", PLAN, expect=4)
    assert "it was withdrawn by bob@example.com" in refused.stderr
    assert "an approval of this plan by bob@example.com counts no more" in office.desk("show", PLAN, expect=0).stderr
    assert service.writes() == []
    office.approve("bob")
    still = office.desk("show", PLAN, expect=0).stderr
    assert "counts no more" in still, "the old one"
    assert file.read_bytes() != kept


def test_no_approvals_are_wanted_where_the_policy_wants_none(tmp_path: Path):
    office = Office(tmp_path)
    with simulating(tmp_path, "--estate", str(ESTATES / "half-read.yaml")) as service:
        office.found(service.url, {"required": 0})
        office.desk("plan", "--out", PLAN, expect=0)
        office.desk("apply", PLAN, expect=0)
        assert service.writes()


def test_what_is_planned_on_the_spot_needs_approvals_too(tmp_path: Path):
    office = Office(tmp_path)
    with simulating(tmp_path, "--estate", str(ESTATES / "half-read.yaml")) as service:
        office.found(service.url)
        office.desk("apply", "--auto-approve", expect=4)
        assert service.writes() == []


def test_the_shown_way_to_check_a_signature(office: Office):
    """docs/approvals.md, word for word but for the names."""
    docs = (Path(__file__).parents[2] / "docs" / "approvals.md").read_text()
    block = docs.split("<!-- checked by tests -->")[1].split("```")[1].removeprefix("sh\n")
    script = block.replace("PLAN-ID", office.plan.plan_id)
    program = office.folder / "bin" / "pcreconcile"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pcreconcile "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=office.folder,
        env={**environment(office.folder), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, 'Good "pcreconcile" signature for alice@example.com' in done.stdout) == (0, True), done
    assert json.loads((office.folder / "approval.json").read_text())["kind"] == "Approval"
