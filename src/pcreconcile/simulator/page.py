"""One plain HTML page that shows the state to a person: customers, what they hold, the latest requests.

Self-contained, nothing loaded from elsewhere, everything from an estate or a request escaped.
"""

from collections.abc import Iterable
from html import escape
from itertools import islice
from typing import Any

from .clock import wire_time
from .messages import Call, Json, Reply

__all__ = ["show"]

_LATEST = 40
_CUSTOMERS = 100
_REFRESH_SECONDS = 5
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:110rem;padding:0 1rem;
color:#1b1b1b;background:#fff}
main{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:2rem}
@media(max-width:75rem){main{grid-template-columns:minmax(0,1fr)}}
table{border-collapse:collapse;width:100%;margin:.2rem 0 1.2rem}
th,td{text-align:left;padding:.2rem .5rem;border-bottom:1px solid #ddd;vertical-align:top;font-size:.85em}
main>:last-child td:nth-child(4){overflow-wrap:anywhere}td:last-child{white-space:nowrap}
th{font-weight:600;white-space:nowrap}h3{font-size:1em;margin:1rem 0 .2rem}code{font-size:.9em}.gone{color:#777}
"""


def show(call: Call) -> Reply:
    """`GET /`; it shows itself again every few seconds."""
    count = len(call.world.store.customers())
    shown = "".join(_customer(each) for each in islice(call.world.every_customer(), _CUSTOMERS))
    more = f"<p>The first {_CUSTOMERS} of {count} customers; all of them are in <code>/_simulator/world</code>.</p>"
    latest = reversed(call.world.store.requests(limit=_LATEST))
    body = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{_REFRESH_SECONDS}">
<title>Partner Center simulator</title><style>{_STYLE}</style></head><body>
<h1>Partner Center simulator</h1>
<p>{_text(call.world.partner["name"])} <code>{_text(call.world.partner["tenantId"])}</code>, {count} customers.
The clock {_clock(call)} <time>{wire_time(call.now)}</time>.</p>
<main><section><h2>Customers</h2>{more if count > _CUSTOMERS else ""}{shown}</section>
<section><h2>Latest requests</h2>
{_table(("#", "at", "method", "path", "status", "code", "effect"), map(_request, latest))}
</section></main></body></html>"""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Reply(200, body, headers)


def _clock(call: Call) -> str:
    return "stands at" if call.world.clock.fixed is not None else "runs, at"


def _text(value: Any) -> str:
    return escape("" if value is None else str(value))


def _table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f"<th>{_text(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _customer(customer: Json) -> str:
    gone = customer["relationshipToPartner"] == "none"
    holdings = [*map(_subscription, customer["subscriptions"]), *_azure(customer)]
    holdings += map(_entitlement, customer["entitlements"])
    title = f"{_text(customer['companyName'])} <code>{_text(customer['id'])}</code> {_text(customer['domain'])}"
    state = f"{_text(customer['relationshipToPartner'])}, {len(holdings)} holdings"
    table = _table(("what", "kind", "ID", "quantity", "status", "ends"), holdings)
    return f'<div class="{"gone" if gone else "live"}"><h3>{title}: {state}</h3>{table if holdings else ""}</div>'


def _subscription(item: Json) -> tuple[Any, ...]:
    wire = item["wire"]
    seen = (wire.get(name) for name in ("id", "quantity", "status"))
    return (wire.get("friendlyName"), item["kind"], *seen, _day(wire.get("commitmentEndDate")))


def _day(instant: Any) -> str:
    """The date is enough for a look; a wire value may be anything."""
    return str(instant or "").partition("T")[0]


def _azure(customer: Json) -> Iterable[tuple[Any, ...]]:
    for item in customer["subscriptions"]:
        for each in item.get("azureEntitlements", ()):
            wire = each["wire"]
            yield (wire.get("friendlyName"), "Azure subscription", wire.get("id"), "", wire.get("status"), "")


def _entitlement(entitlement: Json) -> tuple[Any, ...]:
    wire = entitlement["wire"]
    name = f"entitlement {wire.get('productId')}:{wire.get('skuId')}"
    order, state = wire["referenceOrder"]["id"], wire.get("fulfillmentState")
    return (name, entitlement["kind"], order, wire.get("quantity"), state, _day(entitlement["expires"]))


def _request(entry: Json) -> tuple[Any, ...]:
    effects = [name for name in ("applied", "replayed") if entry.get(name)] + [entry.get("fault") or ""]
    target = entry["path"] + (f"?{entry['query']}" if entry["query"] else "")
    status = "none" if entry["status"] is None else entry["status"]
    return (entry["seq"], str(entry["at"])[11:19], entry["method"], target, status, entry["code"], " ".join(effects))
