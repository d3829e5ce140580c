"""What the management backend is told from outside: environment (`T2M_…`), a TOML file, or options of `serve`."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationError, field_validator, model_validator

from twin2multicloud.app.data_directory import DATABASE_FILE, DEFAULT_DATA
from twin2multicloud.model.errors import Finding, InvalidInputError

PROVIDER_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,29}")
_TAKEN_NAMES: Final = frozenset({"local", "device", "providers"})
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class OidcProvider(BaseModel):
    """An OpenID provider that vouches for people: any that publishes a discovery document. For `github`, which
    speaks OAuth 2 only, `kind` says so and no issuer is needed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["oidc", "google", "microsoft", "github"] = "oidc"
    label: str = ""
    issuer: str = ""
    client_id: str
    client_secret: SecretStr
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    groups_claim: str = "groups"
    trust_email: bool = False
    """The provider's addresses are its people's own, although it does not say so (`email_verified`)."""


class SamlProvider(BaseModel):
    """A SAML 2.0 identity provider, such as a university's Shibboleth. `certificate` (PEM) is what it signs with, or
    several while that changes. `id_attributes` are asked in turn for what tells people apart and stays theirs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = ""
    entity_id: Annotated[str, Field(min_length=1, max_length=240)]
    sso_url: HttpUrl
    certificate: str
    id_attributes: tuple[str, ...] = (
        "urn:oasis:names:tc:SAML:attribute:subject-id",
        "urn:oasis:names:tc:SAML:attribute:pairwise-id",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.13",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
    )
    email_attribute: str = "urn:oid:0.9.2342.19200300.100.1.3"
    name_attribute: str = "urn:oid:2.16.840.1.113730.3.1.241"
    groups_attribute: str = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"
    trust_email: bool = True

    @field_validator("certificate")
    @classmethod
    def _certificates(cls, value: str) -> str:
        from cryptography.x509 import load_pem_x509_certificates  # slow to load, for few

        try:
            load_pem_x509_certificates(value.encode())
        except ValueError as error:
            raise ValueError("is no certificate in PEM form (-----BEGIN CERTIFICATE----- …)") from error
        return value


class Admission(BaseModel):
    """Who may sign in: those with a verified address in one of `domains`, those in one of `groups`, and those whose
    verified address is one of `emails`; everybody whom a provider vouches for where none of these is given. The first
    who comes in becomes the admin.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    domains: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


class RateLimits(BaseModel):
    """Requests per minute: of somebody known, of an address that nobody is known behind, and of attempts to sign in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    principal_per_minute: Annotated[int, Field(ge=1)] = 60_000
    anonymous_per_minute: Annotated[int, Field(ge=1)] = 600
    login_per_minute: Annotated[int, Field(ge=1)] = 20


class StreamLimits(BaseModel):
    """What streams of events may take of a process. `lifetime_s`: a stream ends after it, and its client comes again;
    `heartbeat_s`: something is sent so often, below the patience of proxies; `memory_bytes` hold what was told last,
    for those who are a little behind.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_once: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    each: Annotated[int, Field(ge=1, le=100_000)] = 500
    lifetime_s: Annotated[float, Field(ge=10, le=86_400)] = 900.0
    heartbeat_s: Annotated[float, Field(ge=1, le=300)] = 15.0
    memory_bytes: Annotated[int, Field(ge=1 << 20, le=1 << 34)] = 64 << 20


class FrontEnd(BaseModel):
    """The front end: sessions of a process, `at_once` in all and `each` of one person; `kept_s`, how long one waits for
    its window to come back; `frames`, the origins of pages that may be shown within it, such as Grafana's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_once: Annotated[int, Field(ge=1, le=10_000)] = 200
    each: Annotated[int, Field(ge=1, le=1_000)] = 20
    kept_s: Annotated[float, Field(ge=1, le=86_400)] = 600.0
    frames: tuple[Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.:*\[\]-]+$")], ...] = ()


class Smtp(BaseModel):
    """The server that e-mail about alerts goes out by; none without `host`. Of what comes faster than
    `mails_per_minute` by one route the rest of a minute becomes one message.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: Annotated[str, Field(pattern=r"^[^\x00-\x20<>@]+@[^\x00-\x20<>@]+$")] = "twin2multicloud@localhost"
    mails_per_minute: Annotated[int, Field(ge=1, le=600)] = 5

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> Self:
        if self.security == "none" and self.password.get_secret_value() and self.host not in LOOPBACK:
            raise ValueError("smtp.security is 'none', which would send the password in clear; use starttls or tls")
        return self


