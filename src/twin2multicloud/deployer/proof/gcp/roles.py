"""Service accounts: which roles each has on what, and which it needs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from twin2multicloud.deployer.clouds.gcp.functions import resources_of
from twin2multicloud.deployer.clouds.gcp.grants import rights_of
from twin2multicloud.deployer.clouds.gcp.names import SiteNames
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, Starts
from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.gcp.ids import ACCOUNT, FUNCTION, Ids, last, members_of
from twin2multicloud.deployer.proof.view import FunctionView, Identity, Right
from twin2multicloud.deployer.proof.world import Resource

INVOKE: Final = "roles/run.invoker"
SUBSCRIBE: Final = "roles/pubsub.subscriber"
PUBLISH: Final = "roles/pubsub.publisher"
TOKENS: Final = "roles/iam.serviceAccountOpenIdTokenCreator"
_PUSHED: Final = (Starts.QUEUE, Starts.DEVICES, Starts.SCHEDULE)
_NARROWED: Final = (
    re.compile(r'resource\.name == "projects/[^/"]+/(?P<kind>database)s/(?P<name>[^/"]+)"'),
    re.compile(r'resource\.name\.startsWith\("projects/_/(?P<kind>bucket)s/(?P<name>[^/"]+)/"\)'),
)
"""Conditions that confine a role in the project to one resource in it."""
_ON: Final[Mapping[str, tuple[str, str]]] = {
    "google_pubsub_topic": ("topic", "topic"),
    "google_pubsub_subscription": ("subscription", "subscription"),
    "google_storage_bucket": ("bucket", "bucket"),
    "google_secret_manager_secret": ("secret", "secret_id"),
    "google_cloud_run_v2_service": ("service", "name"),
    "google_cloudfunctions2_function": ("service", "cloud_function"),
    "google_artifact_registry_repository": ("repository", "repository"),
    "google_service_account": ("account", "service_account_id"),
}
"""What a grant's type is on, and the attribute that names it."""


def resource_of(grant: Resource) -> str:
    """What a grant is on, as `<kind> <name>`; a project where no condition narrows it."""
    base = grant.type.partition("_iam_")[0]
    if base == "google_project":
        condition = str(grant.at("condition", "expression") or "").strip()
        found = next((match for each in _NARROWED if (match := each.fullmatch(condition))), None)
        return f"{found['kind']} {found['name']}" if found else "*"
    if base == "google_bigtable_table":
        return f"table {last(grant.text('instance_name') or grant.text('instance'))}/{last(grant.text('table'))}"
    if base == "google_bigtable_instance":
        return f"table {last(grant.text('instance'))}"
    kind, attribute = _ON.get(base, (base, "name"))
    return f"{kind} {last(grant.text(attribute))}"


def granted(ids: Ids, member: str) -> dict[Right, Where]:
    """What a member was given."""
    found: dict[Right, Where] = {}
    for grant in ids.world.resources:
        if member in members_of(grant):
            found[Right(grant.text("role"), resource_of(grant))] = grant.where
    return found


def function_needs(deployment: Deployment, plan: FunctionPlan, names: SiteNames) -> set[Right]:
    """The roles that a function's grants mean. A worker reads its subscription, wherever that is."""
    resources = resources_of(deployment, plan, names)
    found = {Right(right.role, f"{right.on.value} {right.name}") for right in rights_of(plan.grants, resources)}
    if plan.starts is Starts.ALWAYS:
        found.add(Right(SUBSCRIBE, f"subscription {resources.subscription}"))
    return found


def identities(
    deployment: Deployment,
    ids: Ids,
    names: SiteNames,
    functions: tuple[FunctionView, ...],
    plans: Mapping[tuple[str, str], FunctionPlan],
) -> Iterator[Identity]:
    """All service accounts of a site."""
    needs: dict[str, set[Right]] = defaultdict(set)
    for function in functions:
        plan = plans.get((function.where.stack, function.component))
        if plan is None:
            continue
        needs[function.identity] |= function_needs(deployment, plan, names)
        if plan.slot in deployment.held and plan.starts in _PUSHED:
            # What calls it is off for now, but stays allowed to.
            needs[names.email(names.caller)].add(Right(INVOKE, f"service {function.name}"))
    for email, right in (*_callers(ids), *_builders(ids), *_dashboards(ids)):
        needs[email].add(right)
    used = {*needs, *(function.identity for function in functions)}
    for account in ids.world.of(ACCOUNT):
        email = account.text("email")
        rights = granted(ids, f"serviceAccount:{email}")
        strangers = tuple(_strangers(ids, account))
        yield Identity(email, account.where, rights, frozenset(needs[email]), strangers, email in used)


