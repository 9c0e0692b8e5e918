"""Who else is part of a customer's business: the partners it is handed to, and the resellers it is served by.

Both lists may not exist for a partner at all. A service that has no such list (404, 405, 501 that do not speak of the
customer) and a user whom the Partner document does not name are told apart from a read that failed (`Excuse`). A 403 is
a read that failed: its remedy is a role, or `notOffered` where the service refuses the list to the partner for good.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Generic, TypeVar

import msgspec

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.estate import CustomerState, Excuse, ReadProof, Reseller, Resource, Transfer
from pcreconcile.model.ids import TenantId
from pcreconcile.model.observed import Fields, observe_reseller, observe_transfer
from pcreconcile.partner_center.items import complete, with_id
from pcreconcile.partner_center.paging import Collected, Listing, collect
from pcreconcile.partner_center.routes import Route
from pcreconcile.partner_center.session import HeaderPairs, Received, Session
from pcreconcile.partner_center.tokens import Identity
from pcreconcile.partner_center.transfers import decode_reseller, decode_transfer

Row = TypeVar("Row", bound=msgspec.Struct)

ITEM_TYPES = frozenset({"transfer", "reseller"})

_NO_SUCH_LIST = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
_OF_THE_CUSTOMER = frozenset({"60003", "20002", "900118"})  # these speak of the customer, not of the list (facts, 9.2)
_ROLE = (
    "give the account the Admin agent role; if the service refuses this list to the partner for good, say so in the "
    "Partner document: notOffered: [{name}]"
)


class _List(msgspec.Struct, Generic[Row], frozen=True):
    """A list of one customer, and who may ask for it."""

    listing: Listing[Row]
    identity: Identity


_TRANSFERS = _List(
    Listing(Resource.TRANSFERS, ("transfers",), decode_transfer, lambda row: row.id), Identity.APPLICATION
)
_RESELLERS = _List(
    Listing(Resource.RESELLERS, ("relationships",), decode_reseller, lambda row: row.id, named="relationships"),
    Identity.USER,
)


class Counterparties:
    """Transfers and resellers of one partner's customers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def with_transfers(self, state: CustomerState) -> CustomerState:
        """The state with the customer's transfers to other partners."""
        rows, proof = await self._proven(state.tenant_id, _TRANSFERS)
        return msgspec.structs.replace(state, transfers=rows, reads=(*state.reads, proof))

    async def with_resellers(self, state: CustomerState) -> CustomerState:
        """The state with the indirect resellers of the customer; only a user may ask for them."""
        rows, proof = await self._proven(state.tenant_id, _RESELLERS)
        return msgspec.structs.replace(state, resellers=rows, reads=(*state.reads, proof))

    async def read_item(self, tenant_id: TenantId, item_type: str, item_id: str) -> Fields | None:
        """One thing of `ITEM_TYPES`, out of its list; None when the list does not hold it.

        Raises RemoteError, NoAnswer, IncompleteRead, and ConfigurationError without a user.
        """
        if item_type == "transfer":
            transfers: tuple[Transfer, ...] = complete(await self._read(tenant_id, _TRANSFERS))
            return with_id(map(observe_transfer, transfers), item_id)
        resellers: tuple[Reseller, ...] = complete(await self._read(tenant_id, _RESELLERS))
        return with_id(map(observe_reseller, resellers), item_id)

    async def _read(self, tenant_id: TenantId, wanted: _List[Row]) -> Collected[Row]:
        async def read(path: Route, headers: HeaderPairs) -> Received:
            return await self._session.read(path, headers, wanted.identity)

        return await collect(read, self._session.base, wanted.listing.of_customer(tenant_id))

    async def _proven(self, tenant_id: TenantId, wanted: _List[Row]) -> tuple[tuple[Row, ...] | None, ReadProof]:
        """The rows of a list that was read to its end, and how the read ended."""
        try:
            found = await self._read(tenant_id, wanted)
        except ConfigurationError as error:  # the Partner document names no user
            resource = wanted.listing.resource
            return None, ReadProof(resource, complete=False, problem=str(error), excuse=Excuse.NO_CREDENTIAL)
        proof = msgspec.structs.replace(found.proof, excuse=_excuse(found), problem=_with_remedy(found, wanted))
        return (found.rows if proof.complete else None), proof


def _excuse(found: Collected[Row]) -> Excuse | None:
    speaks_of_the_customer = found.error is not None and found.error.code in _OF_THE_CUSTOMER
    missing = found.proof.pages == 0 and found.status in _NO_SUCH_LIST and not speaks_of_the_customer
    return Excuse.NOT_OFFERED if missing else None


def _with_remedy(found: Collected[Row], wanted: _List[Row]) -> str:
    if found.status != HTTPStatus.FORBIDDEN:
        return found.proof.problem
    name = wanted.listing.named or wanted.listing.resource
    return f"{found.proof.problem}; partner admin: {_ROLE.format(name=name)}"
