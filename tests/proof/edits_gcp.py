"""Edits of applied resources of Google Cloud."""

from __future__ import annotations

import json
from typing import Any

from tests.proof.editing import Attributes, Change, edit

FUNCTION = "google_cloudfunctions2_function"
SERVICE = "google_cloud_run_v2_service"
INVOKER = "google_cloud_run_v2_service_iam_member"
SUBSCRIPTION = "google_pubsub_subscription"
TOPIC = "google_pubsub_topic"
JOB = "google_cloud_scheduler_job"
PUBLISHERS = "google_pubsub_topic_iam_member"
ACCESS = "google_secret_manager_secret_iam_member"
PROJECT = "google_project_iam_member"
ACCOUNT = "google_service_account"
BUCKET = "google_storage_bucket"
READ_KEY = (
    f'L3-hot: module.slot.module.function["history"].module.rights.{ACCESS}.this["roles/secretmanager.secretAccessor'
    " on smart-home-k3x9f-europe-west1-read-key"
)
CONFIG = "T2M_CONFIG"
TOLD = "T2M_FUNCTION"
PERSIST = "https://smart-home-k3x9f-persist-sender-100000000001.europe-west1.run.app"


def variable(at: str, name: str, **values: Any) -> Change:
    """Fields of a function's JSON variable; None takes one away."""

    def edits(attributes: Attributes) -> None:
        block = attributes["service_config"][0]
        found = json.loads(block["environment_variables"][name]) | values
        kept = {field: value for field, value in found.items() if value is not None}
        block["environment_variables"] = {**block["environment_variables"], name: json.dumps(kept)}

    return edit(FUNCTION, at, edits)