def _callers(ids: Ids) -> Iterator[tuple[str, Right]]:
    """Pub/Sub and Cloud Scheduler call as somebody who may."""
    for subscription in ids.world.of("google_pubsub_subscription"):
        run = ids.called(str(subscription.at("push_config", "push_endpoint") or ""))
        email = str(subscription.at("push_config", "oidc_token", "service_account_email") or "")
        if run is not None and email:
            yield email, Right(INVOKE, f"service {run.text('name')}")
    for job in ids.world.of("google_cloud_scheduler_job"):
        run = ids.called(str(job.at("http_target", "uri") or ""))
        email = str(job.at("http_target", "oidc_token", "service_account_email") or "")
        if run is not None and email:
            yield email, Right(INVOKE, f"service {run.text('name')}")


def _builders(ids: Ids) -> Iterator[tuple[str, Right]]:
    """Cloud Build reads packages, writes images, and its own log."""
    for run in ids.runs:
        email = last(str(run.at("build_config", "service_account") or ""))
        if not email:
            continue
        source = run.at("build_config", "source", "storage_source", "bucket")
        bucket = source or str(run.at("build_config", "source_location") or "").removeprefix("gs://").partition("/")[0]
        yield email, Right("roles/storage.objectViewer", f"bucket {bucket}")
        if run.type == FUNCTION:
            # Cloud Functions copies packages into a bucket of its own before they are built.
            copies = f"bucket gcf-v2-sources-{ids.number}-{run.text('location')}"
            yield email, Right("roles/storage.objectViewer", copies)
        repository = run.at("build_config", "docker_repository")
        image = str(run.at("build_config", "image_uri") or "").split("/")
        name = last(str(repository)) if repository else image[2] if len(image) > 2 else ""
        yield email, Right("roles/artifactregistry.writer", f"repository {name}")
        yield email, Right("roles/logging.logWriter", "*")


def _dashboards(ids: Ids) -> Iterator[tuple[str, Right]]:
    """Grafana's container reads its administrator's password, and keeps its database in a bucket."""
    access = "roles/secretmanager.secretAccessor"
    for run in ids.world.of("google_cloud_run_v2_service"):
        email = str(run.at("template", "service_account") or "")
        for variable in run.at("template", "containers", "env") or ():
            if str(variable.get("name")) == "ADMIN_SECRET":
                yield email, Right(access, f"secret {last(str(variable.get('value')))}")
        for volume in run.at("template", "volumes") or ():
            for bucket in volume.get("gcs") or ():
                yield email, Right("roles/storage.objectUser", f"bucket {bucket.get('bucket')}")
    for machine in ids.world.of("google_compute_instance"):
        email = str(machine.at("service_account", "email") or "")
        start = str((machine.attributes.get("metadata") or {}).get("user-data", ""))
        for secret in ids.world.of("google_secret_manager_secret"):
            if f"/secrets/{secret.text('secret_id')}" in start:
                yield email, Right(access, f"secret {secret.text('secret_id')}")


def _strangers(ids: Ids, account: Resource) -> Iterator[str]:
    """Who else can act as an account: whoever holds a key of it, or may ask for its tokens."""
    for key in ids.world.of("google_service_account_key"):
        if last(key.text("service_account_id")) in (account.text("email"), account.text("account_id")):
            yield "whoever holds its key"
    for kind in ("member", "binding"):
        for grant in ids.world.of(f"google_service_account_iam_{kind}"):
            if last(grant.text("service_account_id")) != account.text("email"):
                continue
            for member in members_of(grant):
                if member != ids.agent or grant.text("role") != TOKENS:
                    yield member
