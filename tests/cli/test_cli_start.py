"""`version` answers at once: it loads none of the heavy libraries."""

import subprocess
import sys

_HEAVY = ("httpx", "msal", "deepdiff", "jsonschema", "rich", "yaml", "starlette", "uvicorn")


def test_version_loads_nothing_heavy():
    code = (
        "import sys; from pcreconcile.cli import main; code = main(['version']);"
        f"print(code, [name for name in {_HEAVY!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600)
    assert answer.stdout.splitlines()[1:] == ["0 []"]


def test_the_module_runs_as_the_script_does():
    answer = subprocess.run(
        [sys.executable, "-m", "pcreconcile", "version"], capture_output=True, text=True, check=True, timeout=600
    )
    assert answer.stdout.startswith("pcreconcile ")


def _shell(words):
    command = ["bash", "-c", f"{sys.executable} -m pcreconcile {words}"]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)


def test_a_full_disk_is_an_error_and_a_closed_pipe_is_not():
    full = _shell("version >/dev/full")
    assert (full.returncode, full.stderr) == (1, "error: not everything could be written to standard output\n")
    closed = _shell("schema customer | true; exit ${PIPESTATUS[0]}")
    assert (closed.returncode, closed.stderr) == (0, "")
