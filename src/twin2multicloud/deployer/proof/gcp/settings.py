"""Settings of Google Cloud that keep data to ourselves, and the indexes and rules that the adapters rely on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.gcp.functions import EVERYBODY
from twin2multicloud.deployer.proof.gcp.ids import ACCOUNT, BUCKET, FUNCTION, Ids, last, members_of
from twin2multicloud.deployer.proof.view import FunctionView
from twin2multicloud.model.slots import Slot

_HOT: Final = (("device", "time", "ASCENDING"), ("device", "time", "DESCENDING"))
_PENDING: Final = (("device", "at", "ASCENDING"),)
_TWINS: Final = (("model", "id", "ASCENDING"),)
_RUNTIME: Final = "python312"
_ENTRY: Final = "main"
_DOORS: Final = (
    "google_compute_global_forwarding_rule",
    "google_compute_forwarding_rule",
    "google_api_gateway_gateway",
)
_DEVICES: Final = "principalSet://iam.googleapis.com/"
"""Devices, whose pool is a rule of its own (`routes`)."""
_INVOKE: Final = "google_cloud_run_v2_service_iam_member"
_WEB: Final = frozenset({"80", "443"})


def settings(
    deployment: Deployment,
    ids: Ids,
    functions: tuple[FunctionView, ...],
    planned: tuple[tuple[str, FunctionPlan], ...],
    prefix: str,
) -> Iterator[Finding]:
    """All findings about settings."""
    yield from _buckets(ids)
    yield from _hosts(ids)
    yield from _strangers(ids)
    yield from _open(ids, functions)
    yield from _shapes(deployment, ids, planned, prefix)
    for version in ids.world.of("google_secret_manager_secret_version"):
        what = "a secret's value is in a state, where whoever reads the state finds it"
        yield Finding(version.where, Rule.SECRETS, what, "write it by the wiring step alone")


def _buckets(ids: Ids) -> Iterator[Finding]:
    for bucket in ids.world.of(BUCKET):
        if bucket.text("public_access_prevention") != "enforced":
            what = "it could be made public"
            yield Finding(bucket.where, Rule.PUBLIC, what, "set public_access_prevention = enforced")
        if not bucket.flag("uniform_bucket_level_access"):
            what = "single objects have access lists of their own"
            yield Finding(bucket.where, Rule.PUBLIC, what, "set uniform_bucket_level_access = true")
        if bucket.at("soft_delete_policy", "retention_duration_seconds") != 0:
            what = "what was deleted is kept, and billed, for a week"
            yield Finding(bucket.where, Rule.SHAPE, what, "switch soft deletion off")


def _hosts(ids: Ids) -> Iterator[Finding]:
    """Functions start what packages hold (`deployer.hosts`)."""
    for run in ids.world.of(FUNCTION):
        started = (str(run.at("build_config", "runtime")), str(run.at("build_config", "entry_point")))
        if started != (_RUNTIME, _ENTRY):
            what = f"it starts {' '.join(started)}; packages are made for {_RUNTIME} {_ENTRY}"
            yield Finding(run.where, Rule.SHAPE, what, "set runtime and entry point")
    for door in ids.world.of(*_DOORS):
        what = "it lets the public in, though nothing of a twin needs it"
        yield Finding(door.where, Rule.PUBLIC, what, "destroy it, or find out who made it")


def _strangers(ids: Ids) -> Iterator[Finding]:
    """Nobody has a role but our own accounts, Google's own for us, and devices; everybody is looked at elsewhere."""
    known = {f"serviceAccount:{account.text('email')}" for account in ids.world.of(ACCOUNT)} | {ids.agent, *EVERYBODY}
    for grant in ids.world.resources:
        if grant.type.startswith("google_service_account_iam"):
            continue  # who may act as an account is a rule of its own
        for member in members_of(grant):
            if member not in known and not member.startswith(_DEVICES):
                what = f"{member} has {grant.text('role')}"
                yield Finding(grant.where, Rule.RIGHT_EXCESS, what, "take it away")


