"""`login`: signs a person in with a device code and keeps the refresh token, so that App+User is possible."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from pcreconcile.cli.options import DURATION, manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError
from pcreconcile.model.partner import Cloud

if TYPE_CHECKING:
    from pcreconcile.partner_center.device_login import Prompt, SignedIn


@click.command("login", cls=Command)
@option("--timeout", type=DURATION, default="15m", show_default=True, help="How long to wait for the person.")
@manifests_option
@click.pass_obj
def command(output: Output, timeout: timedelta, manifests: str) -> None:
    """Sign in as a person of the partner's tenant, with multi-factor authentication, and keep the refresh token."""
    from pcreconcile.cli import interrupts, wiring
    from pcreconcile.partner_center import sign_in

    session = wiring.open_session(manifests)
    loaded = session.loaded
    if loaded.partner.cloud is Cloud.SIMULATOR:
        raise UsageError("cloud: simulator has credentials of its own: there is nothing to sign in to")

    def show(prompt: Prompt) -> None:
        output.say(_asking(prompt))

    trust = session.operator.trust
    done = interrupts.run(sign_in(loaded.partner, os.environ, trust=trust, patience=timeout, show=show))
    output.say(_signed_in(done))


def _asking(prompt: Prompt) -> str:
    from pcreconcile.rendering.text import outside

    minutes = prompt.expires_in.total_seconds() / 60
    return f"Open {outside(prompt.url)} and type the code {outside(prompt.code)} (valid for {minutes:.0f} min) …\n"


def _signed_in(done: SignedIn) -> str:
    from pcreconcile.rendering.text import outside

    claim = {True: "yes", None: "the token does not say"}.get(done.mfa, "no")
    return (
        f"signed in      {outside(done.user)}\n"
        f"tenant         {outside(done.tenant)}\n"
        f"token expires  {done.expires:%Y-%m-%d %H:%M} UTC; it is renewed by itself\n"
        f"MFA claim      {claim}\n"
        f"kept in        {outside(done.kept)}\n"
    )
