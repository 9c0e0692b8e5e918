"""`cloud: simulator`: a Partner Center in a thread of this process, and the same partner seen as `cloud: custom`.

Everything after it goes on exactly as against a real service. Its world lies in the state folder, so that `plan`,
`apply`, `plan` in three processes see one world.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from pcreconcile import simulator
from pcreconcile.cli.checkout import is_of_checkout
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef

WORLD = "simulator.db"

_TIMEOUT = 120.0  # seconds

_ENVIRONMENT = {
    "PC_CLIENT_ID": simulator.CLIENT_ID,
    "PC_CLIENT_SECRET": simulator.CLIENT_SECRET,
    "PC_REFRESH_TOKEN": simulator.REFRESH_TOKEN,
}
_CREDENTIALS = Credentials(
    client_id=SecretRef(env="PC_CLIENT_ID"),
    client_secret=SecretRef(env="PC_CLIENT_SECRET"),
    refresh_token=SecretRef(env="PC_REFRESH_TOKEN"),
)


@contextmanager
def embedded(
    partner: Partner, folder: Path, state: Path, now: datetime, rehearsed: datetime | None
) -> Iterator[tuple[Partner, Mapping[str, str]]]:
    """The partner to connect to, with the environment that holds its credentials, while the simulator runs.

    `folder` is the Partner document's. A new world is founded at `now`, the instant at which the command began, and
    runs with the system's clock as the command does: nobody compares the two. With `rehearsed` its time stands still
    there. Raises ConfigurationError when the world cannot be opened, or stands later.
    """
    settings = _settings(partner, folder, state, now, rehearsed)
    try:
        with simulator.run_in_thread(settings) as running:
            yield _as_custom(partner, running.url), _ENVIRONMENT
    except simulator.WorldIsLater as error:
        stands = error.stands + timedelta(microseconds=999_999)  # whole seconds, none of which is too early
        raise ConfigurationError(
            f"the simulated world stands at {stands:%Y-%m-%dT%H:%M:%SZ} and its time does not run backwards:"
            f" set PCRECONCILE_NOW to that or later, or delete {state / WORLD} to begin a new world"
        ) from error
    except simulator.SimulatorError as error:
        raise ConfigurationError(f"the simulator does not start: {error}") from error


def _settings(
    partner: Partner, folder: Path, state: Path, now: datetime, rehearsed: datetime | None
) -> simulator.SimulatorSettings:
    estate = _estate(partner, folder)
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the state folder {state} cannot be made: {error.strerror}; make its place writable, or name another with"
            " PCRECONCILE_HOME"
        ) from error
    present = now if rehearsed is None else None
    return simulator.SimulatorSettings(estate=estate, clock=rehearsed, present=present, state=state / WORLD)


def _estate(partner: Partner, folder: Path) -> Path | None:
    """The estate file that the Partner document names, its links resolved.

    Raises ConfigurationError for one that does not come with the manifests, before anything of it is looked at.
    """
    if partner.simulator_estate is None:
        return None
    try:
        place = Path(os.path.realpath(folder / partner.simulator_estate))
        is_ours = is_of_checkout(place, folder)
        if is_ours and place.exists() and not place.is_file():
            raise ConfigurationError("simulator.estate: not a regular file")
    except ValueError:
        raise ConfigurationError("simulator.estate: no usable path") from None
    if not is_ours:
        raise ConfigurationError(
            "simulator.estate: the file lies outside the repository (without one: outside the folder in which the"
            " partner folder lies): refused, nothing of it was read; put it beside the manifests, or run"
            " `pcreconcile simulate --estate FILE` and name its address with cloud: custom"
        )
    return place


def _as_custom(partner: Partner, url: str) -> Partner:
    ends = Endpoints(partner_center=url, login=url, graph=f"{url}/graph", management=f"{url}/management")
    return msgspec.structs.replace(partner, cloud=Cloud.CUSTOM, endpoints=ends, credentials=_CREDENTIALS)


def ask(url: str, body: Mapping[str, object] | None) -> dict[str, object]:
    """One of the simulator's own routes: GET without a body, POST with one. Raises ConfigurationError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})  # noqa: S310
    # Without proxies: what the environment says about them is not meant for a thread of our own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            found: dict[str, object] = json.load(answer)
    except OSError as error:
        raise ConfigurationError(f"the simulator does not answer: {error}") from error
    return found
