"""Evidence as one page for people: `index.html` of an archive, to be read, printed and kept without anything else.

Every value that a template shows goes through `rendering.text` first and is escaped as HTML after, without the template
having to ask for it. Trade-off: the templates are files of this package, read once per process like its modules.
"""

from __future__ import annotations

import shlex
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pcreconcile.model.approval import NAMESPACE
from pcreconcile.model.evidence import Evidence
from pcreconcile.rendering import evidence_money, evidence_story, evidence_view, words
from pcreconcile.rendering.text import outside, prose

HASHES = "#&#35;"
"""How HTML writes ``##``, which would begin a command where a build's log shows the page (Azure Pipelines)."""


def render(evidence: Evidence) -> str:
    """The whole page: no script, nothing loaded, the same text for the same evidence, and no ``##`` (`HASHES`)."""
    return _environment().get_template("page.html").render(evidence=evidence).replace("##", HASHES)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("pcreconcile.rendering", "templates/evidence"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(
        view=evidence_view, story=evidence_story, sums=evidence_money, counted=words.counted, namespace=NAMESPACE
    )
    found.filters.update(outside=outside, quoted=_quoted, stamp=evidence_story.stamp)
    return found


def _harmless(value: Any) -> Any:
    """What every expression of every template passes on its way out."""
    return value if isinstance(value, Markup) else prose(str(value))


def _quoted(text: str) -> str:
    """One argument of a shell command that a reader may copy."""
    return shlex.quote(prose(text))
