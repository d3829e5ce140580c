"""The foundation of a site on Google Cloud."""

from __future__ import annotations

import math
from typing import Any, Final

from twin2multicloud.deployer.clouds.gcp.functions import functions_at
from twin2multicloud.deployer.clouds.gcp.names import SiteNames, labels
from twin2multicloud.deployer.clouds.gcp.stack import providers
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.functions import Starts, webhook_secrets
from twin2multicloud.deployer.stacks import Stack, foundation_name
from twin2multicloud.model.slots import Slot

_SERVICES: Final = (
    "artifactregistry",
    "cloudbuild",
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "firestore",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "secretmanager",
    "storage",
)
_BY_OFFER: Final = {
    "gcp.bigtable": ("bigtable", "bigtableadmin"),
    "gcp.pubsub-direct": ("sts",),
    "gcp.grafana-oss-vm": ("compute",),
}
CALLED: Final = frozenset({Starts.QUEUE, Starts.DEVICES, Starts.SCHEDULE})
"""What Pub/Sub and Cloud Scheduler start, as the site's caller."""
_BUDGETS: Final = ("billingbudgets", "cloudbilling")


def foundation(deployment: Deployment, site: Site) -> Stack:
    """What the slots of a site share. The budget is at the first of a deployment's sites only."""
    names = SiteNames.of(deployment, site)
    budget = _budget(deployment, site)
    plans = [plan for slot in deployment.slots_at(site) for plan in functions_at(deployment, slot).plans]
    arguments: dict[str, Any] = {
        "project": names.project,
        "region": names.region,
        "twin": deployment.settings.twin,
        "owner": deployment.settings.owner,
        "labels": labels(deployment, None),
        "services": services(deployment, site),
        "prefix": names.prefix,
        "source_bucket": names.source_bucket,
        "repository": names.repository,
        # Identities that nobody needs are not made: where no function runs, or nothing but requests starts one.
        "builder": names.builder if plans else None,
        "caller": names.caller if any(plan.starts in CALLED for plan in plans) else None,
        "database": names.database,
        "collections": {name: names.collection(name) for name in ("nonces", "dead-letters", "rule-states")},
        "topics": {name: names.topic(name) for name in ("errors", "undelivered")},
        "secrets": {name: names.secret(name) for name in secrets(deployment, site)},
        "logs": names.in_project("logs"),
        "log_services": _log_services(deployment, site, names),
        "log_retention_days": deployment.settings.log_retention_days,
        "budget": budget,
    }
    blocks = providers(deployment, names, None)
    if budget is not None:
        # The budgets' service asks on whose quota it is called, which a person's own credentials do not say.
        blocks["google"] |= {"user_project_override": True, "billing_project": names.project}
    return Stack(
        name=foundation_name(site),
        site=site,
        slot=None,
        module="gcp/foundation",
        arguments=arguments,
        providers=blocks,
    )


def services(deployment: Deployment, site: Site) -> list[str]:
    """The services of the project that the site's slots use."""
    wanted = set(_SERVICES)
    for slot in deployment.slots_at(site):
        wanted |= set(_BY_OFFER.get(deployment.blueprint.places[slot].offer, ()))
    if _budget(deployment, site) is not None:
        wanted |= set(_BUDGETS)
    return [f"{name}.googleapis.com" for name in sorted(wanted)]


def secrets(deployment: Deployment, site: Site) -> tuple[str, ...]:
    """The secrets of a site by name; who deploys writes their values."""
    offers = {deployment.blueprint.places[slot].offer for slot in deployment.slots_at(site)}
    found = ["links", "read-key"]
    if "gcp.run-gateway" in offers:
        found.append("device-keys")
    if offers & {"gcp.grafana-oss", "gcp.grafana-oss-vm"}:
        found.append("grafana-admin")
    if deployment.site(Slot.PROCESSING) == site:
        found += webhook_secrets(deployment.spec)
    return tuple(dict.fromkeys(found))


def _log_services(deployment: Deployment, site: Site, names: SiteNames) -> list[str]:
    """The services whose logs the site keeps: its functions, and dashboards that run as one."""
    found = [
        argument["name"]
        for slot in deployment.slots_at(site)
        for argument in functions_at(deployment, slot).arguments.values()
    ]
    visualization = deployment.blueprint.places[Slot.VISUALIZATION]
    if visualization.offer == "gcp.grafana-oss" and deployment.site(Slot.VISUALIZATION) == site:
        found.append(names.function("dashboards", deployment.generation(Slot.VISUALIZATION)))
    return sorted(found)


def _budget(deployment: Deployment, site: Site) -> dict[str, Any] | None:
    predicted = deployment.settings.budgets_usd_per_month.get(site.provider.value, 0.0)
    if predicted <= 0 or deployment.first_site(site.provider) != site:
        return None
    return {"units": math.ceil(predicted)}
