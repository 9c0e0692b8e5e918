"""An item of an estate with every default filled in: its kind, its dates, its order."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .clock import add_term, is_term
from .fields import Fields
from .identifiers import order_id, stable_id
from .kinds import DEFAULTS, LEGACY, Kind, KindDefaults, window_days

__all__ = ["ITEM_FIELDS", "Item", "Source", "read_item"]

ITEM_FIELDS = (
    *("kind", "id", "name", "offer", "product", "status", "quantity", "term", "billingCycle", "trial", "partnerId"),
    *("bought", "starts", "ends", "windowUntil", "autoRenew", "endOfTerm", "suspendedBecause", "price", "currency"),
    *("refundable", "publisher", "azureSubscriptions", "addOns", "order", "wire", "orderWire"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an item stands: whose it is, its number there, and the add-on's parent."""

    tenant: str
    place: str
    parent: "Item | None" = None


@dataclass(frozen=True, slots=True)
class Item:
    """An estate's item with every default filled in."""

    fields: Fields
    source: Source
    kind: Kind
    defaults: KindDefaults
    id: str
    name: str
    offer: str
    quantity: int
    term: str
    bought: datetime
    starts: datetime
    ends: datetime | None

    @property
    def legacy(self) -> bool:
        """Whether this is from before the new commerce."""
        return self.kind in LEGACY

    @property
    def has_subscription(self) -> bool:
        """Perpetual software and reservations have none (section 5.3)."""
        return self.kind not in (Kind.PERPETUAL_SOFTWARE, Kind.RESERVATION)

    @property
    def order_id(self) -> str:
        """The order that bought it; items that name the same `order` share one, an add-on has its own."""
        label = self.fields.get("order")
        seed = f"{self.source.tenant}/order/{label if label is not None else self.source.place}"
        return stable_id(seed) if self.legacy else order_id(seed)

    @property
    def publisher(self) -> str:
        """Who publishes the product."""
        return self.fields.text("publisher", self.defaults.publisher)

    @property
    def window_until(self) -> datetime | None:
        """Until when the purchase can be cancelled."""
        if self.fields.has("windowUntil"):
            return self.fields.date("windowUntil")
        days = window_days(self.kind, self.publisher, self.name)
        return self.starts + timedelta(days=days) if days else None


def read_item(fields: Fields, source: Source) -> Item:
    """Check an item of an estate and fill in its defaults. Raises SimulatorError."""
    kind, trial = _kind(fields, source)
    defaults = DEFAULTS[kind]
    term = fields.text("term", "P1M" if trial else defaults.term)
    if term and not is_term(term):
        raise fields.wrong("term", "a term such as P1M, P1Y or P3Y")
    bought, starts, ends = _dates(fields, kind, defaults, term)
    name = fields.text("name", defaults.name)
    return Item(
        fields=fields,
        source=source,
        kind=kind,
        defaults=defaults,
        id=fields.text("id", stable_id(source.tenant, source.place, kind.value)),
        name=name,
        offer=_offer(fields, defaults),
        quantity=fields.number("quantity", defaults.quantity),
        term=term,
        bought=bought,
        starts=starts,
        ends=ends,
    )


def _kind(fields: Fields, source: Source) -> tuple[Kind, bool]:
    """The family of an item; `trial` and `add-on` are traits that may stand in its place."""
    parent = source.parent.kind.value if source.parent else None
    traits = ("trial", "add-on") if parent else ("trial",)
    written = fields.choice("kind", (*(kind.value for kind in Kind), *traits), parent)
    trial = fields.flag("trial", written == "trial")
    family = {"trial": Kind.NEW_COMMERCE_LICENSE.value, "add-on": parent or ""}.get(written, written)
    return Kind(family), trial


def _offer(fields: Fields, defaults: KindDefaults) -> str:
    """`offer` in full, or `product` alone, which keeps the usual SKU and availability."""
    if not fields.has("product"):
        return fields.text("offer", defaults.offer)
    _, _, rest = defaults.offer.partition(":")
    return f"{fields.text('product')}:{rest}" if rest else fields.text("product")


def _dates(fields: Fields, kind: Kind, defaults: KindDefaults, term: str) -> tuple[datetime, datetime, datetime | None]:
    """When it was bought, when its present term began, and the last day of that term (legacy: the day after it)."""
    bought, starts, ends = fields.date("bought"), fields.date("starts"), fields.date("ends")
    if not term:
        started = starts or bought or fields.created - timedelta(days=defaults.bought_days_ago)
        return bought or started, started, ends
    overlap = timedelta() if kind in LEGACY else timedelta(days=1)
    if ends is None and starts is None and bought is None:
        ends = _default_end(fields, defaults, term)
    if starts is None:
        starts = bought if ends is None or bought is not None else add_term(ends + overlap, term, -1)
    if starts is None:
        raise fields.wrong("bought", "a date")
    return bought or starts, starts, ends or add_term(starts, term) - overlap


def _default_end(fields: Fields, defaults: KindDefaults, term: str) -> datetime:
    """A status that only time can bring needs an end in the past; the rest is in the middle of its term."""
    ago = {"expired": 10, "disabled": 60, "deleted": 200}.get(str(fields.get("status")))
    if ago is not None:
        return fields.created - timedelta(days=ago)
    into = timedelta(days=15 if term == "P1M" else defaults.bought_days_ago)
    return add_term(fields.created - into, term)
