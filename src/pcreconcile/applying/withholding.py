"""What only a user may read, and no user to read it: nothing is sent then that cannot be taken back.

The Partner document that names no `credentials.refreshToken` makes a choice, so that the customer is planned and what
can be undone is done (an end-of-term instruction, say); what cannot is refused for this customer, with the remedy.
"""

from __future__ import annotations

from pcreconcile.model.estate import CustomerState, Excuse
from pcreconcile.model.extras import excused_reads
from pcreconcile.model.plan import Action, Reversibility

_FOR_GOOD = frozenset({Reversibility.ONE_WAY, Reversibility.NEEDS_COUNTERPARTY})


def unseen_without_user(state: CustomerState) -> tuple[str, ...]:
    """What was asked for, and only a user may read, and nobody named a user for; the resources, sorted."""
    return tuple(sorted(read.resource for read in excused_reads(state) if read.excuse is Excuse.NO_CREDENTIAL))


def why_withheld(action: Action, unseen: tuple[str, ...]) -> str:
    """Why this action is not sent, with what to do; "" when it may be."""
    if not unseen or action.reversibility not in _FOR_GOOD:
        return ""
    return (
        f"refused: {', '.join(unseen)} could not be seen, since only a user may read them and the Partner document "
        "names no credentials.refreshToken; name one and apply again"
    )
