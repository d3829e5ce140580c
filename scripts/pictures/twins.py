"""Which deployments are drawn: the example twin whole on each cloud, and spread over all three."""

from __future__ import annotations

from typing import Final

from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.blueprint.plan import blueprint_of
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.functions import shards_of
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Provider
from twin2multicloud.model.twin.compile import compile_twin

TWIN: Final = "smart-home"
_REGIONS: Final = {"aws": "eu-central-1", "azure": "westeurope", "gcp": "europe-west1"}

PICTURES: Final = {
    "built-on-aws.svg": (
        "What is built for a twin that is whole on AWS",
        (
            "aws.iot-core",
            "aws.lambda-arm64-sqs",
            "aws.dynamodb-on-demand",
            "aws.s3-standard-ia",
            "aws.s3-glacier-flexible",
            "aws.own-graph",
            "aws.managed-grafana",
        ),
    ),
    "built-on-azure.svg": (
        "What is built for a twin that is whole on Azure",
        (
            "azure.iot-hub-s1",
            "azure.functions-consumption",
            "azure.cosmos-serverless",
            "azure.blob-cool",
            "azure.blob-archive",
            "azure.digital-twins",
            "azure.managed-grafana",
        ),
    ),
    "built-on-gcp.svg": (
        "What is built for a twin that is whole on Google Cloud",
        (
            "gcp.run-gateway",
            "gcp.run-functions",
            "gcp.firestore",
            "gcp.storage-nearline",
            "gcp.storage-archive",
            "gcp.own-graph",
            "gcp.grafana-oss",
        ),
    ),
    "built-on-three-clouds.svg": (
        "What is built for a twin that is spread over three clouds",
        (
            "aws.iot-core-basic-ingest",
            "azure.functions-flex",
            "gcp.firestore",
            "aws.s3-glacier-instant",
            "azure.blob-archive",
            "gcp.own-graph",
            "aws.managed-grafana",
        ),
    ),
}
"""Picture: its title, and what fills the seven slots."""


def placement_of(offers: tuple[str, ...]) -> Placement:
    """These offers, in each cloud's usual region."""
    return Placement.model_validate(
        {
            slot: {"provider": offer.split(".")[0], "offer": offer, "region": _REGIONS[offer.split(".")[0]]}
            for slot, offer in zip(SLOTS, offers, strict=True)
        }
    )


def deployment_at(offers: tuple[str, ...]) -> Deployment:
    """The example twin at these offers, with a budget in each cloud as every real deployment has."""
    definition = read_twin(TWIN)
    spec = compile_twin(definition)
    blueprint = blueprint_of(definition.workload, placement_of(offers), definition.assumptions)
    budgets = {provider.value: 1.0 for provider in Provider}  # that there is one is drawn, not how high it is
    settings = Settings(
        spec.name, "k3x9f", "owner@example.com", shards=shards_of(blueprint), budgets_usd_per_month=budgets
    )
    return Deployment(settings, spec, blueprint)
