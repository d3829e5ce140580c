"""What `alerts routes` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.asking import agreed
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.alert_routes import (
    AlertRoute,
    EmailInput,
    NewAlertRoute,
    RoutePatch,
    WebhookInput,
)
from twin2multicloud.model.documents import decoded, read_source
from twin2multicloud.model.errors import Finding, InvalidInputError

BodyT = TypeVar("BodyT", bound=BaseModel)
_NOT_TOLD = 6


@dataclass(frozen=True)
class Wanted:
    """What a route is told of."""

    severity: str | None
    twins: Sequence[str]
    layers: Sequence[str]
    only_escalated: bool

    def body(self, client: Client) -> dict[str, Any]:
        """As it is sent, twins by their ids."""
        return {
            "min_severity": self.severity or "warning",
            "twins": [client.twins.find(each) for each in self.twins],
            "layers": list(self.layers),
            "only_escalated": self.only_escalated,
        }


@dataclass(frozen=True)
class Changes:
    """What is to be different; None for what stays."""

    name: str | None
    severity: str | None
    enabled: bool | None


def checked(shape: type[BodyT], body: dict[str, Any], source: str) -> BodyT:
    """A body as it is sent; `InvalidInputError` names what is wrong, without what was given, which may be secret."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        findings = [
            Finding(".".join(str(part) for part in each["loc"]), each["msg"].removeprefix("Value error, "))
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInputError(source, findings) from None


def list_all(client: Client, workspace: str | None, json_output: bool) -> int:
    """`alerts routes list`."""
    found = client.alert_routes.list(client.workspaces.find(workspace))
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("name", "by", "to", "from", "of", "told (UTC)", ">waiting", "", "id"),
        (_row(each) for each in found),
        "no routes; `twin2multicloud alerts routes add-webhook` or `add-email` makes one",
    )
    return 0


def add_webhook(client: Client, workspace: str | None, name: str, file: str, wanted: Wanted, json_output: bool) -> int:
    """`alerts routes add-webhook`."""
    content, source = read_source(file)
    body = {"kind": "webhook", "name": name, "url": decoded(content, source).strip(), **wanted.body(client)}
    given = checked(WebhookInput, body, source)
    return _told_with_secret(client.alert_routes.create(client.workspaces.find(workspace), given), json_output)


def add_email(
    client: Client, workspace: str | None, name: str, to: Sequence[str], wanted: Wanted, json_output: bool
) -> int:
    """`alerts routes add-email`."""
    body = {"kind": "email", "name": name, "to": list(to), **wanted.body(client)}
    given = checked(EmailInput, body, "the route")
    return _told_with_secret(client.alert_routes.create(client.workspaces.find(workspace), given), json_output)


def change(client: Client, workspace: str | None, wanted: str, changes: Changes, json_output: bool) -> int:
    """`alerts routes change`."""
    there = client.alert_routes.find(client.workspaces.find(workspace), wanted)
    body = {"name": changes.name, "min_severity": changes.severity, "enabled": changes.enabled}
    changed = client.alert_routes.change(there, checked(RoutePatch, body, "the route"))
    return _told(changed, "is changed", json_output)


def try_out(client: Client, workspace: str | None, wanted: str, json_output: bool) -> int:
    """`alerts routes test`."""
    there = client.alert_routes.find(client.workspaces.find(workspace), wanted)
    found = client.alert_routes.test(there)
    if json_output:
        records.print_model(found)
    elif found.told:
        say(f"✓ {there.name} was told within {found.took_s:.1f} s")
    else:
        say(f"✗ {there.name} could not be told: {found.problem}")
    return 0 if found.told else _NOT_TOLD


def secret(client: Client, workspace: str | None, wanted: str, json_output: bool) -> int:
    """`alerts routes secret`."""
    there = client.alert_routes.find(client.workspaces.find(workspace), wanted)
    return _told_with_secret(client.alert_routes.renew_secret(there), json_output)


def notices(client: Client, workspace: str | None, wanted: str, limit: int, json_output: bool) -> int:
    """`alerts routes notices`."""
    there = client.alert_routes.find(client.workspaces.find(workspace), wanted)
    found = client.alert_routes.notices(there, limit=limit)
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("written (UTC)", "why", "alert", "", ">attempts", "problem"),
        (
            (moment(each.created_at), each.reason, each.alert, each.status, f"{each.attempts}", each.problem or NONE)
            for each in found
        ),
        "nothing was told by it yet",
    )
    return 0


def delete(client: Client, workspace: str | None, wanted: str, yes: bool, json_output: bool) -> int:
    """`alerts routes delete`."""
    there = client.alert_routes.find(client.workspaces.find(workspace), wanted)
    if not yes and not agreed(f"Forget the route '{there.name}'?", there.name):
        say("nothing was deleted")
        return 8
    client.alert_routes.delete(there)
    if json_output:
        records.print_model({"deleted": there.id})
    else:
        say(f"✓ {there.name} is gone")
    return 0


def _told(route: AlertRoute, what: str, json_output: bool) -> int:
    if json_output:
        records.print_model(route)
    else:
        say(f"✓ {route.name} ({route.address}) {what}")
    return 0


def _told_with_secret(made: NewAlertRoute, json_output: bool) -> int:
    _told(made, "tells of alerts", json_output)
    if made.secret is not None and not json_output:
        say("what it is signed with, which is not shown again:")
        print(made.secret)
    return 0


def _row(route: AlertRoute) -> tuple[str, ...]:
    of = ", ".join(filter(None, (f"{len(route.twins)} twins" if route.twins else "", *route.layers))) or "all"
    state = "off" if not route.enabled else f"✗ {route.problem}" if route.problem else "✓" if route.told_at else NONE
    first = f"{route.min_severity}{', escalated' if route.only_escalated else ''}"
    return (
        route.name, route.kind, route.address, first, of, moment(route.told_at), f"{route.waiting:,}", state, route.id,
    )  # fmt: skip
