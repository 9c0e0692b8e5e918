"""`verify`: proves offline what was done, from the journal or from an archive of evidence; writes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pcreconcile.cli.options import DEFAULT_MANIFESTS, FILE, manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import ExitCode, UsageError


@click.command("verify", cls=Command)
@click.argument("subject", metavar="RUN|ARCHIVE", required=False)
@option("--seal", is_flag=True, help="Take a journal over that is older than its key (PCRECONCILE_JOURNAL_KEY), once.")
@option("--allowed-signers", type=FILE, help="Who may sign; by default the list that was kept with the run.")
@option("--anchor", metavar="TAG", help="A signed git tag that holds the journal's head.")
@option("--repository", type=FILE, metavar="DIR", help="The git repository of that tag; by default the manifests'.")
@option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@manifests_option
@click.pass_obj
def command(
    output: Output,
    subject: str | None,
    seal: bool,
    allowed_signers: Path | None,
    anchor: str | None,
    repository: Path | None,
    format_: str,
    manifests: str,
) -> int:
    """Prove what RUN did, or what an ARCHIVE of `evidence` says: done ⊆ planned ⊆ approved, in order, each write seen.

    Ends with 1 when anything does not hold, and with 7 when all that is missing is the proof of a write.
    """
    from pcreconcile.applying.evidence import exit_code
    from pcreconcile.cli import evidencing, proof_lines, vouching, wiring

    if seal or subject is None:
        return _seal(output, subject, seal, manifests)
    archive = Path(subject)
    is_archive = archive.is_file() or subject.endswith(".zip")
    known = manifests != DEFAULT_MANIFESTS or Path(manifests).exists() or not is_archive
    session = wiring.open_session(manifests) if known else None
    made_with = vouching.checks(session, vouching.Vouched(allowed_signers, anchor, repository))
    if is_archive or session is None:
        proofs = evidencing.prove_archive(archive, made_with)
    else:
        proofs = evidencing.prove_run(session, subject, made_with)
    code = exit_code(proofs)
    proof_lines.FORMATS[format_](output, proofs, code)
    return code


def _seal(output: Output, subject: str | None, seal: bool, manifests: str) -> int:
    from pcreconcile.cli import wiring
    from pcreconcile.cli.journal_key import journal_key
    from pcreconcile.cli.journal_key import seal as take_over

    if subject is not None:
        raise UsageError("--seal is about the whole journal: leave RUN out")
    if not seal:
        raise UsageError("missing RUN or ARCHIVE: what is to be verified? `pcreconcile history` lists the runs")
    sealed = take_over(wiring.open_session(manifests), journal_key(os.environ))
    output.say(f"sealed: events 1 to {sealed.head.seq}, up to {sealed.head.hash}, are taken on trust\n")
    output.say("from here on every event carries a MAC of the journal key, and one without it is refused\n")
    return ExitCode.DONE
