"""Evidence: what runs have left behind, as one archive that proves itself offline.

::

    selection ─► gathering ─► files ─► told ─► story ─► Evidence      (redaction on the way, unless everything is told)
                                        └──► chain, plan and approval proofs ─► findings
    archive packs and unpacks · verification joins it all · anchors are the head, signed outside

Everything is made from the journal alone; the service's audit records are an addition that is handed in.
"""

from pcreconcile.applying.evidence.anchors import Anchor, BadAnchor, anchor_line, parse_anchor
from pcreconcile.applying.evidence.approval_proofs import Judges
from pcreconcile.applying.evidence.archive import LARGEST, pack, unpack
from pcreconcile.applying.evidence.gathering import Journalled, Wanted, gather, kept_plans
from pcreconcile.applying.evidence.proofs import exit_code
from pcreconcile.applying.evidence.selection import Selection, find_customer, of_customer, of_run
from pcreconcile.applying.evidence.story import Frame
from pcreconcile.applying.evidence.told import AuditFile, DamagedEvidence
from pcreconcile.applying.evidence.verification import Checks, evidence_of, make, verify_files

__all__ = [
    "LARGEST",
    "Anchor",
    "AuditFile",
    "BadAnchor",
    "Checks",
    "DamagedEvidence",
    "Frame",
    "Journalled",
    "Judges",
    "Selection",
    "Wanted",
    "anchor_line",
    "evidence_of",
    "exit_code",
    "find_customer",
    "gather",
    "kept_plans",
    "make",
    "of_customer",
    "of_run",
    "pack",
    "parse_anchor",
    "unpack",
    "verify_files",
]
