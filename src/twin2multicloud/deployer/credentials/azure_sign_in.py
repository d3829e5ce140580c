"""A credential for azure-identity from what Terraform's provider is told (`ARM_*`), so that both are the same person.

Without any of these variables, what azure-identity finds by itself: the Azure CLI, a managed identity and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_TRUE: Final = frozenset({"1", "true", "yes"})


def azure_credential(environ: Mapping[str, str], **options: Any) -> TokenCredential:
    """The credential that the variables describe. `options` go to azure-identity; tests name a stand-in's authority.

    `UsageError` where a variable lacks another that belongs to it.
    """
    from azure.identity import (
        CertificateCredential,
        ClientAssertionCredential,
        ClientSecretCredential,
        DefaultAzureCredential,
        ManagedIdentityCredential,
    )

    client = environ.get("ARM_CLIENT_ID", "")
    if _on(environ, "ARM_USE_MSI"):
        return ManagedIdentityCredential(client_id=client or None, **options)
    if secret := environ.get("ARM_CLIENT_SECRET"):
        tenant, client = _given(environ, "ARM_TENANT_ID"), _given(environ, "ARM_CLIENT_ID")
        return ClientSecretCredential(tenant, client, secret, **options)
    if certificate := environ.get("ARM_CLIENT_CERTIFICATE_PATH"):
        password = environ.get("ARM_CLIENT_CERTIFICATE_PASSWORD") or None
        tenant, client = _given(environ, "ARM_TENANT_ID"), _given(environ, "ARM_CLIENT_ID")
        try:
            return CertificateCredential(tenant, client, certificate, password=password, **options)
        except (OSError, ValueError) as error:
            raise UsageError(f"ARM_CLIENT_CERTIFICATE_PATH: {certificate} cannot be used: {error}") from error
    if _on(environ, "ARM_USE_OIDC"):
        tenant, client = _given(environ, "ARM_TENANT_ID"), _given(environ, "ARM_CLIENT_ID")
        return ClientAssertionCredential(tenant, client, lambda: _assertion(environ), **options)
    tenants = {"additionally_allowed_tenants": [environ["ARM_TENANT_ID"]]} if environ.get("ARM_TENANT_ID") else {}
    return DefaultAzureCredential(exclude_interactive_browser_credential=True, **tenants, **options)


def _assertion(environ: Mapping[str, str]) -> str:
    if token := environ.get("ARM_OIDC_TOKEN"):
        return token
    file = _given(environ, "ARM_OIDC_TOKEN_FILE_PATH")
    try:
        return Path(file).read_text("utf-8").strip()
    except OSError as error:
        raise UsageError(f"ARM_OIDC_TOKEN_FILE_PATH: {file} cannot be read: {error.strerror}") from error


def _given(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise UsageError(f"{name} is not set, which belongs to the other ARM_ variables that are")
    return value


def _on(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() in _TRUE
