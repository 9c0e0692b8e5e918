"""The application in msal's two forms: confidential, with its credential, and public, for signing a person in.

msal reports refusals in its answers and raises for what it cannot read, with whatever class comes up; here both become
our errors, with nothing of what was sent in them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from typing import Any

from pcreconcile.model.errors import AuthenticationError, ConfigurationError, PcreconcileError
from pcreconcile.partner_center.claims import code_of, first_line
from pcreconcile.partner_center.credentials import Secrets
from pcreconcile.partner_center.endpoints import Addresses
from pcreconcile.partner_center.login_http import LoginHttp, LoginUnavailable
from pcreconcile.partner_center.translate import remedy_of


class Form(Enum):
    """How the application presents itself."""

    CONFIDENTIAL = "ConfidentialClientApplication"
    PUBLIC = "PublicClientApplication"


class Applications:
    """The application of one partner, built when first asked for; every call blocks, so use a thread."""

    def __init__(self, tenant: str, secrets: Secrets, addresses: Addresses, login: LoginHttp) -> None:
        self._tenant = tenant
        self._secrets = secrets
        self._addresses = addresses
        self._login = login
        self._built: dict[Form, Any] = {}

    def ask(self, form: Form, call: Callable[[Any], Any]) -> dict[str, Any]:
        """msal's answer, a granted token or a refusal.

        Raises AuthenticationError when the login service gives no usable answer, ConfigurationError when the
        application cannot be built.
        """
        application = self._application(form)
        try:
            return dict(call(application))
        except LoginUnavailable as error:
            raise self._unreachable(error) from None
        except (PcreconcileError, MemoryError):
            raise
        except Exception as error:  # msal has no error class of its own for what it cannot read
            raise _unusable(type(error).__name__) from None

    def refused(self, what: str, result: dict[str, Any]) -> AuthenticationError:
        """The error of an answer without a token; `what` is what was asked for."""
        said = str(result.get("error_description") or result.get("error") or "no token in the answer")
        text = first_line(self._secrets.veil.conceal(said))
        code = code_of(text) or str(result.get("error") or "")[:60]
        return AuthenticationError(
            f"the login service issued no {what}: {text}",
            status=HTTPStatus.UNAUTHORIZED,
            code=code,
            correlation_id=str(result.get("correlation_id") or "")[:60],
            remedy=remedy_of(HTTPStatus.UNAUTHORIZED, code, text),
        )

    def close(self) -> None:
        """Close the connections to the login service."""
        self._login.close()

    def _application(self, form: Form) -> Any:
        if form not in self._built:
            import msal

            credential = {"client_credential": self._secrets.client_credential} if form is Form.CONFIDENTIAL else {}
            try:
                self._built[form] = getattr(msal, form.value)(
                    self._secrets.client_id,
                    authority=self._login.authority(self._tenant),
                    instance_discovery=False if self._addresses.given else None,
                    http_client=self._login,
                    **credential,
                )
            except LoginUnavailable as error:
                raise self._unreachable(error) from None
            except PcreconcileError:
                raise
            except Exception as error:  # msal says in many ways that it does not like an authority
                problem = (
                    f"the login service does not know the tenant: check tenantId and cloud ({type(error).__name__})"
                )
                raise ConfigurationError(problem) from None
        return self._built[form]

    def _unreachable(self, error: LoginUnavailable) -> AuthenticationError:
        text = f"the login service at {self._addresses.login} gave no usable answer: {error}"
        return AuthenticationError(text, status=HTTPStatus.SERVICE_UNAVAILABLE)


def _unusable(kind: str) -> AuthenticationError:
    text = f"the login service's answer cannot be used ({kind})"
    return AuthenticationError(text, status=HTTPStatus.BAD_GATEWAY)
