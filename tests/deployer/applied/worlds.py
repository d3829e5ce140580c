"""The deployments that tests of modules, steps and the proof apply: every offer, and every link near and far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from tests.deployer.placements import AWS, AZURE, GCP, deployment, placement, twin
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Provider, Slot

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
    # The offers left, of a twin with more to do: those that run all month, and the other editions.
    "second-aws": (
        "aws.iot-core-basic-ingest",
        "aws.lambda-x86-kinesis",
        "aws.dynamodb-provisioned",
        "aws.s3-glacier-instant",
        "aws.s3-glacier-deep-archive",
        "aws.twinmaker",
        "aws.grafana-oss",
    ),
    "second-azure": (
        "azure.iot-hub-s2",
        "azure.functions-flex",
        "azure.cosmos-provisioned",
        "azure.blob-cold",
        "azure.blob-archive",
        "azure.digital-twins",
        "azure.managed-grafana",
    ),
    "second-gcp": (
        "gcp.pubsub-direct",
        "gcp.run-worker",
        "gcp.bigtable",
        "gcp.storage-coldline",
        "gcp.storage-archive",
        "gcp.own-graph",
        "gcp.grafana-oss-vm",
    ),
    # A hub that sends its devices nothing, beside a database that scales.
    "basic": (
        "azure.iot-hub-b1",
        "azure.functions-flex",
        "azure.cosmos-autoscale",
        "azure.blob-cool",
        "azure.blob-archive",
        "azure.own-graph",
        "azure.grafana-oss",
    ),
    # Clouds that have a slot without functions, and nothing else.
    "guests": (AWS[0], "aws.lambda-x86-sqs", *AWS[2:4], "azure.blob-archive", AWS[5], "gcp.grafana-oss"),
}
NAMES = tuple(f"{name}:regions" if name.startswith("second-") else name for name in OFFERS)
HELD = ("spread-1:held", "spread-3:held")

_ASKED: Mapping[str, object] = {
    "users": ("viewer@example.com",),
    "budgets_usd_per_month": {"aws": 12.5, "azure": 12.5, "gcp": 40.0},
    "device_ca_pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
}
_SPREAD = (Slot.PROCESSING, Slot.COOL, Slot.VISUALIZATION)
"""The slots of a twin that are elsewhere, so that every link crosses regions."""
_ELSEWHERE = {"eu-central-1": "eu-west-1", "westeurope": "northeurope", "europe-west1": "europe-north1"}


def named(name: str) -> Deployment:
    """The deployment of a name, perhaps with what follows a colon: `held`, all of its slots; `regions`, about
    every other slot in another region of its cloud.
    """
    offers, _, how = name.partition(":")
    twin_name = "smart-building" if offers.startswith("second") else "smart-home"
    made = replace(deployment(OFFERS[offers], twin_name, **_ASKED), discard=True)
    # Shards as they were at the first deployment, which had another workload.
    made = replace(made, settings=msgspec.structs.replace(made.settings, shards=made.settings.shards + 3))
    if how == "regions":
        return replace(made, blueprint=_spread(OFFERS[offers], twin_name))
    return replace(made, held=frozenset(SLOTS)) if how == "held" else made


def _spread(offers: tuple[str, ...], name: str) -> Blueprint:
    definition, _ = twin(name)
    places = placement(offers).model_dump(by_alias=True)
    for slot in _SPREAD:
        places[slot]["region"] = _ELSEWHERE[places[slot]["region"]]
    return blueprint_of(definition.workload, Placement.model_validate(places), definition.assumptions)


def on(provider: Provider) -> tuple[str, ...]:
    """The names of the deployments with something on a cloud, held ones apart."""
    return tuple(name for name in NAMES if any(o.startswith(f"{provider.value}.") for o in OFFERS[name.split(":")[0]]))
