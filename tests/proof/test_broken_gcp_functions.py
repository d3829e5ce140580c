"""Google Cloud broken: functions, what they are told, what starts them. Exactly that is found, and nothing else."""

from __future__ import annotations

import pytest

from tests.deployer.applied.made import Worlds
from tests.proof.editing import Mutant, add, clone, drop, put
from tests.proof.edits_gcp import (
    CONFIG,
    FUNCTION,
    INVOKER,
    JOB,
    PERSIST,
    PUBLISHERS,
    SERVICE,
    SUBSCRIPTION,
    TOLD,
    variable,
)
from twin2multicloud.deployer.proof import Rule, as_text

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
        "another entry point",
        "gcp",
        put(FUNCTION, 'function["history"]', build_config__entry_point="index"),
        (Rule.SHAPE,),
        "history",
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
        "second-gcp:regions",
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
        "second-gcp:regions",
        put(PUBLISHERS, "google_pubsub_topic_iam_member.devices", topic="smart-building-k3x9f-europe-west1-alerts"),
        (Rule.ROUTES,) * 2,
        "devices",
    ),
    Mutant(
        "devices of a pool that is not there",
        "second-gcp:regions",
        drop("google_iam_workload_identity_pool", "pool.devices"),
        (Rule.ROUTES,),
        "devices",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_broken_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)
