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

_UNKNOWN_TENANT = "unknown-tenant"


class Form(Enum):
    """How the application presents itself."""

    CONFIDENTIAL = "ConfidentialClientApplication"
    PUBLIC = "PublicClientApplication"


class Applications:
    """The application of one partner, built for each tenant when first asked for; every call blocks, so use a thread.

    `tenant` is the partner's own; in a customer's tenant the same application asks for tokens that are good there.
    """

    def __init__(self, tenant: str, secrets: Secrets, addresses: Addresses, login: LoginHttp) -> None:
        self.tenant = tenant.lower()
        self._secrets = secrets
        self._addresses = addresses
        self._login = login
        self._built: dict[tuple[Form, str], Any] = {}

    def ask(self, form: Form, call: Callable[[Any], Any], tenant: str | None = None) -> dict[str, Any]:
        """msal's answer, a granted token or a refusal; in the partner's own tenant unless another is named.

        Raises AuthenticationError when the login service gives no usable answer, ConfigurationError when the
        application cannot be built.
        """
        application = self._application(form, tenant or self.tenant)
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
        conceal = self._secrets.veil.conceal
        said = str(result.get("error_description") or result.get("error") or "no token in the answer")
        reason = first_line(conceal(said))
        text = f"the login service issued no {what}: {reason}"
        code = code_of(reason) or conceal(str(result.get("error") or ""))[:60]
        return AuthenticationError(
            text,
            status=HTTPStatus.UNAUTHORIZED,
            code=code,
            correlation_id=conceal(str(result.get("correlation_id") or ""))[:60],
            remedy=remedy_of(HTTPStatus.UNAUTHORIZED, code, text),
        )

    def close(self) -> None:
        """Close the connections to the login service."""
        self._login.close()

    def _application(self, form: Form, tenant: str) -> Any:
        if (form, tenant) not in self._built:
            import msal

            credential = {"client_credential": self._secrets.client_credential} if form is Form.CONFIDENTIAL else {}
            try:
                self._built[form, tenant] = getattr(msal, form.value)(
                    self._secrets.client_id,
                    authority=self._login.authority(tenant),
                    instance_discovery=False if self._addresses.given else None,
                    http_client=self._login,
                    **credential,
                )
            except LoginUnavailable as error:
                raise self._unreachable(error) from None
            except PcreconcileError:
                raise
            except Exception as error:  # msal says in many ways that it does not like an authority
                raise self._unknown(tenant, type(error).__name__) from None
        return self._built[form, tenant]

    def _unknown(self, tenant: str, kind: str) -> PcreconcileError:
        """A customer's tenant that is not known is a refusal for that customer, ours is a mistake in the settings."""
        if tenant == self.tenant:
            return ConfigurationError(f"the login service does not know the tenant: check tenantId and cloud ({kind})")
        text = f"the login service does not know the customer's tenant {tenant} ({kind})"
        remedy = remedy_of(HTTPStatus.UNAUTHORIZED, _UNKNOWN_TENANT, text)
        return AuthenticationError(text, status=HTTPStatus.UNAUTHORIZED, code=_UNKNOWN_TENANT, remedy=remedy)

    def _unreachable(self, error: LoginUnavailable) -> AuthenticationError:
        text = f"the login service at {self._addresses.login} gave no usable answer: {error}"
        return AuthenticationError(text, status=HTTPStatus.SERVICE_UNAVAILABLE, retry_after=error.retry_after)


def _unusable(kind: str) -> AuthenticationError:
    text = f"the login service's answer cannot be used ({kind})"
    return AuthenticationError(text, status=HTTPStatus.BAD_GATEWAY)
