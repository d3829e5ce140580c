"""What `alerts mutes` and `alerts policy` do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.alert_routes import checked
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.alert_policy import AlertPolicy, MuteRuleInput, PolicyInput
from twin2multicloud.model.errors import UsageError


@dataclass(frozen=True)
class MuteRequest:
    """Which alerts are to be quiet, and how long."""

    minutes: int
    twin: str | None
    layer: str
    kind: str
    note: str


@dataclass(frozen=True)
class PolicyRequest:
    """All of a policy, as it was written: `KIND=SEVERITY`, and `MINUTES:ROUTE`."""

    severities: Sequence[str]
    escalate_from: str
    steps: Sequence[str]


def list_mutes(client: Client, workspace: str | None, json_output: bool) -> int:
    """`alerts mutes list`."""
    found = client.alert_routes.mute_rules(client.workspaces.find(workspace))
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("until (UTC)", "twin", "layer", "kind", ">alerts", "by", "why", "id"),
        (
            (
                moment(each.until),
                each.twin or "all",
                each.layer,
                each.kind,
                f"{each.muted:,}",
                each.created_by,
                each.note or NONE,
                each.id,
            )
            for each in found
        ),
        "no rule keeps alerts quiet",
    )
    return 0


def add_mute(client: Client, workspace: str | None, wanted: MuteRequest, json_output: bool) -> int:
    """`alerts mutes add`."""
    twin = None if wanted.twin is None else client.twins.find(wanted.twin)
    body = {
        "twin": twin,
        "layer": wanted.layer,
        "kind": wanted.kind,
        "minutes": wanted.minutes,
        "note": wanted.note,
    }
    made = client.alert_routes.mute(client.workspaces.find(workspace), checked(MuteRuleInput, body, "the rule"))
    if json_output:
        records.print_model(made)
    else:
        say(f"✓ {made.id} keeps {made.muted:,} alerts quiet, and what comes, until {moment(made.until)} UTC")
    return 0


def end_mute(client: Client, workspace: str | None, rule: str, json_output: bool) -> int:
    """`alerts mutes end`."""
    client.alert_routes.end_mute_rule(client.workspaces.find(workspace), rule)
    if json_output:
        records.print_model({"deleted": rule})
    else:
        say(f"✓ {rule} has ended")
    return 0


def show_policy(client: Client, workspace: str | None, json_output: bool) -> int:
    """`alerts policy show`."""
    place = client.workspaces.find(workspace)
    return _told(client, place, client.alert_routes.policy(place), json_output)


def set_policy(client: Client, workspace: str | None, wanted: PolicyRequest, json_output: bool) -> int:
    """`alerts policy set`."""
    place = client.workspaces.find(workspace)
    seen = client.alert_routes.policy(place).version
    body = {
        "severities": dict(_parts(each, "=", "--severity KIND=SEVERITY") for each in wanted.severities),
        "escalate_from": wanted.escalate_from,
        "steps": [
            {"after_minutes": minutes, "route": client.alert_routes.find(place, route).id}
            for minutes, route in (_parts(each, ":", "--step MINUTES:ROUTE") for each in wanted.steps)
        ],
    }
    made = client.alert_routes.set_policy(place, checked(PolicyInput, body, "the policy"), seen)
    return _told(client, place, made, json_output)


def _parts(text: str, sign: str, form: str) -> tuple[str, str]:
    first, found, second = text.partition(sign)
    if not found or not first or not second:
        raise UsageError(f"{text[:60]!r}: write it as in {form}")
    return first, second


def _told(client: Client, place: str, policy: AlertPolicy, json_output: bool) -> int:
    if json_output:
        records.print_model(policy)
        return 0
    names = {each.id: each.name for each in client.alert_routes.list(place)}
    records.print_table(
        ("kind", "counts as"), sorted(policy.severities.items()), "every kind counts as severe as it is found"
    )
    records.print_table(
        (">after", "told"),
        ((f"{step.after_minutes:,} min", names.get(step.route, step.route)) for step in policy.steps),
        "nothing is escalated",
    )
    if policy.steps:
        say(f"from {policy.escalate_from} on, unless somebody looks after it")
    return 0
