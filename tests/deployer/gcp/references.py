"""What applied resources are called, and what they name: to see that nothing is named before it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from twin2multicloud.deployer.proof import Resource

Named = tuple[str, str]
"""A kind of thing and its name."""

_CREATED = {
    "google_pubsub_topic": ("topic", "name"),
    "google_pubsub_subscription": ("subscription", "name"),
    "google_storage_bucket": ("bucket", "name"),
    "google_secret_manager_secret": ("secret", "secret_id"),
    "google_firestore_database": ("database", "name"),
    "google_bigtable_instance": ("instance", "name"),
    "google_artifact_registry_repository": ("repository", "repository_id"),
    "google_service_account": ("account", "account_id"),
    "google_cloudfunctions2_function": ("service", "name"),
    "google_cloud_run_v2_service": ("service", "name"),
}
_REFERENCES = {
    "topic": "topic",
    "subscription": "subscription",
    "bucket": "bucket",
    "secret_id": "secret",
    "database": "database",
    "instance_name": "instance",
    "member": "account",
    "service_account_email": "account",
    "service_account": "account",
    "docker_repository": "repository",
    "dead_letter_topic": "topic",
    "source_location": "bucket",
}
_ACCOUNTS = "@offline-project.iam.gserviceaccount.com"


def created(resource: Resource) -> Named | None:
    """What a resource is."""
    kind, key = _CREATED.get(resource.type, ("", ""))
    return (kind, resource.attributes[key]) if kind else None


def references(resource: Resource) -> Iterator[Named]:
    """What a resource names."""
    own = created(resource)
    for key, value in _walk(resource.attributes):
        kind = _REFERENCES.get(key, "")
        if kind and isinstance(value, str) and (found := _name(kind, value)) and (kind, found) != own:
            yield kind, found
    if resource.type == "google_cloud_run_v2_service_iam_member":
        yield "service", resource.attributes["name"]
    for condition in resource.blocks("condition"):
        if database := re.search(r"/databases/([a-z0-9-]+)", condition["expression"]):
            yield "database", database[1]
    if resource.type == "google_pubsub_subscription" and (push := resource.attributes["push_config"]):
        yield "service", push[0]["push_endpoint"].removeprefix("https://").split(".")[0].rpartition("-")[0]


def _name(kind: str, value: str) -> str:
    if kind == "account":
        address = value.rpartition("/")[2].removeprefix("serviceAccount:")
        return address.removesuffix(_ACCOUNTS) if address.endswith(_ACCOUNTS) else ""
    if kind == "bucket":
        if value.startswith("source-location-"):
            return ""  # what the stand-in makes up for a service that is no build of anything
        return value.removeprefix("gs://").split("/")[0]
    return value.rpartition("/")[2]


def _walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _walk(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each, key)
    else:
        yield key, value
