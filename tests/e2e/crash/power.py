"""What a power loss leaves of the journal: what it acknowledged, and of the rest anything.

SQLite's write-ahead log is the only file that grows between two checkpoints, and each acknowledged event ends with its
`fsync`; so the log is cut at the length that it had then, or somewhere behind it with garbage at its end, and the
shared memory, which no disk holds, is gone.
"""

from __future__ import annotations

import os
import random
from pathlib import Path


def cut(journal: Path, acknowledged: int, dice: random.Random) -> str:
    """Lose power; which way is drawn, and told."""
    log = journal.with_name(f"{journal.name}-wal")
    journal.with_name(f"{journal.name}-shm").unlink(missing_ok=True)
    if not log.exists():
        return "nothing to lose"
    size = log.stat().st_size
    kept = min(acknowledged, size)
    if dice.random() < 0.5:
        os.truncate(log, kept)
        return "cut to the last fsync"
    torn = dice.randint(kept, size) if size > kept else kept
    with log.open("r+b") as file:
        file.truncate(torn)
        file.seek(torn)
        file.write(dice.randbytes(dice.randint(1, 6000)))
    return "torn behind the last fsync"
