"""Which programs are started, from where, and what they are told."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pcreconcile
from pcreconcile.cli.child_process import child_environment

SOURCE = Path(pcreconcile.__file__).parent
# Where a process is started, and why that place may: everything else goes through `child_process.run`.
MAY_START = {
    "cli/child_process.py": "the door itself",
    "cli/demo.py": "the program itself, as a newcomer would start it",
}
STARTS = {"run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput"}
ELSEWHERE = {"system", "popen", "posix_spawn", "posix_spawnp", "fork", "startfile", "create_subprocess_exec"}
ELSEWHERE |= {"create_subprocess_shell", *(f"exec{end}" for end in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe"))}
ELSEWHERE |= {f"spawn{end}" for end in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")}


def starting(path):
    """The calls in a module that start a process."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            base = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if (base == "subprocess" and node.func.attr in STARTS) or (
                base in {"os", "asyncio", "pty"} and node.func.attr in ELSEWHERE
            ):
                yield node
        elif isinstance(node, ast.ImportFrom) and node.module in {"subprocess", "multiprocessing", "pty"}:
            yield from (name for name in node.names if name.name in STARTS)


def test_one_door():
    found = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if list(starting(path))}
    assert found == set(MAY_START)


@pytest.mark.parametrize("place", sorted(MAY_START))
def test_every_start_is_handed_a_listed_environment(place):
    text = (SOURCE / place).read_text(encoding="utf-8")
    calls = [node for node in starting(SOURCE / place) if isinstance(node, ast.Call)]
    assert calls
    assert all("env" in {word.arg for word in call.keywords} for call in calls)
    assert "child_environment(os.environ)" in text


SECRET = [
    "PC_CLIENT_SECRET",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SYSTEM_ACCESSTOKEN",
    "PGPASSWORD",
    "PCRECONCILE_DATABASE",
    "PCRECONCILE_JOURNAL_KEY",
    "GIT_DIR",
    "GIT_SSH_COMMAND",
    "GIT_CONFIG_COUNT",
    "LD_PRELOAD",
    "BASH_ENV",
    "path",
]
PASSED = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "TERM",
    "DISPLAY",
]


@pytest.mark.parametrize("name", SECRET)
def test_what_no_child_is_told(name):
    assert child_environment({name: "x", "PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.mark.parametrize("name", PASSED)
def test_what_a_child_needs(name):
    assert child_environment({name: "x"}) == {name: "x"}


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_nothing_is_made_up_and_nothing_unlisted_is_passed(environment):
    passed = child_environment(environment)
    assert passed.items() <= environment.items()
    assert not [name for name in passed if name.startswith(("GIT_", "PC_", "PCRECONCILE_"))]
