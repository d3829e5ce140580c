"""L5 on AWS: Managed Grafana, or Grafana OSS in a container on Fargate."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from twin2multicloud.blueprint.parts import Component, Kind, Offer, Use
from twin2multicloud.blueprint.volumes import HOURS_PER_MONTH, Volumes
from twin2multicloud.model.slots import Provider, Slot


def _browser(v: Volumes) -> Component:
    """What dashboards send to their users' browsers."""
    return Component("browsers", Kind.EGRESS, "Data transfer", (Use("aws.egress.internet", v.browser_bytes),))


def _managed(v: Volumes) -> Iterable[Component]:
    # A workspace is billed for one editor even when nobody signs in.
    yield Component(
        "dashboards",
        Kind.DASHBOARD,
        "Managed Grafana",
        (Use("aws.grafana.editors", np.maximum(v.editors, 1)), Use("aws.grafana.viewers", v.viewers)),
    )


def _container(v: Volumes) -> Iterable[Component]:
    # Fargate's smallest task that runs Grafana well: half a vCPU with 1 GB, then more with the users.
    vcpus = np.maximum(0.5, v.users / v.assumptions.users_per_grafana_vcpu)
    yield Component(
        "dashboards",
        Kind.DASHBOARD,
        "Grafana OSS on Fargate",
        (
            Use("aws.fargate.vcpu-hours", vcpus * HOURS_PER_MONTH),
            Use("aws.fargate.memory-hours", 2 * vcpus * HOURS_PER_MONTH),
            Use("aws.public-ipv4.hours", v.constant(HOURS_PER_MONTH)),
        ),
    )
    yield _browser(v)


VISUALIZATION = (
    Offer(
        id="aws.managed-grafana",
        slot=Slot.VISUALIZATION,
        provider=Provider.AWS,
        service="Managed Grafana",
        variant="",
        summary="per active editor and viewer",
        features=frozenset({"managed", "dashboards", "single-sign-on"}),
        components=_managed,
    ),
    Offer(
        id="aws.grafana-oss",
        slot=Slot.VISUALIZATION,
        provider=Provider.AWS,
        service="Grafana OSS",
        variant="Fargate",
        summary="Grafana in a container that grows with its users",
        features=frozenset({"dashboards"}),
        components=_container,
    ),
)
