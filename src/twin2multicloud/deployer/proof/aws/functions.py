"""Lambda functions: what they are told, what they are for, who may call them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.functions import FunctionPlan
from twin2multicloud.deployer.proof.aws.ids import Ids
from twin2multicloud.deployer.proof.environments import readable
from twin2multicloud.deployer.proof.view import FunctionView, Reference
from twin2multicloud.deployer.proof.world import Resource
from twin2multicloud.deployer.resources import component_of
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.aws.build import PLACE, AwsConfig, read_config
from twin2multicloud.runtime.adapters.aws.build import VARIABLE as CONFIG
from twin2multicloud.runtime.entry.roles import VARIABLE as FUNCTION
from twin2multicloud.runtime.entry.roles import read_function

_STATES: Final = frozenset({"dead-letters", "rule-states", "nonces"})
_EXPIRES: Final = "hot_expires_s"


@dataclass(frozen=True)
class Permission:
    """Somebody who may invoke a function. `by_url`: only through its URL."""

    resource: Resource
    function: str
    action: str
    principal: str
    by_url: bool
    bound: bool  # to a resource or an account of ours


def permissions(ids: Ids) -> Iterator[Permission]:
    """All permissions to invoke, those that CloudFormation made among them."""
    for each in ids.world.of("aws_lambda_permission"):
        yield Permission(
            each,
            each.text("function_name"),
            each.text("action"),
            each.text("principal"),
            each.text("function_url_auth_type") == "NONE" or each.flag("invoked_via_function_url"),
            bool(each.text("source_arn") or each.text("source_account") or each.text("principal_org_id")),
        )
    for stack, kind, properties in ids.templates:
        if kind == "AWS::Lambda::Permission":
            by_url = properties.get("FunctionUrlAuthType") == "NONE" or properties.get("InvokedViaFunctionUrl") is True
            yield Permission(
                stack,
                str(properties.get("FunctionName", "")),
                str(properties.get("Action", "")),
                str(properties.get("Principal", "")),
                by_url,
                bool(properties.get("SourceArn") or properties.get("SourceAccount")),
            )


def functions(
    deployment: Deployment, site: Site, ids: Ids, plans: Mapping[tuple[str, str], FunctionPlan]
) -> tuple[FunctionView, ...]:
    """The Lambda functions of a site. `plans` are those planned there, by stack and component."""
    allowed = tuple(permissions(ids))
    names = {component for _, component in plans}
    return tuple(
        _function(deployment, site, ids, plans, names, allowed, each) for each in ids.world.of("aws_lambda_function")
    )


def _function(
    deployment: Deployment,
    site: Site,
    ids: Ids,
    plans: Mapping[tuple[str, str], FunctionPlan],
    names: set[str],
    allowed: tuple[Permission, ...],
    found: Resource,
) -> FunctionView:
    environment = {str(key): str(value) for key, value in (found.at("environment", "variables") or {}).items()}
    broken: list[str] = []
    told = readable(lambda: read_function(environment, PLACE), broken)
    config = readable(lambda: read_config(environment), broken)
    component = component_of(found.address, names) or (told.component if told is not None else "")
    plan = plans.get((found.stack, component))
    if config is not None:
        broken += _elsewhere(deployment, site, config)
    fields = frozenset(_fields(config)) if config is not None else frozenset[str]()
    needed = frozenset(_needed(deployment, plan)) if plan is not None else fields
    if plan is not None and "hot.write" not in plan.grants:
        fields -= {_EXPIRES}  # who does not write has no use for it, and no harm
        needed -= {_EXPIRES}
    url = ids.world.one("aws_lambda_function_url", function_name=found.text("function_name")) or ids.world.one(
        "aws_lambda_function_url", function_name=found.text("arn")
    )
    return FunctionView(
        where=found.where,
        name=found.text("function_name"),
        component=component,
        identity=found.text("role"),
        told=told,
        broken=tuple(broken),
        fields=fields,
        needed=needed,
        references=(*_layers(ids, found), *(_references(ids, config) if config is not None else ())),
        others=tuple(sorted(environment.keys() - {CONFIG, FUNCTION})),
        package=_hex(found.text("source_code_hash")),
        memory_mib=found.number("memory_size"),
        timeout_s=found.number("timeout"),
        url=url.text("function_url") if url is not None else "",
        public=_public(found, url, allowed),
        alone=found.number("reserved_concurrent_executions") == 1,
    )


def _public(function: Resource, url: Resource | None, allowed: tuple[Permission, ...]) -> bool:
    """Whether anybody may call its URL, which takes two permissions; or, without any URL, the function itself."""
    names = (function.text("function_name"), function.text("arn"))
    open_ = [each for each in allowed if each.function in names and each.principal == "*" and not each.bound]
    if any(not each.by_url for each in open_):
        return True
    if url is None or url.text("authorization_type") != "NONE":
        return False
    return {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"} <= {each.action for each in open_}


def _elsewhere(deployment: Deployment, site: Site, config: AwsConfig) -> Iterator[str]:
    if config.twin != deployment.spec.name:
        yield f"T2M_CONFIG: 'twin' is {config.twin}; this is {deployment.spec.name}"
    if config.region != site.region:
        yield f"T2M_CONFIG: 'region' is {config.region or 'not set'}; this is {site.region}"


def _fields(config: AwsConfig) -> Iterator[str]:
    """The fields that are set, topics one by one."""
    for name in AwsConfig.__struct_fields__:
        value: Any = getattr(config, name)
        if name == "topics":
            yield from (f"topics.{topic}" for topic in value)
        elif value not in ("", None, False):
            yield name


def _needed(deployment: Deployment, plan: FunctionPlan) -> Iterator[str]:
    """The fields that a function's ports ask for (`adapters.aws.build`), by its grants."""
    yield from ("twin", "region")
    retention = deployment.spec.retention
    twinmaker = deployment.blueprint.places[Slot.MANAGEMENT].offer.startswith("aws.twinmaker")
    for word in plan.grants:
        verb, _, thing = word.partition(":")
        if verb == "publish":
            yield f"topics.{thing}"
        elif verb == "errors":
            yield "topics.errors"
        elif verb == "secret":
            yield "secrets_prefix"
        elif word in _STATES:
            yield "state_table"
        elif word.startswith("hot."):
            yield "hot_table"
            if word == "hot.write" and retention.archive_s <= retention.hot_s:
                yield _EXPIRES
        elif word.startswith("graph.") or word == "values":
            yield "graph_table"
            if twinmaker and word != "values":
                yield from ("twinmaker_workspace", "twinmaker_connector")
        elif word.startswith(("cool.", "archive.")):
            yield word.partition(".")[0]


