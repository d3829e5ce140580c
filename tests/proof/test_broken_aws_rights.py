"""AWS broken: who may do what, queues, logs and data. Exactly that is found, and nothing else."""

from __future__ import annotations

import pytest

from tests.deployer.applied.made import Worlds
from tests.proof.editing import Mutant, add, document, drop, put, several
from tests.proof.edits_aws import FUNCTION, MAPPING, QUEUE, allow_everybody, statement, trust, unsafe, without
from twin2multicloud.deployer.proof import Rule, as_text

MUTANTS = (  # Who may do what
    Mutant("a right too few", "aws", without("HotWrite", 'function["process"]'), (Rule.RIGHT_MISSING,), "process"),
    Mutant(
        "a right too many",
        "aws",
        statement("HotRead", 'function["history"]', Action=["dynamodb:Query", "dynamodb:DeleteTable"]),
        (Rule.RIGHT_EXCESS,),
        "history",
    ),
    Mutant(
        "any action on a table",
        "aws",
        statement("HotRead", 'function["history"]', Action="dynamodb:*"),
        (Rule.RIGHT_WIDE,),
        "history",
    ),
    Mutant(
        "an action on any table",
        "aws",
        statement("HotRead", 'function["history"]', Resource="*"),
        (Rule.RIGHT_WIDE,),
        "history",
    ),
    Mutant(
        "a right on what is gone",
        "aws",
        several(drop("aws_secretsmanager_secret", "read-key")),
        (Rule.NAMES, Rule.NAMES, Rule.SECRETS),
    ),
    Mutant(
        "a policy of AWS's own besides",
        "aws",
        add(
            "L2",
            "aws_iam_role_policy_attachment.more",
            "aws_iam_role_policy_attachment",
            role="smart-home-k3x9f-process",
            policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        (Rule.RIGHT_WIDE,),
        "attachment.more",
    ),
    Mutant(
        "two functions with one identity",
        "aws",
        put(FUNCTION, 'function["actions"]', role="arn:aws:iam::123456789012:role/smart-home-k3x9f-process"),
        (Rule.IDENTITY, Rule.IDENTITY),
        "L2",
    ),
    Mutant(
        "everybody may be the function",
        "aws",
        trust('function["process"]', {"AWS": "*"}),
        (Rule.IDENTITY,),
        "process",
    ),
    Mutant(
        "another account may be the function",
        "aws",
        trust('function["process"]', {"AWS": "arn:aws:iam::999999999999:root"}),
        (Rule.IDENTITY,),
        "process",
    ),
    Mutant(
        "another account may fill a queue",
        "aws",
        document(
            QUEUE,
            'queue["actions"].aws_sqs_queue.this',
            "policy",
            lambda d: d["Statement"].append(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
                    "Action": "sqs:SendMessage",
                    "Resource": "*",
                }
            ),
        ),
        (Rule.RIGHT_EXCESS,),
        "actions",
    ),
    # Queues, logs, data
    Mutant(
        "no dead-letter queue",
        "aws",
        put(QUEUE, 'queue["intake"].aws_sqs_queue.this', redrive_policy=""),
        (Rule.DEAD_LETTERS,) * 2,
    ),
    Mutant(
        "a dead-letter queue that takes from others only",
        "aws",
        document(
            QUEUE,
            'queue["intake"].aws_sqs_queue.undelivered',
            "redrive_allow_policy",
            lambda d: d.update(sourceQueueArns=[]),
        ),
        (Rule.DEAD_LETTERS,),
        "intake",
    ),
    Mutant(
        "given up before our own code could",
        "aws",
        document(QUEUE, 'queue["intake"].aws_sqs_queue.this', "redrive_policy", lambda d: d.update(maxReceiveCount=3)),
        (Rule.DEAD_LETTERS,),
        "intake",
    ),
    Mutant(
        "a stream without an end for records",
        "spread-3",
        put(MAPPING, 'function["process"]', destination_config=[]),
        (Rule.DEAD_LETTERS,) * 2,
        "L2",
    ),
    Mutant(
        "errors that nobody keeps",
        "aws",
        drop("aws_sns_topic_subscription", "subscription.errors"),
        (Rule.ERRORS,),
        "foundation",
    ),
    Mutant(
        "errors that may not reach their queue",
        "aws",
        document(QUEUE, 'queue["errors"].aws_sqs_queue.this', "policy", lambda d: d["Statement"].pop(1)),
        (Rule.ERRORS,),
        "subscription.errors",
    ),
    Mutant(
        "logs for ever",
        "aws",
        put("aws_cloudwatch_log_group", 'function["process"]', retention_in_days=0),
        (Rule.LOGS,),
        "process",
    ),
    Mutant(
        "no log group",
        "aws",
        drop("aws_cloudwatch_log_group", 'function["history"]'),
        (Rule.LOGS, Rule.NAMES, Rule.NAMES),
        "history",
    ),
    Mutant(
        "a public bucket",
        "aws",
        put("aws_s3_bucket_public_access_block", "", block_public_policy=False),
        (Rule.PUBLIC,),
        "cool",
    ),
    Mutant("a load balancer", "aws", add("L2", "aws_lb.x", "aws_lb"), (Rule.PUBLIC,), "aws_lb.x"),
    Mutant("a bucket without a block", "aws", drop("aws_s3_bucket_public_access_block"), (Rule.PUBLIC,), "cool"),
    Mutant(
        "a bucket that anybody may read",
        "aws",
        document("aws_s3_bucket_policy", "", "policy", allow_everybody),
        (Rule.PUBLIC,),
        "cool",
    ),
    Mutant("a bucket without TLS", "aws", document("aws_s3_bucket_policy", "", "policy", unsafe), (Rule.TLS,), "cool"),
    Mutant(
        "a bucket that is not encrypted",
        "aws",
        drop("aws_s3_bucket_server_side_encryption_configuration"),
        (Rule.ENCRYPTION,),
        "cool",
    ),
    Mutant(
        "a queue that is not encrypted",
        "aws",
        put(QUEUE, 'queue["actions"]', sqs_managed_sse_enabled=False),
        (Rule.ENCRYPTION,),
        "actions",
    ),
    Mutant(
        "a queue that anybody may fill",
        "aws",
        document(QUEUE, 'queue["actions"]', "policy", allow_everybody),
        (Rule.PUBLIC,),
        "actions",
    ),
    Mutant(
        "a stream in plain text",
        "spread-3",
        put("aws_kinesis_stream", "", encryption_type="NONE"),
        (Rule.ENCRYPTION,),
        "intake",
    ),
    Mutant(
        "a table with other keys", "aws", put("aws_dynamodb_table", "table.hot", range_key="time"), (Rule.SHAPE,), "hot"
    ),
    Mutant(
        "a table that forgets nothing", "aws", put("aws_dynamodb_table", "table.state", ttl=[]), (Rule.SHAPE,), "state"
    ),
    Mutant(
        "archived too early",
        "aws",
        put("aws_s3_bucket_lifecycle_configuration", "", rule__transition=[{"days": 3, "storage_class": "GLACIER"}]),
        (Rule.TIERS,),
        "cool",
    ),
    Mutant(
        "kept for ever",
        "aws",
        put("aws_s3_bucket_lifecycle_configuration", "", rule__expiration=[]),
        (Rule.TIERS,),
        "cool",
    ),
    Mutant("no lifecycle", "aws", drop("aws_s3_bucket_lifecycle_configuration"), (Rule.TIERS,), "L3-cool"),
    Mutant("no tags", "aws", put("aws_dynamodb_table", "table.hot", tags={}, tags_all={}), (Rule.TAGS,), "hot"),
    Mutant(
        "another's tags", "aws", put("aws_dynamodb_table", "table.hot", tags_all={"run": "other"}), (Rule.TAGS,), "hot"
    ),
    Mutant(
        "a secret that is not there",
        "aws",
        drop("aws_secretsmanager_secret", "links"),
        (Rule.SECRETS, Rule.NAMES, Rule.NAMES),
    ),
    Mutant(
        "a secret's value in the state",
        "aws",
        add("L2", "aws_secretsmanager_secret_version.x", "aws_secretsmanager_secret_version", secret_string="s"),
        (Rule.SECRETS,),
        "secret_version.x",
    ),
    # What is written otherwise and means the same
    Mutant(
        "an action by itself instead of in a list",
        "aws",
        statement("HotRead", 'function["history"]', Action="dynamodb:Query"),
        (),
    ),
    Mutant(
        "a function by its ARN",
        "aws",
        put(
            "aws_lambda_permission",
            'function["history"]',
            function_name="arn:aws:lambda:eu-central-1:123456789012:function:smart-home-k3x9f-history",
        ),
        (),
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_broken_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)
