"""No command's JSON (or calendar) steers a terminal or a build log, whatever customers, products and people are called.

Every command that writes a machine's format has its rows here; one without fails.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import click
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcreconcile.applying.evidence import pack, unpack
from pcreconcile.applying.evidence.archive import digests
from pcreconcile.cli import main
from pcreconcile.cli.program import COMMANDS, Program
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.machine_json import STEERING, machine_json

HOSTILE = "A\r##vso[task.setvariable variable=PATH]x ##[error] \n::add-mask::y \u202eevil\u2028::stop\u0085##\x9b1m"
REASON = "##vso[task.complete]so ##[error] \u202eevil ::stop"  # a manifest's texts have one line
STEERS = re.compile(f"[\x00-\x09\x0b-\x1f{STEERING}]|##|^[ \t]*::", re.MULTILINE)
MANIFESTS = Path(__file__).parents[2] / "manifests"
TENANTS = ("6b2e0b0c-0000-4000-8000-000000000001", "6b2e0b0c-0000-4000-8000-000000000002")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder in which everything that can have a name has the hostile one, with a plan, a run and its evidence."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "manifests" / "customers").mkdir(parents=True)
    shutil.copy(MANIFESTS / "partner.yaml", folder / "manifests" / "partner.yaml")
    partner = folder / "manifests" / "partner.yaml"
    partner.write_text(partner.read_text(encoding="utf-8") + "  simulator: {estate: ../world.yaml}\n", encoding="utf-8")
    estate = []
    for name, tenant in zip(("leaves", "stays"), TENANTS, strict=True):
        items = [
            {"kind": "new-commerce-license", "name": HOSTILE, "bought": "-2d"},
            {"kind": "legacy-license", "name": HOSTILE},
        ]
        estate.append({"tenantId": tenant, "name": name, "companyName": HOSTILE, "items": items})
        spec = {"tenantId": tenant, "domain": f"{name}.onmicrosoft.com", "relationship": "removed"}
        spec |= {"reason": REASON, "ticket": REASON, "delegatedAccess": "keep"}
        if name == "stays":
            spec |= {
                "relationship": "active",
                "subscriptions": [
                    {"match": {"family": "new-commerce-license"}, "desired": "cancel-at-term-end", "reason": REASON}
                ],
            }
        document = {"apiVersion": "pcreconcile/v1", "kind": "Customer"}
        document |= {"metadata": {"name": name, "labels": {"book": "emea"}}, "spec": spec}
        text = json.dumps(document)  # JSON is YAML, and escapes what YAML refuses
        (folder / "manifests" / "customers" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "world.yaml").write_text(yaml.safe_dump({"customers": estate}), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PCRECONCILE_NOW", "2026-11-22T12:00:00Z")
        assert main(["plan", "--out", "plan.json", "--snapshot", "snapshot.json"]) == 0
        assert main(["apply", "plan.json"]) in {0, 6}
        assert main(["evidence", "last", "--full", "--offline", "--out", "run.zip"]) == 0
    return folder


@pytest.fixture
def run(world, monkeypatch, capfdbinary):
    monkeypatch.chdir(world)
    monkeypatch.setenv("PCRECONCILE_NOW", "2026-11-22T12:00:00Z")

    def call(*words):
        capfdbinary.readouterr()
        code = main(list(words))
        return code, capfdbinary.readouterr()

    return call


KEPT = ("--refresh=false", "--snapshot", "snapshot.json")
ROWS = {  # (command, format): the ways to come to it, and whether names from outside are in it
    ("plan", "json"): [(("plan", "--format", "json", *KEPT), True)],
    ("plan", "ics"): [(("plan", "--format", "ics", *KEPT), True)],
    ("show", "json"): [(("show", "plan.json", "--format", "json"), True)],
    ("show", "ics"): [(("show", "plan.json", "--format", "ics"), True)],
    ("explain", "json"): [(("explain", "leaves", "--format", "json", *KEPT), True)],
    ("deadlines", "json"): [(("deadlines", "--format", "json", *KEPT), True)],
    ("deadlines", "ics"): [(("deadlines", "--format", "ics", *KEPT), True)],
    ("apply", "json"): [(("apply", "--json", "--auto-approve"), True), (("apply", "plan.json", "--json"), False)],
    ("history", "json"): [
        (("history", "--json"), False),
        (("history", "last", "--json"), False),
        (("history", "--head", "--json"), False),
    ],
    ("evidence", "json"): [(("evidence", "last", "--offline", "--out", "again.zip", "--json"), False)],
    ("undo", "json"): [(("undo", "last", "--format", "json", *KEPT), False)],
    ("verify", "json"): [(("verify", "run.zip", "--format", "json"), False)],
    ("lock show", "json"): [(("lock", "show", "--format", "json"), False)],
    ("doctor", "json"): [(("doctor", "--format", "json"), False)],
    ("hold", "json"): [(("hold", "--format", "json"), False)],
}
FILES = ("plan.json", "snapshot.json")  # what `plan` writes for machines


def machine_formats(command: click.Command, name: str) -> set[tuple[str, str]]:
    """(command, format) of a command, its own commands included."""
    if isinstance(command, click.Group):
        parts = ((part, command.get_command(click.Context(command), part)) for part in command.list_commands(None))  # type: ignore[arg-type]
        return {found for part, each in parts if each for found in machine_formats(each, f"{name} {part}")}
    found = set()
    for option in command.params:
        if option.name == "json":
            found.add((name, "json"))
        if isinstance(option.type, click.Choice):
            found |= {(name, str(choice)) for choice in option.type.choices if choice in {"json", "ics"}}
    return found


def archived(folder):
    """The files of the archive that was made of the hostile run."""
    return unpack((folder / "run.zip").read_bytes())


def test_no_file_of_an_archive_steers_anything(world):
    files = {name: data.decode() for name, data in archived(world).items()}
    written = {name: text for name, text in files.items() if name.endswith((".json", ".ndjson", ".html"))}
    assert {name.partition("/")[0] for name in written} >= {"plans", "looks", "journal.ndjson", "evidence.json"}
    for name, text in written.items():
        assert STEERS.search(text) is None, name
        if name.endswith(".json"):
            assert STEERS.search(json.dumps(json.loads(text), ensure_ascii=False)) or "plans/" not in name


def test_an_archive_of_an_earlier_version_is_proven_as_before(world, run):
    """The same values in their canonical form, raw: hashes are made of values."""
    raw = {}
    for name, data in archived(world).items():
        lines = [canonical_json(json.loads(line)) for line in data.splitlines()] if "json" in name else []
        raw[name] = data if ".sig" in name or not lines else b"\n".join(lines) + (b"\n" if "nd" in name else b"")
    raw["index.html"] = raw["index.html"].replace(b"#&#35;", b"##")
    raw["digests.txt"] = digests(raw)
    assert b"##" in b"".join(raw.values())
    (world / "raw.zip").write_bytes(pack(raw))
    codes = [run("verify", name) for name in ("run.zip", "raw.zip")]
    assert codes[0][0] == codes[1][0] == 0, codes[1]


def test_every_command_that_writes_for_machines_has_a_row():
    program = Program(name="pcreconcile")
    commands = ((name, program.get_command(click.Context(program), name)) for name in COMMANDS)
    assert {found for name, each in commands if each for found in machine_formats(each, name)} == set(ROWS)


CASES = [(key, words, named) for key, ways in ROWS.items() for words, named in ways]


@pytest.mark.parametrize(("key", "words", "named"), CASES, ids=[" ".join(words) for _, words, _ in CASES])
def test_nothing_that_is_written_for_machines_steers_anything(key, words, named, run):
    _, (out, err) = run(*words)
    text = out.decode()
    assert text, err
    assert STEERS.search(text.replace("\r\n", "\n") if key[1] == "ics" else text) is None
    if key[1] == "json":
        values = [json.loads(line) for line in text.splitlines()] if "--json" in words else [json.loads(text)]
        assert any(holds(each) for each in values) or not named
    assert STEERS.search(err.decode()) is None


def holds(value) -> bool:
    """Whether the hostile name is in it, as it was."""
    if isinstance(value, dict):
        return any(holds(part) for part in value.values())
    if isinstance(value, list):
        return any(holds(part) for part in value)
    return isinstance(value, str) and (HOSTILE in value or REASON in value)


@pytest.mark.parametrize("name", FILES)
def test_nothing_that_is_kept_for_machines_steers_anything(name, world):
    text = (world / name).read_text(encoding="utf-8")
    assert STEERS.search(text) is None
    assert holds(json.loads(text))


TEXTS = [
    ("plan", *KEPT),
    ("show", "plan.json"),
    ("explain", "leaves", *KEPT),
    ("deadlines", *KEPT),
    ("history", "last"),
    ("undo", "last", *KEPT),
    ("verify", "run.zip"),
    ("doctor",),
    ("validate",),
    ("lock", "show"),
    ("apply", "plan.json"),
]


@pytest.mark.parametrize("words", TEXTS, ids=" ".join)
def test_nothing_that_is_written_for_people_steers_anything(words, run):
    _, (out, err) = run(*words)
    assert STEERS.search(out.decode()) is None
    assert STEERS.search(err.decode()) is None


def test_a_schema_is_json_for_machines_too(run):
    from pcreconcile.manifests import SCHEMA_KINDS

    for kind in SCHEMA_KINDS:
        code, (out, _) = run("schema", kind)
        assert code == 0
        assert STEERS.search(out.decode()) is None


TEXT = st.text(st.sampled_from(':# \r\n\x85\u2028\u202e\x9b\\"aü') | st.characters(codec="utf-8"), max_size=20)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(TEXT, st.lists(TEXT, max_size=3) | TEXT | st.booleans(), max_size=3))
def test_the_value_stays_and_nothing_steers(value):
    text = machine_json(value)
    assert json.loads(text) == value
    assert json.loads(text) == json.loads(canonical_json(value))
    assert STEERS.search(text) is None


@pytest.mark.parametrize("text", ["#", "a # b", "#1", "C#", "ü", "日本", "\\#", "\\\\##"])
def test_what_steers_nothing_is_left_as_it_is(text):
    kept = machine_json(text) == canonical_json(text).decode()
    assert kept is ("##" not in text)
    assert json.loads(machine_json(text)) == text
