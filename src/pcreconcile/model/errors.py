"""Errors say who must act.

::

    PcreconcileError            everything we raise on purpose; `exit_code` is what the process ends with
    ├── UsageError              who typed the command
    ├── ManifestError           the author of a manifest: carries every `Finding` of every file
    ├── ConfigurationError      who set up the machine: a missing variable, an unreadable credential
    ├── PlanFileError           who handed over the plan: damaged, edited, of another partner or format
    ├── StoreError              who keeps the journal: damaged, newer than this program
    ├── BadSignature            who signed: an unknown key, another principal's, other bytes
    ├── Refused                 the reviewer: a guard or a check said no; names the remedy
    │   ├── ApprovalMissing
    │   ├── Held                a hold stands: no write is begun
    │   └── StalePlan
    ├── Locked                  nobody: another apply is running
    ├── RemoteError             Microsoft said no, definitely: status, code, message, correlation ID
    │   └── AuthenticationError
    ├── NoAnswer                nobody knows whether a write took effect: resolve by reading
    └── IncompleteRead          nobody yet: we could not see, so we do not plan
        └── OutOfTime           nobody yet: the time budget is used up, or the service asks to come back much later

Data stands in attributes, text in ``__str__``, causes are chained. No secret is ever an attribute or a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from pcreconcile.model.notes import Note, hold_in_words


class ExitCode:
    """Process exit codes (design, section 7)."""

    DONE: ClassVar[int] = 0
    ERROR: ClassVar[int] = 1
    CHANGES_PENDING: ClassVar[int] = 2
    STALE: ClassVar[int] = 3
    APPROVAL: ClassVar[int] = 4
    REFUSED: ClassVar[int] = 5
    PARTIAL: ClassVar[int] = 6
    INDETERMINATE: ClassVar[int] = 7
    LOCKED: ClassVar[int] = 8
    READ_INCOMPLETE: ClassVar[int] = 9
    INTERRUPTED: ClassVar[int] = 130
    TERMINATED: ClassVar[int] = 143


class PcreconcileError(Exception):
    """Everything we raise on purpose."""

    exit_code: ClassVar[int] = ExitCode.ERROR


class UsageError(PcreconcileError):
    """The command line asks for something that does not exist or does not go together."""


class ConfigurationError(PcreconcileError):
    """The machine is not set up: names the variable or file, never its value."""


class PlanFileError(PcreconcileError):
    """A plan file that cannot be trusted: unreadable, edited, of a newer format or of another partner."""


class StoreError(PcreconcileError):
    """The journal cannot be used; it is left as it was."""


class Finding(msgspec.Struct, frozen=True, order=True):
    """One thing wrong at one place of one file; lines and columns count from 1."""

    file: str
    line: int
    column: int
    problem: str
    expected: str = ""

    def __str__(self) -> str:
        expected = f", expected {self.expected}" if self.expected else ""
        return f"{self.file}:{self.line}:{self.column}: {self.problem}{expected}"


class ManifestError(PcreconcileError):
    """What is wrong in the manifests: all findings of all files, sorted."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted(set(findings)))
        super().__init__("\n".join(str(finding) for finding in self.findings))


class Refused(PcreconcileError):
    """A guard or a check said no. The text names the remedy; there is no force."""

    exit_code = ExitCode.REFUSED


class ApprovalMissing(Refused):
    """The policy wants approvals that are not there."""

    exit_code = ExitCode.APPROVAL


class Held(Refused):
    """A hold stands, so no write is begun. `holds` are its notes, () for one that an operator setting makes.

    `reason` says what, who and since when; `remedy` who ends it and how.
    """

    def __init__(self, holds: Sequence[Note], reason: str = "", remedy: str = "") -> None:
        self.holds = tuple(holds)
        self.reason = reason or "; ".join(hold_in_words(hold) for hold in holds)
        self.remedy = remedy or "`pcreconcile hold --lift` ends it"
        super().__init__(f"{self.reason}; no write is begun while the hold stands: {self.remedy}")


class BadSignature(PcreconcileError):
    """A signature that proves nothing; the text says why."""


class StalePlan(Refused):
    """The world or the manifests are no longer what the plan was made from."""

    exit_code = ExitCode.STALE


class Locked(PcreconcileError):
    """Another apply for this partner tenant is running."""

    exit_code = ExitCode.LOCKED


class RemoteError(PcreconcileError):
    """Microsoft answered and said no: the request took no effect.

    `code` is kept as text whatever its wire type; codes are ambiguous, decide on code, message and state together.
    `message` is the service's own; `remedy` is ours: what it means, who must act and how, "" when nobody knows.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        correlation_id: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        remedy: str = "",
    ) -> None:
        self.message = message
        self.status = status
        self.code = code
        self.correlation_id = correlation_id
        self.request_id = request_id
        self.retry_after = retry_after
        self.remedy = remedy
        super().__init__(message)

    @property
    def verbatim(self) -> str:
        """What the service said, with nothing of ours but its place."""
        code = f"/{self.code}" if self.code else ""
        trace = f" (correlation ID {self.correlation_id})" if self.correlation_id else ""
        return f"HTTP {self.status}{code}: {self.message}{trace}"

    def __str__(self) -> str:
        return f"{self.verbatim}; {self.remedy}" if self.remedy else self.verbatim


class AuthenticationError(RemoteError):
    """No token, or a token the service does not accept; the text says what to do.

    `credential` is which of the partner's own credentials was refused (`app-only`, `App+User`); "" where a customer's
    tenant refused it, which says nothing about the rest of the run.
    """

    credential: str = ""


class NoAnswer(PcreconcileError):
    """A request was sent and no usable answer came: connection lost, time-out, 5xx, a cut body.

    After a write this means *indeterminate*: it may or may not have taken effect (`status` is 0 without an answer).
    """

    exit_code = ExitCode.INDETERMINATE

    def __init__(self, message: str, *, status: int = 0, correlation_id: str = "", request_id: str = "") -> None:
        self.status = status
        self.correlation_id = correlation_id
        self.request_id = request_id
        super().__init__(message)


class IncompleteRead(PcreconcileError):
    """Something could not be read to its end, so nothing is planned from it."""

    exit_code = ExitCode.READ_INCOMPLETE


class OutOfTime(IncompleteRead):
    """Something was not asked for, because the time for it is over or would be; nothing was sent.

    `retry_after` is after how many seconds the service wants to be asked again, None where the command's own time
    budget is used up.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)
