"""Functions and workers of Google Cloud: what they are told, what they are for, which package they run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, Starts
from twin2multicloud.deployer.proof.environments import readable
from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.gcp.ids import BUCKET, CONFIG, FUNCTION, TOLD, Ids, environment_of, last
from twin2multicloud.deployer.proof.view import FunctionView, Reference
from twin2multicloud.deployer.proof.world import Resource
from twin2multicloud.deployer.resources import component_of
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.gcp.build import PLACE, GcpConfig, read_config
from twin2multicloud.runtime.entry.roles import read_function

_PUSHED: Final = (Starts.QUEUE, Starts.DEVICES, Starts.SCHEDULE)
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_MIB: Final = re.compile(r"(\d+)(Mi|Gi|M|G)")
_BASE: Final = frozenset({"twin", "project", "prefix", "database"})
_CHOICES: Final = frozenset(
    {"hot", "bigtable_table", "cool_class", "commands", "bundled", "bundle_messages", "bundle_bytes", "check_tokens"}
    | {"gather", "patience", "topics"}
)
"""Fields with a default that say how, not where."""
_HOST: Final = frozenset({"THREADS", "LOG_EXECUTION_ID"})
"""What the functions framework reads, or Google adds."""
EVERYBODY: Final = ("allUsers", "allAuthenticatedUsers")


def functions(
    deployment: Deployment, ids: Ids, plans: Mapping[tuple[str, str], FunctionPlan]
) -> tuple[FunctionView, ...]:
    """What runs our code: everything that is told what it is, or lies where a planned function does."""
    names = {component for _, component in plans}
    found = []
    for run in ids.runs:
        component = component_of(run.address, names)
        if TOLD in environment_of(run) or CONFIG in environment_of(run) or component:
            found.append(_function(deployment, ids, plans, run, component))
    return tuple(found)


def _function(
    deployment: Deployment,
    ids: Ids,
    plans: Mapping[tuple[str, str], FunctionPlan],
    run: Resource,
    component: str,
) -> FunctionView:
    environment = environment_of(run)
    broken: list[str] = []
    told = readable(lambda: read_function(environment, PLACE), broken)
    config = readable(lambda: read_config(environment), broken)
    component = component or (told.component if told is not None else "")
    plan = plans.get((run.stack, component))
    if config is not None:
        broken += _elsewhere(deployment, config)
    fields = frozenset(_fields(config)) if config is not None else frozenset[str]()
    public = bool(invokers(ids, run) & set(EVERYBODY))
    return FunctionView(
        where=run.where,
        name=run.text("name"),
        component=component,
        identity=identity_of(run),
        told=told,
        broken=tuple(broken),
        fields=fields,
        needed=frozenset(_needed(deployment, plan)) if plan is not None else fields,
        references=tuple(_references(ids, run, plan, config)) if config is not None else (),
        others=tuple(sorted(environment.keys() - {CONFIG, TOLD} - _HOST)),
        package=_package(ids, run),
        memory_mib=_memory(run),
        timeout_s=run.at("service_config", "timeout_seconds"),
        url=url_of(ids, run) if _reached(run) or not public else "",
        public=public,
        alone=run.at("service_config", "max_instance_count") == 1,
    )


def identity_of(run: Resource) -> str:
    """The address of the service account that a function or service runs as."""
    if run.type == FUNCTION:
        return str(run.at("service_config", "service_account_email") or "")
    return str(run.at("template", "service_account") or "")


def url_of(ids: Ids, run: Resource) -> str:
    """The URL that is known before the function is, by which others call it."""
    return f"https://{run.text('name')}-{ids.number}.{run.text('location')}.run.app" if ids.number else ""


def invokers(ids: Ids, run: Resource) -> set[str]:
    """Who may call a function or service."""
    return {
        str(member)
        for kind in ("member", "binding")
        for grant in ids.world.of(f"google_cloud_run_v2_service_iam_{kind}", f"google_cloud_run_service_iam_{kind}")
        if grant.text("role") == "roles/run.invoker"
        and run.text("name") in (last(grant.text("name")), last(grant.text("service")))
        for member in (grant.attributes.get("members") or [grant.text("member")])
    }


def _reached(run: Resource) -> bool:
    """Whether requests reach it from anywhere."""
    return str(run.at("service_config", "ingress_settings") or run.text("ingress")) in (
        "ALLOW_ALL",
        "INGRESS_TRAFFIC_ALL",
    )


def _elsewhere(deployment: Deployment, config: GcpConfig) -> Iterator[str]:
    project = deployment.settings.accounts.gcp_project
    if config.twin != deployment.spec.name:
        yield f"T2M_CONFIG: 'twin' is {config.twin}; this is {deployment.spec.name}"
    if config.project != project:
        yield f"T2M_CONFIG: 'project' is {config.project}; this is {project}"
    if not config.check_tokens:
        yield "T2M_CONFIG: 'check_tokens' is false, which is for emulators: whoever calls is let in"


def _package(ids: Ids, run: Resource) -> str:
    """The hash in the name of the object that it was built from, if that object exists."""
    if run.type == FUNCTION:
        source = run.at("build_config", "source", "storage_source") or {}
        source = source[0] if isinstance(source, list) and source else source
        bucket, name = (str(source.get(key, "")) for key in ("bucket", "object")) if source else ("", "")
    else:
        location = str(run.at("build_config", "source_location") or "").removeprefix("gs://")
        bucket, _, name = location.partition("/")
    there = ids.world.one("google_storage_bucket_object", bucket=bucket, name=name) is not None
    found = _HASH.search(name) if there else None
    return found[0] if found else ""


def _memory(run: Resource) -> float | None:
    limits = run.at("template", "containers", "resources", "limits") or {}
    text = str(run.at("service_config", "available_memory") or limits.get("memory") or "")
    found = _MIB.fullmatch(text)
    return None if found is None else int(found[1]) * (1024 if found[2].startswith("G") else 1)


def _fields(config: GcpConfig) -> Iterator[str]:
    """The fields that are set, but for those that every function may have and those that choose a way."""
    for name in GcpConfig.__struct_fields__:
        value: Any = getattr(config, name)
        if name not in _CHOICES | _BASE and value not in ("", None, False):
            yield name


def _needed(deployment: Deployment, plan: FunctionPlan) -> Iterator[str]:
    """The fields that a function's ports and entry point ask for, by its grants and by what starts it."""
    retention = deployment.spec.retention
    hot = deployment.blueprint.places[Slot.HOT].offer
    for word in plan.grants:
        if word.startswith("hot."):
            if hot == "gcp.bigtable":
                yield "bigtable_instance"
            elif retention.archive_s <= retention.hot_s:
                yield "hot_expires_s"
        elif word.startswith(("cool.", "archive.")):
            yield f"{word.partition('.')[0]}_bucket"
    if plan.starts in _PUSHED:
        yield from ("token_account", "token_audience")
    if plan.starts is Starts.ALWAYS:
        yield "subscription"


