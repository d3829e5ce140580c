"""L5 on Google Cloud: Grafana OSS on Cloud Run, or on a virtual machine."""

from __future__ import annotations

import math
from typing import Any, Final

from twin2multicloud.deployer.clouds.gcp.names import SiteNames
from twin2multicloud.deployer.clouds.gcp.stack import slot_stack, zone
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import SECONDS_PER_MONTH

IMAGE: Final = "grafana/grafana:12.1.1"
PROXY_IMAGE: Final = "caddy:2.10.2"
PLUG_IN: Final = "yesoreyeram-infinity-datasource"
SETTINGS: Final = {
    "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    "GF_ANALYTICS_REPORTING_ENABLED": "false",
    "GF_AUTH_ANONYMOUS_ENABLED": "false",
    "GF_PLUGINS_PREINSTALL_SYNC": PLUG_IN,
    "GF_SECURITY_COOKIE_SECURE": "true",
    "GF_SECURITY_DISABLE_GRAVATAR": "true",
    "GF_SECURITY_STRICT_TRANSPORT_SECURITY": "true",
    "GF_USERS_ALLOW_SIGN_UP": "false",
}
_ALLOWED_VCPUS: Final = (1, 2, 4, 6, 8)
"""Of an instance of Cloud Run."""


def visualization(deployment: Deployment) -> Stack:
    """The stack of L5. Raises `UsageError` for more users than one instance can serve."""
    slot = Slot.VISUALIZATION
    names = SiteNames.of(deployment, deployment.site(slot))
    generation = deployment.generation(slot)
    arguments: dict[str, Any] = {
        "account": names.account("dashboards", generation),
        "image": IMAGE,
        "settings": SETTINGS,
        "admin_secret": names.secret("grafana-admin"),
    }
    used = _used(deployment)
    if deployment.blueprint.places[slot].offer == "gcp.grafana-oss-vm":
        arguments |= {
            "name": names.machine(generation),
            "zone": zone(names.region),
            "machine_type": "e2-small" if used.get("gcp.compute.e2-small-hours", 0.0) > 0 else "e2-medium",
            "disk_gib": math.ceil(used["gcp.compute.pd-balanced"] / 2**30),
            "proxy_image": PROXY_IMAGE,
        }
        return slot_stack(deployment, slot, "l5/grafana_vm", arguments)
    arguments |= {
        "name": names.function("dashboards", generation),
        "bucket": names.bucket("dashboards", generation),
        "vcpus": vcpus(used["gcp.run.instance-cpu"] / SECONDS_PER_MONTH),
    }
    return slot_stack(deployment, slot, "l5/grafana_run", arguments)


def vcpus(priced: float) -> int:
    """The vCPUs of an instance: those that were priced, or the next number that Cloud Run offers."""
    found = next((number for number in _ALLOWED_VCPUS if number >= priced - 1e-6), None)
    if found is None:
        raise UsageError(
            f"the users of the dashboards need {priced:g} vCPUs, and an instance of Cloud Run has at most "
            f"{_ALLOWED_VCPUS[-1]}; choose another offer for L5, or fewer users"
        )
    return found


def _used(deployment: Deployment) -> dict[str, float]:
    component = deployment.blueprint.component(Slot.VISUALIZATION, "dashboards")
    assert component is not None
    return {use.meter: use.amount for use in component.usage}
