"""Roles of AWS: what each may do, what it needs for those who use it, and who may take it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from twin2multicloud.deployer.clouds.aws.grants import statements_of
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.functions import FunctionPlan
from twin2multicloud.deployer.proof.aws.policies import Statement, statements
from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.view import Identity, Right
from twin2multicloud.deployer.proof.world import Resource, World

LAMBDA: Final = "lambda.amazonaws.com"
_LOG_ACTIONS: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
_OWN: Final = ("aws:SourceAccount", "aws:SourceArn")
"""Conditions that keep a service from acting for strangers' resources."""


@dataclass(frozen=True)
class Use:
    """A service that takes a role, and what it needs it for."""

    role: str
    service: str
    needs: frozenset[Right]


def function_needs(plan: FunctionPlan, names: AwsNames, account: str, partition: str, log: str) -> frozenset[Right]:
    """The rights of a function: those that its grants mean, and writing its own log."""
    found = {Right(action, f"{log}:*") for action in _LOG_ACTIONS}
    for statement in statements_of(plan, names):
        for resource in statement["resources"]:
            real = resource.replace("{account}", account).replace("{partition}", partition)
            found |= {Right(action, real) for action in statement["actions"]}
    return frozenset(found)


def identities(world: World, uses: tuple[Use, ...]) -> tuple[Identity, ...]:
    """All roles of a site."""
    by_role: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        by_role[use.role].append(use)
    return tuple(_identity(world, role, by_role[role.text("arn")]) for role in world.of("aws_iam_role"))


def _identity(world: World, role: Resource, uses: list[Use]) -> Identity:
    rights: dict[Right, Where] = {}
    for where, statement in _statements(world, role):
        if statement.allows:
            for action in statement.actions:
                rights |= {Right(action, resource): where for resource in statement.resources}
    for where, policy in _managed(world, role):
        rights[Right(f"managed policy {policy.rpartition('/')[2]}", "*")] = where
    needs = frozenset(right for use in uses for right in use.needs)
    return Identity(role.text("arn"), role.where, rights, needs, tuple(_strangers(role, uses)), bool(uses))


def _statements(world: World, role: Resource) -> Iterator[tuple[Where, Statement]]:
    for policy in world.of("aws_iam_role_policy"):
        if policy.text("role") in (role.text("name"), role.text("id")):
            yield from ((policy.where, each) for each in statements(policy.text("policy")))
    for inline in role.blocks("inline_policy"):
        yield from ((role.where, each) for each in statements(str(inline.get("policy") or "")))
    for attachment in _attachments(world, role):
        policy_ = world.one("aws_iam_policy", arn=attachment.text("policy_arn"))
        if policy_ is not None:
            yield from ((attachment.where, each) for each in statements(policy_.text("policy")))


def _attachments(world: World, role: Resource) -> Iterator[Resource]:
    for attachment in world.of("aws_iam_role_policy_attachment"):
        if attachment.text("role") in (role.text("name"), role.text("id")):
            yield attachment


def _managed(world: World, role: Resource) -> Iterator[tuple[Where, str]]:
    for attachment in _attachments(world, role):
        if world.one("aws_iam_policy", arn=attachment.text("policy_arn")) is None:
            yield attachment.where, attachment.text("policy_arn")
    for arn in role.attributes.get("managed_policy_arns") or ():
        if not any(attachment.text("policy_arn") == arn for attachment in _attachments(world, role)):
            yield role.where, str(arn)


def _strangers(role: Resource, uses: list[Use]) -> Iterator[str]:
    services = {f"Service:{use.service}" for use in uses}
    for statement in statements(role.text("assume_role_policy")):
        if not statement.allows:
            continue
        for principal in statement.principals:
            if principal not in services:
                yield "anybody" if principal == "*" else principal.partition(":")[2] or principal
            elif principal != f"Service:{LAMBDA}" and not statement.condition(*_OWN):
                yield f"{principal.partition(':')[2]} on behalf of any account"
