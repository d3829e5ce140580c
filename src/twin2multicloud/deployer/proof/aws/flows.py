"""What starts functions on AWS, and the queues, topics and rules between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from twin2multicloud.deployer.functions import Starts
from twin2multicloud.deployer.proof.aws.functions import Permission
from twin2multicloud.deployer.proof.aws.ids import Ids
from twin2multicloud.deployer.proof.aws.policies import statements
from twin2multicloud.deployer.proof.aws.roles import Use
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.view import Pull, Queue, Right, Route, Trigger
from twin2multicloud.deployer.proof.world import Resource

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_PER_DAY: Final = {"minute": 1440, "hour": 24, "day": 1}
_KIND: Final = re.compile(r"FROM\s+'(?P<topic>[^']+)'", re.IGNORECASE)
_PARTIAL: Final = "ReportBatchItemFailures"
_SEND: Final = "sqs:SendMessage"


def triggers(ids: Ids, permissions: tuple[Permission, ...]) -> Iterator[Trigger]:
    """Event source mappings, schedules, and services that are allowed to invoke."""
    for each in ids.world.of("aws_lambda_event_source_mapping"):
        function = ids.function(each.text("function_name")) or ids.function(each.text("function_arn"))
        source = ids.where(each.text("event_source_arn"))
        yield Trigger(
            each.where,
            Starts.QUEUE,
            each.text("event_source_arn") if function is not None else each.text("function_name"),
            None if function is None else function.where,
            source,
            enabled=each.flag("enabled"),
            batch=each.number("batch_size"),
            window_s=each.number("maximum_batching_window_in_seconds"),
            partial=_PARTIAL in (each.attributes.get("function_response_types") or ()),
        )
    for each in ids.world.of("aws_scheduler_schedule"):
        arn = str(each.at("target", "arn") or "")
        function = ids.function(arn)
        role = str(each.at("target", "role_arn") or "")
        yield Trigger(
            each.where,
            Starts.SCHEDULE,
            arn,
            None if function is None else function.where,
            enabled=each.text("state") == "ENABLED",
            lacks="" if ids.where(role) is not None else f"act as {role}, which is no role of this deployment",
            runs_per_day=per_day(each.text("schedule_expression")),
        )
    for permission in permissions:
        if permission.principal in ("*", ""):
            continue
        function = ids.function(permission.function)
        where = None if function is None else function.where
        yield Trigger(permission.resource.where, Starts.SERVICE, permission.function, where)


def per_day(expression: str) -> float | None:
    """How often a rate comes in a day; None for what is no rate."""
    found = _RATE.fullmatch(expression)
    return None if found is None else _PER_DAY[found[2]] / int(found[1])


def routes(ids: Ids) -> Iterator[Route]:
    """The rules of IoT Core: devices' messages into a queue or stream."""
    for rule in ids.world.of("aws_iot_topic_rule"):
        carries = _carries(rule.text("sql"))
        lacks = "" if rule.flag("enabled") else "take anything: it is switched off"
        for address in _targets(rule):
            target = ids.queue(address) or _stream(ids, address)
            yield Route(rule.where, carries, target, address, lacks)


def _targets(rule: Resource) -> Iterator[str]:
    yield from (str(each.get("queue_url", "")) for each in rule.blocks("sqs"))
    yield from (str(each.get("stream_name", "")) for each in rule.blocks("kinesis"))


def _stream(ids: Ids, name: str) -> Where | None:
    found = ids.named("aws_kinesis_stream", name)
    return None if found is None else found.where


def _carries(sql: str) -> str:
    """What a rule selects: by its topic's last level, or news of devices that come and go."""
    found = _KIND.search(sql)
    topic = found["topic"] if found else ""
    return "state" if topic.startswith("$aws/events/presence") else topic.rpartition("/")[2]