def _layers(ids: Ids, function: Resource) -> Iterator[Reference]:
    """What packages leave out comes from layers."""
    for layer in function.attributes.get("layers") or ():
        yield Reference("layers", str(layer), ids.where(str(layer)))


def _references(ids: Ids, config: AwsConfig) -> Iterator[Reference]:
    """What names in the configuration stand for."""
    for field in ("hot_table", "state_table", "graph_table"):
        if name := getattr(config, field):
            yield _reference(field, name, ids.named("aws_dynamodb_table", name))
    for tier in ("cool", "archive"):
        bucket = getattr(config, tier)
        if bucket is not None:
            yield _reference(tier, bucket.name, ids.named("aws_s3_bucket", bucket.name, "bucket"))
    for topic, address in config.topics.items():
        yield Reference(f"topics.{topic}", address, ids.queue(address))
    if config.secrets_prefix:
        secrets = ids.world.of("aws_secretsmanager_secret")
        first = next((each for each in secrets if each.text("name").startswith(config.secrets_prefix)), None)
        yield _reference("secrets_prefix", config.secrets_prefix, first)
    if config.twinmaker_workspace:
        found = (
            stack
            for stack, kind, properties in ids.templates
            if kind == "AWS::IoTTwinMaker::Workspace" and properties.get("WorkspaceId") == config.twinmaker_workspace
        )
        yield _reference("twinmaker_workspace", config.twinmaker_workspace, next(found, None))
    if config.twinmaker_connector:
        connector = ids.function(config.twinmaker_connector)
        yield _reference("twinmaker_connector", config.twinmaker_connector, connector)


def _reference(field: str, value: str, found: Resource | None) -> Reference:
    return Reference(field, value, None if found is None else found.where)


def _hex(encoded: str) -> str:
    """A hash in base64 as hex; "" for what is none."""
    try:
        return base64.b64decode(encoded, validate=True).hex()
    except binascii.Error:
        return ""
