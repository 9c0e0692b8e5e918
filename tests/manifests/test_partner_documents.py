"""Design sections 8 and 11: what a Partner document may say. No finding shows one of its values."""

from __future__ import annotations

import pytest

from pcreconcile.manifests import partners
from pcreconcile.manifests.addresses import is_loopback
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef
from tests.manifests.desk import CUSTOMER, Desk

HEAD = """\
apiVersion: pcreconcile/v1
kind: Partner
metadata: {name: contoso-csp}
spec:
  tenantId: 9f10aa00-0000-4000-8000-0000000000aa
"""
CREDENTIALS = "  credentials: {clientId: {env: PC_CLIENT_ID}, clientSecret: {env: PC_CLIENT_SECRET}}\n"
ADDRESS = "expected https://host/path"
ENV = "expected the name of an environment variable: A-Z, 0-9 and _"
PLACE = "expected either {env: NAME} or {file: PATH}"
ONE = "expected exactly one of clientSecret, certificate and federated"


def endpoints(address: str) -> str:
    """A custom cloud with one address to look at, on line 8 from column 20."""
    others = "".join(f"    {name}: https://h/{name}\n" for name in ("login", "graph", "management"))
    return f"  cloud: custom\n  endpoints:\n    partnerCenter: {address}\n{others}{CREDENTIALS}"


WRONG = [
    ("  cloud: commercal\n", ['6:10: this value is not known, did you mean "commercial"?']),
    (
        "  cloud: hunter2\n",
        ["6:10: this value is not known, expected one of china, commercial, custom, simulator, us-gov"],
    ),
    ("  clod: hunter2\n", ['5:3: missing field "cloud"', '6:3: unknown field "clod", did you mean "cloud"?']),
    ("  cloud: commercial\n", ['5:3: missing field "credentials", expected credentials when cloud is not simulator']),
    (f"  cloud: custom\n{CREDENTIALS}", ['5:3: missing field "endpoints", expected endpoints when cloud is custom']),
    (
        f"  cloud: custom\n{CREDENTIALS}  endpoints: {{login: https://h}}\n",
        [f'8:14: missing field "{name}"' for name in ("graph", "management", "partnerCenter")],
    ),
    (
        endpoints("https://h").replace("custom", "commercial"),
        ["7:3: endpoints stand only with cloud: custom"],
    ),
    (
        f"  cloud: commercial\n{CREDENTIALS}  simulator: {{estate: x.yaml}}\n",
        ["8:3: simulator stands only with cloud: simulator"],
    ),
    (
        "  cloud: simulator\n  notOffered: [relations]\n",
        ['7:16: this value is not known, did you mean "relationships"?'],
    ),
    (
        "  cloud: simulator\n  notOffered: relationships\n",
        ["7:15: this value stands where a list is wanted, expected a list"],
    ),
    (
        "  cloud: simulator\n  timeZone: Europe/Berln\n",
        ['7:13: this time zone is not known, did you mean "Europe/Berlin"?'],
    ),
    (
        "  cloud: simulator\n  timeZone: ../../hunter2\n",
        ["7:13: this time zone is not known, expected an IANA time zone such as Europe/Berlin"],
    ),
    ("  cloud: simulator\n  reservations: hunter2\n", ["7:17: this value is not known, expected one of api, manual"]),
    # credentials
    (
        "  cloud: commercial\n  credentials: {clientId: {env: A}}\n",
        [f"7:16: the application does not say what it authenticates with, {ONE}"],
    ),
    (
        "  cloud: commercial\n  credentials: {clientId: {env: A}, clientSecret: {env: B}, federated: {env: C}}\n",
        [f"7:16: the application does not say what it authenticates with, {ONE}"],
    ),
    (
        "  cloud: commercial\n  credentials: {clientSecret: {env: B}}\n",
        ['7:16: missing field "clientId"'],
    ),
    (
        "  cloud: commercial\n  credentials: {clientId: hunter2, clientSecret: {file: a, env: B}}\n",
        [
            f"7:27: this value stands where a mapping is wanted, {PLACE}",
            f"7:50: a mapping is not allowed here, {PLACE}",
        ],
    ),
    (
        "  cloud: commercial\n  credentials: {clientId: {env: A}, clientSecret: {hunter2}}\n",
        ["7:52: unknown field, expected one of env, file"],
    ),
    (
        "  cloud: commercial\n  credentials: {clientId: {env: A}, clientSecret: {env: }}\n",
        [f"7:57: nothing stands where text is wanted, {ENV}"],
    ),
    *[
        (
            f"  cloud: commercial\n  credentials: {{clientId: {{env: {name}}}, clientSecret: {{env: B}}}}\n",
            [f"7:33: {value} is not allowed here, {ENV}"],
        )
        for name, value in [
            ("hunter2", "this value"),
            ("1A", "this value"),
            ("A-B", "this value"),
            ('"A\\n"', "this value"),
            ("''", "an empty value"),
        ]
    ],
    # addresses
    *[
        (endpoints(address), [f"8:20: {problem}"])
        for address, problem in [
            ("http://hunter2.example", "http is for loopback hosts alone, expected https"),
            ("http://0.0.0.0:80", "http is for loopback hosts alone, expected https"),
            ("http://128.0.0.1", "http is for loopback hosts alone, expected https"),
            ("http://127.1", "http is for loopback hosts alone, expected https"),
            ("http://2130706433", "http is for loopback hosts alone, expected https"),
            ("http://localhost.hunter2", "http is for loopback hosts alone, expected https"),
            ("http://[::]", "http is for loopback hosts alone, expected https"),
            ("'http://[::ffff:127.0.0.1]'", "http is for loopback hosts alone, expected https"),
            ("http://127.0.0.1@hunter2", f"an address holds no user information, {ADDRESS}"),
            ("https://u:hunter2@h", f"an address holds no user information, {ADDRESS}"),
            ("https://@h", f"an address holds no user information, {ADDRESS}"),
            ("https://h:65536", "this address has a bad port, expected a port from 1 to 65535"),
            ("https://h:0", "this address has a bad port, expected a port from 1 to 65535"),
            ("'https://h:'", "this address has a bad port, expected a port from 1 to 65535"),
            ("https://h:8o", "this address has a bad port, expected a port from 1 to 65535"),
            ("https://h:-1", "this address has a bad port, expected a port from 1 to 65535"),
            ("ftp://h", f"this address has no scheme that is spoken here, {ADDRESS}"),
            ("hunter2", f"this address has no scheme that is spoken here, {ADDRESS}"),
            ("https://", f"this address has no host, {ADDRESS}"),
            ("https://-h", f"this address has no host, {ADDRESS}"),
            ("https://h%2eh", f"this address has no host, {ADDRESS}"),
            ("'https://[::1'", f"this is no address, {ADDRESS}"),
            ("https://h/?q", f"an endpoint has neither query nor fragment, {ADDRESS}"),
            ("https://h/#f", f"an endpoint has neither query nor fragment, {ADDRESS}"),
            ('"https://h\\n"', f"this address holds a character that no address may hold, {ADDRESS}"),
            ('"https://h\\r\\nx"', f"this address holds a character that no address may hold, {ADDRESS}"),
            ('"https://h\\t"', f"this address holds a character that no address may hold, {ADDRESS}"),
            ("https://h h", f"this address holds a character that no address may hold, {ADDRESS}"),
            ("https://hünter2", f"this address holds a character that no address may hold, {ADDRESS}"),
            ("https://127.0.0.1\\@hunter2", f"this address holds a character that no address may hold, {ADDRESS}"),
            ("''", f"this address is empty, {ADDRESS}"),
            ("5", "a bare number stands where text is wanted, expected quotes around it"),
        ]
    ],
    *[
        (endpoints(address), [])
        for address in (
            "http://127.0.0.1:8931",
            "http://127.200.0.9",
            "http://localhost",
            "http://LOCALHOST:1/x",
            "'http://[::1]:8'",
            "https://h.example:443/path/",
            "https://0.0.0.0",
        )
    ],
]


