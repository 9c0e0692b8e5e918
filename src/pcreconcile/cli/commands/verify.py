"""`verify`: proves offline what was done, from the journal or from an archive of evidence; writes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from pcreconcile.cli.options import DEFAULT_MANIFESTS, FILE, manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command


@click.command("verify", cls=Command)
@click.argument("subject", metavar="RUN|ARCHIVE")
@option("--allowed-signers", type=FILE, help="Who may sign; by default the list that was kept with the run.")
@option("--anchor", metavar="TAG", help="A signed git tag that holds the journal's head.")
@option("--repository", type=FILE, metavar="DIR", help="The git repository of that tag; by default the manifests'.")
@option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@manifests_option
@click.pass_obj
def command(
    output: Output,
    subject: str,
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
