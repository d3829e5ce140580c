"""What each word of a function's `grants` allows on AWS: actions of IAM, and the resources they are confined to.

Data, so that roles are rendered from it and a checker of what was deployed reads the same. In a resource `{…}` is a
name of the site's table (`resources_of`), or `{partition}` and `{account}`, which only the account knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.functions import FunctionPlan, webhook_secrets
from twin2multicloud.model.slots import Slot


class Grant(NamedTuple):
    """Actions on resources."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]


_STATE: Final = "arn:{partition}:dynamodb:{region}:{account}:table/{state_table}"
_HOT: Final = "arn:{partition}:dynamodb:{region}:{account}:table/{hot_table}"
_GRAPH: Final = "arn:{partition}:dynamodb:{region}:{account}:table/{graph_table}"
_COOL: Final = "arn:{partition}:s3:::{cool_bucket}"
_ARCHIVE: Final = "arn:{partition}:s3:::{archive_bucket}"
_WORKSPACE: Final = "arn:{partition}:iottwinmaker:{region}:{account}:workspace/{workspace}"
_SECRET: Final = "arn:{partition}:secretsmanager:{region}:{account}:secret:{secrets_prefix}{secret}-??????"  # noqa: S105  no secret, but where one is
"""Secrets Manager puts six characters behind a secret's name."""
_QUEUE: Final = "arn:{partition}:sqs:{region}:{account}:{queue}"
_TOPIC: Final = "arn:{partition}:sns:{region}:{account}:{topic}"
_STREAM: Final = "arn:{partition}:kinesis:{region}:{account}:stream/{stream}"

GRANTS: Final[Mapping[str, tuple[Grant, ...]]] = {
    "hot.write": (Grant(("dynamodb:PutItem",), (_HOT,)),),
    "hot.read": (Grant(("dynamodb:Query",), (_HOT,)),),
    "hot.delete": (Grant(("dynamodb:BatchWriteItem",), (_HOT,)),),
    "graph.update": (Grant(("dynamodb:UpdateItem",), (_GRAPH,)),),
    "graph.read": (Grant(("dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"), (_GRAPH,)),),
    "graph.update@twinmaker": (
        Grant(("iottwinmaker:BatchPutPropertyValues", "iottwinmaker:GetEntity"), (_WORKSPACE, _WORKSPACE + "/*")),
    ),
    "graph.read@twinmaker": (
        Grant(
            ("iottwinmaker:GetEntity", "iottwinmaker:GetPropertyValueHistory", "iottwinmaker:ListEntities"),
            (_WORKSPACE, _WORKSPACE + "/*"),
        ),
    ),
    "values": (Grant(("dynamodb:UpdateItem", "dynamodb:GetItem"), (_GRAPH,)),),
    "cool.write": (Grant(("s3:PutObject",), (_COOL + "/*",)),),
    "cool.read": (Grant(("s3:GetObject",), (_COOL + "/*",)), Grant(("s3:ListBucket",), (_COOL,))),
    "cool.delete": (Grant(("s3:DeleteObject",), (_COOL + "/*",)),),
    "archive.write": (Grant(("s3:PutObject",), (_ARCHIVE + "/*",)),),
    "archive.read": (Grant(("s3:GetObject",), (_ARCHIVE + "/*",)), Grant(("s3:ListBucket",), (_ARCHIVE,))),
    "commands": (Grant(("iot:Publish",), ("arn:{partition}:iot:{region}:{account}:topic/dt/{twin}/*/commands",)),),
    "nonces": (Grant(("dynamodb:PutItem",), (_STATE,)),),
    "rule-states": (Grant(("dynamodb:BatchGetItem", "dynamodb:PutItem"), (_STATE,)),),
    "dead-letters": (Grant(("dynamodb:BatchWriteItem",), (_STATE,)),),
    "errors": (Grant(("sns:Publish",), ("arn:{partition}:sns:{region}:{account}:{errors}",)),),
    "secret": (Grant(("secretsmanager:GetSecretValue",), (_SECRET,)),),
    "publish@queue": (Grant(("sqs:SendMessage",), (_QUEUE,)),),
    "publish@topic": (Grant(("sns:Publish",), (_TOPIC,)),),
    "publish@stream": (Grant(("kinesis:PutRecords",), (_STREAM,)),),
    "consume@queue": (Grant(("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"), (_QUEUE,)),),
    # What Lambda asks of a function's role to poll a stream, and to say which records it gave up on.
    # https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
    "consume@stream": (
        Grant(
            (
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
                "kinesis:SubscribeToShard",
            ),
            (_STREAM,),
        ),
        Grant(("sqs:SendMessage",), ("arn:{partition}:sqs:{region}:{account}:{undelivered}",)),
    ),
}
"""By word. `@` says what stands behind it where that is not always the same."""

_FAMILIES: Final = {Kind.QUEUE: "queue", Kind.TOPIC: "topic", Kind.STREAM: "stream"}
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")


def statements_of(plan: FunctionPlan, names: AwsNames) -> list[dict[str, Any]]:
    """All that a function's role allows beside its own log: statements with `sid`, `actions` and `resources`."""
    found = []
    for word in plan.grants:
        for number, (actions, resources) in enumerate(granted(word, plan.slot, names), 1):
            sid = "".join(part.capitalize() for part in _NOT_LETTERS.split(word))
            suffix = str(number) if number > 1 else ""
            found.append({"sid": f"{sid}{suffix}", "actions": list(actions), "resources": list(resources)})
    return found


def granted(word: str, slot: Slot, names: AwsNames) -> list[Grant]:
    """What one word allows to a function of a slot."""
    head, _, of = word.partition(":")
    own = _shared_names(names)
    if head in ("publish", "consume"):
        kind = names.source(slot, of)
        own |= {
            "queue": names.queue(slot, of),
            "undelivered": names.undelivered(slot, of),
            "topic": names.thing(slot, of),
            "stream": names.thing(slot, of),
        }
        return _filled(GRANTS[f"{head}@{_FAMILIES[kind]}"], own)
    if head == "secret":
        secrets = sorted(webhook_secrets(names.deployment.spec)) if of == "webhooks" else [of]
        return [
            Grant(grant.actions, tuple(resource for secret in secrets for resource in _resources(grant, secret, own)))
            for grant in GRANTS["secret"]
            if secrets
        ]
    if names.twinmaker and f"{word}@twinmaker" in GRANTS:
        return _filled(GRANTS[f"{word}@twinmaker"], own)
    return _filled(GRANTS[word], own)


def _shared_names(names: AwsNames) -> dict[str, str]:
    return {
        "partition": "{partition}",
        "account": "{account}",
        "region": names.site.region,
        "twin": names.deployment.spec.name,
        "state_table": names.state_table,
        "errors": names.errors,
        "secrets_prefix": names.secrets_prefix,
        "hot_table": names.hot_table,
        "graph_table": names.graph_table,
        "workspace": names.workspace,
        "cool_bucket": names.cool_bucket,
        "archive_bucket": names.archive_bucket,
    }


def _resources(grant: Grant, secret: str, own: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(resource.format_map({**own, "secret": secret}) for resource in grant.resources)


def _filled(grants: Sequence[Grant], own: Mapping[str, str]) -> list[Grant]:
    return [Grant(grant.actions, tuple(resource.format_map(own) for resource in grant.resources)) for grant in grants]
