"""Accounts at clouds: what can be read of them, and the credentials, which nobody reads back.

No model of a response has credentials, nor could one have them: they exist in requests only.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, JsonValue, SecretStr, model_validator

from twin2multicloud.app.schemas.common import Answer, Body, ShortName
from twin2multicloud.model.slots import Provider

_UUID: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
Uuid = Annotated[str, Field(pattern=_UUID, examples=["3f0c2a9e-5d7b-4c1e-9a43-0b8e6f2d1c57"])]

ConnectionId = Annotated[str, Field(pattern=r"^con_[0-9a-z]{1,28}$", examples=["con_4qz0m8k2v1x7c9b3n5d6"])]


def _form(pattern: str, what: str) -> AfterValidator:
    known = re.compile(pattern)

    def check(given: SecretStr) -> SecretStr:
        if known.fullmatch(given.get_secret_value()) is None:
            # What was given is not told: it is secret even where it is not whole.
            raise ValueError(f"is not {what}; copy it whole, without spaces or line ends around it")
        return given

    return AfterValidator(check)


_WRITE_ONLY: Final[dict[str, JsonValue]] = {"writeOnly": True}
AccessKeyId = Annotated[
    SecretStr,
    Field(max_length=128, json_schema_extra=_WRITE_ONLY),
    _form(r"A[A-Z0-9]{15,127}", "an access key's id (20 capitals and digits that begin with AKIA or ASIA)"),
]
SecretAccessKey = Annotated[
    SecretStr,
    Field(max_length=200, json_schema_extra=_WRITE_ONLY),
    _form(r"[A-Za-z0-9/+=]{40,200}", "a secret access key (40 letters, digits, / and +)"),
]
SessionToken = Annotated[
    SecretStr,
    Field(max_length=8_192, json_schema_extra=_WRITE_ONLY),
    _form(r"[A-Za-z0-9/+=]+", "a session token (base64)"),
]
ClientSecret = Annotated[
    SecretStr,
    Field(max_length=300, json_schema_extra=_WRITE_ONLY),
    _form(r"[\x21-\x7e]{8,300}", "a client secret's value (which is not its id)"),
]
Certificate = Annotated[
    SecretStr,
    Field(max_length=65_536, json_schema_extra=_WRITE_ONLY),
    _form(r"[A-Za-z0-9+/]{64,}={0,2}", "a PKCS #12 file (.pfx, .p12) as one line of base64"),
]
CertificatePassword = Annotated[
    SecretStr,
    Field(max_length=300, json_schema_extra=_WRITE_ONLY),
    _form(r"[^\x00\r\n]+", "a password"),
]
ServiceAccountKey = Annotated[
    SecretStr,
    Field(max_length=16_384, json_schema_extra=_WRITE_ONLY),
    _form(r"(?s)\s*\{[^\x00]*\}\s*", "the content of a service account's key file (JSON)"),
]


# ── AWS ─────────────────────────────────────────────────────────────────────────────────────────────────────
class AwsConfig(Body):
    """An account at AWS. With `role_arn` the credentials are of somebody who may take that role on."""

    account_id: Annotated[str, Field(pattern=r"^[0-9]{12}$", examples=["123456789012"])]
    region: Annotated[
        str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$", description="What is asked about without a twin.")
    ] = "eu-central-1"
    role_arn: Annotated[
        str | None,
        Field(
            max_length=600,
            pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
            examples=["arn:aws:iam::123456789012:role/twins"],
        ),
    ] = None
    external_id: Annotated[str | None, Field(min_length=2, max_length=1_224, pattern=r"^[A-Za-z0-9_+=,.@:/-]+$")] = None

    @model_validator(mode="after")
    def _of_a_role(self) -> AwsConfig:
        if self.external_id is not None and self.role_arn is None:
            raise ValueError("external_id belongs to a role; give role_arn, too, or leave it out")
        return self


class AwsCredentials(Body):
    """An access key, of a user, or a temporary one with its session token."""

    access_key_id: AccessKeyId
    secret_access_key: SecretAccessKey
    session_token: SessionToken | None = None


# ── Azure ───────────────────────────────────────────────────────────────────────────────────────────────────
class AzureConfig(Body):
    """A subscription at Azure, and the application (service principal) that deploys there."""

    subscription_id: Uuid
    tenant_id: Uuid
    client_id: Uuid


class AzureCredentials(Body):
    """The application's secret, or its certificate with private key (PKCS #12, as base64) and password."""

    client_secret: ClientSecret | None = None
    certificate: Certificate | None = None
    certificate_password: CertificatePassword | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> AzureCredentials:
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("give either client_secret or certificate")
        if self.certificate_password is not None and self.certificate is None:
            raise ValueError("certificate_password belongs to a certificate; give that, too, or leave it out")
        return self


