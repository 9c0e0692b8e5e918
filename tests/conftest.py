"""Random worlds are the same in every run, so that a change is judged by itself; `make soak` looks for new ones."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes to be drawn and to be run is the machine's.
_AT_EASE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, **_AT_EASE)
settings.register_profile("soak", derandomize=False, **_AT_EASE)
settings.load_profile(os.environ.get("PCRECONCILE_TEST_PROFILE", "steady"))
