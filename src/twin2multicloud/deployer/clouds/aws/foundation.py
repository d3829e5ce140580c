"""The foundation of a site on AWS: what its slots share."""

from __future__ import annotations

from typing import Any

from twin2multicloud.deployer.clouds.aws.composing import providers
from twin2multicloud.deployer.clouds.aws.functions import architectures, plans_of
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.functions import webhook_secrets
from twin2multicloud.deployer.layer import LAYERS
from twin2multicloud.deployer.stacks import Stack, foundation_name
from twin2multicloud.model.slots import Slot

ADMIN_PASSWORD = "grafana-admin"  # a secret's name  # noqa: S105


def foundation(deployment: Deployment, site: Site) -> Stack:
    """The stack of what the site's slots share."""
    names = AwsNames(deployment, site)
    return Stack(
        name=foundation_name(site),
        site=site,
        slot=None,
        module="aws/foundation",
        arguments={
            "names": {
                "state": names.state_table,
                "errors": names.errors,
                "errors_undelivered": names.errors_undelivered,
                "alarms": names.alarms,
                "budget": names.budget,
                "secrets_prefix": names.secrets_prefix,
            },
            "secrets": list(secrets(names)),
            "layer_files": _layers(names),
            "alert_topics": _alert_topics(names),
            "owner": deployment.settings.owner,
            "budget_usd": _budget(deployment, site),
            "region": site.region,
            "tags": names.tags(None),
        },
        providers=providers(site),
    )


def secrets(names: AwsNames) -> tuple[str, ...]:
    """The secrets that functions and dashboards of a site read, without their prefix."""
    found: set[str] = set()
    for slot in names.deployment.slots_at(names.site):
        for plan in plans_of(names, slot):
            for word in plan.grants:
                head, _, of = word.partition(":")
                if head == "secret":
                    found.update(webhook_secrets(names.deployment.spec) if of == "webhooks" else (of,))
        if names.deployment.blueprint.places[slot].offer == "aws.grafana-oss":
            found.add(ADMIN_PASSWORD)
    return tuple(sorted(found))


def _layers(names: AwsNames) -> dict[str, dict[str, Any]]:
    return {each: {"name": names.layer(each), **LAYERS[each].described} for each in architectures(names)}


def _alert_topics(names: AwsNames) -> list[str]:
    """The topics of rules' alerts, of all generations of L2: while it moves, two of them publish."""
    deployment = names.deployment
    if deployment.site(Slot.PROCESSING) != names.site:
        return []
    latest = deployment.generation(Slot.PROCESSING)
    return [names.alerts(generation) for generation in range(1, latest + 1)]


def _budget(deployment: Deployment, site: Site) -> float:
    if site != deployment.first_site(site.provider):
        return 0.0
    return round(deployment.settings.budgets_usd_per_month.get(site.provider.value, 0.0), 2)
