"""YAML into the model: a strict reader with positions, the schema check, folder defaults, and rule packs.

Nothing else of pcreconcile reads YAML. The way is: bytes, events, node tree with places, plain data, JSON Schema,
checks that a schema cannot say, model values; whatever is wrong on the way becomes a Finding and the way goes on.
"""

from pcreconcile.manifests.load import Loaded, load
from pcreconcile.manifests.rules import read_rules
from pcreconcile.manifests.schema import SCHEMA_KINDS, schema_text

__all__ = ["SCHEMA_KINDS", "Loaded", "load", "read_rules", "schema_text"]
