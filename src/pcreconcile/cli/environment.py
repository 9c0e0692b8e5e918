"""Every variable of the environment that is obeyed and is neither an operator setting nor an option's.

`VARIABLES` is the one table of them; docs/environment.md holds the same rows, and a test compares both with every name
that the code reads.
"""

from __future__ import annotations

from typing import NamedTuple


class Variable(NamedTuple):
    """A row: what a variable does, and what follows where it cannot be used."""

    name: str
    meaning: str
    unusable: str


_STOPS = "exit 1 before anything is sent, where it decides about an address of the partner"
_FEDERATED = "the credential `federated` cannot be had: exit 1, and the remedy of that build service"

VARIABLES = (
    Variable("HTTPS_PROXY", "The proxy for https, which is all that is spoken beyond this machine.", _STOPS),
    Variable("HTTP_PROXY", "The proxy for http: no address of a partner beyond this machine is one.", "a warning"),
    Variable("ALL_PROXY", "The proxy for what has none of its own.", _STOPS),
    Variable(
        "NO_PROXY",
        "Whom no proxy counts for: names with all below them, addresses, ranges, each with or without a port; `*`:"
        " everybody.",
        "an entry that means nothing exempts nobody, and doctor names it",
    ),
    Variable("SSL_CERT_FILE", "Certificate authorities (PEM), in place of the shipped list.", _STOPS),
    Variable("SSL_CERT_DIR", "The same as a folder (`openssl rehash`), without SSL_CERT_FILE.", _STOPS),
    Variable("REQUESTS_CA_BUNDLE", "Not read; doctor says so.", "nothing"),
    Variable("CURL_CA_BUNDLE", "Not read; doctor says so.", "nothing"),
    Variable(
        "HOME",
        "Where the refresh token is kept with `tokenCache: file` (below `.local/state`), and where signing keys are.",
        "`login` ends 1; everything else goes on",
    ),
    Variable("XDG_STATE_HOME", "Where the refresh token is kept, before HOME.", "`login` ends 1"),
    Variable("LOCALAPPDATA", "The same on Windows, after XDG_STATE_HOME.", "`login` ends 1"),
    Variable(
        "LOGNAME",
        "The user's name in journal and lock; also USER, LNAME and USERNAME, else the list of users.",
        "the user's number stands there",
    ),
    Variable("PATH", "Where git and ssh-keygen are.", "what needs them says which one is missing"),
    Variable("TMPDIR", "The folder for temporary files.", "the system's is used"),
    Variable("COLUMNS", "The width of a terminal.", "the terminal's own width, 100 without one"),
    Variable("TERM", "`dumb`: no colour.", "nothing"),
    Variable("NO_COLOR", "Set to anything: no colour.", "nothing"),
    Variable("ACTIONS_ID_TOKEN_REQUEST_URL", "GitHub Actions' issuer of tokens, for `federated`.", _FEDERATED),
    Variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "The token for it.", _FEDERATED),
    Variable("SYSTEM_OIDCREQUESTURI", "Azure DevOps' issuer of tokens, for `federated`.", _FEDERATED),
    Variable("SYSTEM_ACCESSTOKEN", "The token for it.", _FEDERATED),
    Variable("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "The service connection for it.", _FEDERATED),
    Variable("AZURESUBSCRIPTION_CLIENT_ID", "A client ID that a Partner document may name.", _FEDERATED),
    Variable("AZURE_FEDERATED_TOKEN_FILE", "The file of Azure's webhook, for `federated`.", _FEDERATED),
    Variable("AZURE_CLIENT_ID", "A client ID that a Partner document may name.", _FEDERATED),
)
