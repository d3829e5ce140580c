"""Which variables of the environment sign in at which cloud.

A run of a stack gets those of its cloud and no others. Runs have a home of their own, so where a cloud's tools would
look in the person's, the place is named.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from twin2multicloud.model.slots import Provider

VARIABLES: Final[Mapping[Provider, tuple[str, ...]]] = {
    Provider.AWS: (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_EC2_METADATA_DISABLED",
    ),
    Provider.AZURE: (
        "ARM_CLIENT_ID",
        "ARM_CLIENT_SECRET",
        "ARM_CLIENT_CERTIFICATE_PATH",
        "ARM_CLIENT_CERTIFICATE_PASSWORD",
        "ARM_TENANT_ID",
        "ARM_USE_OIDC",
        "ARM_OIDC_TOKEN",
        "ARM_OIDC_TOKEN_FILE_PATH",
        "ARM_OIDC_REQUEST_URL",
        "ARM_OIDC_REQUEST_TOKEN",
        "ARM_USE_MSI",
        "ARM_MSI_ENDPOINT",
        "ARM_ENVIRONMENT",
        "AZURE_CONFIG_DIR",
    ),
    Provider.GCP: (
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CREDENTIALS",
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
        "CLOUDSDK_CONFIG",
    ),
}
"""As documented for Terraform's providers aws, azurerm and google."""

_IN_HOME: Final[Mapping[Provider, Mapping[str, str]]] = {
    Provider.AWS: {"AWS_CONFIG_FILE": ".aws/config", "AWS_SHARED_CREDENTIALS_FILE": ".aws/credentials"},
    Provider.AZURE: {"AZURE_CONFIG_DIR": ".azure"},
    Provider.GCP: {
        "GOOGLE_APPLICATION_CREDENTIALS": ".config/gcloud/application_default_credentials.json",
        "CLOUDSDK_CONFIG": ".config/gcloud",
    },
}


def credentials_of(provider: Provider, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables with which a cloud's providers sign in, without looking into what they name."""
    found = {name: environ[name] for name in VARIABLES[provider] if environ.get(name)}
    home = environ.get("HOME")
    for name, place in _IN_HOME[provider].items() if home else ():
        path = Path(home or "") / place
        if name not in found and path.exists() and not (name == "GOOGLE_APPLICATION_CREDENTIALS" and _other(found)):
            found[name] = str(path)
    return found


def _other(found: Mapping[str, str]) -> bool:
    """Whether Google's provider is told another way to sign in, which a file would come before."""
    return "GOOGLE_CREDENTIALS" in found or "GOOGLE_OAUTH_ACCESS_TOKEN" in found
