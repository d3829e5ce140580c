"""Settings of AWS that keep data to ourselves: encryption, TLS, nothing public, stores with the right keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.proof.aws.functions import Permission
from twin2multicloud.deployer.proof.aws.ids import Ids
from twin2multicloud.deployer.proof.aws.policies import denies_without_tls, open_to_all, statements, strangers
from twin2multicloud.deployer.proof.findings import Finding, Rule
from twin2multicloud.deployer.proof.view import FunctionView
from twin2multicloud.deployer.proof.world import Resource, World

_BLOCKS: Final = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_KEYS: Final = {"hot_table": ("device", "t"), "state_table": ("k", "s"), "graph_table": ("k", "s")}
_EXPIRE: Final = frozenset({"hot_table", "state_table"})
_RUNTIME: Final = "python3.12"
_HANDLER: Final = "main.handler"
_DOORS: Final = ("aws_apigatewayv2_api", "aws_api_gateway_rest_api", "aws_lb", "aws_cloudfront_distribution")
_DEVICE: Final = "${iot:"


def settings(ids: Ids, permissions: tuple[Permission, ...], functions: tuple[FunctionView, ...]) -> Iterator[Finding]:
    """All findings about settings."""
    world = ids.world
    yield from _queues(world)
    yield from _buckets(world)
    yield from _tables(ids, functions)
    yield from _open(ids, permissions)
    yield from _devices(world)
    yield from _doors(world)
    yield from _strangers(ids)
    yield from _hosts(world)
    for version in world.of("aws_secretsmanager_secret_version"):
        what = "a secret's value is in a state, where whoever reads the state finds it"
        yield Finding(version.where, Rule.SECRETS, what, "write it by the wiring step alone")
    for files in world.of("aws_efs_file_system"):
        if not files.flag("encrypted"):
            yield Finding(files.where, Rule.ENCRYPTION, "its files are not encrypted", "set encrypted = true")
    for rule in world.of("aws_vpc_security_group_ingress_rule"):
        if rule.text("cidr_ipv4") or rule.text("cidr_ipv6"):
            source = rule.text("cidr_ipv4") or rule.text("cidr_ipv6")
            what = f"it lets {source} in; dashboards are reached through their HTTP API alone"
            yield Finding(rule.where, Rule.PUBLIC, what, "admit a security group instead")


def _queues(world: World) -> Iterator[Finding]:
    for queue in world.of("aws_sqs_queue"):
        if not queue.flag("sqs_managed_sse_enabled") and not queue.text("kms_master_key_id"):
            yield Finding(queue.where, Rule.ENCRYPTION, "its messages are not encrypted", "switch SSE-SQS on")
    for stream in world.of("aws_kinesis_stream"):
        if stream.text("encryption_type") != "KMS":
            yield Finding(stream.where, Rule.ENCRYPTION, "its records are not encrypted", "set encryption_type = KMS")
    for each in world.of("aws_sqs_queue", "aws_sns_topic"):
        if not denies_without_tls(each.text("policy")):
            yield Finding(each.where, Rule.TLS, "its policy lets requests without TLS in", "deny them")
        for statement in open_to_all(each.text("policy")):
            what = f"its policy lets anybody {', '.join(statement.actions)}"
            yield Finding(each.where, Rule.PUBLIC, what, "name who may")


def _buckets(world: World) -> Iterator[Finding]:
    for bucket in world.of("aws_s3_bucket"):
        name = bucket.text("bucket")
        block = world.one("aws_s3_bucket_public_access_block", bucket=name)
        if block is None or not all(block.flag(each) for each in _BLOCKS):
            where = bucket.where if block is None else block.where
            yield Finding(where, Rule.PUBLIC, f"{name} could be made public", "block all four ways")
        encrypted = world.one("aws_s3_bucket_server_side_encryption_configuration", bucket=name)
        if encrypted is None or not _algorithm(encrypted):
            yield Finding(bucket.where, Rule.ENCRYPTION, f"{name} does not say how it is encrypted", "say it")
        policy = world.one("aws_s3_bucket_policy", bucket=name)
        if policy is None or not denies_without_tls(policy.text("policy")):
            where = bucket.where if policy is None else policy.where
            yield Finding(where, Rule.TLS, f"{name} lets requests without TLS in", "deny them in its policy")
        for statement in open_to_all(policy.text("policy")) if policy is not None else ():
            assert policy is not None
            what = f"{name} lets anybody {', '.join(statement.actions)}"
            yield Finding(policy.where, Rule.PUBLIC, what, "name who may")


def _algorithm(encryption: Resource) -> str:
    return str(encryption.at("rule", "apply_server_side_encryption_by_default", "sse_algorithm") or "")


def _tables(ids: Ids, functions: tuple[FunctionView, ...]) -> Iterator[Finding]:
    """The adapters' keys: a table with others refuses every request."""
    seen = set()
    for function in functions:
        for reference in function.references:
            if reference.field in _KEYS and reference.target is not None:
                seen.add((reference.field, reference.value))
    for field, name in sorted(seen):
        table = ids.named("aws_dynamodb_table", name)
        if table is None:
            continue
        keys = (table.text("hash_key"), table.text("range_key"))
        if keys != _KEYS[field]:
            what = f"it has the keys {keys}; the runtime's are {_KEYS[field]}"
            yield Finding(table.where, Rule.SHAPE, what, "make it anew with these")
        expires = table.at("ttl", "attribute_name") == "expires" and table.at("ttl", "enabled") is True
        if field in _EXPIRE and not expires:
            what = "nothing that expires ever goes: its time to live is not 'expires'"
            yield Finding(table.where, Rule.SHAPE, what, "switch it on for that attribute")


