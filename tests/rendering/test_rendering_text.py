"""Text from outside cannot move the cursor, turn a line around, or command a build service."""

import pytest

from pcreconcile.rendering.text import harmless, outside


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Aspen Books", "Aspen Books"),
        ("Äpfel & Söhne 果物 🍏", "Äpfel & Söhne 果物 🍏"),
        (None, ""),
        ("two\nlines\tand\rmore", "two\\nlines\\tand\\rmore"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("bell\x07 del\x7f", "bell\\x07 del\\x7f"),
        ("\x9b31m C1", "\\x9b31m C1"),
        ("abc\u202efdp.exe", "abc\\u202efdp.exe"),
        ("\u2066isolated\u2069", "\\u2066isolated\\u2069"),
        ("line\u2028separator", "line\\u2028separator"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("lone \ud800", "lone \\ud800"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
    ],
)
def test_outside(given, shown):
    assert outside(given) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::gotcha", "\\x3a:error::gotcha"),
        ("   ::add-mask::x", "   \\x3a:add-mask::x"),
        ("a::b", "a::b"),
        ("##vso[task.setvariable]x", "\\x23#vso[task.setvariable]x"),
        ("name ##VSO[x]", "name \\x23#VSO[x]"),
        ("name ##[error]x", "name \\x23#[error]x"),
        ("first\n::error::second", "first\n\\x3a:error::second"),
        ("## heading", "\\x23# heading"),
        ("a # b #c", "a # b #c"),
    ],
)
def test_no_line_is_a_command_of_a_build_service(line, shown):
    assert harmless(line) == shown
