"""Checks the credentials of all clouds of a deployment, each as its own tools find them, side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from twin2multicloud.deployer.credentials.findings import CredentialFinding
from twin2multicloud.deployer.credentials.needs import Needs, Permission
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import functions_of
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

Check = Callable[[Needs, Mapping[str, str]], list[CredentialFinding]]


def needs_of(deployment: Deployment, permissions: Mapping[Provider, Sequence[Permission]]) -> tuple[Needs, ...]:
    """What a deployment needs of each of its clouds, in their usual order."""
    found = []
    for provider in deployment.blueprint.providers:
        functions = [
            function
            for slot, place in deployment.blueprint.places.items()
            if place.provider is provider
            for function in functions_of(deployment.blueprint, deployment.spec, slot)
        ]
        found.append(
            Needs(
                provider,
                tuple(site.region for site in deployment.sites if site.provider is provider),
                tuple(permissions.get(provider, ())),
                deployment.settings.accounts,
                functions=len(functions),
                movers=sum(function.package == "move" for function in functions),
            )
        )
    return tuple(found)


def check_credentials(
    needs: Sequence[Needs], environ: Mapping[str, str] = os.environ, checks: Mapping[Provider, Check] | None = None
) -> list[CredentialFinding]:
    """What is found at every cloud, in the order of `needs`. Nothing is changed anywhere. `checks` are for tests."""
    known = checks or _CHECKS
    if not needs:
        return []
    with ThreadPoolExecutor(len(needs), "credentials") as pool:
        futures = [pool.submit(known[each.provider], each, environ) for each in needs]
        return [finding for future in futures for finding in future.result()]


def _aws(needs: Needs, environ: Mapping[str, str]) -> list[CredentialFinding]:
    try:
        from boto3.session import Session  # type: ignore[import-untyped]

        from twin2multicloud.deployer.credentials.aws import check_aws
    except ImportError as error:
        raise _lacking(Provider.AWS, error) from error
    named = {
        "aws_access_key_id": environ.get("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": environ.get("AWS_SECRET_ACCESS_KEY"),
        "aws_session_token": environ.get("AWS_SESSION_TOKEN"),
        "profile_name": environ.get("AWS_PROFILE"),
    }
    given = {name: value for name, value in named.items() if value}

    def session_of(region: str) -> Any:
        return Session(region_name=region, **given)

    return check_aws(needs, session_of)


def _azure(needs: Needs, environ: Mapping[str, str]) -> list[CredentialFinding]:
    try:
        from twin2multicloud.deployer.credentials.arm import Arm
        from twin2multicloud.deployer.credentials.azure import check_azure
        from twin2multicloud.deployer.credentials.azure_sign_in import azure_credential

        credential = azure_credential(environ)
    except ImportError as error:
        raise _lacking(Provider.AZURE, error) from error
    arm = Arm(credential)
    try:
        return check_azure(needs, credential, arm)
    finally:
        arm.close()


def _gcp(needs: Needs, environ: Mapping[str, str]) -> list[CredentialFinding]:
    try:
        from twin2multicloud.deployer.credentials.gcp import check_gcp
        from twin2multicloud.deployer.credentials.gcp_sign_in import google_credentials
    except ImportError as error:
        raise _lacking(Provider.GCP, error) from error
    return check_gcp(needs, lambda: google_credentials(environ))


_CHECKS: Mapping[Provider, Check] = {Provider.AWS: _aws, Provider.AZURE: _azure, Provider.GCP: _gcp}


def _lacking(provider: Provider, error: ImportError) -> UsageError:
    return UsageError(
        f"what speaks to {provider.label} is not installed here ({error.name} is missing), so no credentials can be "
        f"checked there; pip install 'twin2multicloud[{provider.value}]'"
    )
