"""Lines of a report before they are wrapped and coloured: what is said, apart from how it is set."""

from __future__ import annotations

from enum import Enum

import msgspec


class Tone(Enum):
    """What a line is about. Colour only repeats what the words say."""

    PLAIN = "none"
    HEADING = "bold"
    QUIET = "dim"
    GOOD = "green"
    ATTENTION = "yellow"
    DANGER = "bold red"


class Line(msgspec.Struct, frozen=True):
    """One paragraph: `mark` stands before its first line only and continuation lines hang below the text.

    `whole` lines are never broken (links, identifiers).
    """

    text: str
    indent: int = 0
    mark: str = ""
    tone: Tone = Tone.PLAIN
    whole: bool = False


class Style(msgspec.Struct, frozen=True):
    """The paper: its width in columns, and whether there is ink of several colours."""

    width: int = 80
    colour: bool = False


BLANK = Line("")
LABEL_WIDTH = 12


def labelled(label: str, text: str, *, tone: Tone = Tone.PLAIN) -> Line:
    """A line of a customer's head: a short label and what it stands for."""
    return Line(text, indent=2, mark=label.ljust(LABEL_WIDTH), tone=tone)
