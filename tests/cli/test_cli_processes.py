"""Real processes: signals in the middle of an apply, and the simulator in the foreground."""

import json
import signal
import subprocess
import sys
import urllib.request
from urllib.parse import urlencode

import pytest

from pcreconcile import simulator

_PROGRAM = [sys.executable, "-m", "pcreconcile"]


def _run(folder, *arguments):
    return subprocess.run([*_PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_apply_says_so_and_the_next_one_finishes_it(number, code, partner_folder):
    assert _run(partner_folder, "plan", "--out", "p.json").returncode == 0
    command = [*_PROGRAM, "apply", "p.json", "--json"]
    records = []
    with subprocess.Popen(
        command, cwd=partner_folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        for line in run.stdout:
            records.append(json.loads(line))
            if records[-1].get("event", {}).get("kind") == "intent" and len(records) < 7:
                run.send_signal(number)
        errors = run.stderr.read()
    assert (run.returncode, "Traceback" in errors) == (code, False)
    assert [record["exitCode"] for record in records if record["type"] == "result"] == [code]
    assert records[-1]["type"] == "result"
    assert _run(partner_folder, "apply", "p.json").returncode == 0


def test_the_simulator_in_the_foreground(tmp_path):
    command = [*_PROGRAM, "simulate", "--clock", "2027-03-01T00:00:00Z", "--state", "world.db"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        said = run.stdout.readline()
        assert said.startswith("listening on http://127.0.0.1:")
        with urllib.request.urlopen(f"{said.split()[-1]}/_simulator/clock", timeout=600) as answer:
            assert json.load(answer) == {"now": "2027-03-01T00:00:00Z"}
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=600) == 0
        assert (run.stdout.read(), run.stderr.read()) == ("", "")
    assert (tmp_path / "world.db").exists()


def test_the_demo_ends_with_nothing_left_to_do_now():
    done = subprocess.run(
        [sys.executable, "-m", "pcreconcile.cli.demo"], capture_output=True, text=True, check=False, timeout=600
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(
        "Demo done: nothing is left to do now; what remains has a date, or waits for a person.\n"
    )


def _raw(url, form=None, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, form, headers), timeout=600) as answer:
        return answer.read()


@pytest.mark.parametrize(("options", "start"), [([], b"{"), (["--bom"], b"\xef\xbb\xbf{")])
def test_the_simulator_begins_bodies_with_a_byte_order_mark_when_asked(options, start, tmp_path):
    form = {
        "grant_type": "client_credentials",
        "client_id": simulator.CLIENT_ID,
        "client_secret": simulator.CLIENT_SECRET,
        "resource": "https://api.partnercenter.microsoft.com",
    }
    command = [*_PROGRAM, "simulate", *options]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            url = run.stdout.readline().split()[-1]
            token = json.loads(_raw(f"{url}/{simulator.PARTNER_TENANT}/oauth2/token", urlencode(form).encode()))
            body = _raw(f"{url}/v1/customers?size=1", Authorization=f"Bearer {token['access_token']}")
        finally:
            run.send_signal(signal.SIGTERM)
    assert (run.returncode, body[: len(start)]) == (0, start)
