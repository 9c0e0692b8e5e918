"""A secret is taken out of what a service says in whatever encoding it comes back, whole or cut."""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcreconcile.partner_center.veil import MASK, Veil

SECRETS = (
    "aB3~/+=&%Q.x-_9z",  # what Entra gives out, and what forms and addresses encode
    'é ü/"<sésame>&%41&amp;+\\u0041',  # letters beyond ASCII, blanks, and what looks encoded already
    "🔑/clé+de=voûte&100%",
    "plain-text-words-of-the-application",
    "https://vault.example/s?a=1&b=%2F",
)


def lower(text: str) -> str:
    """Escapes in lower case, the rest as it is."""
    return re.sub(r"%[0-9A-F]{2}", lambda escape: escape.group().lower(), text)


def escaped_slashes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/")


def all_escaped(text: str) -> str:
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def numbered(text: str) -> str:
    return "".join(f"&#x{ord(letter):X};" if n % 2 else f"&#{ord(letter)};" for n, letter in enumerate(text))


def b64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64(text: str) -> str:
    return b64_of(text.encode())


def urlsafe(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


Encoding = Callable[[str], str]
ENCODINGS: dict[str, Encoding] = {
    "raw": str,
    "percent": lambda text: quote(text, safe=""),
    "percent, slashes kept": quote,
    "percent in lower case": lambda text: lower(quote(text, safe="")),
    "percent, all": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "form": quote_plus,
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form, then percent": lambda text: quote(quote_plus(text), safe=""),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, slashes escaped": escaped_slashes,
    "JSON, all escaped": all_escaped,
    "JSON twice": lambda text: json.dumps(json.dumps(text)),
    "HTML": html.escape,
    "HTML, numbered": numbered,
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "JSON in HTML": lambda text: html.escape(json.dumps(text)),
    "percent in JSON": lambda text: json.dumps(quote(text, safe="")),
    "base64": b64,
    "base64, unpadded": lambda text: b64(text).rstrip("="),
    "base64url": urlsafe,
    "Basic": lambda text: f"Basic {b64(f'9f10aa00-client:{text}')}",
    "Basic of forms": lambda text: f"Basic {b64(f'client:{quote_plus(text)}')}",
    "base64 at the second place": lambda text: urlsafe(f"x{text}"),
    "base64 of JSON": lambda text: b64(json.dumps({"client_secret": text})),
    "base64 in an address": lambda text: quote(b64(text), safe=""),
    "base64 twice": lambda text: b64(b64(text)),
    "base64 of UTF-16 LE": lambda text: b64_of(text.encode("utf-16-le")),
    "base64 of UTF-16 BE": lambda text: b64_of(text.encode("utf-16-be")),
    "base64 of UTF-16 with its mark": lambda text: b64_of(text.encode("utf-16")),
    "hex": lambda text: text.encode().hex(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex with blanks": lambda text: text.encode().hex(" "),
    "hex with dashes, capitals": lambda text: text.encode().hex("-").upper(),
    "hex of UTF-16": lambda text: text.encode("utf-16-le").hex(),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "UTF-8 taken for Latin-1": lambda text: text.encode().decode("latin-1"),
    "letters lost": lambda text: "".join(letter if letter.isascii() else "?" for letter in text),
}
AROUND = ("{}", "secret={}&x=1", '{{"client_secret":"{}"}}', "the value '{}' is wrong", "<b>{}</b>")


def is_readable(text: str, secret: str) -> bool:
    """Whether somebody who undoes one encoding after the other finds six characters of the secret in a row."""
    pieces = [secret[at : at + 6] for at in range(len(secret) - 5)]
    return any(piece in text for piece in pieces)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_it_is_found_in_every_encoding(secret: str, encode: Encoding, around: str) -> None:
    echoed = encode(secret)
    shown = Veil(["another-secret", secret]).conceal(around.format(echoed))
    assert MASK in shown
    assert echoed not in shown
    assert not is_readable(shown, secret), shown


@pytest.mark.parametrize("secret", SECRETS[:1] + SECRETS[2:4])
@pytest.mark.parametrize("encode", [str, ENCODINGS["percent"], ENCODINGS["JSON"], ENCODINGS["HTML"]])
@pytest.mark.parametrize("part", [slice(0, 11), slice(3, 14), slice(-11, None)])
def test_a_part_is_found_too(secret: str, encode: Encoding, part: slice) -> None:
    shown = Veil([secret]).conceal(f"your secret {encode(secret[part])}")
    assert shown == f"your secret {MASK}"


def test_every_part_of_a_token_is_found() -> None:
    token = "".join(string.ascii_letters[(n * n * 7 + n // 52) % 52] for n in range(3000))
    veil = Veil([token])
    assert veil.conceal(f"x {token[:60]}") == f"x {MASK}"
    assert veil.conceal(f"x {token[1500:1530]} y") == f"x {MASK} y"
    assert veil.conceal(f"x {token[-30:]}") == f"x {MASK}"


ORDINARY = (
    "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the client secret value.",
    '{"code":900420,"description":"customer 6b2e0b0c-0000-4000-8000-000000000011 was not found"}',
    "at 12:30:45:10 on 2026-11-22 of 6b:2e:0b:0c:00:00",
    "a/b+c=d&e%20f &amp; \\u0041 =3D aGVsbG8gd29ybGQ=",
    "",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert Veil(SECRETS).conceal(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("one two", f"{MASK} two"), ("someone", "someone"), ("'one'", f"'{MASK}'"), ("one-one", f"{MASK}-{MASK}")],
)
def test_a_short_secret_is_found_as_a_word(text: str, shown: str) -> None:
    assert Veil(["one"]).conceal(text) == shown


IDENTITIES = ("admin@partner.onmicrosoft.com", "aHk=@eXk.example", "79797979@yyyy.example", "79:79:79:79:79@x.example")


@pytest.mark.parametrize("text", IDENTITIES)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_short_secret_is_never_found_inside_of_a_word(text: str, length: int) -> None:
    secret = "y" * length
    assert Veil([secret]).conceal(text) == text
    assert not Veil([secret]).betrays(text)


@given(
    secret=st.text(st.sampled_from(string.ascii_letters + string.digits), min_size=1, max_size=3),
    text=st.text(st.sampled_from(string.ascii_letters + string.digits), min_size=4, max_size=60),
)
def test_no_short_secret_changes_a_word(secret: str, text: str) -> None:
    assert Veil([secret]).conceal(text) == text


@given(
    secret=st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=10, max_size=40
    ),
    names=st.lists(st.sampled_from(["percent", "form", "JSON", "HTML", "base64", "hex"]), max_size=2),
)
def test_any_secret_in_encodings_within_each_other(secret: str, names: list[str]) -> None:
    echoed = secret
    for name in names:
        echoed = ENCODINGS[name](echoed)
    assert echoed not in Veil([secret]).conceal(f"it is {echoed} .")
