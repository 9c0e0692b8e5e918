"""Design section 11, "Files": what is read below PATH, what never is, and the partner folder."""

from __future__ import annotations

import inspect
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pcreconcile.manifests import load
from pcreconcile.model.errors import ManifestError
from tests.manifests.desk import CUSTOMER, PARTNER, POLICY, Desk

NOWHERE = "a symbolic link that leads nowhere, expected a regular file inside the manifests"
OUTSIDE = "a symbolic link out of the manifests, expected a regular file inside the manifests"
NO_FILE = "a symbolic link to something that is no regular file, expected a regular file inside the manifests"
NOT_REGULAR = "not a regular file, expected a regular file"
NO_PARTNER = "no Partner document in this folder or above it"
ONE = "expected one in a partner folder"
A_PARTNER = "expected a document of kind Partner"


def customer(number: int) -> str:
    """One of several customers."""
    return CUSTOMER.replace("harbor-dental", f"customer-{number}").replace("000000000011", f"{number:012}")


@pytest.mark.parametrize("name", ["c.yaml", "c.yml", "c.YAML", "c.Yml", "deep/er/c.yaml", "x.yaml/c.yaml", "ü 😀.yaml"])
def test_what_is_read(desk: Desk, name: str):
    assert [source.file for source in desk.load({name: CUSTOMER}).fleet.sources.values()] == [f"m/{name}"]


@pytest.mark.parametrize(
    "name", [".c.yaml", "#c.yaml", "#c.yaml#", "c.yaml~", ".git/c.yaml", "old~/c.yaml", "c.json", "c.yaml.orig", "yaml"]
)
def test_what_is_not_read(desk: Desk, name: str):
    assert desk.load({name: ": no YAML at all ["}).fleet.customers == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (CUSTOMER.encode("utf-8-sig"), ["harbor-dental"]),
        (CUSTOMER.replace("\n", "\r\n").encode(), ["harbor-dental"]),
        (f"---\n{customer(1)}---\n{customer(2)}...\n", ["customer-1", "customer-2"]),
    ],
)
def test_byte_order_marks_line_ends_and_several_documents(desk: Desk, text: str | bytes, names: list[str]):
    assert [wish.name for wish in desk.load({"c.yaml": text}).fleet.customers] == names


