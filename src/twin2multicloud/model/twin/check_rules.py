"""Rules: their scope, their expressions, and what they set off."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from twin2multicloud.model.expressions import ExpressionError, check, parse
from twin2multicloud.model.expressions import Problem as Wrong
from twin2multicloud.model.names import shown
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.spec import Field
from twin2multicloud.model.twin.device_types import DeviceTypeDefinition
from twin2multicloud.model.twin.naming import secret_name_problem
from twin2multicloud.model.twin.parts import Parts, Problem
from twin2multicloud.model.twin.rule_definition import ActionDefinition, CommandCall, RuleDefinition
from twin2multicloud.model.twin.values import value_problem

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def rule_problems(parts: Parts) -> Iterator[Problem]:
    """What is wrong with the rules."""
    for index, rule in parts.rules.good:
        path: Path = ("rules", index)
        if parts.device_types.lacks(rule.on):
            hint = parts.suggest(rule.on, parts.device_types.declared)
            yield Problem((*path, "on"), f"there is no device type {shown(rule.on, 64)}{hint}")
        for place, pattern in enumerate(rule.devices or ()):
            problem = scope_problem(parts, pattern, rule.on)
            if problem is not None:
                yield Problem((*path, "devices", place), problem)
        kind = parts.device_types.good.get(rule.on)
        yield from _conditions(parts, path, rule, kind)
        for number, action in enumerate(rule.actions):
            yield from _action(parts, (*path, "actions", number), rule, action, kind)


def scope_problem(parts: Parts, pattern: str, kind: str) -> str | None:
    """Why a name or pattern means no device of a type; None if it does, or if that cannot be told."""
    if parts.devices_like(pattern, kind) or not parts.devices.complete or kind not in parts.device_types.declared:
        return None
    if "*" in pattern:
        return f"no device of type {kind} fits {shown(pattern, 64)}"
    other = parts.device_types_by_name.get(pattern)
    if other is not None:
        return f"'{pattern}' is of type {other}, not of {kind}; name a device of {kind}"
    return f"there is no device {shown(pattern, 64)}{parts.suggest(pattern, parts.device_types_by_name)}"


def _conditions(parts: Parts, path: Path, rule: RuleDefinition, kind: DeviceTypeDefinition | None) -> Iterator[Problem]:
    for name, text in (("when", rule.when), ("clear", rule.clear)):
        if text is None:
            continue
        try:
            expression = parse(text)
        except ExpressionError as error:
            wrong = [error.problem]
        else:
            wrong = [] if kind is None else check(expression, [*_fields(kind), *_scope(parts)])
        for problem in wrong:
            yield Problem((*path, name), _said(problem, text))


def _said(problem: Wrong, text: str) -> str:
    return f"{problem}" if problem.column <= len(text) + 1 else problem.message


def _fields(kind: DeviceTypeDefinition) -> list[Field]:
    return [Field(name, field.type, allowed=field.allowed) for name, field in kind.fields.items()]


@dataclass(frozen=True)
class _Known:
    """`device` or `device_type` as a field whose values are known; none given = any."""

    name: str
    allowed: Collection[str]
    type: str = "string"


def _scope(parts: Parts) -> list[_Known]:
    devices = parts.device_types_by_name.keys() if parts.devices.complete else ()
    kinds = sorted(parts.device_types.declared) if parts.device_types.complete else ()
    return [_Known("device", devices), _Known("device_type", kinds)]


def _action(
    parts: Parts, path: Path, rule: RuleDefinition, action: ActionDefinition, kind: DeviceTypeDefinition | None
) -> Iterator[Problem]:
    if action.alert and kind is not None:
        known = [*kind.fields, "device", "time"]
        for name in dict.fromkeys(_PLACEHOLDER.findall(action.alert)):
            if name not in known:
                hint = parts.suggest(name, known)
                yield Problem((*path, "alert"), f"{{{name[:64]}}} names no field of {rule.on}{hint}")
    if action.command is not None:
        yield from _command(parts, (*path, "command"), rule, action.command)
    if action.webhook is not None:
        problem = url_problem(action.webhook.url)
        if problem is not None:
            yield Problem((*path, "webhook"), problem)
        if action.webhook.secret and (problem := secret_name_problem(action.webhook.secret)):
            yield Problem((*path, "webhook", "secret"), problem)


def _command(parts: Parts, path: Path, rule: RuleDefinition, call: CommandCall) -> Iterator[Problem]:
    target = rule.on
    if call.device:
        found = parts.device_types_by_name.get(call.device)
        if found is None:
            if parts.devices.complete:
                hint = parts.suggest(call.device, parts.device_types_by_name)
                yield Problem((*path, "device"), f"there is no device {shown(call.device, 64)}{hint}")
            return
        target = found
    kind = parts.device_types.good.get(target)
    if kind is None:
        return
    command = kind.commands.get(call.name)
    if command is None:
        hint = parts.suggest(call.name, kind.commands)
        yield Problem((*path, "name"), f"devices of type {target} know no command {shown(call.name, 64)}{hint}")
        return
    for name, value in call.payload.items():
        if name not in command.fields:
            hint = parts.suggest(name, command.fields) or "; remove it"
            yield Problem((*path, "payload", name), f"the command {call.name} has no field {shown(name, 64)}{hint}")
        elif problem := value_problem(value, command.fields[name]):
            yield Problem((*path, "payload", name), problem)
    for name, field in command.fields.items():
        if field.required and name not in call.payload:
            yield Problem((*path, "payload"), f"the command {call.name} needs '{name}'; write {name}: a {field.type}")


def url_problem(url: str) -> str | None:
    """Why a webhook cannot be posted to; None if it can."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"is not a URL: {error}"
    del port
    if parts.scheme not in ("https", "http") or not host or any(c.isspace() or not c.isprintable() for c in url):
        return "is not a URL; write https://host/path"
    if parts.username is not None or parts.password is not None:
        return "has a user name or password in it; sign with a secret instead: {url: …, secret: NAME}"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "is not encrypted; write https (http is for this machine only)"
    return None
