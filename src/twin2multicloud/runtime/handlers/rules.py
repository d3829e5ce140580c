"""Rules: conditions over messages, with memory for `for`, hysteresis and edges, and what they set off."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from twin2multicloud.model.expressions import ExpressionError, compile_expression
from twin2multicloud.model.spec import AlertAction, CommandAction, FunctionAction, Rule, TwinSpec, WebhookAction
from twin2multicloud.runtime.envelope import ALERT, Event, source_of
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport
from twin2multicloud.runtime.ports import Command, RuleState, RuleStates
from twin2multicloud.runtime.times import to_epoch

Condition = Callable[[Mapping[str, Any], str, str], Any]
Key = tuple[str, str]

_RACES: Final = 3
_MOST_REMEMBERED: Final = 200_000


@dataclass
class Fired:
    """What a batch of messages set off."""

    alerts: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    actions: list[Event] = field(default_factory=list)
    """Alerts that also ask for a webhook or a user function."""
    reports: list[ErrorReport] = field(default_factory=list)
    evaluated: int = 0


@dataclass(frozen=True)
class _Rule:
    rule: Rule
    when: Condition
    clear: Condition | None
    devices: frozenset[str]

    def looks_at(self, device: str) -> bool:
        return not self.devices or device in self.devices


class Rules:
    """The twin's rules. `evaluate` looks at events and says what fires; `commit` then remembers that.

    What fired has deterministic ids, so evaluating a batch again after a failure in between repeats nothing. States
    are read from the store once and then kept for `refresh_s` seconds; a state is written only when it changes, and
    only if nobody else wrote it meanwhile.
    """

    def __init__(
        self,
        spec: TwinSpec,
        states: RuleStates,
        *,
        now: Callable[[], float],
        component: str = "process",
        refresh_s: float = 300.0,
    ) -> None:
        self._spec = spec
        self._states = states
        self._now = now
        self._component = component
        self._refresh_s = refresh_s
        self._by_type: dict[str, list[_Rule]] = defaultdict(list)
        for rule in spec.rules:
            self._by_type[rule.device_type].append(
                _Rule(
                    rule,
                    compile_expression(rule.when),
                    compile_expression(rule.clear) if rule.clear else None,
                    frozenset(rule.devices),
                )
            )
        self._known: dict[Key, tuple[RuleState, float]] = {}
        self._pending: dict[Key, RuleState] = {}
        self._seen: dict[Key, str] = {}

    def evaluate(self, events: Sequence[Event]) -> Fired:
        """What these events (of known devices) set off, in the order of their times."""
        fired = Fired()
        self._pending = {}
        work = [
            (event, kind.name, rule)
            for event in sorted(events, key=lambda e: (e.time, e.id))
            if (kind := self._spec.type_of(event.subject)) is not None
            for rule in self._by_type.get(kind.name, ())
            if rule.looks_at(event.subject)
        ]
        fired.evaluated = len(work)
        if not work:
            return fired
        self._read({(r.rule.name, e.subject) for e, _, r in work if r.rule.trigger == "edge"})
        for event, kind_name, rule in work:
            try:
                self._one(event, kind_name, rule, fired)
            except ExpressionError as error:
                fired.reports.append(
                    ErrorReport(
                        layer="L2",
                        severity="warning",
                        kind=ErrorKind.RULE_FAILED,
                        message=f"rule {rule.rule.name}: {error}",
                        component=self._component,
                        device=event.subject,
                        trace=event.trace,
                    )
                )
        return fired

    def commit(self) -> None:
        """Remember what `evaluate` found, once its alerts and commands are on their way."""
        changes = {}
        for key, state in self._pending.items():
            before = self._known.get(key, (RuleState(), 0.0))[0]
            if (before.since, before.fired) != (state.since, state.fired):
                state.version = before.version + 1
                changes[key] = state
        self._pending = {}
        lost = set(self._states.save(changes)) if changes else set()
        now = self._now()
        for key, state in changes.items():
            if key in lost:
                # Another instance was quicker: what it wrote is the truth, read at the next message.
                self._known.pop(key, None)
            else:
                self._known[key] = (state, now)

    def _one(self, event: Event, kind: str, rule: _Rule, fired: Fired) -> None:
        holds = rule.when(event.data, event.subject, kind) is True
        if rule.rule.trigger == "each":
            if holds:
                self._fire(event, rule.rule, fired, active=True)
            return
        key = (rule.rule.name, event.subject)
        # Late and repeated messages do not turn back what later ones have said.
        if event.time <= self._seen.get(key, ""):
            return
        state = self._pending.get(key) or self._known.get(key, (RuleState(), 0.0))[0]
        if event.time <= state.seen:
            return
        self._seen[key] = event.time
        if holds:
            since = state.since or event.time
            due = not state.fired and to_epoch(event.time) - to_epoch(since) >= rule.rule.for_s
            if due:
                self._fire(event, rule.rule, fired, active=True)
            self._pending[key] = RuleState(since, state.fired or due, event.time, state.version)
        elif state.fired and rule.clear is not None and rule.clear(event.data, event.subject, kind) is not True:
            return  # between the thresholds: stays as it is
        elif state.since or state.fired:
            if state.fired:
                self._fire(event, rule.rule, fired, active=False)
            self._pending[key] = RuleState("", False, event.time, state.version)

    def _fire(self, event: Event, rule: Rule, fired: Fired, *, active: bool) -> None:
        id = _id(rule.name, event.id, "fired" if active else "cleared")
        messages = [action.message for action in rule.actions if isinstance(action, AlertAction) and action.message]
        message = messages[0] if messages else f"{rule.name}: {rule.when}"
        alert = Event(
            id=id,
            source=source_of(self._spec.name, event.subject),
            type=ALERT,
            subject=event.subject,
            time=event.time,
            data={
                "rule": rule.name,
                "severity": rule.severity,
                "message": filled(message, event) if active else f"{rule.name} is over",
                "active": active,
                "values": {name: event.data[name] for name in sorted(event.data)[:50]} if active else {},
            },
            trace=event.trace,
        )
        fired.alerts.append(alert)
        if not active:
            return
        for number, action in enumerate(rule.actions):
            if isinstance(action, CommandAction):
                fired.commands.append(
                    Command(
                        id=_id(id, str(number), action.command),
                        device=action.device or event.subject,
                        name=action.command,
                        payload=dict(action.payload),
                        trace=event.trace,
                        time=event.time,
                    )
                )
            elif isinstance(action, WebhookAction | FunctionAction):
                fired.actions.append(
                    Event(
                        id=_id(id, str(number), "action"),
                        source=alert.source,
                        type=ALERT,
                        subject=alert.subject,
                        time=alert.time,
                        data={**alert.data, "rule": rule.name, "action": number},
                        trace=alert.trace,
                    )
                )

    def _read(self, keys: Iterable[Key]) -> None:
        now = self._now()
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
            self._seen.clear()
        stale = [key for key in keys if not 0 <= now - self._known.get(key, (None, -1e300))[1] < self._refresh_s]
        if stale:
            found = self._states.load(stale)
            for key in stale:
                self._known[key] = (found.get(key, RuleState()), now)


def _id(*parts: str) -> str:
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()


def filled(template: str, event: Event) -> str:
    """A rule's message with {device}, {time} and fields in braces put in; unknown names stay as they are."""
    text = template
    for name, value in (("device", event.subject), ("time", event.time), *event.data.items()):
        if "{" not in text:
            break
        text = text.replace("{" + str(name) + "}", str(value))
    return text[:2000]
