"""Google Cloud broken: who may do what, queues, logs and data. Exactly that is found, and nothing else."""

from __future__ import annotations

import pytest

from tests.deployer.applied.made import Worlds
from tests.proof.editing import Mutant, add, clone, drop, edit, put, several
from tests.proof.edits_gcp import ACCESS, BUCKET, FUNCTION, INVOKER, PROJECT, PUBLISHERS, READ_KEY, SUBSCRIPTION, TOPIC
from twin2multicloud.deployer.proof import Rule, as_text

MUTANTS = (  # Who may do what
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
    Mutant(
        "somebody else may read the keys of links",
        "gcp",
        clone(ACCESS, 'function["history"]', f"{ACCESS}.eve", member="user:eve@example.com"),
        (Rule.RIGHT_EXCESS,),
        "eve",
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
        "second-gcp:regions",
        put("google_compute_firewall", "", allow=[{"protocol": "tcp", "ports": ["22", "443"]}]),
        (Rule.PUBLIC,),
        "firewall",
    ),
    Mutant("a forwarding rule", "gcp", add("L2", "x.y", "google_compute_forwarding_rule"), (Rule.PUBLIC,), "x.y"),
    Mutant("no index", "gcp", drop("google_firestore_index", "hot"), (Rule.SHAPE, Rule.SHAPE), "L"),
    Mutant("nonces for ever", "gcp", drop("google_firestore_field", "nonces"), (Rule.SHAPE,)),
    Mutant("commands for ever", "gcp", drop("google_firestore_field", "pending_commands"), (Rule.SHAPE,)),
    Mutant("no index of twins", "gcp", drop("google_firestore_index", "graph"), (Rule.SHAPE,)),
    Mutant(
        "another column family",
        "second-gcp:regions",
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
    # What is written otherwise and means the same
    Mutant(
        "a service by its full name",
        "gcp",
        several(
            *(
                put(INVOKER, f'function["{name}"]', name=f"projects/p/locations/l/services/smart-home-k3x9f-{name}")
                for name in ("history", "process", "to-cool-mover")
            )
        ),
        (),
    ),
    Mutant(
        "a bucket by its full name",
        "gcp",
        put("google_storage_bucket_iam_member", "to-cool-mover", bucket="b/smart-home-k3x9f-cool-europe-west1"),
        (),
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_broken_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)
