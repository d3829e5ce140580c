"""What the management backend is told from outside: environment (`T2M_…`), a TOML file, or options of `serve`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from twin2multicloud.model.errors import Finding, InvalidInputError

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


class SamlProvider(BaseModel):
    """A SAML 2.0 identity provider, such as a university's Shibboleth. `certificate` (PEM) is what it signs with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = ""
    entity_id: str
    sso_url: HttpUrl
    certificate: str
    email_attribute: str = "urn:oid:0.9.2342.19200300.100.1.3"
    name_attribute: str = "urn:oid:2.16.840.1.113730.3.1.241"
    groups_attribute: str = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"


class Admission(BaseModel):
    """Who may sign in: the first person always; then those with an address in `domains` or in one of `groups`, where
    either is given, and everybody whom a provider vouches for where neither is.
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


class Settings(BaseSettings):
    """All settings of the backend; `docs/operating.md` explains them."""

    model_config = SettingsConfigDict(
        env_prefix="T2M_", env_nested_delimiter="__", extra="ignore", frozen=True, secrets_dir=None
    )

    data: Path = Path(".twin2multicloud/server")
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
    session_hours: Annotated[float, Field(gt=0, le=24 * 90)] = 12.0
    trusted_proxies: tuple[str, ...] = ()
    max_body_bytes: Annotated[int, Field(ge=1024)] = 4 << 20
    only: Literal["optimizer"] | None = None
    optimizer_token: Annotated[SecretStr, Field(min_length=16)] | None = None
    optimizer_processes: Annotated[int, Field(ge=0, le=256)] | None = None
    optimizer_waiting: Annotated[int, Field(ge=1, le=10_000)] = 64
    prices: Path | None = None
    parallel_runs: Annotated[int, Field(ge=1, le=64)] = 4
    keep_events_days: Annotated[int, Field(ge=1)] = 90
    log_format: Literal["json", "text"] = "text"

    @model_validator(mode="after")
    def _safe(self) -> Self:
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
        if self.auth == "login" and not self.oidc and not self.saml:
            raise ValueError("auth is 'login' and no provider is set; add one under [oidc.NAME] or [saml.NAME]")
        if self.auth == "login" and self.public_url is not None:
            parts = urlsplit(self.public_url)
            if parts.scheme != "https" and parts.hostname not in LOOPBACK:
                raise ValueError("public_url must begin with https:// where people sign in from elsewhere")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options come before the environment, that before the file named by `T2M_CONFIG`."""
        del dotenv_settings, file_secret_settings
        found: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        file = os.environ.get("T2M_CONFIG")
        return (*found, TomlConfigSettingsSource(settings_cls, Path(file))) if file else found

    @property
    def url(self) -> str:
        """Where the database is."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data / 'app.db').resolve()}"

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
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        findings = [
            Finding(".".join(str(part) for part in each["loc"]), each["msg"].removeprefix("Value error, "))
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInputError("settings", findings) from error
