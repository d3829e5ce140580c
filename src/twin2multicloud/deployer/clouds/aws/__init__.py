"""AWS: how its stacks are rendered, and which resources carry the costs of which components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from twin2multicloud.blueprint.catalog import offer_by_id
from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.aws.acquisition import acquisition
from twin2multicloud.deployer.clouds.aws.composing import PROVIDER_VERSIONS
from twin2multicloud.deployer.clouds.aws.foundation import foundation
from twin2multicloud.deployer.clouds.aws.management import management
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.clouds.aws.processing import processing
from twin2multicloud.deployer.clouds.aws.storage import archive, cool, hot
from twin2multicloud.deployer.clouds.aws.visualization import visualization
from twin2multicloud.deployer.clouds.cloud import Cloud
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.layer import write_layers
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot

__all__ = ["AWS", "MAIN_RESOURCES"]

MAIN_RESOURCES: Final[Mapping[tuple[Kind, str], str]] = {
    (Kind.GATEWAY, "IoT Core"): "aws_iot_topic_rule",
    (Kind.FUNCTION, "Lambda"): "aws_lambda_function",
    (Kind.QUEUE, "SQS"): "aws_sqs_queue",
    (Kind.STREAM, "Kinesis"): "aws_kinesis_stream",
    (Kind.TOPIC, "SNS"): "aws_sns_topic",
    (Kind.STORE, "DynamoDB"): "aws_dynamodb_table",
    (Kind.BUCKET, "S3"): "aws_s3_bucket",
    (Kind.GRAPH, "DynamoDB"): "aws_dynamodb_table",
    (Kind.GRAPH, "IoT TwinMaker"): "aws_cloudformation_stack",
    (Kind.DASHBOARD, "Managed Grafana"): "aws_grafana_workspace",
    (Kind.DASHBOARD, "Grafana OSS on Fargate"): "aws_ecs_service",
}
"""The resource at which a component's cost is shown, by its kind and service. Traffic (`Kind.EGRESS`) has none; what
rules remember, dead letters, nonces and errors are in the foundation's table and topic, for all slots together."""

_SLOTS: Final[Mapping[Slot, Callable[[AwsNames], Stack]]] = {
    Slot.ACQUISITION: acquisition,
    Slot.PROCESSING: processing,
    Slot.HOT: hot,
    Slot.COOL: cool,
    Slot.ARCHIVE: archive,
    Slot.MANAGEMENT: management,
    Slot.VISUALIZATION: visualization,
}


def slot_stack(deployment: Deployment, slot: Slot) -> Stack:
    """The stack of a slot on AWS; `UsageError` for an offer that nobody can deploy."""
    place = deployment.blueprint.places[slot]
    if not offer_by_id(place.offer).deployable:
        raise UsageError(
            f"{slot.value}: {place.offer} cannot be deployed: a monthly plan of IoT TwinMaker belongs to the whole "
            "account and is switched by hand in its console; deploy aws.twinmaker instead"
        )
    return _SLOTS[slot](AwsNames(deployment, deployment.site(slot)))


def _complete(stack: Stack, packages: Path, cache: Path) -> None:
    """The layers of a foundation."""
    layers = stack.arguments.get("layer_files", {})
    if layers:
        write_layers(packages, layers, cache)


AWS: Final = Cloud(
    foundation=foundation,
    slot=slot_stack,
    provider_versions=PROVIDER_VERSIONS,
    carriers=frozenset(MAIN_RESOURCES.values()),
    complete=_complete,
)
