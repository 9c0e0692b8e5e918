"""Webhooks: the registration, what is delivered, how it is signed, and what becomes of it when nobody listens."""

import base64
import json
import queue
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from pcreconcile.simulator import SimulatorSettings

from .conftest import TENANT, calling

HOOK = "/webhooks/v1/registration"
CUSTOMER = f"/v1/customers/{TENANT}01"
WAIT = 600  # seconds; for what never comes, not for a busy machine


class Listener:
    """A webhook: what it was sent, and what it answers."""

    def __init__(self):
        self.received, self.statuses, self.release = queue.Queue(), [], threading.Event()
        self.release.set()
        received, statuses, release = self.received, self.statuses, self.release

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.put((self.path, dict(self.headers), body))
                release.wait(WAIT)
                self.send_response(statuses.pop(0) if statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?key=1"

    def next(self):
        path, headers, body = self.received.get(timeout=WAIT)
        assert path == "/hook?key=1"
        return {name.lower(): value for name, value in headers.items()}, body


@contextmanager
def listening():
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.release.set()
        listener.server.shutdown()
        listener.server.server_close()
        thread.join()


@pytest.fixture
def listener():
    with listening() as one:
        yield one


@pytest.fixture
def caller(estate):
    return estate([{"kind": "legacy-license", "addOns": [{"name": "storage"}]}])


def register(caller, url, *events, method="POST", **more):
    body = {"WebhookUrl": url, "WebhookEvents": list(events or ("subscription-updated", "test-created")), **more}
    return caller(method, HOOK, body)


def suspend(caller):
    rows = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"]
    return caller("PATCH", f"{CUSTOMER}/subscriptions/{rows[0]['id']}", rows[0] | {"status": "suspended"})


def deliveries(caller):
    return caller.http.get("/_simulator/deliveries").json()


def settled(caller):
    """The deliveries once none is pending; each look waits for the listener's thread and the courier's turn."""
    for _ in range(10_000):
        if all(each["state"] != "pending" for each in deliveries(caller)):
            break
    return deliveries(caller)


def verify(caller, headers, body, signature):
    certificate = x509.load_der_x509_certificate(caller.http.get(headers["x-ms-certificate-url"]).content)
    assert headers["x-ms-certificate-url"].startswith(caller.url)
    assert headers["x-ms-signature-algorithm"] == "rsa-sha256"
    kind, _, encoded = signature.partition(" ")
    assert kind == "Signature"
    organization = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    assert organization[0].value == "Microsoft Corporation"
    certificate.public_key().verify(base64.b64decode(encoded), body, padding.PKCS1v15(), hashes.SHA256())


def test_one_registration_per_partner(caller):
    assert caller("GET", HOOK).status_code == 404
    assert register(caller, "https://a.example/x", method="PUT").status_code == 404
    assert caller.http.get("/_simulator/webhook.cer").status_code == 404
    made = register(caller, "https://a.example/x").json()
    assert (made["WebhookUrl"], made["WebhookEvents"]) == (
        "https://a.example/x",
        ["subscription-updated", "test-created"],
    )
    assert register(caller, "https://b.example").status_code == 409
    changed = caller("PUT", HOOK, {"webhookurl": "https://b.example", "webhookEvents": ["Test-Created"]}).json()
    assert changed == {
        "SubscriberId": made["SubscriberId"],
        "WebhookUrl": "https://b.example",
        "WebhookEvents": ["test-created"],
    }
    assert caller("GET", HOOK).json() == changed
    assert "subscription-updated" in caller("GET", f"{HOOK}/events").json()


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"WebhookUrl": "https://a.example"},
        {"WebhookUrl": "https://a.example", "WebhookEvents": []},
        {"WebhookUrl": "https://a.example", "WebhookEvents": ["unheard-of"]},
        {"WebhookUrl": "https://a.example", "WebhookEvents": [1]},
        *(
            {"WebhookUrl": url, "WebhookEvents": ["test-created"]}
            for url in ("ftp://a", "a", "http://", "http://a:99999", "http://[", "http://a/ b", "http://a/\n", 3, "//a")
        ),
    ],
    ids=str,
)
def test_registrations_are_checked(caller, body):
    answer = caller("POST", HOOK, body)
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)


@pytest.mark.parametrize("own_header", [False, True])
def test_a_change_is_told_and_signed(caller, listener, own_header):
    register(caller, listener.url, SignatureTokenToMsSignatureHeader=own_header)
    changed = suspend(caller).json()
    headers, body = listener.next()
    told = json.loads(body)
    assert (told["EventName"], told["ResourceName"]) == ("subscription-updated", "subscription")
    assert told["ResourceUri"] == f"{caller.url}/webhooks/v1/customers/{TENANT}01/subscriptions/{changed['id']}"
    names = ("x-ms-signature", "authorization") if own_header else ("authorization", "x-ms-signature")
    verify(caller, headers, body, headers[names[0]])
    assert names[1] not in headers
    record = caller("GET", told["AuditUri"].removeprefix(caller.url)).json()
    assert (record["operationType"], record["customerId"]) == ("update_subscription", TENANT + "01")
    _, second = listener.next()
    assert json.loads(second)["ResourceUri"] != told["ResourceUri"]  # the add-on was suspended with it
    assert [each["state"] for each in settled(caller)] == ["delivered", "delivered"]