def lost(ids: Ids) -> Iterator[Finding]:
    """Rules that lose what their target does not take."""
    for rule in ids.world.of("aws_iot_topic_rule"):
        address = str(rule.at("error_action", "sqs", "queue_url") or "")
        if ids.queue(address) is None:
            what = "what its target does not take is lost"
            yield Finding(rule.where, Rule.DEAD_LETTERS, what, "give it an error action on a queue that exists")


def queues(ids: Ids) -> Iterator[Queue]:
    """Queues, and mappings of streams; dead-letter queues themselves are ends."""
    ends = set(_ends(ids))
    for queue in ids.world.of("aws_sqs_queue"):
        if queue.where in ends:
            continue
        redrive = _redrive(queue)
        target = ids.by_arn.get(str(redrive.get("deadLetterTargetArn", "")))
        after = redrive.get("maxReceiveCount")
        yield Queue(
            queue.where,
            queue.text("name"),
            None if target is None else target.where,
            float(after) if after is not None else None,
            "" if target is None or _takes(target, queue) else "its dead-letter queue does not take from it",
        )
    for mapping in ids.world.of("aws_lambda_event_source_mapping"):
        if ":kinesis:" in mapping.text("event_source_arn"):
            arn = str(mapping.at("destination_config", "on_failure", "destination_arn") or "")
            yield Queue(mapping.where, mapping.text("event_source_arn"), ids.where(arn))


def _ends(ids: Ids) -> Iterator[Where | None]:
    """Queues of what others gave up on: whoever looks at them is the next step."""
    for queue in ids.world.of("aws_sqs_queue"):
        yield ids.where(str(_redrive(queue).get("deadLetterTargetArn", "")))
    for rule in ids.world.of("aws_iot_topic_rule"):
        yield ids.queue(str(rule.at("error_action", "sqs", "queue_url") or ""))
    for mapping in ids.world.of("aws_lambda_event_source_mapping"):
        yield ids.where(str(mapping.at("destination_config", "on_failure", "destination_arn") or ""))


def _redrive(queue: Resource) -> Mapping[str, Any]:
    return _object(queue.text("redrive_policy"))


def _takes(end: Resource, queue: Resource) -> bool:
    allow = _object(end.text("redrive_allow_policy"))
    if allow.get("redrivePermission") == "byQueue":
        return queue.text("arn") in allow.get("sourceQueueArns", ())
    return allow.get("redrivePermission") != "denyAll"


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, Mapping) else {}


def pulls(ids: Ids) -> Iterator[Pull]:
    """Subscriptions of queues to topics."""
    for each in ids.world.of("aws_sns_topic_subscription"):
        if each.text("protocol") != "sqs":
            continue
        topic, queue = each.text("topic_arn"), ids.by_arn.get(each.text("endpoint"))
        lacks = "" if queue is None or _lets_in(queue, topic) else f"send to {each.text('endpoint')}"
        yield Pull(each.where, ids.where(topic), None if queue is None else queue.where, lacks)


def _lets_in(queue: Resource, topic: str) -> bool:
    return any(
        each.allows and "Service:sns.amazonaws.com" in each.principals and topic in each.condition("aws:SourceArn")
        for each in statements(queue.text("policy"))
    )


def uses(ids: Ids) -> Iterator[Use]:
    """Who takes roles besides functions, and for what: schedules, rules, provisioning, the workspace, containers."""
    world = ids.world
    for each in world.of("aws_scheduler_schedule"):
        needs = frozenset({Right("lambda:InvokeFunction", str(each.at("target", "arn") or ""))})
        yield Use(str(each.at("target", "role_arn") or ""), "scheduler.amazonaws.com", needs)
    for rule in world.of("aws_iot_topic_rule"):
        yield from _rule_uses(ids, rule)
    for template in world.of("aws_iot_provisioning_template"):
        registers = frozenset({Right("managed policy AWSIoTThingsRegistration", "*")})
        yield Use(template.text("provisioning_role_arn"), "iot.amazonaws.com", registers)
    for workspace in world.of("aws_grafana_workspace"):
        yield Use(workspace.text("role_arn"), "grafana.amazonaws.com", frozenset())
    for task in world.of("aws_ecs_task_definition"):
        yield from _task_uses(ids, task)
    for _, kind, properties in ids.templates:
        if kind == "AWS::IoTTwinMaker::Workspace":
            yield Use(str(properties.get("Role", "")), "iottwinmaker.amazonaws.com", _workspace(ids, properties))


