"""Asynchronous work that settles after a number of reads instead of seconds, so that nobody has to sleep.

A resource `{"wire": …, "pending": [stage, …]}` shows its old state to so many reads, then the next stage.
"""

from .messages import Json

__all__ = ["begin", "in_progress", "observe", "settle"]


def begin(resource: Json, reads: int, *stages: Json) -> None:
    """Let the members of each stage appear in turn, the last one after so many reads have seen something older."""
    spread = [reads // len(stages)] * len(stages)
    spread[-1] = max(reads - sum(spread[:-1]) - (len(stages) - 1), 0)
    resource["pending"] = [{"reads": each, "set": stage} for each, stage in zip(spread, stages, strict=True)]


def in_progress(resource: Json) -> bool:
    """Whether something has not settled yet."""
    return bool(resource.get("pending"))


def observe(resource: Json) -> Json:
    """Read a resource: what it shows this time."""
    pending = resource.get("pending")
    if pending:
        if pending[0]["reads"] > 0:
            pending[0]["reads"] -= 1
        else:
            resource["wire"].update(pending.pop(0)["set"])
    wire: Json = resource["wire"]
    return wire


def settle(resource: Json) -> None:
    """Let everything that is under way take effect, however few reads have seen it: much time has passed."""
    for stage in resource.pop("pending", ()):
        resource["wire"].update(stage["set"])