@pytest.mark.parametrize(("text", "findings"), WRONG)
def test_what_is_wrong_and_where(desk: Desk, text: str, findings: list[str]):
    found = desk.findings({"partner.yaml": HEAD + text, "c.yaml": CUSTOMER})
    assert found == [f"m/partner.yaml:{finding}" for finding in findings]


@pytest.mark.parametrize("text", [text for text, _ in WRONG])
def test_no_finding_shows_a_value(desk: Desk, text: str):
    assert "hunter2" not in "".join(desk.findings({"partner.yaml": HEAD + text}))


def test_a_misspelt_kind_shows_no_value_either(desk: Desk):
    found = desk.findings({"other.yaml": HEAD.replace("Partner", "hunter2")})
    assert found
    assert "hunter2" not in "".join(found)


def test_the_whole_document(desk: Desk):
    text = (
        HEAD.replace("00aa", "00AA")
        + endpoints("http://127.0.0.1:8931/")
        + ("  timeZone: Europe/Berlin\n  reservations: api\n")
    )
    text = text.replace("clientSecret: {env: PC_CLIENT_SECRET}", "certificate: {file: c.pem}, refreshToken: {env: RT}")
    assert desk.load({"partner.yaml": text}).partner == Partner(
        name="contoso-csp",
        tenant_id="9f10aa00-0000-4000-8000-0000000000aa",
        cloud=Cloud.CUSTOM,
        endpoints=Endpoints("http://127.0.0.1:8931", "https://h/login", "https://h/graph", "https://h/management"),
        credentials=Credentials(
            client_id=SecretRef(env="PC_CLIENT_ID"),
            certificate=SecretRef(file="c.pem"),
            refresh_token=SecretRef(env="RT"),
        ),
        time_zone="Europe/Berlin",
        reservations="api",
    )


def test_an_estate_of_ones_own(desk: Desk):
    text = HEAD + "  cloud: simulator\n  simulator: {estate: estate.yaml}\n"
    assert desk.load({"partner.yaml": text}).partner.simulator_estate == "estate.yaml"


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("127.255.255.255", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "126.0.0.1", "::", "::1%lo", "localhost.", "127.0.0.1.nip.io", "")],
)
def test_loopback(host: str, answer: bool):
    assert is_loopback(host) is answer


def test_a_machine_without_time_zones_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(partners, "available_timezones", set)
    text = HEAD + "  cloud: simulator\n  timeZone: Europe/Berlin\n"
    assert desk.findings({"partner.yaml": text}) == [
        "m/partner.yaml:7:13: this machine has no time zone database, expected the system's or the package tzdata"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("  notOffered: [transfers, relationships]\n", ("relationships", "transfers"))],
)
def test_what_is_refused_to_a_partner_for_good_is_named_once(desk: Desk, text: str, expected: tuple[str, ...]) -> None:
    assert desk.load({"partner.yaml": f"{HEAD}  cloud: simulator\n{text}"}).partner.not_offered == expected
