"""L3 on Azure: records in Cosmos DB, objects in Blob Storage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.deployer.clouds.azure.apps import cool_tier
from twin2multicloud.deployer.clouds.azure.names import DATABASE, SlotNames
from twin2multicloud.deployer.clouds.azure.stores import container
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.model.slots import Slot

_HOURS_PER_MONTH: Final = 730.0
_DAY_S: Final = 86_400
_LEAST_RU, _STEP_RU = 400, 100
_LEAST_AUTOSCALE_RU, _STEP_AUTOSCALE_RU = 1000, 1000


def hot(deployment: Deployment) -> dict[str, Any]:
    """The arguments of L3.hot's store."""
    account, offer = SlotNames(deployment, Slot.HOT).cosmos, deployment.blueprint.places[Slot.HOT].offer
    retention = deployment.spec.retention
    stays = retention.archive_s > retention.hot_s or Slot.HOT in deployment.held
    records = container(
        account,
        "hot",
        "/device",
        indexed=("/device/?",),
        # Where a later tier follows, the mover deletes what that has acknowledged, and nothing else may; from a store
        # that is being moved nothing goes away.
        ttl=None if stays else max(math.ceil(retention.hot_s), 1),
        throughput=_provisioned_ru(deployment.blueprint) if offer == "azure.cosmos-provisioned" else None,
        autoscale=_autoscale_ru(deployment.blueprint) if offer == "azure.cosmos-autoscale" else None,
    )
    serverless = offer == "azure.cosmos-serverless"
    store = {"account": account, "database": DATABASE, "serverless": serverless, "containers": {"hot": records}}
    return {"store": store}


def cool(deployment: Deployment) -> dict[str, Any]:
    """The arguments of L3.cool's store. Ages of objects count from when they were written, a tier's age after the
    youngest record in them. While either tier in the account is held, no rule of age runs there.
    """
    retention = deployment.spec.retention
    here = deployment.site(Slot.COOL) == deployment.site(Slot.ARCHIVE)
    archives = retention.archive_s > retention.cool_s
    held = deployment.held & ({Slot.COOL, Slot.ARCHIVE} if here else {Slot.COOL})
    rules = {
        "archive_after_days": _days(retention.cool_s - retention.hot_s) if here and archives else None,
        # Elsewhere a mover deletes, once the archive has acknowledged.
        "delete_after_days": _days(retention.archive_s - retention.hot_s) if here or not archives else None,
    }
    store = {"account": SlotNames(deployment, Slot.COOL).blobs, "component": "cool"}
    return {"store": store if held else store | rules, "cool_tier": cool_tier(deployment)}


def archive(deployment: Deployment) -> dict[str, Any]:
    """The arguments of L3.archive's store; none where L3.cool's account holds it."""
    if deployment.site(Slot.COOL) == deployment.site(Slot.ARCHIVE):
        return {"store": None}
    retention = deployment.spec.retention
    rules = {"delete_after_days": _days(retention.archive_s - retention.cool_s)}
    store = {"account": SlotNames(deployment, Slot.ARCHIVE).blobs, "component": "archive"}
    return {"store": store if Slot.ARCHIVE in deployment.held else store | rules}


def _days(seconds: float) -> int:
    """Whole days, no fewer than asked for."""
    return max(math.ceil(seconds / _DAY_S), 0)


def _provisioned_ru(blueprint: Blueprint) -> int:
    """The RU/s that were priced: what a month of them is in the bill, in steps that the service takes."""
    uses = blueprint.by_id["L3.hot/hot"].usage
    hours = sum(use.amount for use in uses if use.meter == "azure.cosmos.provisioned-ru-hours")
    return _stepped(hours / _HOURS_PER_MONTH, _LEAST_RU, _STEP_RU)


def _autoscale_ru(blueprint: Blueprint) -> int:
    """The most RU/s: the bill has what autoscale comes to on average, so that the peak is planned anew."""
    from twin2multicloud.blueprint.azure.cosmos import planned_ru_per_s
    from twin2multicloud.blueprint.volumes import Volumes
    from twin2multicloud.model.assumptions import Assumptions
    from twin2multicloud.model.workload import Workload

    volumes = Volumes.of(
        [Workload.model_validate(_whole(blueprint.workload))], Assumptions.model_validate(_whole(blueprint.assumptions))
    )
    return _stepped(float(planned_ru_per_s(volumes)[0]), _LEAST_AUTOSCALE_RU, _STEP_AUTOSCALE_RU)


def _whole(numbers: Mapping[str, float]) -> dict[str, float]:
    """Numbers as the models take them, which want whole ones without a fraction; a blueprint has fractions alone."""
    return {name: int(number) if float(number).is_integer() else number for name, number in numbers.items()}


def _stepped(wanted: float, least: int, step: int) -> int:
    return max(math.ceil(wanted / step - 1e-9) * step, least)