# ── Google Cloud ────────────────────────────────────────────────────────────────────────────────────────────
class GcpConfig(Body):
    """A project at Google Cloud. With `impersonate` the key is of somebody who may act as that service account."""

    project_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", examples=["twins-2026"])]
    impersonate: Annotated[
        str | None,
        Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9.-]{1,100}\.gserviceaccount\.com$"),
    ] = None


class GcpCredentials(Body):
    """The JSON of a service account's key, as text: its content, never the name of a file."""

    service_account_key: ServiceAccountKey


# ── All of them ─────────────────────────────────────────────────────────────────────────────────────────────
class AwsInput(Body):
    """A connection to AWS."""

    provider: Literal["aws"]
    name: ShortName
    config: AwsConfig
    credentials: AwsCredentials


class AzureInput(Body):
    """A connection to Azure."""

    provider: Literal["azure"]
    name: ShortName
    config: AzureConfig
    credentials: AzureCredentials


class GcpInput(Body):
    """A connection to Google Cloud."""

    provider: Literal["gcp"]
    name: ShortName
    config: GcpConfig
    credentials: GcpCredentials


class AwsPatch(Body):
    """Another name or configuration; the credentials stay."""

    provider: Literal["aws"]
    name: ShortName | None = None
    config: AwsConfig | None = None


class AzurePatch(Body):
    """Another name or configuration; the credentials stay."""

    provider: Literal["azure"]
    name: ShortName | None = None
    config: AzureConfig | None = None


class GcpPatch(Body):
    """Another name or configuration; the credentials stay."""

    provider: Literal["gcp"]
    name: ShortName | None = None
    config: GcpConfig | None = None


ConnectionInput = Annotated[AwsInput | AzureInput | GcpInput, Field(discriminator="provider")]
ConnectionPatch = Annotated[AwsPatch | AzurePatch | GcpPatch, Field(discriminator="provider")]
Config = AwsConfig | AzureConfig | GcpConfig
Credentials = AwsCredentials | AzureCredentials | GcpCredentials


class CheckFinding(Answer):
    """One finding of a check of credentials."""

    topic: str
    verdict: Literal["ok", "missing", "unknown"]
    text: str
    remedy: str = ""
    names: list[str] = Field(default_factory=list)


class ConnectionCheck(Answer):
    """What a check found. `sufficient`: nothing that was found stands in the way of a deployment."""

    at: datetime
    sufficient: bool
    findings: list[CheckFinding]


class Connection(Answer):
    """An account at a cloud, without its credentials."""

    id: str
    workspace: str
    provider: Provider
    name: str
    config: AwsConfig | AzureConfig | GcpConfig
    version: int = Field(description="What the ETag says.")
    check: ConnectionCheck | None = Field(description="Null before the first one, and after every change.")
    created_at: datetime
    updated_at: datetime


class TwinConnections(Body):
    """Which connection a twin is deployed with at each cloud."""

    aws: ConnectionId | None = None
    azure: ConnectionId | None = None
    gcp: ConnectionId | None = None
