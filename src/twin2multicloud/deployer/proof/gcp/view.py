"""One site of Google Cloud as the rules see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.clouds.gcp.names import SiteNames
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.gcp.flows import pulls, queues, routes, triggers
from twin2multicloud.deployer.proof.gcp.functions import functions
from twin2multicloud.deployer.proof.gcp.ids import BUCKET, SECRET, Ids
from twin2multicloud.deployer.proof.gcp.roles import identities
from twin2multicloud.deployer.proof.gcp.settings import settings
from twin2multicloud.deployer.proof.view import Ages, FunctionView, Log, Planned, View
from twin2multicloud.deployer.proof.world import Resource, World

_FOREIGN: Final = (
    "google_cloud_run_v2_job",
    "google_cloud_run_v2_worker_pool",
    "google_cloudfunctions_function",
    "google_workflows_workflow",
    "google_dataflow_job",
)
"""What else runs code on Google Cloud, and none of our modules makes."""
_MACHINES: Final = ("google_compute_instance",)


def look(deployment: Deployment, site: Site, world: World, planned: tuple[Planned, ...]) -> View:
    """See `view.Look`."""
    ids, names = Ids(world), SiteNames.of(deployment, site)
    plans = {(each.stack, each.plan.component): each.plan for each in planned}
    found = functions(deployment, ids, plans)
    return View(
        functions=found,
        code=dict(_code(ids, found)),
        triggers=tuple(triggers(ids, found, plans)),
        routes=tuple(routes(ids)),
        queues=tuple(queues(ids)),
        identities=tuple(identities(deployment, ids, names, found, plans)),
        logs=tuple(_logs(world, found)),
        ages=tuple(_ages(world, found)),
        secrets=frozenset(_secrets(world, names)),
        pulls=tuple(pulls(ids)),
        findings=tuple(
            settings(deployment, ids, found, tuple((each.stack, each.plan) for each in planned), names.prefix)
        ),
    )


def _code(ids: Ids, found: tuple[FunctionView, ...]) -> Iterator[tuple[Where, str]]:
    ours = {function.where for function in found}
    for run in (*ids.runs, *ids.world.of(*_MACHINES)):
        if run.where not in ours:
            yield run.where, run.address.rpartition(".")[2]
    for run in ids.world.of(*_FOREIGN):
        yield run.where, ""


def _logs(world: World, found: tuple[FunctionView, ...]) -> Iterator[Log]:
    """Functions whose logs a sink takes into a bucket that ends them."""
    for bucket in world.of("google_logging_project_bucket_config"):
        for sink in world.of("google_logging_project_sink"):
            if not sink.text("destination").endswith(f"/buckets/{bucket.text('bucket_id')}") or sink.flag("disabled"):
                continue
            for function in found:
                if f'"{function.name}"' in sink.text("filter"):
                    yield Log(bucket.where, function.where, bucket.number("retention_days"))


def _ages(world: World, found: tuple[FunctionView, ...]) -> Iterator[Ages]:
    for tier in ("cool", "archive"):
        names = {each.value for function in found for each in function.references if each.field == tier}
        for bucket in world.of(BUCKET):
            if bucket.text("name") in names:
                yield Ages(bucket.where, tier, _age(bucket, "SetStorageClass", "ARCHIVE"), _age(bucket, "Delete", ""))


def _age(bucket: Resource, action: str, storage_class: str) -> float | None:
    days = []
    for rule in bucket.blocks("lifecycle_rule"):
        view = Resource(bucket.stack, bucket.address, bucket.type, rule)
        does = str(view.at("action", "type")), str(view.at("action", "storage_class") or "")
        age = view.at("condition", "age")
        if does == (action, storage_class) and isinstance(age, int | float):
            days.append(float(age))
    return min(days, default=None)


def _secrets(world: World, names: SiteNames) -> Iterator[str]:
    for secret in world.of(SECRET):
        if secret.text("secret_id").startswith(names.prefix):
            yield secret.text("secret_id").removeprefix(names.prefix)
