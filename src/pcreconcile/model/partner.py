"""The Partner document: which tenant, cloud and credentials (design, section 8). Never a secret, only its place."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from pcreconcile.model.ids import TenantId


class Cloud(StrEnum):
    """Where Partner Center lives."""

    SIMULATOR = "simulator"
    COMMERCIAL = "commercial"
    US_GOV = "us-gov"
    CHINA = "china"
    CUSTOM = "custom"


class Endpoints(msgspec.Struct, frozen=True, rename="camel"):
    """Base addresses, without a trailing slash."""

    partner_center: str
    login: str
    graph: str
    management: str


class SecretRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a secret is to be found: an environment variable or a file, never the value."""

    env: str | None = None
    file: str | None = None


class TokenCache(StrEnum):
    """Where a rotated refresh token is kept between two runs."""

    SYSTEM = "system"  # the keyring, Keychain or DPAPI of this machine; nowhere when it has none
    FILE = "file"  # a file that its owner alone can read
    MEMORY = "memory"  # nowhere


class Credentials(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Places of what the partner authenticates with; exactly one of secret, certificate and federated is used.

    `federated` is the place of a token, or the variable in which a build service says where it gives tokens out.
    """

    client_id: SecretRef
    client_secret: SecretRef | None = None
    certificate: SecretRef | None = None
    certificate_passphrase: SecretRef | None = None
    federated: SecretRef | None = None
    refresh_token: SecretRef | None = None
    token_cache: TokenCache = TokenCache.SYSTEM


class Partner(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The partner whose customers the folder speaks about.

    `not_offered` are the lists that the service refuses to this partner for good (`model.extras.DECLARABLE`).
    """

    name: str
    tenant_id: TenantId
    cloud: Cloud
    endpoints: Endpoints | None = None
    credentials: Credentials | None = None
    time_zone: str = "UTC"
    reservations: str = "manual"
    simulator_estate: str | None = None
    not_offered: tuple[str, ...] = ()
