"""Google Cloud broken in every way that the rules are for: exactly that is found, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.proof.conftest import Worlds
from tests.proof.editing import Attributes, Change, Mutant, add, clone, drop, edit, put
from twin2multicloud.deployer.proof import Rule, as_text

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


MUTANTS = (
    # Functions
    Mutant(
        "a function is gone, what starts it is not",
        "gcp",
        drop(FUNCTION, 'function["actions"]'),
        (Rule.FUNCTIONS, Rule.TRIGGER_TARGET, Rule.IDENTITY, Rule.RIGHT_EXCESS),
        "L2",
    ),
    Mutant(
        "a function twice",
        "gcp",
        clone(
            FUNCTION,
            'function["history"]',
            'module.slot.module.more["history"].google_cloudfunctions2_function.this',
            name="smart-home-history",
        ),
        (Rule.FUNCTIONS, Rule.IDENTITY, Rule.LOGS, Rule.TRIGGERS),
        "history",
    ),
    Mutant("a container of somebody else", "gcp", add("L2", f"{SERVICE}.miner", SERVICE, name="miner"), (Rule.CODE,)),
    Mutant("a job of somebody else", "gcp", add("L2", "x.y", "google_cloud_run_v2_job"), (Rule.CODE,), "x.y"),
    Mutant(
        "a package that is gone",
        "gcp",
        drop("google_storage_bucket_object", 'function["history"]'),
        (Rule.PACKAGE,),
        "history",
    ),
    Mutant(
        "the package of another version",
        "gcp",
        put(
            FUNCTION,
            'function["history"]',
            build_config__source=[{"storage_source": [{"bucket": "b", "object": "old.zip"}]}],
        ),
        (Rule.PACKAGE, Rule.RIGHT_MISSING),
    ),
    Mutant(
        "too little memory",
        "gcp",
        put(FUNCTION, 'function["process"]', service_config__available_memory="128Mi"),
        (Rule.SIZE,),
        "process",
    ),
    Mutant(
        "too little time",
        "gcp",
        put(FUNCTION, "to-cool-mover", service_config__timeout_seconds=9),
        (Rule.SIZE,),
        "to-cool-mover",
    ),
    Mutant(
        "two movers at a time",
        "gcp",
        put(FUNCTION, "to-cool-mover", service_config__max_instance_count=5),
        (Rule.SIZE,),
        "to-cool-mover",
    ),
    # What functions are told
    Mutant("a field that is none", "gcp", variable("history", CONFIG, databse="x"), (Rule.ENVIRONMENT,), "history"),
    Mutant("another twin", "gcp", variable("history", CONFIG, twin="another"), (Rule.ENVIRONMENT,), "history"),
    Mutant("another project", "gcp", variable("history", CONFIG, project="another"), (Rule.ENVIRONMENT,), "history"),
    Mutant(
        "tokens that nobody checks",
        "gcp",
        variable('function["actions"]', CONFIG, check_tokens=False),
        (Rule.ENVIRONMENT,),
        "actions",
    ),
    Mutant("another edge", "gcp", variable("history", TOLD, receives=["state"]), (Rule.ENVIRONMENT,), "history"),
    Mutant("other shards", "gcp", variable("to-cool-mover", TOLD, shards=9999), (Rule.ENVIRONMENT,), "to-cool-mover"),
    Mutant(
        "a database that is not there", "gcp", variable("history", CONFIG, database="old"), (Rule.NAMES,), "history"
    ),
    Mutant(
        "a bucket that is not there",
        "gcp",
        variable("to-cool-mover", CONFIG, cool_bucket="smart-home-old"),
        (Rule.NAMES, Rule.TIERS),
    ),
    Mutant(
        "another prefix of topics",
        "gcp",
        variable('function["actions"]', CONFIG, prefix="smart-home-old-"),
        (Rule.NAMES,),
        "actions",
    ),
    Mutant(
        "no bucket",
        "gcp",
        variable("to-cool-mover", CONFIG, cool_bucket=None),
        (Rule.LACKING, Rule.TIERS),
    ),
    Mutant(
        "a bucket without need",
        "gcp",
        variable("history", CONFIG, cool_bucket="smart-home-k3x9f-cool-europe-west1"),
        (Rule.SUPERFLUOUS,),
        "history",
    ),
    Mutant(
        "an audience that is not its own",
        "gcp",
        variable('function["actions"]', CONFIG, token_audience="https://elsewhere.example.com"),
        (Rule.NAMES, Rule.TRIGGER_RIGHT),
        "actions",
    ),
    # What starts them
    Mutant(
        "a push to what is not there",
        "gcp",
        put(SUBSCRIPTION, "actions", push_config__push_endpoint="https://old-1.europe-west1.run.app"),
        (Rule.TRIGGER_TARGET, Rule.TRIGGERS, Rule.RIGHT_EXCESS),
        "actions",
    ),
    Mutant(
        "a push to the function of another queue",
        "spread-2",
        put(SUBSCRIPTION, "twin-updates-outbox", push_config__push_endpoint=PERSIST),
        (Rule.TRIGGERS, Rule.TRIGGER_RIGHT, Rule.RIGHT_EXCESS),
        "L2",
    ),
    Mutant(
        "a subscription on the topic of another",
        "spread-2",
        put(SUBSCRIPTION, "persist-outbox", topic="smart-home-k3x9f-europe-west1-twin-updates-outbox"),
        (Rule.TRIGGER_SOURCE,),
        "process",
    ),
    Mutant(
        "a subscription on a topic that is not there",
        "gcp",
        put(SUBSCRIPTION, "actions", topic="projects/offline-project/topics/old"),
        (Rule.TRIGGER_SOURCE,),
        "actions",
    ),
    Mutant(
        "a push without a token",
        "gcp",
        put(SUBSCRIPTION, "actions", push_config__oidc_token=[]),
        (Rule.TRIGGER_RIGHT, Rule.RIGHT_EXCESS),
        "actions",
    ),
    Mutant(
        "a push for another audience",
        "gcp",
        put(SUBSCRIPTION, "actions", push_config__oidc_token__audience="https://elsewhere.example.com"),
        (Rule.TRIGGER_RIGHT,),
        "actions",
    ),
    Mutant(
        "a push that may not invoke",
        "gcp",
        drop(INVOKER, 'function["actions"]'),
        (Rule.TRIGGER_RIGHT, Rule.RIGHT_MISSING),
    ),
    Mutant(
        "Pub/Sub may not make the caller's tokens",
        "gcp",
        drop("google_service_account_iam_member", "pubsub"),
        (Rule.TRIGGER_RIGHT, Rule.TRIGGER_RIGHT),
    ),
    Mutant(
        "a subscription that pushes to nobody",
        "gcp",
        put(SUBSCRIPTION, "actions", push_config=[]),
        (Rule.HELD, Rule.RIGHT_EXCESS),
        "actions",
    ),
    Mutant("a schedule that is off", "gcp", put(JOB, "", paused=True), (Rule.HELD,), "to-cool-mover"),
    Mutant(
        "a schedule that is on while its slot is held",
        "spread-1:held",
        put(JOB, "", paused=False),
        (Rule.HELD,),
        "to-cool-mover",
    ),
    Mutant("a schedule once a day", "gcp", put(JOB, "", schedule="5 0 * * *"), (Rule.BATCHING,), "to-cool-mover"),
    Mutant("no schedule", "gcp", drop(JOB), (Rule.TRIGGERS, Rule.RIGHT_EXCESS), "to-cool-mover"),
    Mutant(
        "a worker without instances",
        "rest-2",
        put(SERVICE, "process", scaling__manual_instance_count=0),
        (Rule.HELD,),
        "process",
    ),
    Mutant(
        "a receiver that nobody may call",
        "spread-1",
        drop(INVOKER, "persist-receiver"),
        (Rule.TRIGGERS,),
        "persist-receiver",
    ),
    Mutant(
        "a function that anybody may call",
        "gcp",
        clone(INVOKER, 'function["history"]', f"{INVOKER}.open", name="smart-home-k3x9f-process"),
        (Rule.PUBLIC,),
        "process",
    ),
    Mutant(
        "a receiver that is reached from inside alone",
        "spread-1",
        put(FUNCTION, "persist-receiver", service_config__ingress_settings="ALLOW_INTERNAL_ONLY"),
        (Rule.TRIGGERS, Rule.LINKS),
    ),
    Mutant(
        "devices publish elsewhere",
        "rest-2",
        put(PUBLISHERS, "google_pubsub_topic_iam_member.devices", topic="smart-building-k3x9f-europe-west1-alerts"),
        (Rule.ROUTES,) * 2,
        "devices",
    ),
    Mutant(
        "devices of a pool that is not there",
        "rest-2",
        drop("google_iam_workload_identity_pool", "pool.devices"),
        (Rule.ROUTES,),
        "devices",
    ),
    # Who may do what
    Mutant(
        "a right too few",
        "gcp",
        drop(
            ACCESS,
            READ_KEY,
        ),
        (Rule.RIGHT_MISSING,),
        "history",
    ),
    Mutant(
        "a right too many",
        "gcp",
        clone(ACCESS, 'function["history"]', f"{ACCESS}.more", secret_id="smart-home-k3x9f-europe-west1-device-keys"),
        (Rule.RIGHT_EXCESS,),
        "more",
    ),
    Mutant(
        "a role in the whole project",
        "gcp",
        edit(PROJECT, 'function["history"]', lambda a: a.update(condition=[])),
        (Rule.RIGHT_WIDE,),
        "history",
    ),
    Mutant(
        "another database",
        "gcp",
        put(
            PROJECT,
            'function["history"]',
            condition__expression='resource.name == "projects/offline-project/databases/other"',
        ),
        (Rule.RIGHT_EXCESS, Rule.RIGHT_MISSING),
        "history",
    ),
    Mutant(
        "an owner",
        "gcp",
        clone(PROJECT, 'function["history"]', f"{PROJECT}.more", role="roles/owner", condition=[]),
        (Rule.RIGHT_WIDE,),
        "more",
    ),
    Mutant(
        "a key of a service account",
        "gcp",
        add(
            "L2",
            "google_service_account_key.x",
            "google_service_account_key",
            service_account_id="smarthomk3x9fcallereuropewest1@offline-project.iam.gserviceaccount.com",
        ),
        (Rule.IDENTITY,),
        "caller",
    ),
    Mutant(
        "somebody else may be the caller",
        "gcp",
        clone(
            "google_service_account_iam_member",
            "pubsub",
            "google_service_account_iam_member.more",
            member="user:eve@example.com",
        ),
        (Rule.IDENTITY,),
        "caller",
    ),
    Mutant(
        "two functions with one identity",
        "gcp",
        put(
            FUNCTION,
            'function["actions"]',
            service_config__service_account_email="smarthok3x9fprocesseuropewest1@offline-project.iam.gserviceaccount.com",
        ),
        (Rule.IDENTITY, Rule.IDENTITY),
        "L2",
    ),
    Mutant(
        "the default identity",
        "gcp",
        put(
            FUNCTION,
            'function["actions"]',
            service_config__service_account_email="1-compute@developer.gserviceaccount.com",
        ),
        (Rule.IDENTITY, Rule.IDENTITY),
        "L2",
    ),
    # Queues, logs, data
    Mutant(
        "no dead letters", "gcp", put(SUBSCRIPTION, "actions", dead_letter_policy=[]), (Rule.DEAD_LETTERS,), "actions"
    ),
    Mutant(
        "given up before our own code could",
        "gcp",
        put(SUBSCRIPTION, "actions", dead_letter_policy__max_delivery_attempts=5),
        (Rule.DEAD_LETTERS,),
        "actions",
    ),
    Mutant(
        "dead letters that Pub/Sub may not take",
        "gcp",
        drop("google_pubsub_subscription_iam_member", "actions"),
        (Rule.DEAD_LETTERS,),
        "actions",
    ),
    Mutant(
        "dead letters that Pub/Sub may not put anywhere",
        "gcp",
        drop(PUBLISHERS, "google_pubsub_topic_iam_member.undelivered"),
        (Rule.DEAD_LETTERS,) * 4,
    ),
    Mutant(
        "dead letters that nobody keeps",
        "gcp",
        drop(SUBSCRIPTION, "subscription.undelivered"),
        (Rule.DEAD_LETTERS,) * 4,
    ),
    Mutant("errors that nobody keeps", "gcp", drop(SUBSCRIPTION, "subscription.errors"), (Rule.ERRORS,), "foundation"),
    Mutant("logs for ever", "gcp", put("google_logging_project_bucket_config", "", retention_days=3650), (Rule.LOGS,)),
    Mutant(
        "logs of one function elsewhere",
        "gcp",
        edit(
            "google_logging_project_sink",
            "",
            lambda a: a.update(filter=a["filter"].replace('"smart-home-k3x9f-process"', '"x"')),
        ),
        (Rule.LOGS,),
        "process",
    ),
    Mutant("a public bucket", "gcp", put(BUCKET, "cool", public_access_prevention="inherited"), (Rule.PUBLIC,), "cool"),
    Mutant(
        "a bucket with lists of its own",
        "gcp",
        put(BUCKET, "cool", uniform_bucket_level_access=False),
        (Rule.PUBLIC,),
        "cool",
    ),
    Mutant(
        "a bucket that everybody may read",
        "gcp",
        add("L3-cool", "x.open", "google_storage_bucket_iam_member", bucket="x", role="r", member="allUsers"),
        (Rule.PUBLIC,),
        "x.open",
    ),
    Mutant(
        "a topic that everybody may fill",
        "gcp",
        add("L2", "x.open", PUBLISHERS, topic="x", role="roles/pubsub.publisher", member="allAuthenticatedUsers"),
        (Rule.PUBLIC,),
        "x.open",
    ),
    Mutant(
        "a machine that takes logins",
        "rest-2",
        put("google_compute_firewall", "", allow=[{"protocol": "tcp", "ports": ["22", "443"]}]),
        (Rule.PUBLIC,),
        "firewall",
    ),
    Mutant("no index", "gcp", drop("google_firestore_index", "hot"), (Rule.SHAPE, Rule.SHAPE), "L"),
    Mutant("nonces for ever", "gcp", drop("google_firestore_field", "nonces"), (Rule.SHAPE,)),
    Mutant("commands for ever", "gcp", drop("google_firestore_field", "pending_commands"), (Rule.SHAPE,)),
    Mutant("no index of twins", "gcp", drop("google_firestore_index", "graph"), (Rule.SHAPE,)),
    Mutant(
        "another column family",
        "rest-2",
        put("google_bigtable_table", "", column_family=[{"family": "records"}]),
        (Rule.SHAPE,),
        "bigtable",
    ),
    Mutant("kept for ever", "gcp", put(BUCKET, "cool", lifecycle_rule=[]), (Rule.TIERS, Rule.TIERS), "cool"),
    Mutant(
        "deleted too early",
        "gcp",
        edit(BUCKET, "cool", lambda a: a["lifecycle_rule"][1]["condition"][0].update(age=7)),
        (Rule.TIERS,),
        "cool",
    ),
    Mutant("no labels", "gcp", put(TOPIC, "alerts", labels={}, effective_labels={}, terraform_labels={}), (Rule.TAGS,)),
    Mutant("a secret that is not there", "gcp", drop("google_secret_manager_secret", "links"), (Rule.SECRETS,)),
    Mutant(
        "a secret's value in the state",
        "gcp",
        add("L2", "x.version", "google_secret_manager_secret_version", secret_data="s"),
        (Rule.SECRETS,),
        "x.version",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_broken_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)
