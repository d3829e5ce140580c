"""L5 on Google Cloud, which has no managed Grafana: Grafana OSS on Cloud Run, or on a small virtual machine."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.blueprint.parts import Component, Kind, Limit, Offer, Use
from twin2multicloud.blueprint.volumes import HOURS_PER_MONTH, SECONDS_PER_MONTH, Volumes
from twin2multicloud.model.slots import Provider, Slot

_GIB = 2**30
_BYTES_PER_VCPU = 1 * _GIB
_DISK_BYTES = 10 * _GIB
# Shared-core machines may burst to two vCPUs; these are the shares they sustain.
_SMALL_VCPUS = 0.5
_MEDIUM_VCPUS = 1.0


def _browser(v: Volumes, meter: str) -> Component:
    """What dashboards send to their users' browsers."""
    return Component("browsers", Kind.EGRESS, "Data transfer", (Use(meter, v.browser_bytes),))


def _container(v: Volumes) -> Iterable[Component]:
    # Dashboards stay open and alerts are evaluated, so an instance always runs: that takes a whole vCPU.
    vcpus = np.maximum(np.ceil(v.users / v.assumptions.users_per_grafana_vcpu - 1e-9), 1.0)
    yield Component(
        "dashboards",
        Kind.DASHBOARD,
        "Grafana OSS on Cloud Run",
        (
            Use("gcp.run.instance-cpu", vcpus * SECONDS_PER_MONTH),
            Use("gcp.run.instance-memory", vcpus * _BYTES_PER_VCPU * SECONDS_PER_MONTH),
        ),
    )
    yield _browser(v, "gcp.egress.internet")


def _serves(v: Volumes, vcpus: float) -> NDArray[np.bool_]:
    return v.users <= vcpus * v.assumptions.users_per_grafana_vcpu


def _machine(v: Volumes) -> Iterable[Component]:
    small = _serves(v, _SMALL_VCPUS)
    yield Component(
        "dashboards",
        Kind.DASHBOARD,
        "Grafana OSS on Compute Engine",
        (
            Use("gcp.compute.e2-small-hours", np.where(small, HOURS_PER_MONTH, 0.0)),
            Use("gcp.compute.e2-medium-hours", np.where(small, 0.0, HOURS_PER_MONTH)),
            Use("gcp.compute.pd-balanced", v.constant(_DISK_BYTES)),
            Use("gcp.compute.external-ip-hours", v.constant(HOURS_PER_MONTH)),
        ),
    )
    yield _browser(v, "gcp.egress.compute-premium")


VISUALIZATION = (
    Offer(
        id="gcp.grafana-oss",
        slot=Slot.VISUALIZATION,
        provider=Provider.GCP,
        service="Grafana OSS",
        variant="Cloud Run",
        summary="Grafana in a container that always runs, a fixed price for up to a number of users",
        features=frozenset({"dashboards"}),
        components=_container,
    ),
    Offer(
        id="gcp.grafana-oss-vm",
        slot=Slot.VISUALIZATION,
        provider=Provider.GCP,
        service="Grafana OSS",
        variant="virtual machine",
        summary="Grafana on an e2-small, or an e2-medium for more users",
        features=frozenset({"dashboards"}),
        components=_machine,
        limits=(Limit("an e2-medium serves no more users than one vCPU does", lambda v: _serves(v, _MEDIUM_VCPUS)),),
    ),
)
