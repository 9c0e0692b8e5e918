"""How long apply takes to judge a folder of approvals in which most are void.

    python -m benchmarks.approvals [--void 300] [--valid 10] [RESULT.json]

Every kind of void approval that somebody may heap up is measured by itself, beside the valid ones of ten people with
keys of their own; signatures are verified by the ssh-keygen of this machine. The result goes to
benchmarks/results/approvals.json unless a path is given.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace
from tests.applying.approvals import HOUR, PLAN, signed_by
from tests.applying.world import NOW

from pcreconcile.applying.approving import Asked, Consent, granted
from pcreconcile.applying.ceilings import due
from pcreconcile.cli import approvals_folder, ssh_signatures
from pcreconcile.cli.ssh_signatures import SshSignatures, sign
from pcreconcile.manifests import write_signed
from pcreconcile.model.approval import Approval, SignedApproval, Signer, signed_bytes
from pcreconcile.model.identity import seal
from pcreconcile.model.plan import Approvals
from pcreconcile.model.policy import ApprovalRule, Policy

RESULT = Path(__file__).parent / "results" / "approvals.json"


@dataclass(frozen=True)
class People:
    """So many people with keys in a folder; the last one is not listed."""

    folder: Path
    count: int

    def make(self) -> None:
        """Their keys, and the list of all but the last."""
        for number in range(self.count + 1):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(self.folder / f"k{number}")]
            subprocess.run(command, check=True)

    @property
    def listed(self) -> bytes:
        """The content of allowed_signers."""
        keys = [" ".join((self.folder / f"k{n}.pub").read_text().split()[:2]) for n in range(self.count)]
        return "".join(f"p{number}@x {key}\n" for number, key in enumerate(keys)).encode()

    def approval(self, number: int, key: int | None = None, **members: object) -> SignedApproval:
        """An approval in one's name, signed with a key (that of the same number without one)."""
        said = signed_by(Signer((f"p{number}@x",), ""), **members).approval
        used = number if key is None else key
        return SignedApproval(said, sign(self.folder / f"k{used}", signed_bytes(said)))


Heap = Callable[[People, int], Iterable[SignedApproval]]


def _later(number: int) -> timedelta:
    return timedelta(seconds=number)


HEAPS: dict[str, Heap] = {
    "none": lambda _people, _count: [],
    "of another plan": lambda people, count: [
        people.approval(n % people.count, plan_id="0" * 64, approved_at=NOW - HOUR + _later(n)) for n in range(count)
    ],
    "expired": lambda people, count: [
        people.approval(n % people.count, approved_at=NOW - 3 * HOUR + _later(n), expires_at=NOW - HOUR)
        for n in range(count)
    ],
    "by a stranger": lambda people, count: [
        people.approval(people.count, approved_at=NOW - HOUR + _later(n)) for n in range(count)
    ],
    "with another's listed key": lambda people, count: [
        people.approval(n % people.count, key=(n + 1) % people.count, approved_at=NOW - HOUR + _later(n))
        for n in range(count)
    ],
    "edited after signing": lambda people, count: [
        replace(signed, approval=_edited(signed.approval, n))
        for n in range(count)
        for signed in [people.approval(n % people.count)]
    ],
}


def _edited(approval: Approval, number: int) -> Approval:
    return replace(approval, approved_at=NOW - HOUR + _later(number + 1))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--void", type=int, default=300)
    parser.add_argument("--valid", type=int, default=10)
    parser.add_argument("result", nargs="?", type=Path, default=RESULT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        people = People(Path(folder), options.valid)
        people.make()
        rows = [measure(name, heap, people, options.void) for name, heap in HEAPS.items()]
    for row in rows:
        print(f"{row['heap']:<28} {row['void']:>4} void {row['seconds']:>7.2f} s {row['processes']:>4} processes")
    result = {"python": platform.python_version(), "machine": platform.machine(), "rows": rows}
    options.result.parent.mkdir(exist_ok=True)
    options.result.write_text(json.dumps(result, indent=2) + "\n")


def measure(name: str, heap: Heap, people: People, count: int) -> dict[str, object]:
    """One heap beside the valid ones, from reading the folder to the approvals that count."""
    void = list(heap(people, count))
    folder = Path(tempfile.mkdtemp(dir=people.folder))
    place = folder / PLAN.plan_id
    place.mkdir()
    valid = [people.approval(number, approved_at=NOW - HOUR) for number in range(people.count)]
    for number, signed in enumerate(void):
        (place / f"{number:04}.yaml").write_text(write_signed(signed))
    for signed in valid:
        file = approvals_folder.file_for(folder, PLAN.plan_id, signed.approval.principal)
        file.write_text(write_signed(signed))
    calls = _counting()
    start = time.perf_counter()
    grants = _judge(folder, people)
    seconds = time.perf_counter() - start
    assert len(grants) == people.count, (name, len(grants))
    return {"heap": name, "void": len(void), "valid": len(valid), "seconds": round(seconds, 3), "processes": len(calls)}


def _judge(folder: Path, people: People) -> tuple[object, ...]:
    plan = seal(replace(PLAN, approvals=Approvals(0)))
    found = approvals_folder.read(folder, plan.plan_id)
    judge = SshSignatures(people.listed)
    consent = Consent(
        found.approvals,
        found.problems,
        (judge,),
        lambda tenants: dict.fromkeys(tenants, frozenset({"author@x"})),
        (people.listed,),
    )
    policy = Policy(approvals=ApprovalRule(required=people.count))
    return granted(Asked(plan, policy, due(plan), (), resumed=False), consent, NOW)


def _counting() -> list[object]:
    """The calls of ssh-keygen from here on."""
    calls: list[object] = []
    genuine = getattr(ssh_signatures._run, "genuine", ssh_signatures._run)

    def run(*words: object, **options: object) -> object:
        calls.append(words)
        return genuine(*words, **options)

    run.genuine = genuine  # type: ignore[attr-defined]
    ssh_signatures._run = run  # type: ignore[assignment]
    return calls


if __name__ == "__main__":
    main()
