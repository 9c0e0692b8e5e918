"""Who else is part of a customer's business: the partners it is handed to, and the resellers it is served by.

Both reads stand beside commerce and may not exist for a partner at all. A service that has no such list, and resellers
that we have no right or credential to see, are told apart from a read that merely failed (`ReadProof.offered`):
asking again would not help there.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Generic, TypeVar

import msgspec

from pcreconcile.model.errors import AuthenticationError, ConfigurationError
from pcreconcile.model.estate import CustomerState, ReadProof, Reseller, Transfer
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import TenantId
from pcreconcile.model.observed import Fields, observe_reseller, observe_transfer
from pcreconcile.partner_center.items import complete, with_id
from pcreconcile.partner_center.paging import Collected, Listing, collect
from pcreconcile.partner_center.reader import customer_path
from pcreconcile.partner_center.session import HeaderPairs, Received, Session
from pcreconcile.partner_center.tokens import Identity
from pcreconcile.partner_center.transfers import decode_reseller, decode_transfer

Row = TypeVar("Row", bound=msgspec.Struct)

ITEM_TYPES = frozenset({"transfer", "reseller"})

_NO_SUCH_LIST = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
_TENANT_NOT_FOUND = "60003"  # a 404 that speaks of the customer, not of the list (API facts, 9.2)


class _List(msgspec.Struct, Generic[Row], frozen=True):
    """A list of one customer: who may ask for it, and which refusals mean that it is not there for us."""

    listing: Listing[Row]
    identity: Identity
    not_for_us: frozenset[HTTPStatus]


_TRANSFERS = _List(
    Listing("transfers", "/transfers", decode_transfer, lambda row: row.id), Identity.APPLICATION, _NO_SUCH_LIST
)
_RESELLERS = _List(
    Listing("relationships", "/relationships", decode_reseller, lambda row: row.id),
    Identity.USER,
    _NO_SUCH_LIST | {HTTPStatus.FORBIDDEN},
)


class Counterparties:
    """Transfers and resellers of one partner's customers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def with_transfers(self, state: CustomerState) -> CustomerState:
        """The state with the customer's transfers to other partners."""
        rows, proof = await self._proven(state.tenant_id, _TRANSFERS, Extra.TRANSFERS)
        return msgspec.structs.replace(state, transfers=rows, extra_reads=(*state.extra_reads, proof))

    async def with_resellers(self, state: CustomerState) -> CustomerState:
        """The state with the indirect resellers of the customer; only a user may ask for them."""
        rows, proof = await self._proven(state.tenant_id, _RESELLERS, Extra.RESELLERS)
        return msgspec.structs.replace(state, resellers=rows, extra_reads=(*state.extra_reads, proof))

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
        async def read(path: str, headers: HeaderPairs) -> Received:
            return await self._session.read(path, headers, wanted.identity)

        path = customer_path(tenant_id) + wanted.listing.path
        return await collect(read, self._session.base, msgspec.structs.replace(wanted.listing, path=path))

    async def _proven(
        self, tenant_id: TenantId, wanted: _List[Row], extra: Extra
    ) -> tuple[tuple[Row, ...] | None, ReadProof]:
        """The rows of a list that was read to its end, and how the read ended."""
        try:
            found = await self._read(tenant_id, wanted)
        except ConfigurationError as error:
            return None, ReadProof(extra, complete=False, problem=str(error), offered=False)
        except AuthenticationError as error:
            return None, ReadProof(extra, complete=False, problem=str(error))
        proof = msgspec.structs.replace(found.proof, resource=extra, offered=not _is_not_for_us(found, wanted))
        return (found.rows if proof.complete else None), proof


def _is_not_for_us(found: Collected[Row], wanted: _List[Row]) -> bool:
    speaks_of_the_customer = found.error is not None and found.error.code == _TENANT_NOT_FOUND
    return found.proof.pages == 0 and found.status in wanted.not_for_us and not speaks_of_the_customer