def _rule_uses(ids: Ids, rule: Resource) -> Iterator[Use]:
    service = "iot.amazonaws.com"
    failing = [rule.at("error_action", "sqs") or ()]
    for block in (*rule.blocks("sqs"), *(each for several in failing for each in several)):
        where = ids.queue(str(block.get("queue_url", "")))
        arn = next((arn for arn, each in ids.by_arn.items() if each.where == where), "")
        yield Use(str(block.get("role_arn", "")), service, frozenset({Right(_SEND, arn)} if arn else ()))
    for block in rule.blocks("kinesis"):
        stream = ids.named("aws_kinesis_stream", str(block.get("stream_name", "")))
        arn = "" if stream is None else stream.text("arn")
        yield Use(str(block.get("role_arn", "")), service, frozenset({Right("kinesis:PutRecord", arn)} if arn else ()))


def _task_uses(ids: Ids, task: Resource) -> Iterator[Use]:
    service = "ecs-tasks.amazonaws.com"
    needs: set[Right] = set()
    for container in _containers(task):
        group = str(container.get("logConfiguration", {}).get("options", {}).get("awslogs-group", ""))
        log = ids.named("aws_cloudwatch_log_group", group)
        if log is not None:
            needs |= {Right(action, f"{log.text('arn')}:*") for action in ("logs:CreateLogStream", "logs:PutLogEvents")}
        for secret in container.get("secrets", ()):
            needs.add(Right("secretsmanager:GetSecretValue", f"{secret.get('valueFrom', '')}-??????"))
    yield Use(task.text("execution_role_arn"), service, frozenset(needs))
    files = set()
    for volume in task.blocks("volume"):
        for mount in volume.get("efs_volume_configuration") or ():
            system = world_id(ids, "aws_efs_file_system", str(mount.get("file_system_id", "")))
            files |= {Right(f"elasticfilesystem:Client{what}", system) for what in ("Mount", "Write")}
    yield Use(task.text("task_role_arn"), service, frozenset(files))


def world_id(ids: Ids, kind: str, id: str) -> str:
    """The ARN of a resource by its id."""
    found = ids.named(kind, id, "id")
    return "" if found is None else found.text("arn")


def _containers(task: Resource) -> list[Mapping[str, Any]]:
    try:
        found = msgspec.json.decode(task.text("container_definitions") or "[]")
    except msgspec.DecodeError:
        return []
    return [each for each in found if isinstance(each, Mapping)]


def _workspace(ids: Ids, properties: Mapping[str, Any]) -> frozenset[Right]:
    """What IoT TwinMaker needs: its scenes, and to ask the connectors that let it.

    Its documentation asks for `s3:GetBucket*` in so many words ("Creating and managing a service role for AWS IoT
    TwinMaker").
    """
    bucket = str(properties.get("S3Location", ""))
    found = {Right(f"s3:{action}", bucket) for action in ("GetBucket*", "ListBucket")}
    found |= {Right(f"s3:{action}", f"{bucket}/*") for action in ("GetObject", "PutObject")}
    found.add(Right("s3:DeleteObject", f"{bucket}/DO_NOT_DELETE_WORKSPACE_*"))
    for permission in ids.world.of("aws_lambda_permission"):
        if permission.text("principal") == "iottwinmaker.amazonaws.com":
            function = ids.function(permission.text("function_name"))
            if function is not None:
                found.add(Right("lambda:InvokeFunction", function.text("arn")))
    return frozenset(found)
