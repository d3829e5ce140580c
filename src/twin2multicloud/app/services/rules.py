"""A twin's rules in words, and what they did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.redaction import redacted_text
from twin2multicloud.app.schemas import watching as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services.definitions import defined
from twin2multicloud.app.services.watching import ask, text_moment
from twin2multicloud.model.spec import (
    Action,
    CommandAction,
    FunctionAction,
    Rule,
    WebhookAction,
)

_MOST_NAMED: Final = 20


def rules(backend: Backend, twin_id: str, target: Target) -> shapes.TwinRules:
    """All rules of the definition."""
    known = defined(backend, twin_id)
    told = ask(backend, twin_id, target, lambda client: client.rules())
    found = told.answer
    return shapes.TwinRules(
        live=found is not None,
        problem=told.problem,
        twin_time=told.twin_time,
        rules=[_rule(rule, None if found is None else found.get(rule.name, {})) for rule in known.spec.rules],
    )


def _rule(rule: Rule, found: Mapping[str, Any] | None) -> shapes.TwinRule:
    shown = shapes.TwinRule(
        name=rule.name,
        device_type=rule.device_type,
        devices=list(rule.devices[:_MOST_NAMED]),
        device_count=len(rule.devices),
        when=rule.when,
        for_s=rule.for_s,
        clear=rule.clear,
        trigger=rule.trigger,
        severity=rule.severity,
        actions=[action_text(action) for action in rule.actions],
    )
    if found is None:
        return shown
    seen = {"fired": found.get("fired", 0), "last_fired_at": text_moment(found.get("last"))}
    if rule.trigger == "edge":
        count = found.get("active", 0)
        seen |= {"active": count > 0, "active_count": count, "active_devices": found.get("devices", [])}
    return shown.model_copy(update=seen)


def action_text(action: Action) -> str:
    """What an action does, in words; without what looks like a secret in a URL."""
    if isinstance(action, CommandAction):
        to = action.device or "the device"
        given = ", ".join(f"{name}={value}" for name, value in action.payload.items())
        return f"sends {action.command}{f' ({given})' if given else ''} to {to}"
    if isinstance(action, WebhookAction):
        return f"posts to {redacted_text(action.url)}{', signed' if action.secret else ''}"
    if isinstance(action, FunctionAction):
        return f"calls {action.name}"
    return f"raises an alert: {action.message}" if action.message else "raises an alert"
