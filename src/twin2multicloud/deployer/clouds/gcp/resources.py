"""Which resource a component's cost is shown at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from twin2multicloud.blueprint.kinds import Kind

MAIN_RESOURCES: Final[Mapping[tuple[Kind, str], tuple[str, ...]]] = MappingProxyType(
    {
        (Kind.FUNCTION, "Cloud Run functions"): ("google_cloudfunctions2_function",),
        (Kind.FUNCTION, "Cloud Run"): ("google_cloudfunctions2_function",),
        (Kind.FUNCTION, "Cloud Run worker"): ("google_cloud_run_v2_service",),
        (Kind.TOPIC, "Pub/Sub"): ("google_pubsub_topic", "google_pubsub_subscription"),
        (Kind.SCHEDULE, "Cloud Scheduler"): ("google_cloud_scheduler_job",),
        (Kind.STORE, "Firestore"): ("google_firestore_index",),
        (Kind.STORE, "Bigtable"): ("google_bigtable_instance",),
        (Kind.BUCKET, "Cloud Storage"): ("google_storage_bucket",),
        (Kind.GRAPH, "Firestore"): ("google_firestore_index",),
        (Kind.DASHBOARD, "Grafana OSS on Cloud Run"): ("google_cloud_run_v2_service",),
        (Kind.DASHBOARD, "Grafana OSS on Compute Engine"): ("google_compute_instance",),
    }
)
"""Types of Terraform by a component's kind and service. A topic that lies next door is a subscription here."""

SHARED: Final = frozenset({"errors", "rule-state", "dead-letters", "nonces"})
"""Components of slots that the foundation has for all slots of a site."""

ELSEWHERE: Final = frozenset({"device-commands", "intake", "archive"})
"""Components that may have no resource in their slot's stack: a topic per device is made after Terraform is done; the
intake from devices next door is a subscription of L1; the archive beside L3.cool lies in that slot's bucket."""

CARRIERS: Final = frozenset(kind for kinds in MAIN_RESOURCES.values() for kind in kinds)
"""The types at which costs are shown."""
