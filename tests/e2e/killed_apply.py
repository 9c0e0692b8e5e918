"""`pcreconcile apply` in a process that kills itself with SIGKILL at the Nth journal event: `before` it is written, or
`after` it is durable. Usage: killed_apply.py before|after N [apply arguments]."""

import itertools
import os
import signal
import sys
from typing import Any

from pcreconcile.applying.stores.sqlite import SqliteStore
from pcreconcile.cli import main

PLACE, AT = sys.argv[1], int(sys.argv[2])
append = SqliteStore.append
numbers = itertools.count(1)


def append_and_die(self: SqliteStore, draft: Any) -> Any:
    number = next(numbers)
    if PLACE == "before" and number == AT:
        os.kill(os.getpid(), signal.SIGKILL)
    event = append(self, draft)
    if PLACE == "after" and number == AT:
        os.kill(os.getpid(), signal.SIGKILL)
    return event


SqliteStore.append = append_and_die  # type: ignore[method-assign]
sys.exit(main(["apply", *sys.argv[3:]]))
