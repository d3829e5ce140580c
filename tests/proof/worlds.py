"""The deployments that the checker is tried on: every offer, and every link near and far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from tests.deployer.placements import AWS, AZURE, GCP, deployment, placement, twin
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Provider

OFFERS: Mapping[str, tuple[str, ...]] = {
    # Each cloud by itself, so that everything is handed over at the same place …
    "aws": AWS,
    "azure": AZURE,
    "gcp": GCP,
    # … and spread, so that every link crosses and every cloud has every slot once.
    "spread-1": (
        "aws.iot-core-basic-ingest",
        "azure.functions-flex",
        "gcp.firestore",
        "aws.s3-glacier-instant",
        "azure.blob-archive",
        "gcp.own-graph",
        "aws.managed-grafana",
    ),
    "spread-2": (
        "azure.iot-hub-s2",
        "gcp.run-functions",
        "aws.dynamodb-on-demand",
        "azure.blob-cold",
        "gcp.storage-archive",
        "aws.twinmaker",
        "azure.grafana-oss",
    ),
    "spread-3": (
        "gcp.run-gateway",
        "aws.lambda-arm64-kinesis",
        "azure.cosmos-autoscale",
        "gcp.storage-nearline",
        "aws.s3-glacier-flexible",
        "azure.digital-twins",
        "gcp.grafana-oss",
    ),
    # The offers left: those that run all month, and the other editions.
    "rest-1": (
        "azure.iot-hub-b3",
        "azure.functions-flex",
        "azure.cosmos-provisioned",
        "azure.blob-cool",
        "gcp.storage-archive",
        "azure.own-graph",
        "aws.grafana-oss",
    ),
    "rest-2": (
        "gcp.pubsub-direct",
        "gcp.run-worker",
        "gcp.bigtable",
        "gcp.storage-coldline",
        "aws.s3-glacier-deep-archive",
        "aws.twinmaker",
        "gcp.grafana-oss-vm",
    ),
    "rest-3": (
        "aws.iot-core",
        "aws.lambda-x86-kinesis",
        "aws.dynamodb-provisioned",
        "azure.blob-cool",
        "azure.blob-archive",
        "aws.own-graph",
        "aws.grafana-oss",
    ),
    # Clouds that have a slot without functions, and nothing else.
    "guests": (*AWS[:4], "azure.blob-archive", AWS[5], "gcp.grafana-oss"),
}
NAMES = (*OFFERS, "aws:regions", "azure:regions", "gcp:regions")

_ELSEWHERE = {"eu-central-1": "eu-west-1", "westeurope": "northeurope", "europe-west1": "europe-north1"}


def named(name: str) -> Deployment:
    """The deployment of a name, perhaps with what follows a colon: `held`, all of its slots; `regions`, every other
    slot in another region of its cloud.
    """
    offers, _, how = name.partition(":")
    twin_name = "smart-building" if offers.startswith("rest") else "smart-home"
    made = deployment(OFFERS[offers], twin_name)
    # Shards as they were at the first deployment, which had another workload.
    made = replace(made, settings=msgspec.structs.replace(made.settings, shards=made.settings.shards + 3))
    if how == "regions":
        return replace(made, blueprint=_spread(OFFERS[offers], twin_name))
    return replace(made, held=frozenset(SLOTS)) if how == "held" else made


def _spread(offers: tuple[str, ...], name: str) -> Blueprint:
    definition, _ = twin(name)
    places = placement(offers).model_dump(by_alias=True)
    for slot in list(places)[1::2]:
        places[slot]["region"] = _ELSEWHERE[places[slot]["region"]]
    return blueprint_of(definition.workload, Placement.model_validate(places), definition.assumptions)


def offers_of(provider: Provider) -> set[str]:
    """The offers of a cloud that these deployments cover."""
    return {offer for offers in OFFERS.values() for offer in offers if offer.startswith(f"{provider.value}.")}