def _references(ids: Ids, run: Resource, plan: FunctionPlan | None, config: GcpConfig) -> Iterator[Reference]:
    """What names in the configuration stand for, topics as publishers put them together."""
    grants = plan.grants if plan is not None else ()
    yield _reference("database", config.database, ids.world.one("google_firestore_database", name=config.database))
    renamed: Mapping[str, str] = getattr(config, "topics", {})
    for word in grants:
        verb, _, thing = word.partition(":")
        name = "errors" if word == "errors" else thing if verb == "publish" else ""
        if name:
            topic = renamed.get(name, f"{config.prefix}{name}")
            yield _reference(f"topics.{name}", topic, ids.topic(topic))
    for tier in ("cool", "archive"):
        if bucket := getattr(config, f"{tier}_bucket"):
            yield _reference(tier, bucket, ids.world.one(BUCKET, name=bucket))
    if config.bigtable_instance:
        table = ids.world.one(
            "google_bigtable_table", instance_name=config.bigtable_instance, name=config.bigtable_table
        )
        yield _reference("bigtable_instance", f"{config.bigtable_instance}/{config.bigtable_table}", table)
    if config.subscription:
        yield _reference("subscription", config.subscription, ids.subscription(config.subscription))
    if config.token_account:
        yield _reference("token_account", config.token_account, ids.account(config.token_account))
    if config.token_audience:
        own = run if config.token_audience == url_of(ids, run) else None
        yield _reference("token_audience", config.token_audience, own)


def _reference(field: str, value: str, found: Resource | None) -> Reference:
    return Reference(field, value, None if found is None else found.where)


def where(found: Resource | None) -> Where | None:
    """Where a resource is that may not be there."""
    return None if found is None else found.where
