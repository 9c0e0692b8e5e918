"""Random worlds are the same in every run, so that a change is judged by itself; `make soak` looks for new ones."""

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)  # how long an example takes is the machine's
settings.register_profile("soak", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("PCRECONCILE_TEST_PROFILE", "steady"))
