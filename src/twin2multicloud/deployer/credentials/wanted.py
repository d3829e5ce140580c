"""The permissions of a plan, from the clouds' own tables of what each type of resource takes to deploy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twin2multicloud.deployer.clouds.aws import policy as aws
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.clouds.azure import policy as azure
from twin2multicloud.deployer.clouds.gcp import policy as gcp
from twin2multicloud.deployer.credentials.needs import Permission, permissions_for
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.model.slots import Provider


def permissions_of(
    deployment: Deployment, types: Mapping[Provider, Iterable[str]]
) -> dict[Provider, tuple[Permission, ...]]:
    """What whoever deploys these types of resources must be allowed, by cloud; what follows Terraform included.

    `UsageError` for a type that a cloud's table does not have.
    """
    found: dict[Provider, tuple[Permission, ...]] = {}
    for provider, kinds in types.items():
        wanted = sorted(set(kinds))
        if provider is Provider.AWS:
            found[provider] = _aws(deployment, wanted)
        elif provider is Provider.AZURE:
            azure.actions_of(wanted)  # names what is not known
            data = permissions_for(wanted, azure.DATA_ACTIONS, data=True)
            found[provider] = (*permissions_for(wanted, azure.ACTIONS), *data)
        else:
            gcp.deployer_policy(wanted)
            both = {kind: (*gcp.PERMISSIONS[kind], *gcp.AFTER.get(kind, ())) for kind in wanted}
            found[provider] = permissions_for(wanted, both)
    return found


def _aws(deployment: Deployment, wanted: list[str]) -> tuple[Permission, ...]:
    """On one resource of each kind that the policy names, at each site."""
    found: dict[tuple[str, str], Permission] = {}
    for site in deployment.sites:
        if site.provider is not Provider.AWS:
            continue
        names = AwsNames(deployment, site)
        for kind in wanted:
            for statement in aws.deployer_policy([kind], names)["Statement"]:
                for action in statement["Action"]:
                    resource = statement["Resource"][0]
                    found.setdefault((action, resource), Permission(action, resource, kind))
    return tuple(found.values())
