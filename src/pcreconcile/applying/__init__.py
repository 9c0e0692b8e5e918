"""The only writer: takes a plan, does what is due, each write exactly once, and proves it.

Nothing here speaks HTTP or knows a database: Microsoft is a `Service`, the journal a `Store`, time a `Clock`.
"""

from pcreconcile.applying.identifiers import Ids
from pcreconcile.applying.memory import memory_from
from pcreconcile.applying.plan_file import check_partner, check_plan, read_plan_file
from pcreconcile.applying.ports import Answer, Clock, Service, Store, WriteRequest
from pcreconcile.applying.run import apply
from pcreconcile.applying.stores import open_store, read_events

__all__ = [
    "Answer",
    "Clock",
    "Ids",
    "Service",
    "Store",
    "WriteRequest",
    "apply",
    "check_partner",
    "check_plan",
    "memory_from",
    "open_store",
    "read_events",
    "read_plan_file",
]
