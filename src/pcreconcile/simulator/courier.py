"""Delivers notifications to webhooks, outside of every request: signed, up to ten times, to loopback addresses alone.

An attempt that was under way when the process ended is made again, so a notification may arrive twice.
"""

import asyncio
import http.client
import sqlite3
from urllib.parse import urlsplit

from .clock import wire_time
from .messages import Json
from .signatures import sign
from .store import Store
from .world import World

__all__ = ["ATTEMPTS", "Courier"]

ATTEMPTS = 10
"""Then a notification is dropped (section 8.2)."""

_TIMEOUT_SECONDS = 2.0
_PAUSE_SECONDS = 0.05
_LARGEST_ANSWER = 65_536


class Courier:
    """Takes what is pending in the store to its address, one after the other."""

    def __init__(self, store: Store, own_url: str) -> None:
        self._store, self._own_url = store, own_url
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is something to deliver."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is left stays pending."""
        while True:
            self._wake.clear()
            if await self._round():
                await self._wake.wait()
            else:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _round(self) -> bool:
        """One attempt for everything that is pending; whether nothing is left to try again."""
        try:
            settled = [await self._attempt(*each) for each in self._store.deliveries(only_pending=True)]
        except sqlite3.OperationalError:
            return False  # Another process holds the state; later.
        return all(settled)

    async def _attempt(self, seq: int, delivery: Json) -> bool:
        headers = self._headers(delivery)
        status, error = await asyncio.to_thread(_post, delivery["url"], delivery["body"].encode(), headers)
        attempts = [*delivery["attempts"], {"at": "", "status": status, "error": error}]
        state = "delivered" if status is not None and 200 <= status < 300 else "pending"
        if state == "pending" and len(attempts) >= ATTEMPTS:
            state = "dropped"
        with self._store.transaction():
            attempts[-1]["at"] = wire_time(World(self._store).now)
            changed = {**delivery, "attempts": attempts, "state": state}
            self._store.save_delivery(seq, changed, pending=state == "pending")
        return state != "pending"

    def _headers(self, delivery: Json) -> dict[str, str]:
        signature = sign(self._store.meta("webhookIdentity"), delivery["body"].encode())
        return {
            "Content-Type": "application/json; charset=utf-8",
            "x-ms-signature" if delivery["ownHeader"] else "Authorization": f"Signature {signature}",
            "X-MS-Certificate-Url": f"{self._own_url}/_simulator/webhook.cer",
            "X-MS-Signature-Algorithm": "rsa-sha256",
        }


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str | None]:
    """The status of the answer, or what went wrong before there was one. Redirects are not followed."""
    parts = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    connection = kinds[parts.scheme](parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        answer.read(_LARGEST_ANSWER)
        return answer.status, None
    except (OSError, http.client.HTTPException, ValueError) as error:
        return None, type(error).__name__
    finally:
        connection.close()
