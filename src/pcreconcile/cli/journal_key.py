"""The journal key of the operator's environment, and the one taking over of a journal that is older than it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pcreconcile.model.errors import ConfigurationError, StoreError, UsageError
from pcreconcile.model.ids import PlanId
from pcreconcile.model.run import NO_RUN, EventDraft, EventKind, Head

if TYPE_CHECKING:
    from pcreconcile.applying.stores.sealing import JournalKey
    from pcreconcile.cli.wiring import Session

_SETTING = "PCRECONCILE_JOURNAL_KEY"


def journal_key(environment: Mapping[str, str]) -> JournalKey | None:
    """The key that is set; None without one. Raises ConfigurationError, without the text, for one too short."""
    from pcreconcile.applying.stores.sealing import JournalKey

    text = environment.get(_SETTING)
    return None if text is None else JournalKey.parse(text)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a seal covers without proving it: so many events, up to that head."""

    head: Head
    by: str


def seal(session: Session, key: JournalKey | None) -> Sealed:
    """Take a journal over that was written before there was a key: one event covers all before it.

    Raises ConfigurationError without a key, UsageError for an empty or sealed journal, StoreError for one that does not
    verify or whose events carry MACs that are not of the key, and Locked.
    """
    from pcreconcile.applying.stores import store_to_read
    from pcreconcile.applying.stores.sealing import Sealing, is_sealed
    from pcreconcile.cli import wiring

    if key is None:
        raise ConfigurationError(f"--seal needs the journal key: set {_SETTING}")
    partner = session.loaded.partner.tenant_id
    store = store_to_read(session.journal, partner, Sealing(key, enforced=False))
    if not tuple(store.events()):
        raise UsageError("the journal is empty: nothing is to be taken over, its first event will carry a MAC")
    me = wiring.this_process(session)
    with store.lock(partner, 0.0, me):
        events = tuple(store.events())
        if is_sealed(events):
            problem = Sealing(key).misfit(events, partner)
            if problem:
                raise StoreError(f"the journal is damaged: {problem}; it is not sealed over")
            raise UsageError("the journal is sealed already: every event since then carries its MAC")
        head, who = Head(events[-1].seq, events[-1].hash), f"{me.user}@{me.host}"
        body = {"events": head.seq, "head": head.hash, "who": who}
        store.append(EventDraft(NO_RUN, PlanId(""), session.clock.now(), EventKind.SEALED, body=body))
    return Sealed(head, who)
