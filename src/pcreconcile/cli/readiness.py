"""When `simulate` says that it is ready: once it accepts connections and has the switches that were asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from pcreconcile.cli.embedded import ask
from pcreconcile.cli.output import Output
from pcreconcile.model.errors import ConfigurationError


def announcer(output: Output, options: Mapping[str, object]) -> Callable[[str], None]:
    """What the simulator shall call with its URL; `options` as `POST /_simulator/options` takes them."""

    def announce(url: str) -> None:
        output.say(f"listening on {url}\n")

    def set_first(url: str) -> None:
        try:
            ask(f"{url}/_simulator/options", options)
        except ConfigurationError as error:
            output.note(f"error: {error}")
        else:
            announce(url)

    def ready(url: str) -> None:
        # The call comes from the loop that has to answer the request, so the request is made beside it.
        threading.Thread(target=set_first, args=(url,), daemon=True).start()

    return ready if options else announce
