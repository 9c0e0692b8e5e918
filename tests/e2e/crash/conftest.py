"""The warm parent of forked processes, and worlds that are planned once."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.crash.attempts import Forks, forking
from tests.e2e.crash.story import Ready, make_ready
from tests.e2e.crash.worlds import World


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """One for all tests of a process."""
    with forking() as found:
        yield found


@pytest.fixture(scope="session")
def ready(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Callable[[World], Ready]:
    """A world with its plan, made once for all tests of a process."""
    made: dict[tuple[int, tuple[str, ...]], Ready] = {}

    def find(world: World) -> Ready:
        key = world.seed, world.kinds
        if key not in made:
            made[key] = make_ready(world, forks, tmp_path_factory.mktemp("ready") / "world")
        return made[key]

    return find