class Webhooks(BaseModel):
    """Webhooks of alerts. `private_networks`: addresses that are not public, but may be told by them all the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    private_networks: tuple[str, ...] = ()

    @field_validator("private_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_network(each)
            except ValueError as error:
                raise ValueError(f"{each!r} is neither an address nor a network; write 10.0.0.0/8") from error
        return value


class CheckLimits(BaseModel):
    """How often running twins are checked, and from when on that is a problem; 0 for never. `silence_s`: a device, or
    a store that devices send to, is silent after so long, or after `device_intervals` of its messages' interval. What
    begins with `cloud_` is about twins in clouds, where every look costs a little.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every_s: Annotated[float, Field(ge=1, le=3_600)] = 10.0
    probe_every_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    dashboard_every_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    devices_every_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    probe_s: Annotated[float, Field(gt=0, le=3_600)] = 10.0
    queue_age_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    silence_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    device_intervals: Annotated[float, Field(ge=1, le=1_000)] = 5.0
    graph_lag_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    function_error_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    cloud_every_s: Annotated[float, Field(ge=0, le=3_000)] = 300.0
    cloud_probe_every_s: Annotated[float, Field(ge=0, le=86_400)] = 900.0
    cloud_probe_s: Annotated[float, Field(gt=0, le=3_600)] = 60.0
    cloud_queue_age_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    cloud_silence_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    cloud_graph_lag_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0

    @property
    def in_clouds(self) -> CheckLimits:
        """The limits for twins in clouds, whose services tell how they do some minutes late, as those for others."""
        return self.model_copy(
            update={
                "every_s": max(self.cloud_every_s, 1.0),
                "probe_every_s": self.cloud_probe_every_s,
                "probe_s": self.cloud_probe_s,
                "queue_age_s": self.cloud_queue_age_s,
                "silence_s": self.cloud_silence_s,
                "graph_lag_s": self.cloud_graph_lag_s,
            }
        )


