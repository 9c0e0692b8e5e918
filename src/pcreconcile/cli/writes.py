"""What a run has written to Partner Center so far, from the events that are durable: it decides how an error ends.

Before the first write an error ends the process by its own code, and nothing has happened. After it no ending is 1
(design, section 12): what is known to be done or refused leaves 6, a write whose outcome no read has shown 7.
"""

from __future__ import annotations

from pcreconcile.model.errors import ExitCode
from pcreconcile.model.ids import ActionId
from pcreconcile.model.run import Event, EventKind

_UNTOUCHED = "this run has written nothing to Partner Center: when that is mended, apply the same plan again"


class Writes:
    """Of one process. `expected` once a run is to write; `begun` once an intent was durable, so that a request left."""

    def __init__(self) -> None:
        self.expected = False
        self.begun = False
        self._settled = 0
        self._open: set[ActionId] = set()
        self._unsure: set[ActionId] = set()

    def watch(self, event: Event) -> None:
        """An event that is durable."""
        if event.action is None:
            return
        if event.kind is EventKind.INTENT:
            self.begun = True
            self._open.add(event.action)
        elif event.kind is EventKind.NO_ANSWER:
            self._unsure.add(event.action)
        elif event.kind is EventKind.VERIFIED or (event.kind is EventKind.REFUSED and event.action not in self._unsure):
            self._settled += event.action in self._open
            self._open.discard(event.action)
            self._unsure.discard(event.action)

    @property
    def exit_code(self) -> int:
        """What an error ends with after the first write."""
        return ExitCode.INDETERMINATE if self._open else ExitCode.PARTIAL

    def code_after(self, code: int) -> int:
        """The exit code of an error, or of a result: after the first write it is not 1."""
        return self.exit_code if self.begun and code == ExitCode.ERROR else code

    @property
    def in_words(self) -> list[str]:
        """What is safe and how to go on; nothing where no run was to write."""
        if not self.begun:
            return [_UNTOUCHED] if self.expected else []
        sent = len(self._open)
        told = "none is open" if not sent else f"{sent} {'was' if sent == 1 else 'were'} sent and not seen done yet"
        return [
            f"writing had begun: of its writes {self._settled} are recorded as done or refused, and {told}; what was"
            " done stays done",
            "when that is mended, apply the same plan again: it reads first what became of every write, and sends"
            " nothing twice",
            "if the journal cannot be brought back, make a new plan: it is made from what Partner Center shows",
        ]
