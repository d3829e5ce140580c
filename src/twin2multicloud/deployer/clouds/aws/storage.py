"""L3 on AWS: the table of the hot tier, the buckets of cool and archive tier."""

from __future__ import annotations

import math
from typing import Any, Final

from twin2multicloud.blueprint.plan import Usage
from twin2multicloud.deployer.clouds.aws import config
from twin2multicloud.deployer.clouds.aws.composing import slot_stack
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot

_HOURS: Final = 730
_UNIT_BYTES: Final = {"aws.dynamodb.wcu-hours": 1024, "aws.dynamodb.rcu-hours": 4096}
"""What a capacity unit writes or reads at most, by its meter."""


def hot(names: AwsNames) -> Stack:
    """The stack of L3 hot."""
    arguments: dict[str, Any] = {"name": names.hot_table, "stores": config.hot(names)}
    if names.deployment.blueprint.places[Slot.HOT].offer == "aws.dynamodb-provisioned":
        arguments["capacity"] = {
            "write_units": capacity(names, "aws.dynamodb.wcu-hours"),
            "read_units": capacity(names, "aws.dynamodb.rcu-hours"),
        }
    return slot_stack(names, Slot.HOT, "l3_hot/dynamodb", arguments)


def capacity(names: AwsNames, meter: str) -> int:
    """The units that the bill has planned for the peak, at least one."""
    table = names.deployment.blueprint.component(Slot.HOT, "hot")
    uses = () if table is None else table.usage
    return max(1, math.ceil(sum(_units(use) for use in uses if use.meter == meter) / _HOURS))


def _units(use: Usage) -> float:
    chunks = 1 if use.each_bytes is None else math.ceil(use.each_bytes / _UNIT_BYTES[use.meter])
    return use.amount * chunks


def cool(names: AwsNames) -> Stack:
    """The stack of L3 cool. Objects are as old as their youngest record when they are created: `hot_s`."""
    retention, shared = names.deployment.spec.retention, config.shares_bucket(names)
    arguments: dict[str, Any] = {
        "name": names.cool_bucket,
        "force_destroy": names.deployment.discard,
        "stores": {"cool": config.cool(names)},
    }
    if shared and Slot.ARCHIVE in names.deployment.held:
        arguments["held"] = True  # its objects are here, and shall neither change class nor go
    archives = retention.archive_s > retention.cool_s
    if shared or not archives:
        arguments["expires_days"] = config.days(retention.archive_s - retention.hot_s)
    if shared and archives and retention.cool_s > retention.hot_s:
        after = config.days(retention.cool_s - retention.hot_s)
        # S3 wants an object to be deleted later than it changes its class.
        arguments["expires_days"] = max(arguments["expires_days"], after + 1)
        arguments["archive"] = {"days": after, "class": config.cool(names)["classes"]["archive"]}
    return slot_stack(names, Slot.COOL, "l3_cool", arguments)


def archive(names: AwsNames) -> Stack:
    """The stack of L3 archive, with a bucket of its own where the cool tier lies elsewhere."""
    retention, shared = names.deployment.spec.retention, config.shares_bucket(names)
    stores = {"archive": config.cool(names) if shared else config.archive(names)}
    arguments: dict[str, Any] = {
        "name": names.archive_bucket,
        "force_destroy": names.deployment.discard,
        "shared": shared,
        "expires_days": config.days(retention.archive_s - retention.cool_s),
        "stores": stores,
    }
    return slot_stack(names, Slot.ARCHIVE, "l3_archive", arguments)
