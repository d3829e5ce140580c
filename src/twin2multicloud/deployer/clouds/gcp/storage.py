"""L3 on Google Cloud: Firestore or Bigtable, and the buckets of the cool and archive tiers."""

from __future__ import annotations

import math
from typing import Any, Final

from twin2multicloud.deployer.clouds.gcp.functions import (
    archive_bucket,
    base_config,
    cool_bucket,
    cool_config,
    functions_at,
    hot_config,
    last_tier_s,
)
from twin2multicloud.deployer.clouds.gcp.names import SiteNames
from twin2multicloud.deployer.clouds.gcp.stack import held, schedules_of, slot_stack, zone
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot

_DAY_S: Final = 86_400
_HOURS_PER_MONTH: Final = 730


def hot(deployment: Deployment) -> Stack:
    """The stack of L3.hot."""
    slot = Slot.HOT
    names = SiteNames.of(deployment, deployment.site(slot))
    functions = functions_at(deployment, slot)
    store = base_config(deployment, names) | hot_config(deployment, names)
    arguments: dict[str, Any] = {
        "functions": functions.arguments,
        "schedules": schedules_of(deployment, slot, functions),
        "held": held(deployment, slot),
        "store": store,
    }
    expires = last_tier_s(deployment)
    if deployment.blueprint.places[slot].offer == "gcp.bigtable":
        arguments |= {
            "zone": zone(names.region),
            "instance": names.bigtable(deployment.generation(slot)),
            "nodes": _nodes(deployment),
            "expires_h": None if expires is None else math.ceil(expires / 3600),
        }
        return slot_stack(deployment, slot, "l3_hot/bigtable", arguments, functions)
    arguments |= {"collection": names.collection("hot"), "expires": expires is not None}
    return slot_stack(deployment, slot, "l3_hot/firestore", arguments, functions)


def cool(deployment: Deployment) -> Stack:
    """The stack of L3.cool: its bucket, whose lifecycle rules archive and delete where the archive is here too."""
    slot = Slot.COOL
    names = SiteNames.of(deployment, deployment.site(slot))
    functions = functions_at(deployment, slot)
    retention, apart = deployment.spec.retention, deployment.blueprint.by_edge["to-archive"].apart
    # Objects come when their records leave the hot tier: ages count from there.
    archived = None if apart or retention.archive_s <= retention.cool_s else retention.cool_s - retention.hot_s
    deleted = None if apart and retention.archive_s > retention.cool_s else retention.archive_s - retention.hot_s
    arguments = {
        "bucket": cool_bucket(deployment, names),
        "storage_class": cool_config(deployment, names)["cool_class"],
        "archived_days": _days(archived),
        "deleted_days": _days(deleted),
        "functions": functions.arguments,
        "schedules": schedules_of(deployment, slot, functions),
        "held": held(deployment, slot),
        "discard": deployment.discard,
        "store": base_config(deployment, names) | cool_config(deployment, names),
    }
    return slot_stack(deployment, slot, "l3_cool", arguments, functions)


def archive(deployment: Deployment) -> Stack:
    """The stack of L3.archive: a bucket of its own, unless L3.cool is here too and its bucket holds both."""
    slot = Slot.ARCHIVE
    names = SiteNames.of(deployment, deployment.site(slot))
    functions = functions_at(deployment, slot)
    retention, apart = deployment.spec.retention, deployment.blueprint.by_edge["to-archive"].apart
    bucket = archive_bucket(deployment, names)
    arguments = {
        "bucket": bucket if apart else None,
        "deleted_days": _days(max(retention.archive_s - retention.cool_s, 0)),
        "functions": functions.arguments,
        "held": held(deployment, slot),
        "discard": deployment.discard,
        "store": base_config(deployment, names) | {"archive_bucket": bucket},
    }
    return slot_stack(deployment, slot, "l3_archive", arguments, functions)


def _nodes(deployment: Deployment) -> int:
    """Bigtable's nodes, as many as are priced."""
    component = deployment.blueprint.component(Slot.HOT, "hot")
    assert component is not None
    used = {use.meter: use.amount for use in component.usage}
    return max(math.ceil(used["gcp.bigtable.node-hours"] / _HOURS_PER_MONTH - 1e-6), 1)


def _days(seconds: float | None) -> int | None:
    """An age in the whole days of lifecycle rules, never too young."""
    return None if seconds is None else math.ceil(seconds / _DAY_S)
