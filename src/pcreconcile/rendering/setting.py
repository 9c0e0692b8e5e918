"""Sets lines on paper: wraps them to a width, hangs them below their mark, colours them. The one user of rich."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING

from pcreconcile.rendering.page import Line, Style, Tone
from pcreconcile.rendering.text import harmless

if TYPE_CHECKING:
    from rich.console import Console

_NARROWEST = 40


def set_lines(lines: Iterable[Line], style: Style) -> str:
    """The lines as text with a line end after each; without colour it holds no escape sequence."""
    from rich.console import Console

    # A console of our own: what the environment says about colour was decided before we were called.
    console = Console(
        file=StringIO(),
        width=max(style.width, _NARROWEST),
        color_system="standard",
        force_terminal=True,
        legacy_windows=False,
        _environ={},
    )
    return "".join(_set(line, console, style) for line in lines)


def _set(line: Line, console: Console, style: Style) -> str:
    from rich.cells import cell_len

    first = " " * line.indent + line.mark
    hanging = " " * cell_len(first)
    rows = _rows(line, console, console.width - len(hanging))
    # The mark belongs to what a line says, so harmlessness is judged with it.
    marked = [harmless((hanging if number else first) + row) for number, row in enumerate(rows)]
    return "".join(_coloured(row.rstrip(), line.tone, style) + "\n" for row in marked)


def _rows(line: Line, console: Console, width: int) -> list[str]:
    from rich.cells import cell_len
    from rich.text import Text

    if line.whole or cell_len(line.text) <= width:
        return [line.text]
    return [row.plain.rstrip() for row in Text(line.text).wrap(console, width, overflow="fold")]


def _coloured(row: str, tone: Tone, style: Style) -> str:
    if not style.colour or tone is Tone.PLAIN or not row:
        return row
    from rich.color import ColorSystem
    from rich.style import Style as Ink

    return Ink.parse(tone.value).render(row, color_system=ColorSystem.STANDARD)
