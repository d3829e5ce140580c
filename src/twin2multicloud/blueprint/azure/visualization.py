"""L5 on Azure: Managed Grafana, or Grafana OSS in a container on Container Apps."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from twin2multicloud.blueprint.parts import Component, Kind, Offer, Use
from twin2multicloud.blueprint.volumes import HOURS_PER_MONTH, SECONDS_PER_MONTH, Volumes
from twin2multicloud.model.slots import Provider, Slot

_VCPU_STEP = 0.25
_LEAST_VCPUS = 0.5
_BYTES_PER_VCPU = 2 * 2**30  # Container Apps couples 2 GiB of memory to each vCPU


def _browser(v: Volumes) -> Component:
    """What dashboards send to their users' browsers."""
    return Component("browsers", Kind.EGRESS, "Data transfer", (Use("azure.egress.internet", v.browser_bytes),))


def _managed(v: Volumes) -> Iterable[Component]:
    # The instance runs around the clock, whoever signs in.
    uses = (
        Use("azure.grafana.users", v.users),
        Use("azure.grafana.instance-hours", v.constant(HOURS_PER_MONTH)),
    )
    yield Component("dashboards", Kind.DASHBOARD, "Managed Grafana", uses)


def _container(v: Volumes) -> Iterable[Component]:
    wanted = v.users / v.assumptions.users_per_grafana_vcpu
    vcpus = np.maximum(np.ceil(wanted / _VCPU_STEP - 1e-9) * _VCPU_STEP, _LEAST_VCPUS)
    yield Component(
        "dashboards",
        Kind.DASHBOARD,
        "Grafana OSS on Container Apps",
        (
            Use("azure.container-apps.vcpu-seconds", vcpus * SECONDS_PER_MONTH),
            Use("azure.container-apps.memory", vcpus * _BYTES_PER_VCPU * SECONDS_PER_MONTH),
        ),
    )
    yield _browser(v)


VISUALIZATION = (
    Offer(
        id="azure.managed-grafana",
        slot=Slot.VISUALIZATION,
        provider=Provider.AZURE,
        service="Managed Grafana",
        variant="Standard",
        summary="an instance around the clock, and per active user",
        features=frozenset({"managed", "dashboards", "single-sign-on"}),
        components=_managed,
    ),
    Offer(
        id="azure.grafana-oss",
        slot=Slot.VISUALIZATION,
        provider=Provider.AZURE,
        service="Grafana OSS",
        variant="Container Apps",
        summary="Grafana in a container that grows with its users",
        features=frozenset({"dashboards"}),
        components=_container,
    ),
)
