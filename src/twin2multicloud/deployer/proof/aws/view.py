"""One site of AWS as the rules see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.proof.aws.flows import lost, pulls, queues, routes, triggers, uses
from twin2multicloud.deployer.proof.aws.functions import functions, permissions
from twin2multicloud.deployer.proof.aws.ids import Ids
from twin2multicloud.deployer.proof.aws.roles import LAMBDA, Use, function_needs, identities
from twin2multicloud.deployer.proof.aws.settings import settings
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.view import Ages, FunctionView, Identity, Log, Planned, Right, View
from twin2multicloud.deployer.proof.world import Resource, World

_LOG_PREFIX: Final = "/aws/lambda/"
_ARCHIVES: Final = frozenset({"GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"})
_CODE: Final = ("aws_ecs_service", "aws_grafana_workspace")
_FOREIGN: Final = ("aws_instance", "aws_sfn_state_machine", "aws_batch_job_definition", "aws_apprunner_service")
"""What else runs code on AWS, and none of our modules makes."""


def look(deployment: Deployment, site: Site, world: World, planned: tuple[Planned, ...]) -> View:
    """See `view.Look`."""
    ids, names = Ids(world), AwsNames(deployment, site)
    allowed = tuple(permissions(ids))
    found = functions(deployment, site, ids, {(each.stack, each.plan.component): each.plan for each in planned})
    roles = identities(world, (*_functions(ids, names, found, planned), *uses(ids)))
    return View(
        functions=found,
        code=dict(_code(world)),
        triggers=tuple(triggers(ids, allowed)),
        routes=tuple(routes(ids)),
        queues=tuple(queues(ids)),
        identities=roles,
        logs=tuple(_logs(world)),
        ages=tuple(_ages(world, found)),
        secrets=frozenset(_secrets(world, names)),
        pulls=tuple(pulls(ids)),
        findings=(*settings(ids, allowed, found), *lost(ids), *_nowhere(ids, roles)),
    )


def _functions(
    ids: Ids, names: AwsNames, functions: tuple[FunctionView, ...], planned: tuple[Planned, ...]
) -> Iterator[Use]:
    """What functions take their roles for."""
    account, partition = ids.account
    plans = {(each.stack, each.plan.component): each.plan for each in planned}
    for function in functions:
        plan = plans.get((function.where.stack, function.component))
        log = f"arn:{partition}:logs:{names.site.region}:{account}:log-group:{_LOG_PREFIX}{function.name}"
        needs = frozenset[Right]() if plan is None else function_needs(plan, names, account, partition, log)
        yield Use(function.identity, LAMBDA, needs)


def _nowhere(ids: Ids, roles: tuple[Identity, ...]) -> Iterator[Finding]:
    """Rights on what is not there (any more)."""
    for role in roles:
        for right, where in role.rights.items():
            if right in role.needs and not ids.exists(right.resource):
                what = f"it may {right}, which does not exist"
                yield Finding(where, Rule.NAMES, what, "deploy what it names, or take the right away")


def _code(world: World) -> Iterator[tuple[Where, str]]:
    for resource in world.of(*_CODE):
        yield resource.where, resource.address.rpartition(".")[2]
    for resource in world.of(*_FOREIGN):
        yield resource.where, ""


def _logs(world: World) -> Iterator[Log]:
    for group in world.of("aws_cloudwatch_log_group"):
        name = group.text("name").removeprefix(_LOG_PREFIX)
        function = world.one("aws_lambda_function", function_name=name)
        # 0 is how the provider says for ever.
        yield Log(group.where, None if function is None else function.where, group.number("retention_in_days") or None)


def _ages(world: World, functions: tuple[FunctionView, ...]) -> Iterator[Ages]:
    for tier in ("cool", "archive"):
        names = {each.value for function in functions for each in function.references if each.field == tier}
        for rules in world.of("aws_s3_bucket_lifecycle_configuration"):
            if rules.text("bucket") in names:
                yield Ages(rules.where, tier, _archived(rules), _deleted(rules))


def _rules(configuration: Resource) -> Iterator[Resource]:
    for rule in configuration.blocks("rule"):
        if rule.get("status") == "Enabled":
            yield Resource(configuration.stack, configuration.address, configuration.type, rule)


def _archived(configuration: Resource) -> float | None:
    days = [
        float(change.get("days") or 0)
        for rule in _rules(configuration)
        for change in rule.blocks("transition")
        if change.get("storage_class") in _ARCHIVES
    ]
    return min(days, default=None)


def _deleted(configuration: Resource) -> float | None:
    days = [
        float(end["days"]) for rule in _rules(configuration) for end in rule.blocks("expiration") if end.get("days")
    ]
    return min(days, default=None)


def _secrets(world: World, names: AwsNames) -> Iterator[str]:
    for secret in world.of("aws_secretsmanager_secret"):
        if secret.text("name").startswith(names.secrets_prefix):
            yield secret.text("name").removeprefix(names.secrets_prefix)
