"""Placements that deployer tests share: covering all offers, each link near and far."""

from __future__ import annotations

from functools import cache

from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.functions import shards_of
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.model.twin.compile import compile_twin
from twin2multicloud.model.twin.definition import TwinDefinition

REGIONS = {"aws": "eu-central-1", "azure": "westeurope", "gcp": "europe-west1"}

AWS = (
    "aws.iot-core",
    "aws.lambda-arm64-sqs",
    "aws.dynamodb-on-demand",
    "aws.s3-standard-ia",
    "aws.s3-glacier-flexible",
    "aws.own-graph",
    "aws.managed-grafana",
)
AZURE = (
    "azure.iot-hub-s1",
    "azure.functions-consumption",
    "azure.cosmos-serverless",
    "azure.blob-cool",
    "azure.blob-archive",
    "azure.digital-twins",
    "azure.managed-grafana",
)
GCP = (
    "gcp.run-gateway",
    "gcp.run-functions",
    "gcp.firestore",
    "gcp.storage-nearline",
    "gcp.storage-archive",
    "gcp.own-graph",
    "gcp.grafana-oss",
)
THREE_CLOUDS = (
    "aws.iot-core-basic-ingest",
    "azure.functions-flex",
    "gcp.firestore",
    "aws.s3-glacier-instant",
    "azure.blob-archive",
    "gcp.own-graph",
    "aws.managed-grafana",
)


def placement(offers: tuple[str, ...], **regions: str) -> Placement:
    """A placement of these offers, in a cloud's usual region unless `regions` names another by provider."""
    places = REGIONS | regions
    return Placement.model_validate(
        {
            slot: {"provider": offer.split(".")[0], "offer": offer, "region": places[offer.split(".")[0]]}
            for slot, offer in zip(SLOTS, offers, strict=True)
        }
    )


@cache
def twin(name: str = "smart-building") -> tuple[TwinDefinition, TwinSpec]:
    """One of the built-in twins."""
    definition = read_twin(name)
    return definition, compile_twin(definition)


@cache
def blueprint(offers: tuple[str, ...], name: str = "smart-building") -> Blueprint:
    """The blueprint of a built-in twin at these offers."""
    definition, _ = twin(name)
    return blueprint_of(definition.workload, placement(offers), definition.assumptions)


def deployment(offers: tuple[str, ...], name: str = "smart-home", **settings: object) -> Deployment:
    """A deployment of a built-in twin at these offers."""
    _, spec = twin(name)
    plan = blueprint(offers, name)
    made = Settings(spec.name, "k3x9f", "owner@example.com", shards=shards_of(plan), **settings)  # type: ignore[arg-type]
    return Deployment(made, spec, plan)
