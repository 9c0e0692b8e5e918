"""The service's rate limit: so many requests per resource and minute for the partner tenant (section 9.3)."""

import math
import time

from .messages import Json, Refusal, Reply

__all__ = ["Throttle"]


class Throttle:
    """Counts in windows of the system's monotonic time, because clients wait in real time."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, int]] = {}

    def check(self, resource: str, options: Json) -> None:
        """Count a request. Raises the gateway's 429 with Retry-After in whole seconds when it is one too many."""
        if options["throttlePerMinute"]:
            self.count(resource, options["throttlePerMinute"], options["throttleWindowSeconds"])

    def count(self, resource: str, limit: int, length: int) -> None:
        """Count a request against a limit of so many in a window of so many seconds. Raises the same 429."""
        now = time.monotonic()
        began, count = self._windows.get(resource, (now, 0))
        if now - began >= length:
            began, count = now, 0
        # A refused request consumes quota too.
        self._windows[resource] = (began, count + 1)
        if count >= limit:
            wait = max(math.ceil(began + length - now), 1)
            text = f"Rate limit is exceeded. Try again in {wait} seconds."
            raise Refusal(Reply(429, {"statusCode": 429, "message": text}, {"Retry-After": str(wait)}))
