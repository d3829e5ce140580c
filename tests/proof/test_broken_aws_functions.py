"""AWS broken: functions, what they are told, what starts them. Exactly that is found, and nothing else."""

from __future__ import annotations

import pytest

from tests.deployer.applied.made import Worlds
from tests.proof.editing import Mutant, add, clone, document, drop, edit, put, several
from tests.proof.edits_aws import CONFIG, FUNCTION, MAPPING, TOLD, environment, topics, without
from twin2multicloud.deployer.proof import Rule, as_text

MUTANTS = (
    # Functions
    Mutant(
        "a function is gone, what starts it is not",
        "aws",
        drop(FUNCTION, 'function["actions"]'),
        (Rule.FUNCTIONS, Rule.TRIGGER_TARGET, Rule.IDENTITY),
        "L2",
    ),
    Mutant(
        "a function twice",
        "aws",
        clone(FUNCTION, 'function["history"]', 'module.slot.module.more["history"].aws_lambda_function.this'),
        (Rule.FUNCTIONS, Rule.IDENTITY, Rule.LOGS),
        "history",
    ),
    Mutant(
        "a function of somebody else",
        "aws",
        several(
            clone(
                FUNCTION,
                'function["actions"]',
                "aws_lambda_function.miner",
                function_name="miner",
                arn="arn:x",
                role="r",
            ),
            environment("miner", TOLD, component="miner"),
        ),
        (Rule.CODE, Rule.IDENTITY, Rule.LOGS),
        "miner",
    ),
    Mutant("a server", "aws", add("L2", "aws_instance.server", "aws_instance"), (Rule.CODE,), "aws_instance.server"),
    Mutant(
        "the package of another role",
        "aws",
        put(FUNCTION, 'function["history"]', source_code_hash="AAAA"),
        (Rule.PACKAGE,),
        "history",
    ),
    Mutant(
        "another handler", "aws", put(FUNCTION, 'function["history"]', handler="index.main"), (Rule.SHAPE,), "history"
    ),
    Mutant(
        "a layer that is gone",
        "aws",
        drop("aws_lambda_layer_version"),
        (Rule.NAMES,) * 5,
    ),
    Mutant("too little memory", "aws", put(FUNCTION, 'function["process"]', memory_size=128), (Rule.SIZE,), "process"),
    Mutant("too little time", "aws", put(FUNCTION, "to-cool-mover", timeout=3), (Rule.SIZE,), "to-cool-mover"),
    Mutant(
        "two movers at a time",
        "aws",
        put(FUNCTION, "to-cool-mover", reserved_concurrent_executions=-1),
        (Rule.SIZE,),
        "to-cool-mover",
    ),
    # What functions are told
    Mutant(
        "no configuration",
        "aws",
        edit(FUNCTION, 'function["process"]', lambda a: a["environment"][0]["variables"].pop(CONFIG)),
        (Rule.ENVIRONMENT,),
        "process",
    ),
    Mutant(
        "a misspelt field",
        "aws",
        environment('function["process"]', CONFIG, hot_tabel="x"),
        (Rule.ENVIRONMENT,),
        "process",
    ),
    Mutant(
        "the name of another component",
        "aws",
        environment("to-cool-mover", TOLD, component="mover"),
        (Rule.ENVIRONMENT,),
        "to-cool-mover",
    ),
    Mutant(
        "other shards than before",
        "aws",
        environment("to-cool-mover", TOLD, shards=77),
        (Rule.ENVIRONMENT,),
        "to-cool-mover",
    ),
    Mutant(
        "an edge handed over in the function that is none",
        "spread-3",
        environment('function["process"]', TOLD, local=["persist"]),
        (Rule.ENVIRONMENT,),
        "process",
    ),
    Mutant(
        "a twin of another name",
        "aws",
        environment('function["history"]', CONFIG, twin="another"),
        (Rule.ENVIRONMENT,),
        "history",
    ),
    Mutant(
        "another region",
        "aws",
        environment('function["history"]', CONFIG, region="us-east-1"),
        (Rule.ENVIRONMENT,),
        "history",
    ),
    Mutant(
        "a table that is not there",
        "aws",
        environment('function["history"]', CONFIG, hot_table="smart-home-old-hot"),
        (Rule.NAMES,),
        "history",
    ),
    Mutant(
        "a table that is needed and not named",
        "aws",
        environment('function["process"]', CONFIG, graph_table=None),
        (Rule.LACKING,),
        "process",
    ),
    Mutant(
        "a topic too few",
        "aws",
        topics('function["process"]', alerts="-"),
        (Rule.LACKING,),
        "process",
    ),
    Mutant(
        "a bucket for which it has no use",
        "aws",
        environment('function["history"]', CONFIG, cool={"name": "smart-home-k3x9f-cool"}),
        (Rule.SUPERFLUOUS,),
        "history",
    ),
    Mutant(
        "a variable that nobody reads",
        "aws",
        edit(FUNCTION, 'function["history"]', lambda a: a["environment"][0]["variables"].update(T2M_DEBUG="1")),
        (Rule.SUPERFLUOUS,),
        "history",
    ),
    # What starts them
    Mutant("no trigger", "aws", drop(MAPPING, 'function["process"]'), (Rule.TRIGGERS,), "process"),
    Mutant(
        "a trigger of a function that is not there",
        "aws",
        put(MAPPING, 'function["process"]', function_name="arn:aws:lambda:x", function_arn="arn:aws:lambda:x"),
        (Rule.TRIGGERS, Rule.TRIGGER_TARGET),
        "process",
    ),
    Mutant(
        "a trigger by a queue that is not there",
        "aws",
        put(MAPPING, 'function["actions"]', event_source_arn="arn:aws:sqs:eu-central-1:123456789012:old"),
        (Rule.TRIGGER_SOURCE,),
        "actions",
    ),
    Mutant(
        "a trigger by the queue of another",
        "spread-3",
        put(
            MAPPING,
            'function["persist-sender"]',
            event_source_arn="arn:aws:sqs:eu-central-1:123456789012:smart-home-k3x9f-twin-updates-outbox",
        ),
        (Rule.TRIGGER_SOURCE,),
        "process",
    ),
    Mutant(
        "publishing on the queue of another",
        "spread-3",
        topics(
            'function["process"]',
            persist_outbox="https://sqs.eu-central-1.amazonaws.com/123456789012/smart-home-k3x9f-twin-updates-outbox",
        ),
        (Rule.TRIGGER_SOURCE,),
        "process",
    ),
    Mutant("a trigger that is off", "aws", put(MAPPING, 'function["process"]', enabled=False), (Rule.HELD,), "process"),
    Mutant(
        "a trigger that is on while its slot is held",
        "spread-3:held",
        put(MAPPING, 'function["process"]', enabled=True),
        (Rule.HELD,),
        "process",
    ),
    Mutant("another batch", "aws", put(MAPPING, 'function["process"]', batch_size=1), (Rule.BATCHING,), "process"),
    Mutant(
        "a long window",
        "aws",
        put(MAPPING, 'function["process"]', maximum_batching_window_in_seconds=60),
        (Rule.BATCHING,),
        "process",
    ),
    Mutant(
        "batches that fail as a whole",
        "aws",
        put(MAPPING, 'function["process"]', function_response_types=[]),
        (Rule.BATCHING,),
        "process",
    ),
    Mutant(
        "no schedule",
        "aws",
        drop("aws_scheduler_schedule"),
        (Rule.TRIGGERS, Rule.IDENTITY),
        "to-cool-mover",
    ),
    Mutant(
        "a schedule once a day",
        "aws",
        put("aws_scheduler_schedule", "", schedule_expression="rate(1 day)"),
        (Rule.BATCHING,),
        "to-cool-mover",
    ),
    Mutant(
        "a schedule that may not start its mover",
        "aws",
        without("Invoke", "schedule[0]"),
        (Rule.RIGHT_MISSING,),
        "to-cool-mover",
    ),
    Mutant(
        "a second schedule, of another function",
        "aws",
        clone("aws_scheduler_schedule", "", "aws_scheduler_schedule.more", target=[{"arn": "arn:aws:lambda:gone"}]),
        (Rule.TRIGGER_TARGET, Rule.TRIGGER_RIGHT),
        "schedule.more",
    ),
    Mutant("no URL", "aws", drop("aws_lambda_function_url", 'function["history"]'), (Rule.TRIGGERS, Rule.LINKS)),
    Mutant(
        "a URL that nobody may call",
        "aws",
        drop("aws_lambda_permission", 'function["history"]'),
        (Rule.TRIGGERS,),
        "history",
    ),
    Mutant(
        "anybody may invoke a function",
        "aws",
        add(
            "L2",
            "aws_lambda_permission.open",
            "aws_lambda_permission",
            function_name="smart-home-k3x9f-process",
            action="lambda:InvokeFunction",
            principal="*",
        ),
        (Rule.PUBLIC,),
        "process",
    ),
    Mutant(
        "a service may invoke a function for any account",
        "spread-2",
        put("aws_lambda_permission", "connector", source_account=None),
        (Rule.PUBLIC,),
        "connector",
    ),
    Mutant(
        "the twin service may not ask",
        "spread-2",
        drop("aws_lambda_permission", "connector"),
        (Rule.TRIGGERS, Rule.RIGHT_EXCESS),
        "L4",
    ),
    # Devices
    Mutant(
        "telemetry into another queue",
        "aws",
        put(
            "aws_iot_topic_rule",
            "telemetry",
            sqs__queue_url="https://sqs.eu-central-1.amazonaws.com/123456789012/smart-home-k3x9f-actions",
        ),
        (Rule.ROUTES, Rule.RIGHT_MISSING),
        "L1",
    ),
    Mutant("answers arrive nowhere", "aws", drop("aws_iot_topic_rule", "results"), (Rule.ROUTES,)),
    Mutant("a rule that is off", "aws", put("aws_iot_topic_rule", "state", enabled=False), (Rule.ROUTES,), "state"),
    Mutant(
        "what a rule cannot deliver is lost",
        "aws",
        put("aws_iot_topic_rule", "telemetry", error_action=[]),
        (Rule.DEAD_LETTERS,),
        "telemetry",
    ),
    Mutant(
        "devices that may publish for others",
        "aws",
        document(
            "aws_iot_policy", "", "policy", lambda d: d["Statement"][1].update(Resource="arn:aws:iot:x:y:topic/*")
        ),
        (Rule.RIGHT_WIDE,),
        "aws_iot_policy",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_broken_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)
