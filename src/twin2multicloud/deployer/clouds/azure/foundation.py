"""The foundation of a site on Azure: what its slots share."""

from __future__ import annotations

from typing import Any, Final

from twin2multicloud.deployer.clouds.azure.apps import plans_of, tags
from twin2multicloud.deployer.clouds.azure.names import DATABASE, ERRORS_QUEUE, PACKAGES, SiteNames
from twin2multicloud.deployer.clouds.azure.providers import azurerm
from twin2multicloud.deployer.clouds.azure.scopes import HUB_READER
from twin2multicloud.deployer.clouds.azure.stores import container
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.functions import Starts, webhook_secrets
from twin2multicloud.deployer.stacks import FOUNDATION, Stack, foundation_name
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.azure.names import secret_name

_RETENTION_DAYS: Final = (30, 60, 90, 120, 180, 270, 365, 550, 730)
"""What Application Insights and Log Analytics both keep."""
LINKS: Final = "links"
READ_KEY: Final = "read-key"
GRAFANA_ADMIN: Final = "grafana-admin"
OWN_GRAFANA: Final = "azure.grafana-oss"
UNSET, RANDOM = "unset", "random"


def foundation(deployment: Deployment, site: Site) -> Stack:
    """The stack of a site's foundation."""
    names = SiteNames(deployment, site)
    arguments = {
        "resource_group": names.resource_group,
        "location": site.region,
        "plan": names.plan,
        "vault": names.vault,
        "secrets": secrets(deployment, site),
        "states": {
            "account": names.states,
            "database": DATABASE,
            "containers": {
                "dead-letters": container(names.states, "dead-letters", "/letter", indexed=("/letter/?",)),
                "rule-state": container(names.states, "rules", "/device"),
                # Each nonce has its own time to live, which the container has to allow.
                "nonces": container(names.states, "nonces", "/link", ttl=-1),
            },
        },
        "code": {"account": names.code, "packages": PACKAGES},
        "events": {
            "topics": {name: names.topic(name) for name in ("alerts", "errors")},
            "identity": names.events,
            "queue": ERRORS_QUEUE,
            "component": "error-queue",
        },
        "logs": {
            "workspace": names.workspace,
            "insights": names.insights,
            "alarms": names.alarms,
            "owner": deployment.settings.owner,
            "retention_days": _kept_days(deployment.settings.log_retention_days),
        },
        "budget": _budget(deployment, names),
        "tags": tags(deployment, FOUNDATION),
    }
    return Stack(foundation_name(site), site, None, "azure/foundation", arguments, azurerm(deployment))


def secrets(deployment: Deployment, site: Site) -> dict[str, str]:
    """A site's secrets by their names in the vault, and what each begins with."""
    plans = [plan for slot in deployment.slots_at(site) for plan in plans_of(deployment, slot)]
    words = {word for plan in plans for word in plan.grants}
    found = {LINKS: UNSET}
    if "secret:read-key" in words:
        found[READ_KEY] = UNSET
    if "secret:webhooks" in words:
        found |= {secret_name(name): UNSET for name in webhook_secrets(deployment.spec)}
    if any(plan.starts is Starts.DEVICES for plan in plans):
        found[HUB_READER] = UNSET
    dashboards = Slot.VISUALIZATION
    if deployment.site(dashboards) == site and deployment.blueprint.places[dashboards].offer == OWN_GRAFANA:
        found[GRAFANA_ADMIN] = RANDOM
    return found


def _budget(deployment: Deployment, names: SiteNames) -> dict[str, Any] | None:
    provider = names.site.provider
    amount = deployment.settings.budgets_usd_per_month.get(provider.value, 0.0)
    if amount <= 0 or deployment.first_site(provider) != names.site:
        return None
    return {"name": names.budget, "subscription": names.subscription, "amount": round(amount, 2)}


def _kept_days(days: int) -> int:
    return next((kept for kept in _RETENTION_DAYS if kept >= days), _RETENTION_DAYS[-1])
