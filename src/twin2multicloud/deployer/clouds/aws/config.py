"""What a function on AWS is told: the documents in `T2M_CONFIG` and `T2M_FUNCTION`, with just what its rights reach."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.functions import FunctionPlan, Starts
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.aws.build import VARIABLE as CONFIG
from twin2multicloud.runtime.entry.roles import VARIABLE as FUNCTION

CLASSES: Final = {
    "aws.s3-standard-ia": "STANDARD_IA",
    "aws.s3-glacier-instant": "GLACIER_IR",
    "aws.s3-glacier-flexible": "GLACIER",
    "aws.s3-glacier-deep-archive": "DEEP_ARCHIVE",
}
"""S3's storage class of each offer."""

_OF_STATE: Final = frozenset({"nonces", "rule-states", "dead-letters"})


def environment_of(plan: FunctionPlan, names: AwsNames) -> dict[str, str]:
    """A function's environment variables."""
    return {CONFIG: _text(config_of(plan, names)), FUNCTION: _text(function_of(plan, names))}


def function_of(plan: FunctionPlan, names: AwsNames) -> dict[str, Any]:
    """What it is: `FunctionConfig`. A mover's shards stay those of the first deployment: they are in objects' names."""
    return {
        "component": plan.component,
        "edge": plan.edge,
        "local": list(plan.local),
        "receives": list(plan.receives),
        "shards": names.deployment.settings.shards if plan.starts is Starts.SCHEDULE else plan.shards,
    }


def config_of(plan: FunctionPlan, names: AwsNames) -> dict[str, Any]:
    """Names and addresses: `AwsConfig`. Only what `plan.grants` name, so that nothing is there that is refused."""
    found: dict[str, Any] = {"twin": names.deployment.spec.name, "region": names.site.region}
    topics: dict[str, str] = {}
    for word in plan.grants:
        head, _, of = word.partition(":")
        if head == "publish":
            topics[of] = address(plan.slot, of, names)
        elif head == "errors":
            topics["errors"] = names.arn("sns", names.errors)
        elif head == "secret":
            found["secrets_prefix"] = names.secrets_prefix
        elif word in _OF_STATE:
            found["state_table"] = names.state_table
        elif head.startswith("hot."):
            found |= hot(names)
        elif head.startswith("graph.") or word == "values":
            found |= graph(names, values_only=word == "values")
        elif head.startswith("cool."):
            found["cool"] = cool(names)
        elif head.startswith("archive."):
            found["archive"] = archive(names)
    return found | ({"topics": topics} if topics else {})


def address(slot: Slot, component: str, names: AwsNames) -> str:
    """Where to publish on a queue, topic or stream: a queue's URL, or an ARN."""
    kind = names.source(slot, component)
    if kind is Kind.QUEUE:
        return names.queue_url(slot, component)
    if kind is Kind.TOPIC:
        return names.arn("sns", names.thing(slot, component))
    return names.arn("kinesis", f"stream/{names.thing(slot, component)}")


def hot(names: AwsNames) -> dict[str, Any]:
    """L3 hot. Records leave by their time to live only where no later tier waits for them."""
    retention = names.deployment.spec.retention
    expires = {} if retention.archive_s > retention.hot_s else {"hot_expires_s": retention.hot_s}
    return {"hot_table": names.hot_table, **expires}


def graph(names: AwsNames, *, values_only: bool = False) -> dict[str, Any]:
    """L4: our own table, and with IoT TwinMaker the workspace and the function that keeps its values."""
    found: dict[str, Any] = {"graph_table": names.graph_table}
    if names.twinmaker and not values_only:
        connector = names.arn("lambda", f"function:{names.function(Slot.MANAGEMENT, 'twin-connector')}")
        found |= {"twinmaker_workspace": names.workspace, "twinmaker_connector": connector}
    return found


def cool(names: AwsNames) -> dict[str, Any]:
    """L3 cool. Where the archive lies elsewhere nothing here may have an archive's class: its mover must read it."""
    deployment = names.deployment
    own = CLASSES[deployment.blueprint.places[Slot.COOL].offer]
    later = own
    if shares_bucket(names):
        later = CLASSES[deployment.blueprint.places[Slot.ARCHIVE].offer]
    return {"name": names.cool_bucket, "classes": {"cool": own, "archive": later}}


def archive(names: AwsNames) -> dict[str, Any]:
    """L3 archive, where it has a bucket of its own."""
    later = CLASSES[names.deployment.blueprint.places[Slot.ARCHIVE].offer]
    return {"name": names.archive_bucket, "classes": {"archive": later}}


def shares_bucket(names: AwsNames) -> bool:
    """Whether cool and archive tier are one bucket, in which objects change their class."""
    return not names.deployment.blueprint.by_edge["to-archive"].apart


def days(seconds: float) -> int:
    """An age as S3 counts it: whole days, at least one, never too early."""
    return max(1, math.ceil(seconds / 86_400))


def _text(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