def _open(ids: Ids, functions: tuple[FunctionView, ...]) -> Iterator[Finding]:
    """Everybody is let in to functions and dashboards only, of which the functions' own rule looks at the first."""
    doors = {function.name for function in functions}
    doors |= {run.text("name") for run in ids.runs if run.address.endswith(".dashboards")}
    for grant in ids.world.resources:
        door = grant.type == _INVOKE and last(grant.text("name")) in doors
        if not door and any(member in EVERYBODY for member in members_of(grant)):
            what = f"everybody has {grant.text('role')}"
            yield Finding(grant.where, Rule.PUBLIC, what, "name who shall have it")
    for wall in ids.world.of("google_compute_firewall"):
        ports = {str(port) for allow in wall.blocks("allow") for port in allow.get("ports") or ("all",)}
        if wall.text("direction") != "EGRESS" and not ports <= _WEB:
            what = f"it lets the world in at {', '.join(sorted(ports - _WEB))}"
            yield Finding(wall.where, Rule.PUBLIC, what, "open 80 and 443 alone")


def _shapes(
    deployment: Deployment, ids: Ids, planned: tuple[tuple[str, FunctionPlan], ...], prefix: str
) -> Iterator[Finding]:
    """Firestore's indexes and times to live, Bigtable's family, for what functions here use."""
    words = {word for _, plan in planned for word in plan.grants}
    places, retention = deployment.blueprint.places, deployment.spec.retention
    bigtable = places[Slot.HOT].offer == "gcp.bigtable"
    stack = Where(next((name for name, _ in planned), ""))
    hot = any(word.startswith("hot.") for word in words) and not bigtable
    wanted: list[tuple[str, tuple[tuple[str, str, str], ...]]] = []
    ends: list[str] = ["nonces"] if "nonces" in words else []
    if hot:
        wanted.append(("hot", _HOT))
        ends += ["hot"] if retention.archive_s <= retention.hot_s else []
    if "pending-commands" in words:
        wanted.append(("pending-commands", _PENDING))
        ends.append("pending-commands")
    if any(word.startswith("graph.") for word in words):
        wanted.append(("twins", _TWINS))
    for collection, indexes in wanted:
        for index in indexes:
            if index not in set(_indexes(ids, f"{prefix}{collection}")):
                what = f"the collection {collection} has no index ({index[0]}, {index[1]} {index[2].lower()})"
                yield Finding(stack, Rule.SHAPE, what, "make it: the runtime's questions need it")
    for collection in ends:
        if not _expires(ids, f"{prefix}{collection}"):
            what = f"nothing in the collection {collection} that expires ever goes"
            yield Finding(stack, Rule.SHAPE, what, "give it a time to live by 'expires'")
    if bigtable and any(word.startswith("hot.") for word in words):
        yield from _families(ids)


def _indexes(ids: Ids, collection: str) -> Iterator[tuple[str, str, str]]:
    for index in ids.world.of("google_firestore_index"):
        fields = index.blocks("fields")
        named = [str(field.get("field_path")) for field in fields if field.get("field_path") != "__name__"]
        if index.text("collection") == collection and len(named) == 2:
            yield named[0], named[1], str(fields[1].get("order"))


def _expires(ids: Ids, collection: str) -> bool:
    return any(
        field.text("collection") == collection and field.text("field") == "expires" and field.blocks("ttl_config")
        for field in ids.world.of("google_firestore_field")
    )


def _families(ids: Ids) -> Iterator[Finding]:
    for table in ids.world.of("google_bigtable_table"):
        families = {str(family.get("family")) for family in table.blocks("column_family")}
        if families != {"r"}:
            what = f"it has the column families {', '.join(sorted(families)) or 'none'}; the runtime's is r"
            yield Finding(table.where, Rule.SHAPE, what, "make it anew with that family")