def _open(ids: Ids, permissions: tuple[Permission, ...]) -> Iterator[Finding]:
    for permission in permissions:
        if ids.function(permission.function) is None:
            what = (
                f"it lets {permission.principal} invoke {permission.function}, which is no function of this deployment"
            )
            yield Finding(permission.resource.where, Rule.TRIGGER_TARGET, what, "take it away")
        elif permission.principal != "*" and not permission.bound:
            what = f"{permission.principal} may invoke the function on behalf of any account"
            yield Finding(permission.resource.where, Rule.PUBLIC, what, "bind it to our account or resource")


def _devices(world: World) -> Iterator[Finding]:
    """Every device may do what is its own, and nothing else."""
    for policy in world.of("aws_iot_policy"):
        for statement in statements(policy.text("policy")):
            for resource in statement.resources if statement.allows else ():
                if _DEVICE not in resource or "*" in resource or any("*" in each for each in statement.actions):
                    what = f"a device may {', '.join(statement.actions)} on {resource}, which is not its own"
                    yield Finding(policy.where, Rule.RIGHT_WIDE, what, "bind it to the device's name")


def _doors(world: World) -> Iterator[Finding]:
    """What lets the public in beside functions: nothing but the way to the dashboards."""
    for door in world.of(*_DOORS):
        if door.address.rpartition(".")[2] != "dashboards":
            what = "it lets the public in, though it does not lead to the dashboards"
            yield Finding(door.where, Rule.PUBLIC, what, "destroy it, or find out who made it")


def _strangers(ids: Ids) -> Iterator[Finding]:
    """Nobody of another account is let in by a resource's own policy."""
    account, _ = ids.account
    for each in ids.world.of("aws_sqs_queue", "aws_sns_topic", "aws_s3_bucket_policy"):
        for stranger, statement in strangers(each.text("policy"), account):
            what = f"its policy lets {stranger} {', '.join(statement.actions)}"
            yield Finding(each.where, Rule.RIGHT_EXCESS, what, "take that away")


def _hosts(world: World) -> Iterator[Finding]:
    """Functions start what packages hold (`deployer.hosts`)."""
    for function in world.of("aws_lambda_function"):
        started = (function.text("runtime"), function.text("handler"))
        if started != (_RUNTIME, _HANDLER):
            what = f"it starts {' '.join(started)}; packages are made for {_RUNTIME} {_HANDLER}"
            yield Finding(function.where, Rule.SHAPE, what, "set runtime and handler")
