"""Which rule counts which component: by provider, kind and service."""

from __future__ import annotations

from collections.abc import Callable

from twin2multicloud.blueprint.kinds import Kind, Role
from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.model.slots import Provider
from twin2multicloud.sandbox.metering import aws, azure, gcp, gcp_stores
from twin2multicloud.sandbox.metering.base import Counted
from twin2multicloud.sandbox.metering.book import MeterBook

_Rule = Callable[[PlannedComponent, Blueprint, MeterBook], Counted]

_RULES: dict[tuple[Kind, str], _Rule] = {
    (Kind.GATEWAY, "IoT Core"): aws.IotCore,
    (Kind.FUNCTION, "Lambda"): aws.Lambda,
    (Kind.QUEUE, "SQS"): aws.Sqs,
    (Kind.STREAM, "Kinesis"): aws.Kinesis,
    (Kind.TOPIC, "SNS"): aws.Sns,
    (Kind.STORE, "DynamoDB"): aws.DynamoDb,
    (Kind.BUCKET, "S3"): aws.S3,
    (Kind.GRAPH, "IoT TwinMaker"): aws.TwinMaker,
    (Kind.GRAPH, "DynamoDB"): aws.DynamoDbGraph,
    (Kind.DASHBOARD, "Grafana OSS on Fargate"): aws.Fargate,
    (Kind.GATEWAY, "IoT Hub"): azure.IotHub,
    (Kind.FUNCTION, "Functions"): azure.ConsumptionFunction,
    (Kind.FUNCTION, "Functions Flex"): azure.FlexFunction,
    (Kind.QUEUE, "Storage Queue"): azure.StorageQueue,
    (Kind.TOPIC, "Event Grid"): azure.EventGrid,
    (Kind.STORE, "Cosmos DB"): azure.Cosmos,
    (Kind.BUCKET, "Blob Storage"): azure.Blobs,
    (Kind.GRAPH, "Digital Twins"): azure.DigitalTwins,
    (Kind.GRAPH, "Cosmos DB"): azure.CosmosGraph,
    (Kind.DASHBOARD, "Grafana OSS on Container Apps"): azure.ContainerApp,
    (Kind.TOPIC, "Pub/Sub"): gcp.PubSub,
    (Kind.FUNCTION, "Cloud Run functions"): gcp.RunFunction,
    (Kind.FUNCTION, "Cloud Run"): gcp.RunFunction,  # a sender of single messages
    (Kind.FUNCTION, "Cloud Run worker"): gcp.Worker,
    (Kind.SCHEDULE, "Cloud Scheduler"): gcp.Schedule,
    (Kind.STORE, "Firestore"): gcp_stores.Firestore,
    (Kind.STORE, "Bigtable"): gcp_stores.Bigtable,
    (Kind.BUCKET, "Cloud Storage"): gcp_stores.CloudStorage,
    (Kind.GRAPH, "Firestore"): gcp_stores.FirestoreGraph,
    (Kind.DASHBOARD, "Grafana OSS on Cloud Run"): gcp_stores.RunGrafana,
    (Kind.DASHBOARD, "Grafana OSS on Compute Engine"): gcp_stores.MachineGrafana,
}

# Where one service counts in several ways: by the offer, and for the offer's own main component only.
_HOT: dict[str, _Rule] = {
    "aws.dynamodb-provisioned": aws.ProvisionedDynamoDb,
    "azure.cosmos-provisioned": azure.PlannedCosmos,
    "azure.cosmos-autoscale": azure.AutoscaledCosmos,
}


def meter_of(component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> Counted:
    """The meter of a component; a kind of service that has no rule is a defect (`KeyError`)."""
    return _rule(component)(component, blueprint, book)


def _rule(component: PlannedComponent) -> _Rule:
    kind, service, name = component.kind, component.service, component.name
    if kind is Kind.STORE and name == "hot" and component.offer in _HOT:
        return _HOT[component.offer]
    if name.endswith("-checkpoints"):
        return azure.Checkpoints
    if name == "twin-values":
        return aws.DynamoDbGraph
    if name == "scenes":
        return aws.Scenes
    if kind is Kind.DASHBOARD and service == "Managed Grafana":
        return aws.Grafana if component.provider is Provider.AWS else azure.Grafana
    if name == "gateway" and component.provider is Provider.GCP:
        return gcp.DirectGateway if kind is Kind.TOPIC else gcp.RunGateway
    if service == "Cloud Run" and component.role is Role.SEND and component.gathers > 1:
        return gcp.GatheringService
    if kind is Kind.EGRESS:
        return Counted
    found = _RULES.get((kind, service))
    if found is None:
        raise KeyError(f"no metering rule for {component.id}, a {kind} on {service}")
    return found
