"""The whole check: every site's world made a view of, and every rule held to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.proof.checks import CHECKS
from twin2multicloud.deployer.proof.checks.links import links
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.site import Seen, planned_at, stacks_at
from twin2multicloud.deployer.proof.view import Look
from twin2multicloud.deployer.proof.world import World
from twin2multicloud.model.slots import Provider
from twin2multicloud.runtime.links import LinksDocument


def look_of(provider: Provider) -> Look:
    """How a cloud's resources become a view. Imported when needed: a cloud's part reads settings with the code of its
    functions, which a machine that deploys nothing there need not have.
    """
    match provider:
        case Provider.AWS:
            from twin2multicloud.deployer.proof.aws import look as look_at_aws

            return look_at_aws
        case Provider.AZURE:
            from twin2multicloud.deployer.proof.azure import look as look_at_azure

            return look_at_azure
        case Provider.GCP:
            from twin2multicloud.deployer.proof.gcp import look as look_at_gcp

            return look_at_gcp


def prove(
    deployment: Deployment,
    world: World,
    documents: Mapping[Site, LinksDocument] | None = None,
    packages: Mapping[tuple[Provider, str], str] | None = None,
) -> tuple[Finding, ...]:
    """What is wrong with a deployment, in the order of stacks and addresses; nothing if all is as planned.

    `world` is what the states of all its stacks say, `documents` the links documents of its sites (None: links are not
    looked at), `packages` the hex SHA-256 of packages by cloud and role (None: packages are not looked at).
    """
    sites = [_see(deployment, site, world, packages or {}) for site in deployment.sites]
    found = list(_stacks(deployment, world))
    for seen in sites:
        found += seen.view.findings
        for check in CHECKS:
            found += check(seen)
    if documents is not None:
        found += links(deployment, sites, documents)
    return tuple(sorted(set(found)))


def _see(deployment: Deployment, site: Site, world: World, packages: Mapping[tuple[Provider, str], str]) -> Seen:
    own = world.at(*stacks_at(deployment, site))
    planned = planned_at(deployment, site)
    view = look_of(site.provider)(deployment, site, own, planned)
    hashes = {role: digest for (provider, role), digest in packages.items() if provider is site.provider}
    return Seen(deployment, site, own, planned, view, hashes)


def _stacks(deployment: Deployment, world: World) -> Iterator[Finding]:
    planned = {name for site in deployment.sites for name in stacks_at(deployment, site)}
    for name in sorted(planned - set(world.stacks)):
        yield Finding(Where(name), Rule.STACKS, "it was never applied", "deploy it")
    for name in sorted(set(world.stacks) - planned):
        yield Finding(Where(name), Rule.STACKS, "it is no stack of this deployment", "destroy it")
