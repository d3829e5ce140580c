"""Credentials of clouds: whether they are whole, and how a run signs in with them.

A form is checked when credentials are given, as far as that needs no cloud. Nothing here tells what was given.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.app.errors import InvalidError
from twin2multicloud.app.schemas import connections as shapes
from twin2multicloud.model.errors import Finding

PROFILE: Final = "t2m"
"""Short on purpose: longer values of variables are masked wherever they occur in what a run tells."""
_TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  an address
_KEY_FIELDS: Final = (
    "type",
    "project_id",
    "private_key_id",
    "private_key",
    "client_email",
    "client_id",
    "auth_uri",
    "token_uri",
    "auth_provider_x509_cert_url",
    "client_x509_cert_url",
    "universe_domain",
)
_NEEDED: Final = ("private_key_id", "private_key", "client_email", "token_uri")


@dataclass(frozen=True)
class SignIn:
    """How a run signs in at a cloud: variables of its environment, and files whose places go into variables too."""

    variables: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"SignIn({', '.join((*self.variables, *self.files))})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown of it: for whatever masks the output of a run."""
        return (*self.variables.values(), *(content.decode(errors="replace") for content in self.files.values()))

    @contextmanager
    def placed(self, directory: Path) -> Iterator[dict[str, str]]:
        """All variables, with the files in a directory that only this user may enter, for as long as that is needed."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = dict(self.variables)
        made: list[Path] = []
        try:
            for variable, content in self.files.items():
                file = directory / f"sign-in-{variable.lower()}"
                # Never over or through what is there already.
                with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as to:
                    made.append(file)
                    to.write(content)
                environment[variable] = str(file.resolve())
            yield environment
        finally:
            for file in made:
                file.unlink(missing_ok=True)


def kept(given: shapes.Credentials, now: datetime) -> dict[str, str]:
    """Credentials as they are sealed. `InvalidError` for those that cannot be whole."""
    values = {name: secret.get_secret_value() for name, secret in given if secret is not None}
    if isinstance(given, shapes.GcpCredentials):
        values["service_account_key"] = _google_key(values["service_account_key"])
    if isinstance(given, shapes.AzureCredentials) and given.certificate is not None:
        _check_certificate(values["certificate"], values.get("certificate_password"), now)
    return values


def sign_in(config: shapes.Config, credentials: Mapping[str, str]) -> SignIn:
    """How a run signs in with a connection: in the variables that Terraform's provider of that cloud reads, and no
    others (see `deployer.credentials.environment`).
    """
    if isinstance(config, shapes.AwsConfig):
        return _aws(config, credentials)
    if isinstance(config, shapes.AzureConfig):
        return _azure(config, credentials)
    variables = {"GOOGLE_CREDENTIALS": credentials["service_account_key"]}
    if config.impersonate is not None:
        variables["GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"] = config.impersonate
    return SignIn(variables)


def _aws(config: shapes.AwsConfig, credentials: Mapping[str, str]) -> SignIn:
    # Without it a key that does not hold would make way for whatever the machine itself may do.
    variables = {"AWS_EC2_METADATA_DISABLED": "true"}
    if config.role_arn is None:
        variables["AWS_ACCESS_KEY_ID"] = credentials["access_key_id"]
        variables["AWS_SECRET_ACCESS_KEY"] = credentials["secret_access_key"]
        if "session_token" in credentials:
            variables["AWS_SESSION_TOKEN"] = credentials["session_token"]
        return SignIn(variables)
    # A role to be taken on with keys can only be told in a file; keys in variables would come before it.
    lines = [
        f"[profile {PROFILE}]",
        f"role_arn = {config.role_arn}",
        "role_session_name = twin2multicloud",
        f"source_profile = {PROFILE}-keys",
        *([f"external_id = {config.external_id}"] if config.external_id is not None else []),
        f"[profile {PROFILE}-keys]",
        f"aws_access_key_id = {credentials['access_key_id']}",
        f"aws_secret_access_key = {credentials['secret_access_key']}",
        *([f"aws_session_token = {credentials['session_token']}"] if "session_token" in credentials else []),
    ]
    variables["AWS_PROFILE"] = PROFILE
    return SignIn(variables, {"AWS_CONFIG_FILE": "\n".join((*lines, "")).encode()})


def _azure(config: shapes.AzureConfig, credentials: Mapping[str, str]) -> SignIn:
    variables = {"ARM_TENANT_ID": config.tenant_id, "ARM_CLIENT_ID": config.client_id}
    if "client_secret" in credentials:
        return SignIn({**variables, "ARM_CLIENT_SECRET": credentials["client_secret"]})
    if "certificate_password" in credentials:
        variables["ARM_CLIENT_CERTIFICATE_PASSWORD"] = credentials["certificate_password"]
    return SignIn(variables, {"ARM_CLIENT_CERTIFICATE_PATH": base64.b64decode(credentials["certificate"])})


def _google_key(text: str) -> str:
    """A service account's key, of its known fields. Other kinds of Google credentials name files or addresses that the
    server would read or send tokens to, so they are refused.
    """
    where = "credentials.service_account_key"
    try:
        found: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        raise _invalid(where, "is no JSON; send the content of the key file as it was downloaded") from None
    kind = found.get("type")
    if kind != "service_account":
        raise _invalid(
            where,
            f"is of the type {str(kind)[:40]!r}; only the key of a service account is taken "
            "(`gcloud iam service-accounts keys create`)",
        )
    missing = [name for name in _NEEDED if not isinstance(found.get(name), str) or not found[name]]
    if missing:
        raise _invalid(where, f"lacks {', '.join(missing)}; send the whole key file")
    if found["token_uri"] != _TOKEN_URI or found.get("universe_domain", "googleapis.com") != "googleapis.com":
        raise _invalid(where, f"would sign in elsewhere than at Google; its token_uri is {_TOKEN_URI}")
    # Slow to load, and needed where somebody gives credentials only.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        whole = isinstance(load_pem_private_key(found["private_key"].encode(), None), RSAPrivateKey)
    except (ValueError, TypeError):
        whole = False
    if not whole:
        raise _invalid(where, "has a private_key that cannot be read; send the key file as it was downloaded")
    return msgspec.json.encode({name: found[name] for name in _KEY_FIELDS if name in found}).decode()


def _check_certificate(text: str, password: str | None, now: datetime) -> None:
    where = "credentials.certificate"
    from cryptography.hazmat.primitives.serialization import pkcs12  # as above

    try:
        content = base64.b64decode(text, validate=True)
        key, certificate, _ = pkcs12.load_key_and_certificates(content, None if password is None else password.encode())
    except (binascii.Error, ValueError):
        raise _invalid(
            where, "is no PKCS #12 file as base64, or certificate_password does not open it (`base64 -w0 FILE.pfx`)"
        ) from None
    if key is None or certificate is None:
        raise _invalid(where, "lacks its private key or the certificate; export both (`openssl pkcs12 -export`)")
    if certificate.not_valid_after_utc <= now:
        raise _invalid(where, f"held until {certificate.not_valid_after_utc:%Y-%m-%d}; make a new one")


def _invalid(where: str, problem: str) -> InvalidError:
    finding = Finding(where, problem)
    return InvalidError(str(finding), findings=[finding])
