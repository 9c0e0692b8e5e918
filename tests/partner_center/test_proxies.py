"""Which proxy a request goes by: every form in which the environment may say it, as tables."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.partner_center.proxies import VARIABLES, Proxy, proxies_of, read_exempt, read_proxy

API = "https://api.partnercenter.microsoft.com/v1/customers"
SECRET = "s3cr3t"

# The text of a variable → scheme, host, port, user, password.
USABLE = [
    ("http://proxy:8080", ("http", "proxy", 8080, "", "")),
    ("http://proxy:8080/", ("http", "proxy", 8080, "", "")),
    ("HTTP://Proxy.Example:8080", ("http", "proxy.example", 8080, "", "")),
    ("  http://proxy:8080\n", ("http", "proxy", 8080, "", "")),
    ("proxy:8080", ("http", "proxy", 8080, "", "")),
    ("//proxy:8080", ("http", "proxy", 8080, "", "")),
    ("proxy", ("http", "proxy", 80, "", "")),
    ("user:s3cr3t@proxy:8080", ("http", "proxy", 8080, "user", SECRET)),
    ("https://proxy", ("https", "proxy", 443, "", "")),
    ("http://user:p%40ss%23@proxy:1", ("http", "proxy", 1, "user", "p@ss#")),
    ("http://user:p@ss@proxy:1", ("http", "proxy", 1, "user", "p@ss")),
    ("http://user@proxy:1", ("http", "proxy", 1, "user", "")),
    ("http://10.0.0.1:3128", ("http", "10.0.0.1", 3128, "", "")),
    ("http://[fd00::1]:3128", ("http", "fd00::1", 3128, "", "")),
    ("http://squid_1:3128", ("http", "squid_1", 3128, "", "")),
    ("socks5://127.0.0.1", ("socks5", "127.0.0.1", 1080, "", "")),
    ("socks5h://user:s3cr3t@proxy:9", ("socks5", "proxy", 9, "user", SECRET)),
    ("socks://127.0.0.1:1080/", ("socks5", "127.0.0.1", 1080, "", "")),
]

# What cannot be used, and words of the refusal.
UNUSABLE = [
    ("ftp://s3cr3t:21", "a proxy of the kind ftp is not supported"),
    ("socks4://s3cr3t:1080", "a proxy of the kind socks4 is not supported"),
    ("socks4a://s3cr3t:1080", "socks4a is not supported"),
    ("s3cr3t!://proxy", "its kind is not supported"),
    ("http://s3cr3t:port", "its port is no number"),
    ("http://s3cr3t:70000", "its port is no number"),
    ("http://s3cr3t:0", "it names no host"),
    ("http://:8080", "it names no host"),
    ("http://", "it names no host"),
    ("http://[s3cr3t]:80", "no address|no host"),
    ("http://[fe80::1%25eth0]:80", "no address|no host"),
    ("http://s3cr3t:80/proxy.pac", "something follows the port"),
    ("http://proxy:80?s3cr3t", "something follows the port"),
    ("http://user:s3cr3t/x@proxy:80", "write # / \\? and %"),
    ("http://user:s3cr3t#x@proxy:80", "write # / \\? and %"),
    ("http://pro xy:80", "blanks"),
    ("http://pro\x01xy:80", "cannot be seen"),
    ("http://pro\udcffxy:80", "cannot be seen"),
    ("http://-s3cr3t:80", "it names no host"),
    ("http://höst:80", "it names no host"),
    (f"socks5://{'u' * 256}@proxy", "255 bytes"),
]


@pytest.mark.parametrize(("text", "expected"), USABLE)
def test_a_proxy_is_read(text: str, expected: tuple[str, str, int, str, str]) -> None:
    proxy = proxies_of({"HTTPS_PROXY": text}).way(API)
    assert proxy == Proxy("HTTPS_PROXY", *expected)


@pytest.mark.parametrize(("text", "words"), UNUSABLE)
@pytest.mark.parametrize("variable", ["https_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_named_and_not_quoted(text: str, words: str, variable: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refusal:
        proxies_of({variable: text}).way(API)
    assert f"environment variable {variable} names no proxy" in str(refusal.value)
    assert "or unset it" in str(refusal.value)
    assert SECRET not in str(refusal.value)


def test_a_proxy_tells_its_credentials_to_nobody() -> None:
    proxies = proxies_of({"HTTPS_PROXY": "http://us3r:s3cr3t@proxy:1"})
    proxy = proxies.way(API)
    assert proxy is not None
    assert "us3r" not in (told := repr(proxies) + repr(proxy) + proxy.address)
    assert SECRET not in told


# The environment → the variable that decides for https, and for http.
CHOICES = [
    ({}, None, None),
    ({"HTTPS_PROXY": "a"}, "HTTPS_PROXY", None),
    ({"HTTP_PROXY": "a"}, None, "HTTP_PROXY"),
    ({"ALL_PROXY": "a"}, "ALL_PROXY", "ALL_PROXY"),
    ({"all_proxy": "a", "HTTPS_PROXY": "b"}, "HTTPS_PROXY", "all_proxy"),
    ({"https_proxy": "a", "HTTPS_PROXY": "b"}, "https_proxy", None),
    ({"https_proxy": "", "HTTPS_PROXY": "b"}, None, None),
    ({"https_proxy": " \t", "HTTPS_PROXY": "b"}, None, None),
    ({"HTTPS_PROXY": "", "ALL_PROXY": "b"}, "ALL_PROXY", "ALL_PROXY"),
    ({"HTTPS_PROXY": "  ", "HTTP_PROXY": "", "ALL_PROXY": ""}, None, None),
    ({"HTTP_PROXY": "ftp://proxy:21", "HTTPS_PROXY": "a"}, "HTTPS_PROXY", ConfigurationError),
    ({"ALL_PROXY": "ftp://proxy:21", "HTTPS_PROXY": "a"}, "HTTPS_PROXY", ConfigurationError),
]


@pytest.mark.parametrize(("environment", "secure", "plain"), CHOICES)
def test_which_variable_decides(environment: dict[str, str], secure: object, plain: object) -> None:
    for address, expected in ((API, secure), ("http://plain.example/", plain)):
        proxies = proxies_of(environment)
        if expected is ConfigurationError:
            with pytest.raises(ConfigurationError):
                proxies.way(address)
        else:
            proxy = proxies.way(address)
            assert (proxy and proxy.variable) == expected


# NO_PROXY × an address → whether it goes directly.
EXEMPT = [
    ("*", API, True),
    ("a,*", API, True),
    ("", API, False),
    (" , ", API, False),
    ("microsoft.com", API, True),
    (".microsoft.com", API, True),
    ("*.microsoft.com", API, True),
    ("api.partnercenter.microsoft.com", API, True),
    ("API.PartnerCenter.Microsoft.com.", API, True),
    ("https://api.partnercenter.microsoft.com/", API, True),
    (".example.com", "https://example.com/", True),
    (".example.com", "https://badexample.com/", False),
    ("example.com", "https://badexample.com/", False),
    ("microsoft", API, False),
    ("a b\tmicrosoft.com", API, True),
    ("microsoft.com:443", API, True),
    ("microsoft.com:8443", API, False),
    ("microsoft.com:8443", "https://graph.microsoft.com:8443/", True),
    ("microsoft.com:*", API, True),
    ("10.0.0.0/8,fd00::/8", API, False),
    ("10.0.0.0/8,fd00::/8", "https://10.200.1.1/", True),
    ("10.0.0.0/8,fd00::/8", "https://[fd12::7]/", True),
    ("10.0.0.0/8,fd00::/8", "https://11.0.0.1/", False),
    ("10.1.2.3/8", "https://10.9.9.9/", True),
    ("10.0.0.0/255.0.0.0", "https://10.9.9.9/", True),
    ("10.0.0.0/8:8443", "https://10.9.9.9:8443/", True),
    ("10.0.0.0/8:8443", "https://10.9.9.9/", False),
    ("10.0.0.0/8", "https://[::ffff:10.1.1.1]/", True),
    ("fe80::/10", "https://[fe80::1]/", True),
    ("fe80::1%eth0", "https://[fe80::1]/", True),
    ("[fd00::]/8", "https://[fd00::1]/", True),
    ("fd00::1", "https://[fd00:0::1]/", True),
    ("[fd00::1]:8443", "https://[fd00::1]:8443/", True),
    ("[fd00::1]:8443", "https://[fd00::1]/", False),
    ("[fd00::1]:*", "https://[fd00::1]/", True),
    ("192.0.2.7", "https://192.0.2.7/", True),
]
UNREAD = [
    ("10.*", "10.*"),
    ("300.1.1.1", "300.1.1.1"),
    ("2.7", "2.7"),
    ("10.0.0.0/99", "10.0.0.0/99"),
    ("fd00::/200", "fd00::/200"),
    ("[fd00::1", "[fd00::1"),
    ("<local>", "<local>"),
    ("a:b:c", "a:b:c"),
    ("host:port", "host:port"),
    ("höst", "höst"),
    ("a..\udcff", "a..\udcff"),
    ("microsoft.com;example.com", "microsoft.com;example.com"),
]


@pytest.mark.parametrize(("text", "address", "is_exempt"), EXEMPT)
def test_whom_no_proxy_exempts(text: str, address: str, is_exempt: bool) -> None:
    assert (proxies_of({"ALL_PROXY": "proxy:1", "NO_PROXY": text}).way(address) is None) is is_exempt
    assert read_exempt(text).unread == ()


@pytest.mark.parametrize(("text", "unread"), UNREAD)
def test_what_means_nothing_exempts_nobody_and_is_known(text: str, unread: str) -> None:
    exempt = read_exempt(f"{text},example.com")
    assert exempt.unread == (unread,)
    assert exempt.holds(urlsplit("https://example.com"))
    assert not exempt.holds(urlsplit(API))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "[::1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("text", ["http://proxy:1", "ftp://proxy:21", "http://proxy:port"])
def test_this_machine_is_never_reached_by_a_proxy(host: str, scheme: str, text: str) -> None:
    environment = dict.fromkeys(VARIABLES, text)
    assert proxies_of(environment).way(f"{scheme}://{host}:8080/v1") is None


def test_a_proxy_that_no_request_would_take_disturbs_nobody() -> None:
    assert proxies_of({"HTTPS_PROXY": "ftp://proxy:21", "NO_PROXY": "microsoft.com"}).way(API) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_set_there_is_a_way_or_a_refusal(proxy: str, exempt: str) -> None:
    proxies = proxies_of({"HTTPS_PROXY": proxy, "no_proxy": exempt})
    with suppress(ConfigurationError):
        way = proxies.way(API)
        assert way is None or 0 < way.port < 2**16


@given(st.text(min_size=1, max_size=40), st.text(max_size=40), st.sampled_from(["http", "https", "socks5"]))
def test_credentials_come_back_as_they_were_encoded(user: str, password: str, scheme: str) -> None:
    text = f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@proxy:1"
    proxy = read_proxy("ALL_PROXY", text)
    assert (proxy.user, proxy.password) == (user, password)
