"""What whoever deploys must be allowed to do on Google Cloud, by the types of resources in use.

Permissions are those that the provider's calls need to create, read, change and delete a type, and to put out of the
way what a deletion finds. A custom role of the project holds them; Google's predefined roles would hold thousands more.
Budgets belong to a billing account, where custom roles of a project do not reach: they need a role there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from twin2multicloud.model.errors import UsageError

_LIFE: Final = ("create", "delete", "get", "update")
_POLICY: Final = ("getIamPolicy", "setIamPolicy")


def _each(thing: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"{thing}.{verb}" for verb in verbs)


_ACT_AS: Final = ("iam.serviceAccounts.actAs",)
"""Whoever gives an identity to a function, a job or a subscription must be allowed to act as it."""
_OPERATIONS: Final = _each("compute", "globalOperations.get", "regionOperations.get", "zoneOperations.get")

PERMISSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "data.google_project": ("resourcemanager.projects.get",),
        "google_artifact_registry_repository": (
            *_each("artifactregistry.repositories", *_LIFE),
            "artifactregistry.locations.get",
        ),
        "google_artifact_registry_repository_iam_member": _each("artifactregistry.repositories", *_POLICY),
        "google_bigtable_gc_policy": _each("bigtable.tables", "get", "update"),
        "google_bigtable_instance": (
            *_each("bigtable.instances", *_LIFE),
            *_each("bigtable.clusters", *_LIFE, "list"),
            *_each("bigtable.backups", "delete", "list"),
        ),
        "google_bigtable_table": _each("bigtable.tables", *_LIFE, "list"),
        "google_bigtable_table_iam_member": _each("bigtable.tables", *_POLICY),
        "google_billing_budget": ("resourcemanager.projects.get",),
        "google_cloud_run_v2_service": (
            *_each("run.services", *_LIFE),
            "run.operations.get",
            *_each("cloudbuild.builds", "create", "get"),
            "artifactregistry.repositories.downloadArtifacts",
            "storage.objects.get",
            *_ACT_AS,
        ),
        "google_cloud_run_v2_service_iam_member": _each("run.services", *_POLICY),
        "google_cloud_scheduler_job": (*_each("cloudscheduler.jobs", *_LIFE, "enable", "pause"), *_ACT_AS),
        "google_cloudfunctions2_function": (
            *_each("cloudfunctions.functions", *_LIFE),
            "cloudfunctions.operations.get",
            "run.services.get",
            "storage.objects.get",
            *_ACT_AS,
        ),
        "google_compute_address": (
            *_each("compute.addresses", "create", "delete", "get", "setLabels", "use"),
            *_OPERATIONS,
        ),
        "google_compute_firewall": (*_each("compute.firewalls", *_LIFE), "compute.networks.updatePolicy", *_OPERATIONS),
        "google_compute_instance": (
            *_each(
                "compute.instances",
                *_LIFE,
                "setLabels",
                "setMachineType",
                "setMetadata",
                "setServiceAccount",
                "setTags",
                "start",
                "stop",
            ),
            *_each("compute.disks", "create", "delete", "get", "setLabels"),
            *_each("compute.subnetworks", "use", "useExternalIp"),
            *_each("compute", "images.useReadOnly", "projects.get", "zones.get"),
            *_OPERATIONS,
            *_ACT_AS,
        ),
        "google_compute_network": (*_each("compute.networks", *_LIFE), *_OPERATIONS),
        "google_compute_subnetwork": (*_each("compute.subnetworks", *_LIFE), *_OPERATIONS),
        "google_firestore_database": (
            *_each("datastore.databases", "create", "delete", "getMetadata", "update"),
            "datastore.operations.get",
        ),
        "google_firestore_field": (*_each("datastore.indexes", "get", "list", "update"), "datastore.operations.get"),
        "google_firestore_index": (
            *_each("datastore.indexes", "create", "delete", "get", "list"),
            "datastore.operations.get",
        ),
        "google_iam_workload_identity_pool": _each("iam.workloadIdentityPools", *_LIFE),
        "google_iam_workload_identity_pool_provider": _each("iam.workloadIdentityPoolProviders", *_LIFE),
        "google_logging_project_bucket_config": _each("logging.buckets", *_LIFE),
        "google_logging_project_exclusion": _each("logging.exclusions", *_LIFE),
        "google_logging_project_sink": _each("logging.sinks", *_LIFE),
        "google_monitoring_alert_policy": (
            *_each("monitoring.alertPolicies", *_LIFE),
            "monitoring.timeSeries.list",
        ),
        "google_monitoring_notification_channel": _each("monitoring.notificationChannels", *_LIFE),
        "google_project_iam_member": _each("resourcemanager.projects", *_POLICY),
        "google_project_service": (*_each("serviceusage.services", "enable", "get", "list", "use"),),
        "google_pubsub_subscription": (
            *_each("pubsub.subscriptions", *_LIFE),
            "pubsub.topics.attachSubscription",
            *_ACT_AS,
        ),
        "google_pubsub_subscription_iam_member": _each("pubsub.subscriptions", *_POLICY),
        "google_pubsub_topic": _each("pubsub.topics", *_LIFE),
        "google_pubsub_topic_iam_member": _each("pubsub.topics", *_POLICY),
        "google_secret_manager_secret": _each("secretmanager.secrets", *_LIFE),
        "google_secret_manager_secret_iam_member": _each("secretmanager.secrets", *_POLICY),
        "google_service_account": _each("iam.serviceAccounts", *_LIFE),
        "google_service_account_iam_member": _each("iam.serviceAccounts", *_POLICY),
        "google_storage_bucket": (*_each("storage.buckets", *_LIFE), *_each("storage.objects", "delete", "list")),
        "google_storage_bucket_iam_member": _each("storage.buckets", *_POLICY),
        "google_storage_bucket_object": _each("storage.objects", "create", "delete", "get"),
    }
)
"""Permissions by the type of a resource; a data source is written `data.<type>`."""

AFTER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "google_firestore_database": _each("datastore.entities", "create", "delete", "get", "list", "update"),
        "google_iam_workload_identity_pool": (
            *_each("pubsub.subscriptions", "create", "delete", "setIamPolicy"),
            *_each("pubsub.topics", "attachSubscription", "create", "delete", "setIamPolicy"),
        ),
        "google_pubsub_subscription": _each("pubsub.subscriptions", "consume"),
        "google_pubsub_topic": _each("pubsub.topics", "publish"),
        "google_secret_manager_secret": _each("secretmanager.versions", "access", "add", "destroy", "list"),
        "google_bigtable_table": _each("bigtable.tables", "mutateRows", "readRows"),
        "google_storage_bucket": _each("storage.objects", "create", "get", "update"),
    }
)
"""What the steps after Terraform do: the values of secrets, the twin graph, devices' topics, pulling errors, the
copying of a move, and putting back dead letters."""

BUDGETS_ROLE: Final = "roles/billing.costsManager"
"""What a budget needs on the billing account."""


def deployer_policy(types: Iterable[str], title: str = "Twin2MultiCloud deployer") -> dict[str, Any]:
    """A custom role for whoever deploys these types, as `gcloud iam roles create … --file` takes it in YAML.

    Raises `UsageError` for a type of which nothing is known: it would be found out in the middle of a deployment.
    """
    wanted = set(types)
    unknown = sorted(wanted - PERMISSIONS.keys())
    if unknown:
        raise UsageError(f"no permissions are known for {', '.join(unknown)}; add them to {__name__}")
    permissions = {permission for kind in wanted for permission in (*PERMISSIONS[kind], *AFTER.get(kind, ()))}
    return {
        "title": title,
        "description": "Creates, changes and destroys the stacks of digital twins, and nothing else",
        "stage": "GA",
        "includedPermissions": sorted(permissions),
    }


def billing_roles(types: Iterable[str]) -> tuple[str, ...]:
    """Roles that the deployer needs on the project's billing account."""
    return (BUDGETS_ROLE,) if "google_billing_budget" in set(types) else ()
