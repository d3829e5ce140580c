"""`rotate-keys`, `check-credentials`, `policies`, `devices`: what the commands do."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from twin2multicloud.app.cli.deploy import Request, clouds_of, desired_of
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.terminal import output, print_json
from twin2multicloud.deployer.credentials.check import check_credentials as check_all
from twin2multicloud.deployer.credentials.check import needs_of
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Verdict, sufficient
from twin2multicloud.deployer.credentials.wanted import permissions_of
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import slot_name, stacks_of
from twin2multicloud.deployer.types_in_use import types_in_use
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import parse_provider
from twin2multicloud.model.slots import Provider, Slot

INSUFFICIENT = 6
"""Exit code: something is missing that a deployment needs."""


def rotate_keys(request: Request, at_once: bool) -> int:
    """Replace the keys of all links."""
    clouds, _ = clouds_of(request)
    count = clouds.rotate_keys(at_once=at_once)
    if request.json_output:
        print_json({"links": count})
    else:
        say(f"{count} links have new keys")
    return 0


def prove(request: Request) -> int:
    """Show what is wrong with how a deployment is wired; exit code 6 if anything is."""
    from twin2multicloud.app.cli.proof_view import print_findings
    from twin2multicloud.deployer.proof.findings import as_json

    findings = clouds_of(request)[0].prove()
    if request.json_output:
        print_json(json.loads(as_json(findings)))
    else:
        with output() as console:
            print_findings(console, findings)
    return INSUFFICIENT if findings else 0


def check_credentials(request: Request) -> int:
    """Show who deploys and whether that suffices for this very plan."""
    clouds, _ = clouds_of(request)
    deployment = desired_of(request, clouds.home, authority=False).deployment
    permissions = permissions_of(deployment, types_in_use(stacks_of(deployment)))
    findings = check_all(needs_of(deployment, permissions), os.environ)
    if request.json_output:
        print_json({"sufficient": sufficient(findings), "findings": msgspec.to_builtins(findings)})
    else:
        _print(findings)
    return 0 if sufficient(findings) else INSUFFICIENT


def policies(request: Request, cloud: str) -> int:
    """Print the least that an identity which deploys at a cloud must be allowed, as that cloud takes it."""
    try:
        provider = parse_provider(cloud)
    except ValueError as error:
        raise UsageError(f"CLOUD: {error}") from error
    home = clouds_of(request)[0].home
    deployment = desired_of(request, home, nameless=True, authority=False).deployment
    if not home.exists:
        home.write_settings(deployment.settings)  # what it allows is told by names, which are decided by this
    types = types_in_use(stacks_of(deployment)).get(provider)
    if types is None:
        used = ", ".join(each.label for each in deployment.blueprint.providers)
        raise UsageError(
            f"this placement uses nothing of {provider.label}, but {used}; --pin or --placement say otherwise"
        )
    print_json(_policy(provider, types, deployment))
    return 0


def devices(request: Request, out: Path, names: Sequence[str], days: int) -> int:
    """Write what devices are handed: addresses, topics, certificates or keys."""
    from twin2multicloud.deployer.devices.authority import Authority
    from twin2multicloud.deployer.devices.bundles import certificate_wanted, device_bundle, write_bundle
    from twin2multicloud.deployer.finishing.hub_registry import symmetric_key
    from twin2multicloud.deployer.finishing.secrets import device_keys

    clouds, _ = clouds_of(request)
    home = clouds.home
    deployment = home.deployment()
    spec, provider = deployment.spec, deployment.blueprint.places[Slot.ACQUISITION].provider
    unknown = [name for name in names if spec.type_of(name) is None]
    if unknown:
        raise UsageError(f"the twin has no device '{unknown[0]}'; `twin2multicloud check` lists its devices")
    with home.store() as store:
        outputs = home.outputs(store)
    stack = slot_name(Slot.ACQUISITION, deployment.generation(Slot.ACQUISITION))
    described = outputs.get(stack, {}).get("devices")
    if described is None:
        raise UsageError("L1 is not deployed yet, so devices have nowhere to connect; deploy it first")
    authority = Authority.of(home.kept, f"{spec.name} {deployment.settings.uid} devices", home.utc())
    chosen = tuple(names) or spec.device_names
    secret = device_keys(home.kept)
    for name in chosen:
        identity = authority.certify(name, home.utc(), days) if certificate_wanted(provider, described) else None
        key = symmetric_key(secret, name) if described.get("authentication") == "sas" else ""
        files = device_bundle(provider, spec.name, described, name, identity=identity, secret=secret, symmetric_key=key)
        write_bundle(files, out / name)
    if request.json_output:
        print_json({"directory": str(out), "devices": len(chosen)})
    else:
        say(f"wrote what {len(chosen):,} device{'s'[: len(chosen) != 1]} need to connect to {out}, a directory each")
    return 0


def _policy(provider: Provider, types: frozenset[str], deployment: Deployment) -> Any:
    if provider is Provider.AWS:
        from twin2multicloud.deployer.clouds.aws.names import AwsNames
        from twin2multicloud.deployer.clouds.aws.policy import deployer_policy, parts_of

        statements: list[dict[str, Any]] = []
        for site in deployment.sites:
            if site.provider is provider:
                statements += deployer_policy(types, AwsNames(deployment, site))["Statement"]
        unique = [json.loads(text) for text in dict.fromkeys(json.dumps(each, sort_keys=True) for each in statements)]
        parts = parts_of({"Version": "2012-10-17", "Statement": unique})
        # A managed policy has a largest size: several are to be attached, in any order.
        return parts[0] if len(parts) == 1 else parts
    if provider is Provider.AZURE:
        from twin2multicloud.deployer.clouds.azure.policy import deployer_policy as azure_role

        return azure_role(types, deployment.settings.accounts.azure_subscription)
    from twin2multicloud.deployer.clouds.gcp.policy import billing_roles
    from twin2multicloud.deployer.clouds.gcp.policy import deployer_policy as google_role

    return {**google_role(types), "rolesOnTheBillingAccount": list(billing_roles(types))}


def _print(findings: Sequence[CredentialFinding]) -> None:
    from rich.text import Text

    from twin2multicloud.app.cli.terminal import cloud_text, printable

    marks = {Verdict.OK: ("ok", "green"), Verdict.MISSING: ("missing", "red"), Verdict.UNKNOWN: ("unknown", "yellow")}
    with output() as console:
        for provider in dict.fromkeys(finding.provider for finding in findings):
            console.print(cloud_text(provider))
            for finding in findings:
                if finding.provider is not provider:
                    continue
                mark, style = marks[finding.verdict]
                console.print(
                    Text.assemble((f"  {mark:<8}", style), f"{finding.topic.value:<12} {printable(finding.text)}")
                )
                if finding.names and finding.verdict is not Verdict.OK:
                    console.print(Text(f"           {printable(', '.join(finding.names))}", "dim"))
                if finding.remedy:
                    console.print(Text(f"           → {printable(finding.remedy)}"))
