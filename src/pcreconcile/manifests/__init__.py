"""YAML into the model: a strict reader with positions, the schema check, folder defaults, and rule packs.

Nothing else of pcreconcile reads YAML. The way is: bytes, events, node tree with places, plain data, JSON Schema,
checks that a schema cannot say, model values; whatever is wrong on the way becomes a Finding and the way goes on.
"""

from pcreconcile.manifests.approvals import read_approval, read_signed, write_signed
from pcreconcile.manifests.load import Loaded, load
from pcreconcile.manifests.overrides import OverrideWish, overridden
from pcreconcile.manifests.rules import Pack, read_pack, read_rules, shipped_pack
from pcreconcile.manifests.schema import SCHEMA_KINDS, schema_text

__all__ = [
    "SCHEMA_KINDS",
    "Loaded",
    "OverrideWish",
    "Pack",
    "load",
    "overridden",
    "read_approval",
    "read_pack",
    "read_rules",
    "read_signed",
    "schema_text",
    "shipped_pack",
    "write_signed",
]