def test_a_changed_body_does_not_verify(caller, listener):
    register(caller, listener.url)
    suspend(caller)
    headers, body = listener.next()
    with pytest.raises(InvalidSignature):
        verify(caller, headers, body + b" ", headers["authorization"])


def test_the_write_does_not_wait_for_the_webhook(caller, listener):
    register(caller, listener.url)
    listener.release.clear()
    assert suspend(caller).json()["status"] == "suspended"
    listener.next()
    assert deliveries(caller)[0]["state"] == "pending"
    assert caller("GET", f"{CUSTOMER}/subscriptions").status_code == 200
    listener.release.set()
    assert settled(caller)[0]["state"] == "delivered"


@pytest.mark.parametrize(
    ("statuses", "state"), [([500, 404, 302, 200], "delivered"), ([500] * 10, "dropped")], ids=["in the end", "never"]
)
def test_it_tries_again_ten_times_at_most(estate, listener, statuses, state):
    caller = estate([{"kind": "legacy-license"}])
    register(caller, listener.url, "subscription-updated")
    listener.statuses += statuses
    suspend(caller)
    (delivery,) = settled(caller)
    assert ([each["status"] for each in delivery["attempts"]], delivery["state"]) == (statuses, state)


def test_a_cancelled_order_tells_of_its_subscription(estate, listener):
    caller = estate([{"kind": "software-subscription", "bought": "-1d"}])
    register(caller, listener.url, "subscription-updated")
    (order,) = caller("GET", f"{CUSTOMER}/orders").json()["items"]
    caller("PATCH", f"{CUSTOMER}/orders/{order['id']}", {"status": "cancelled"})
    row = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"][0]
    assert json.loads(listener.next()[1])["ResourceUri"].endswith(row["id"])


def test_nobody_listens(caller):
    with listening() as gone:
        url = gone.url
    register(caller, url, "subscription-updated")
    suspend(caller)
    last = settled(caller)[-1]
    assert (last["state"], {each["error"] for each in last["attempts"]}) == ("dropped", {"ConnectionRefusedError"})


@pytest.mark.parametrize(
    "url", ["https://partner.example/hook", "http://169.254.1.1/", "http://0.0.0.0/", "http://2130706433/"]
)
def test_only_loopback_is_called(caller, url):
    register(caller, url)
    suspend(caller)
    assert [(each["state"], each["attempts"]) for each in deliveries(caller)] == [("undelivered", [])] * 2
    correlation = caller("POST", f"{HOOK}/validationEvents").json()["correlationId"]
    result = caller("GET", f"{HOOK}/validationEvents/{correlation}").json()
    assert (result["status"], result["results"]) == ("completed", [])


def test_the_validation_event(caller, listener):
    assert caller("POST", f"{HOOK}/validationEvents").status_code == 404
    register(caller, listener.url)
    correlation = caller("POST", f"{HOOK}/validationEvents").json()["correlationId"]
    assert json.loads(listener.next()[1])["EventName"] == "test-created"
    settled(caller)
    result = caller("GET", f"{HOOK}/validationEvents/{correlation}").json()
    assert (result["status"], result["callbackUrl"]) == ("completed", listener.url)
    assert [(each["responseCode"], each["systemError"]) for each in result["results"]] == [("OK", False)]
    assert caller("GET", f"{HOOK}/validationEvents/{TENANT}99").status_code == 404
    assert caller("POST", f"{HOOK}/validationEvents").status_code == 429  # the refused one counted too


def test_what_is_not_registered_for_is_not_told(caller, listener):
    register(caller, listener.url, "dap-admin-relationship-terminated")
    suspend(caller)
    assert deliveries(caller) == []
    assert caller("POST", f"{HOOK}/validationEvents").status_code == 400


def test_what_was_pending_is_delivered_by_the_next_process(tmp_path):
    settings = SimulatorSettings(state=tmp_path / "world.db")
    row = f"/v1/customers/{TENANT}21/subscriptions"
    with listening() as listener:
        with calling(settings) as caller:
            register(caller, listener.url, "subscription-updated")
            listener.release.clear()
            one = caller("GET", row).json()["items"][1]
            caller("PATCH", f"{row}/{one['id']}", one | {"friendlyName": "other"})
            listener.next()
        listener.release.set()
        with calling(settings) as caller:
            headers, body = listener.next()
            verify(caller, headers, body, headers["authorization"])
            assert settled(caller)[0]["state"] == "delivered"
