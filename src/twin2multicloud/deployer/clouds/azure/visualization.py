"""L5 on Azure: Managed Grafana, or Grafana OSS on Container Apps."""

from __future__ import annotations

from typing import Any, Final

from twin2multicloud.deployer.clouds.azure.apps import vault_url
from twin2multicloud.deployer.clouds.azure.foundation import GRAFANA_ADMIN, OWN_GRAFANA
from twin2multicloud.deployer.clouds.azure.names import SlotNames
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot

IMAGE: Final = "grafana/grafana:12.1.1"
MANAGED_VERSION: Final = "12"
PLUG_IN: Final = "yesoreyeram-infinity-datasource"
_MOST_VCPUS: Final = 4.0
_SECONDS_PER_MONTH: Final = 730 * 3600


def dashboards(deployment: Deployment) -> dict[str, Any]:
    """The arguments of L5's module."""
    names = SlotNames(deployment, Slot.VISUALIZATION)
    if deployment.blueprint.places[Slot.VISUALIZATION].offer != OWN_GRAFANA:
        return {
            "instance": names.grafana,
            "grafana_major_version": MANAGED_VERSION,
            "viewers": sorted(set(deployment.settings.users)),
        }
    site = names.site
    return {
        "names": {
            "app": names.dashboards(),
            "environment": names.dashboards("environment", 60),
            "identity": names.dashboards("identity", 128),
            "storage": names.dashboards_storage,
        },
        "image": IMAGE,
        "vcpus": vcpus(deployment),
        "environment": {
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_AUTH_ANONYMOUS_ENABLED": "false",
            "GF_DATABASE_WAL": "false",  # its files in shared memory do not work on a share
            "GF_PATHS_PLUGINS": "/tmp/plugins",  # noqa: S108 (in the container; a share's files do not run)
            "GF_PLUGINS_PREINSTALL_SYNC": PLUG_IN,
            "GF_SECURITY_COOKIE_SECURE": "true",
            "GF_SECURITY_DISABLE_GRAVATAR": "true",
            "GF_USERS_ALLOW_SIGN_UP": "false",
        },
        "password": {
            "name": GRAFANA_ADMIN,
            "url": f"{vault_url(site)}secrets/{GRAFANA_ADMIN}",
            "scope": site.id("Microsoft.KeyVault/vaults/secrets", site.vault, GRAFANA_ADMIN),
        },
        "workspace_id": site.id("Microsoft.OperationalInsights/workspaces", site.workspace),
    }


def vcpus(deployment: Deployment) -> float:
    """The container's vCPUs, as many as the bill has. `UsageError` where no container has so many."""
    uses = deployment.blueprint.by_id["L5/dashboards"].usage
    wanted = sum(use.amount for use in uses if use.meter == "azure.container-apps.vcpu-seconds") / _SECONDS_PER_MONTH
    wanted = round(wanted * 4) / 4
    if wanted > _MOST_VCPUS:
        raise UsageError(
            f"Grafana OSS on Container Apps would need {wanted:g} vCPUs for its users, a container has at most "
            f"{_MOST_VCPUS:g}: choose Managed Grafana for L5"
        )
    return wanted