def test_reading_does_not_depend_on_the_locale(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LC_ALL", "C")
    (wish,) = desk.load({"c.yaml": CUSTOMER.replace("moves", "zieht nach Köln")}).fleet.customers
    assert wish.reason is not None
    assert wish.reason.startswith("zieht nach Köln")


@pytest.mark.parametrize(
    ("size", "findings"),
    [(1024 * 1024, []), (1024 * 1024 + 1, ["m/c.yaml:1:1: the file is too large, expected at most 1 MiB"])],
)
def test_the_size_limit(desk: Desk, size: int, findings: list[str]):
    assert desk.findings({"c.yaml": CUSTOMER + "#" * (size - len(CUSTOMER))}) == findings


def test_a_file_that_is_too_large_is_not_read(desk: Desk):
    with (desk.folder / "m" / "c.yaml").open("wb") as stream:
        stream.truncate(1 << 40)
    assert desk.findings() == ["m/c.yaml:1:1: the file is too large, expected at most 1 MiB"]


def link(target: str) -> Callable[[Path], None]:
    """Something that makes a symbolic link."""
    return lambda path: path.symlink_to(target)


def loop(path: Path) -> None:
    """Two links that lead to each other."""
    path.symlink_to(path.with_name("other.yml"))
    path.with_name("other.yml").symlink_to(path)


@pytest.mark.parametrize(
    ("make", "findings"),
    [
        (link("gone.yaml"), [NOWHERE]),
        (link("../secret.yaml"), [OUTSIDE]),
        (link("/dev/null"), [OUTSIDE]),
        (link("folder"), [NO_FILE]),
        (link(".."), [OUTSIDE]),
        (link("pipe"), [NO_FILE]),
        (loop, [NOWHERE, NOWHERE]),
        (os.mkfifo, [NOT_REGULAR]),
    ],
)
def test_what_is_no_file_of_the_tree_is_an_error_and_is_not_opened(
    desk: Desk, make: Callable[[Path], None], findings: list[str]
):
    (desk.folder / "secret.yaml").write_text("s3cret: [", encoding="utf-8")
    (desk.folder / "m" / "folder").mkdir()
    os.mkfifo(desk.folder / "m" / "pipe")
    make(desk.folder / "m" / "l.yaml")
    found = desk.findings()
    assert [line.split(":1:1: ")[1] for line in found] == findings
    assert "s3cret" not in "".join(found)


def test_a_link_to_a_folder_is_an_error_whatever_its_name(desk: Desk):
    (desk.folder / "elsewhere").mkdir()
    (desk.folder / "m" / "more").symlink_to("../elsewhere")
    assert desk.findings() == [f"m/more:1:1: {OUTSIDE}"]


def test_a_link_to_a_file_of_the_partner_folder_is_read(desk: Desk):
    desk.lay({".data/c.yaml": CUSTOMER})
    (desk.folder / "m" / "customers").mkdir()
    (desk.folder / "m" / "customers" / "c.yaml").symlink_to("../.data/c.yaml")
    assert list(desk.load(path="m/customers").fleet.sources) == ["harbor-dental"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
@pytest.mark.parametrize("name", ["c.yaml", "folder"])
def test_unreadable_files_and_folders(desk: Desk, name: str):
    desk.lay({"c.yaml": CUSTOMER, "folder/d.yaml": customer(2)})
    path = desk.folder / "m" / name
    path.chmod(0)
    try:
        assert desk.findings() == [f"m/{name}:1:1: cannot be read: Permission denied"]
    finally:
        path.chmod(stat.S_IRWXU)


def test_what_the_system_refuses_is_told_in_its_words(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.lay({"c.yaml": CUSTOMER, "folder/d.yaml": customer(2)})
    scandir, open_file = os.scandir, os.open

    def refuse(name: str, inner: Callable[..., object]) -> Callable[..., object]:
        def call(path: os.PathLike[str], *others: object) -> object:
            if Path(path).name == name:
                raise PermissionError(13, "Permission denied", str(path))
            return inner(path, *others)

        return call

    monkeypatch.setattr(os, "open", refuse("c.yaml", open_file))
    monkeypatch.setattr(os, "scandir", refuse("folder", scandir))
    assert desk.findings() == [
        "m/c.yaml:1:1: cannot be read: Permission denied",
        "m/folder:1:1: cannot be read: Permission denied",
    ]


@pytest.mark.parametrize(
    ("path", "finding"),
    [
        ("gone", "gone:1:1: no such file or folder"),
        ("m/gone.yaml", "m/gone.yaml:1:1: no such file or folder"),
        ("m/partner.yaml/x", "m/partner.yaml/x:1:1: no such file or folder"),
        ("nul\0", "nul\\x00:1:1: no such file or folder"),
        ("n" * 5000, f"{'n' * 5000}:1:1: cannot be read: File name too long"),
        ("m/empty", "m/empty:1:1: no manifest in this folder, expected at least one .yaml or .yml file"),
        ("link", "link:1:1: a symbolic link to a folder, expected the folder itself"),
        ("m/pipe.yaml", f"m/pipe.yaml:1:1: {NOT_REGULAR}"),
        ("m/out.yaml", f"m/out.yaml:1:1: {OUTSIDE}"),
    ],
)
def test_paths_that_name_no_manifests(desk: Desk, path: str, finding: str):
    (desk.folder / "m" / "empty").mkdir()
    (desk.folder / "secret.yaml").write_text(CUSTOMER, encoding="utf-8")
    (desk.folder / "link").symlink_to("m")
    if path == "m/pipe.yaml":
        os.mkfifo(desk.folder / "m" / "pipe.yaml")
    if path == "m/out.yaml":
        (desk.folder / "m" / "out.yaml").symlink_to("../secret.yaml")
    assert desk.findings(path=path) == [finding]


HOMES = [
    ("m", "m", "m/emea/c.yaml", 2),
    ("m/", "m", "m/emea/c.yaml", 2),
    ("./m", "m", "./m/emea/c.yaml", 2),
    ("m/emea", "m", "m/emea/c.yaml", 1),
    ("m/emea/c.yaml", "m", "m/emea/c.yaml", 1),
    ("./m/emea/c.yaml", "m", "./m/emea/c.yaml", 1),
    ("m/../m/emea", "m", "m/../m/emea/c.yaml", 1),
]


@pytest.mark.parametrize(("path", "home", "shown", "customers"), HOMES)
def test_the_partner_folder_is_the_nearest_upwards(desk: Desk, path: str, home: str, shown: str, customers: int):
    desk.lay({"emea/c.yaml": CUSTOMER, "d.yaml": customer(2), "policy.yaml": POLICY + "  minCustomersLeft: 7\n"})
    (desk.folder / "partner.yaml").write_text(PARTNER.replace("contoso-csp", "farther"), encoding="utf-8")
    loaded = desk.load(path=path)
    assert loaded.fleet.sources["harbor-dental"].file == shown
    assert (loaded.home.resolve(), len(loaded.fleet.customers)) == ((desk.folder / home).resolve(), customers)
    assert (loaded.partner.name, loaded.policy.min_customers_left) == ("contoso-csp", 7)


@pytest.mark.parametrize(
    ("inside", "path", "home", "shown"),
    [
        ("m", ".", ".", "emea/c.yaml"),
        ("m/emea", ".", "..", "c.yaml"),
        ("m/emea", "c.yaml", "..", "c.yaml"),
        ("m/emea", "..", "..", "../emea/c.yaml"),
        ("m/emea", "./c.yaml", "..", "./c.yaml"),
    ],
)
def test_from_inside(desk: Desk, monkeypatch: pytest.MonkeyPatch, inside: str, path: str, home: str, shown: str):
    desk.lay({"emea/c.yaml": CUSTOMER})
    monkeypatch.chdir(desk.folder / inside)
    loaded = load(path)
    assert (str(loaded.home), loaded.fleet.sources["harbor-dental"].file) == (home, shown)


def test_absolute_paths_stay_absolute(desk: Desk):
    desk.lay({"c.yaml": CUSTOMER + "  extra: 1\n"})
    with pytest.raises(ManifestError) as raised:
        load(str(desk.folder / "m"))
    assert raised.value.findings[0].file == str(desk.folder / "m" / "c.yaml")


def test_no_partner_document(desk: Desk):
    (desk.folder / "other").mkdir()
    (desk.folder / "other" / "c.yaml").write_text(CUSTOMER, encoding="utf-8")
    assert desk.findings(path="other") == [f"other:1:1: {NO_PARTNER}, {A_PARTNER}"]
    assert desk.findings(path=".") == [f".:1:1: {NO_PARTNER}, but there is one in m/partner.yaml, {A_PARTNER}"]


PARTNER_AND_POLICY = [
    (
        {"other.yaml": PARTNER},
        [f"m/partner.yaml:2:7: a second Partner document, the first is at m/other.yaml:1:1, {ONE}"],
    ),
    ({"partner.yaml": f"{PARTNER}---\n{POLICY}  {{}}\n"}, []),
    (
        {"emea/partner.yaml": PARTNER},
        ["m/emea/partner.yaml:2:7: a Partner document below the partner folder, expected it in m"],
    ),
    (
        {"emea/policy.yaml": POLICY + "  {}\n"},
        ["m/emea/policy.yaml:2:7: a Policy document below the partner folder, expected it in m"],
    ),
    (
        {"a.yaml": POLICY + "  {}\n", "b.yaml": POLICY + "  {}\n"},
        [f"m/b.yaml:2:7: a second Policy document, the first is at m/a.yaml:1:1, {ONE}"],
    ),
]


@pytest.mark.parametrize(("files", "findings"), PARTNER_AND_POLICY)
def test_one_partner_and_at_most_one_policy(desk: Desk, files: dict[str, str], findings: list[str]):
    assert desk.findings(files) == findings


@pytest.mark.parametrize("path", ["m/emea", "m/emea/c.yaml"])
@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("kind: Polcy\n", 'm/policy.yaml:1:7: this kind of document is not known, did you mean "Policy"?'),
        ("kind: [", "m/policy.yaml:1:8: not valid YAML: did not find expected node content"),
        ("", "m/policy.yaml:1:1: no document in this file, expected a YAML document"),
    ],
)
def test_a_policy_that_cannot_be_read_is_never_passed_over(desk: Desk, path: str, text: str, finding: str):
    (line,) = desk.findings({"emea/c.yaml": CUSTOMER, "policy.yaml": text}, path)
    assert line.split(" while ")[0] == finding


def test_a_partner_document_with_broken_yaml_is_one_all_the_same(desk: Desk):
    assert desk.findings({"partner.yaml": PARTNER + "  timeZone: [\n"}) == [
        "m/partner.yaml:7:14: not valid YAML: did not find expected node content"
    ]


def test_all_findings_of_all_files_in_one_run(desk: Desk):
    files = {
        "partner.yaml": PARTNER.replace("simulator", "simulater"),
        "policy.yaml": POLICY + "  minCustomersLeft: few\n",
        "_defaults.yaml": "apiVersion: pcreconcile/v1\nkind: CustomerDefaults\nspec: {settle: soon}\n",
        "a.yaml": customer(1) + "  pace: fast\n  notBefore: 2026-2-30\n",
        "b/c.yaml": customer(2) + "  deadline: soon\n---\n" + customer(3) + "  x: 1\n",
        "b/d.yaml": "{",
        "b/e.yaml": b"\xff",
        "b/f.yaml": customer(1),
    }
    places = [line.split(": ")[0] for line in desk.findings(files)]
    assert places == [
        "m/_defaults.yaml:3:16",
        "m/a.yaml:10:9",
        "m/a.yaml:11:14",
        "m/b/c.yaml:10:13",
        "m/b/c.yaml:21:3",
        "m/b/d.yaml:1:2",
        "m/b/e.yaml:1:1",
        "m/b/f.yaml:4:9",
        "m/b/f.yaml:6:13",
        "m/partner.yaml:6:10",
        "m/policy.yaml:5:21",
    ]


def test_names_of_files_are_escaped(desk: Desk):
    (line,) = desk.findings({"a\nb\x1b\u202e.yaml": "a: ["})
    assert line.startswith("m/a\\x0ab\\x1b\\u202e.yaml:1:")


def test_many_nested_folders_are_no_trouble(desk: Desk):
    deep = "/".join("d" * 200)
    desk.lay({f"{deep}/c.yaml": CUSTOMER})
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        assert list(desk.load().fleet.sources) == ["harbor-dental"]
    finally:
        sys.setrecursionlimit(limit)
