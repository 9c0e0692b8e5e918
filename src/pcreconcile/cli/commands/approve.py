"""`approve PLANFILE`: shows what a kept plan does and signs an agreement to it, which `apply` asks for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pcreconcile.cli.options import DURATION, FILE, manifests_option, option, timeout_option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError
from pcreconcile.model.money import Money

if TYPE_CHECKING:
    from pcreconcile.cli.signing import Wanted
    from pcreconcile.model.plan import Plan


class _Amount(click.ParamType[Money]):
    """`100.00 EUR`."""

    name = "amount"
    envvar_list_splitter = ";"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Money:
        """Raises click.BadParameter for anything else."""
        if isinstance(value, Money):
            return value
        amount, _, currency = str(value).partition(" ")
        digits = amount.replace(".", "", 1)
        if not (
            amount.isascii() and digits.isdecimal() and amount[0] != "." and amount[-1] != "." and len(amount) < 20
        ):
            self.fail("expected an amount such as 100.00 EUR", param, ctx)
        if not (currency.isascii() and currency.isalpha() and currency.isupper() and len(currency) == 3):
            self.fail("expected an amount with a currency such as 100.00 EUR", param, ctx)
        return Money(Decimal(amount), currency)


_COUNT = click.IntRange(min=0, max=1_000_000_000)


@click.command("approve", cls=Command)
@click.argument("planfile", type=FILE, required=False)
@option("--as", "principal", metavar="PRINCIPAL", help="Who approves.  [default: git's user.email]")
@option("--key", metavar="KEY", help="SSH key to sign with.  [default: git's user.signingkey, ~/.ssh/id_ed25519]")
@option(
    "--approvals", type=FILE, metavar="DIR", help="Folder of approvals.  [default: approvals, beside the manifests]"
)
@option("--customer", "customers", multiple=True, metavar="NAME", help="Only this customer; may be repeated.")
@option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind of action; may be repeated.")
@option("--max-one-way", type=_COUNT, help="At most so many one-way actions.  [default: as planned]")
@option("--max-seats", type=_COUNT, help="At most so many seats.  [default: as planned]")
@option(
    "--max-money", type=_Amount(), multiple=True, help='At most "100.00 EUR"; once a currency.  [default: as planned]'
)
@option("--expires", type=DURATION, help="How long it lasts.  [default: as long as the policy lets it]")
@option("--comment", default="", help="A remark that is signed with it.")
@option("--yes", is_flag=True, help="Do not ask; needed where nobody is at a terminal.")
@option("--offline", is_flag=True, help="Do not read the service; what only it knows is shown as the file's word.")
@option("--withdraw", type=FILE, metavar="APPROVAL", help="Take a kept approval back, for good; needs no plan.")
@option("--canonical", type=FILE, metavar="APPROVAL", help="Print the bytes that a kept approval signs, and end.")
@timeout_option
@manifests_option
@click.pass_obj
def command(
    output: Output, /, planfile: Path | None, canonical: Path | None, withdraw: Path | None, **given: Any
) -> None:
    """Approve the plan kept in PLANFILE, or take an approval back."""
    _require_one(planfile, canonical, withdraw)
    if canonical is not None:
        _print_canonical(output, canonical)
    elif withdraw is not None:
        _withdraw(output, withdraw, given)
    elif planfile is not None:
        _approve(output, planfile, given)


def _require_one(planfile: Path | None, canonical: Path | None, withdraw: Path | None) -> None:
    for name, file in (("--canonical", canonical), ("--withdraw", withdraw)):
        if file is not None and planfile is not None:
            raise UsageError(f"{name} takes an approval, and no plan")
    if canonical is not None and withdraw is not None:
        raise UsageError("--canonical and --withdraw do not go together")
    if planfile is None and canonical is None and withdraw is None:
        raise UsageError("PLANFILE is missing: which plan is to be approved?")


def _print_canonical(output: Output, path: Path) -> None:
    from pcreconcile.cli import approvals_folder
    from pcreconcile.model.approval import SignedApproval, signed_bytes
    from pcreconcile.model.machine_json import escaped_json

    signed = approvals_folder.read_file(path)
    said = signed.approval if isinstance(signed, SignedApproval) else signed.withdrawal
    text = signed_bytes(said).decode()
    if escaped_json(text) != text:  # another spelling would be other bytes than were signed
        raise UsageError(
            f"{path}: it signs a text with ## or with invisible characters, which a build log or terminal might obey; "
            "it is not printed"
        )
    output.document(text)


def _approve(output: Output, planfile: Path, given: Mapping[str, Any]) -> None:
    from pcreconcile.cli import (
        approval_review,
        approvals_folder,
        asking,
        signing,
        signing_identity,
        wiring,
        withdrawals,
    )
    from pcreconcile.cli.time_budget import TimeBudget
    from pcreconcile.rendering import approving

    if not given["yes"]:
        asking.require_somebody(output, "look at the plan (`pcreconcile show FILE`), then say --yes")
    session = wiring.open_session(given["manifests"], TimeBudget(given["timeout"]))
    plan = wiring.read_plan(planfile, session)
    entries = signing.approvable(plan)
    home, rule = session.loaded.home, session.loaded.policy.approvals
    who, key = signing_identity.principal(given["principal"], home), signing_identity.key(given["key"], home)
    withdrawn = withdrawals.tell(session, output, plan.plan_id, given["approvals"])
    said = signing.draft(plan, entries, _wanted(given), rule, who, session.clock.now(), withdrawn.approvals)
    review = approval_review.review(session, output, plan, entries, offline=given["offline"])
    shown = approving.Shown(review.partner, tuple(signing.touched(review.entries)), review.unproven)
    output.say(approving.render(plan, said, shown, style=output.style))
    if not given["yes"]:
        asking.confirm(output, "Approve this?", "nothing was signed")
    folder = approvals_folder.folder_of(home, given["approvals"])
    file = approvals_folder.file_for(folder, plan.plan_id, who)
    signed = signing.signed(said, key, file)
    signing.require_counting(session, signed, entries)
    approvals_folder.keep(file, signing.text_of(signed), who)
    _say_what_next(output, plan, file, max(plan.approvals.required, rule.required))


def _withdraw(output: Output, path: Path, given: Mapping[str, Any]) -> None:
    from pcreconcile.cli import asking, signing_identity, wiring, withdrawing
    from pcreconcile.rendering.text import prose

    if not given["yes"]:
        asking.require_somebody(output, "look at the approval, then say --yes")
    session = wiring.open_session(given["manifests"])
    approval = withdrawing.approval_in(path, session)
    home = session.loaded.home
    who, key = signing_identity.principal(given["principal"], home), signing_identity.key(given["key"], home)
    said = approval.approval
    output.say(f"{prose(f'the approval by {said.principal} of plan {said.plan_id} counts no more, for good')}\n")
    if not given["yes"]:
        asking.confirm(output, "Withdraw it?", "nothing was withdrawn")
    file = withdrawing.withdraw(session, approval, who, key, given["comment"], given["approvals"])
    lines = (
        f"written: {file}",
        "Next: hand the file over as approvals are, and hold a run of the plan that is at work.",
    )
    output.say("".join(f"{prose(line)}\n" for line in lines))


def _wanted(given: Mapping[str, Any]) -> Wanted:
    from pcreconcile.cli.signing import Wanted

    return Wanted(
        customers=given["customers"],
        kinds=given["kinds"],
        one_way=given["max_one_way"],
        seats=given["max_seats"],
        money=given["max_money"],
        expires=given["expires"],
        comment=given["comment"],
    )


def _say_what_next(output: Output, plan: Plan, file: Path, required: int) -> None:
    from pcreconcile.cli import approvals_folder
    from pcreconcile.rendering.text import prose
    from pcreconcile.rendering.words import counted

    there = len(approvals_folder.read(file.parent.parent, plan.plan_id).approvals)
    wants = f"{counted(required, 'approval')} by different people" if required else "no approval"
    lines = (
        f"written: {file}",
        f"There {'is' if there == 1 else 'are'} now {there} for this plan; the policy wants {wants}.",
        "Next: hand the file over to whoever applies the plan, for instance by a commit to the repository.",
    )
    output.say("".join(f"{prose(line)}\n" for line in ("", *lines)))