class PriceLists(BaseModel):
    """The clouds' price lists: the origins of mirrors that stand in for them, what authenticates at Google's, and what
    is unusual: a price that moves by more than `jump` (0.3: 30 %) is asked about, one older than `stale_after_days` is
    old.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    aws: str | None = None
    azure: str | None = None
    gcp: str | None = None
    google_api_key: SecretStr | None = None
    jump: Annotated[float, Field(gt=0, le=10)] = 0.3
    stale_after_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    at_once: Annotated[int, Field(ge=1, le=32)] = 4

    @field_validator("aws", "azure", "gcp")
    @classmethod
    def _safe(cls, given: str | None) -> str | None:
        parts = urlsplit(given or "https://it.is.the.cloud")
        if not parts.hostname or (parts.scheme != "https" and parts.hostname not in LOOPBACK):
            raise ValueError("write the mirror's origin with https://, as in https://prices.example.org")
        return given


class Settings(BaseModel):
    """All settings of the backend; `docs/operating.md` explains them."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    data: Path = Path(DEFAULT_DATA)
    database_url: SecretStr | None = None
    keys_file: Path | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    public_url: str | None = None
    auth: Literal["local", "login"] = "local"
    oidc: dict[str, OidcProvider] = {}
    saml: dict[str, SamlProvider] = {}
    admission: Admission = Admission()
    limits: RateLimits = RateLimits()
    streams: StreamLimits = StreamLimits()
    front_end: FrontEnd = FrontEnd()
    smtp: Smtp = Smtp()
    webhooks: Webhooks = Webhooks()
    checks: CheckLimits = CheckLimits()
    session_hours: Annotated[float, Field(gt=0, le=24 * 90)] = 12.0
    trusted_proxies: tuple[str, ...] = ()
    max_body_bytes: Annotated[int, Field(ge=1024)] = 4 << 20
    only: Literal["optimizer", "deployer"] | None = None
    optimizer_token: Annotated[SecretStr, Field(min_length=16)] | None = None
    optimizer_processes: Annotated[int, Field(ge=0, le=256)] | None = None
    optimizer_waiting: Annotated[int, Field(ge=1, le=10_000)] = 64
    prices: Path | None = None
    meter_seconds: Annotated[float, Field(ge=1, le=3_600)] = 60.0
    cloud_meter_seconds: Annotated[float, Field(ge=60, le=86_400)] = 900.0
    price_lists: PriceLists = PriceLists()
    bills_every_hours: Annotated[float, Field(ge=1, le=744)] = 24.0
    glance_seconds: Annotated[float, Field(ge=1, le=3_600)] = 10.0
    advice_horizon_months: Annotated[float, Field(gt=0, le=120)] = 12.0
    advice_least_saving_pct: Annotated[float, Field(ge=0, le=100)] = 2.0
    advice_least_saving_usd: Annotated[float, Field(ge=0)] = 1.0
    advice_after_minutes: Annotated[float, Field(gt=0, le=525_600)] = 60.0
    advice_seconds: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    queue_poll_seconds: Annotated[float, Field(ge=1, le=3_600)] = 5.0
    parallel_runs: Annotated[int, Field(ge=1, le=64)] = 4
    keep_events_days: Annotated[int, Field(ge=1)] = 90
    keep_drafts_days: Annotated[int, Field(ge=1)] = 90
    metrics_token: Annotated[SecretStr, Field(min_length=24)] | None = None
    log_format: Literal["json", "text"] = "text"

    @model_validator(mode="after")
    def _safe(self) -> Self:
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy, strict=False)
            except ValueError as error:
                raise ValueError(
                    f"trusted_proxies: {proxy!r} is neither an address nor a network; write 10.0.0.5 or 10.0.0.0/8"
                ) from error
        if self.only == "optimizer":
            if self.host not in LOOPBACK and self.optimizer_token is None:
                raise ValueError(
                    f"host {self.host} is reachable from elsewhere, and the optimizer alone knows nobody; serve on "
                    "127.0.0.1, or set optimizer_token, which callers then send as `Authorization: Bearer …`"
                )
            return self
        if self.auth == "local" and self.host not in LOOPBACK:
            raise ValueError(
                f"host {self.host} is reachable from elsewhere, and auth is 'local', which lets whoever comes in; "
                "serve on 127.0.0.1, or set auth = 'login' with a provider"
            )
        if self.only == "deployer":
            # Nobody signs in here: what providers there are is the business of the whole backend, which makes keys.
            return self
        if self.auth == "login" and not self.oidc and not self.saml:
            raise ValueError("auth is 'login' and no provider is set; add one under [oidc.NAME] or [saml.NAME]")
        for name in (*self.oidc, *self.saml):
            if not PROVIDER_NAME.fullmatch(name) or name in _TAKEN_NAMES or (name in self.oidc and name in self.saml):
                raise ValueError(
                    f"the provider's name {name[:40]!r} becomes part of addresses (/login/NAME): write it in at most "
                    f"30 of a-z, 0-9 and -, each once, and none of {', '.join(sorted(_TAKEN_NAMES))}"
                )
        for name, provider in self.oidc.items():
            parts = urlsplit(provider.issuer)
            if not provider.issuer and provider.kind == "oidc":
                raise ValueError(f"oidc.{name} needs its issuer, as in https://id.example.org")
            if provider.issuer and parts.scheme != "https" and parts.hostname not in LOOPBACK:
                raise ValueError(f"oidc.{name}: the issuer must begin with https://")
        if self.auth == "login" and self.public_url is not None:
            parts = urlsplit(self.public_url)
            if parts.scheme != "https" and parts.hostname not in LOOPBACK:
                raise ValueError("public_url must begin with https:// where people sign in from elsewhere")
        return self

    @property
    def url(self) -> str:
        """Where the database is."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data / DATABASE_FILE).resolve()}"

    @property
    def keys(self) -> Path:
        """The file with the master keys."""
        return self.keys_file or self.data / "keys.json"

    @property
    def origin(self) -> str:
        """Where people reach the backend: scheme, host and port."""
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            return f"{parts.scheme}://{parts.netloc}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def read_settings(**given: Any) -> Settings:
    """The settings, those `given` first; `InvalidInputError` names every one that is wrong."""
    # Loaded for whoever looks: processes of stages are told what a server has read.
    from twin2multicloud.app.settings_sources import SettingsFromOutside

    try:
        return SettingsFromOutside(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        findings = [
            Finding(".".join(str(part) for part in each["loc"]), each["msg"].removeprefix("Value error, "))
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInputError("settings", findings) from error
