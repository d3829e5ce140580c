"""Rules: conditions over messages, with memory for `for`, hysteresis and edges, and what they set off."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from twin2multicloud.model.expressions import ExpressionError, compile_expression
from twin2multicloud.model.spec import AlertAction, CommandAction, FunctionAction, Rule, TwinSpec, WebhookAction
from twin2multicloud.runtime.envelope import ALERT, Event, source_of
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, StoreError
from twin2multicloud.runtime.ports import Command, RuleState, RuleStates
from twin2multicloud.runtime.times import to_epoch

Condition = Callable[[Mapping[str, Any], str, str], Any]
Key = tuple[str, str]

_MOST_REMEMBERED: Final = 200_000
_MOST_VALUES: Final = 50
_WHOLE_VALUES_BYTES: Final = 16_384
_LONGEST_TEXT: Final = 200
_LONGEST_MESSAGE: Final = 2000


@dataclass
class Fired:
    """What a batch of messages set off. `states` and `seen` are what the rules will remember once it is committed."""

    alerts: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    actions: list[Event] = field(default_factory=list)
    """Alerts that also ask for a webhook or a user function."""
    reports: list[ErrorReport] = field(default_factory=list)
    evaluated: int = 0
    states: dict[Key, RuleState] = field(default_factory=dict)
    before: dict[Key, RuleState] = field(default_factory=dict)
    """The states that `states` follow from, as they were in the store."""
    seen: dict[Key, str] = field(default_factory=dict)
    turned: set[Key] = field(default_factory=set)
    """The edge rules that fired or were cleared."""


@dataclass(frozen=True)
class _Rule:
    rule: Rule
    when: Condition
    clear: Condition | None
    devices: frozenset[str]

    def looks_at(self, device: str) -> bool:
        return not self.devices or device in self.devices


@dataclass
class _Known:
    """A state as last read or written, when that was, and the latest event time looked at in this process."""

    state: RuleState
    at: float
    seen: str = ""


_NOTHING: Final = RuleState()
_Work = Sequence[tuple[Event, str, _Rule]]


class Rules:
    """The twin's rules. `evaluate` looks at events and says what fires; `commit` then remembers that.

    What fired has deterministic ids, so evaluating a batch again after a failure in between repeats nothing: until
    `commit` nothing is remembered at all. States are read from the store once and then kept for `refresh_s` seconds;
    a state is written only when it changes, and only if nobody else wrote it meanwhile. Whoever is `alone` with the
    store trusts its memory; otherwise a rule that is about to fire or to be cleared has its state read once more.

    Several threads may use it.
    """

    def __init__(
        self,
        spec: TwinSpec,
        states: RuleStates,
        *,
        now: Callable[[], float],
        component: str = "process",
        refresh_s: float = 300.0,
        alone: bool = False,
    ) -> None:
        self._spec = spec
        self._states = states
        self._now = now
        self._component = component
        self._refresh_s = refresh_s
        self._alone = alone
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
        self._known: dict[Key, _Known] = {}
        self._lock = threading.Lock()

    def evaluate(self, events: Sequence[Event], only: Collection[Key] | None = None) -> Fired:
        """What these events (of known devices) set off, in the order of their times; `only` of these rules."""
        work = [
            (event, kind.name, rule)
            for event in sorted(events, key=lambda e: (e.time, e.id))
            if (kind := self._spec.type_of(event.subject)) is not None
            for rule in self._by_type.get(kind.name, ())
            if rule.looks_at(event.subject) and (only is None or (rule.rule.name, event.subject) in only)
        ]
        if not work:
            return Fired()
        fresh = self._read({(r.rule.name, e.subject) for e, _, r in work if r.rule.trigger == "edge"})
        fired = self._all(work)
        if not self._alone and (unsure := fired.turned - fresh) and self._have_changed(unsure):
            fired = self._all(work)
        return fired

    def commit(self, fired: Fired) -> set[Key]:
        """Remember what `evaluate` found, once its alerts and commands are on their way.

        Answers the rules of which another instance was quicker to write the state: what it wrote is the truth, and
        the events are to be evaluated again for these (`only`).
        """
        changes = {
            key: RuleState(state.since, state.fired, state.seen, fired.before[key].version + 1)
            for key, state in fired.states.items()
            if (state.since, state.fired) != (fired.before[key].since, fired.before[key].fired)
        }
        try:
            lost = set(self._states.save(changes)) if changes else set()
        except StoreError:
            # Perhaps they are saved all the same: what is remembered may be wrong from here on.
            with self._lock:
                for key in changes:
                    self._known.pop(key, None)
            raise
        now = self._now()
        with self._lock:
            for key in lost:
                self._known.pop(key, None)
            for key, state in changes.items():
                if key not in lost:
                    self._known[key] = _Known(state, now)
            for key, seen in fired.seen.items():
                if key not in lost and (known := self._known.get(key)) is not None:
                    known.seen = max(known.seen, seen)
        return lost

    def _all(self, work: _Work) -> Fired:
        fired = Fired(evaluated=len(work))
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

    def _one(self, event: Event, kind: str, rule: _Rule, fired: Fired) -> None:
        holds = rule.when(event.data, event.subject, kind) is True
        if rule.rule.trigger == "each":
            if holds:
                self._fire(event, rule.rule, fired, active=True)
            return
        key = (rule.rule.name, event.subject)
        state, seen = self._state(key, fired)
        # Late messages do not turn back what later ones have said. One that comes again changes nothing anyway.
        if event.time < seen:
            return
        if holds:
            since = state.since or event.time
            due = not state.fired and to_epoch(event.time) - to_epoch(since) >= rule.rule.for_s
            if due:
                self._fire(event, rule.rule, fired, active=True)
                fired.turned.add(key)
            after = RuleState(since, state.fired or due, event.time)
        elif state.fired and rule.clear is not None and rule.clear(event.data, event.subject, kind) is not True:
            after = state  # between the thresholds: stays as it is
        elif state.since or state.fired:
            if state.fired:
                self._fire(event, rule.rule, fired, active=False)
                fired.turned.add(key)
            after = RuleState("", False, event.time)
        else:
            after = state
        if after is not state:
            fired.states[key] = after
        fired.seen[key] = event.time

    def _state(self, key: Key, fired: Fired) -> tuple[RuleState, str]:
        """A rule's state after the messages evaluated so far, and the latest time it looked at."""
        if key not in fired.before:
            with self._lock:
                known = self._known.get(key)
                state, seen = (_NOTHING, "") if known is None else (known.state, max(known.seen, known.state.seen))
            fired.before[key] = state
            fired.seen[key] = seen
        return fired.states.get(key) or fired.before[key], fired.seen[key]

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
                "values": _values(event.data) if active else {},
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

    def _read(self, keys: Iterable[Key]) -> set[Key]:
        """Read the states that are not known or not trusted any more; which these were."""
        now = self._now()
        with self._lock:
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            stale = sorted(
                key
                for key in keys
                if (known := self._known.get(key)) is None or not 0 <= now - known.at < self._refresh_s
            )
        if stale:
            self._learn(self._states.load(stale), stale, now)
        return set(stale)

    def _have_changed(self, keys: Collection[Key]) -> bool:
        """Read these states; whether another instance has written any of them since."""
        with self._lock:
            before = {key: known.state.version for key in keys if (known := self._known.get(key)) is not None}
        found = self._states.load(sorted(keys))
        self._learn(found, keys, self._now())
        return any(found.get(key, _NOTHING).version != before.get(key, 0) for key in keys)

    def _learn(self, found: Mapping[Key, RuleState], keys: Iterable[Key], now: float) -> None:
        with self._lock:
            for key in keys:
                known = self._known.get(key)
                self._known[key] = _Known(found.get(key, _NOTHING), now, "" if known is None else known.seen)


def _id(*parts: str) -> str:
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()


def _values(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an alert says of the message that set it off: all of it or, of a large one, its numbers and short texts."""
    names = sorted(data)[:_MOST_VALUES]
    if len(msgspec.json.encode(data)) <= _WHOLE_VALUES_BYTES:
        return {name: data[name] for name in names}
    return {
        name: value[:_LONGEST_TEXT] if isinstance(value, str) else value
        for name in names
        if not isinstance(value := data[name], dict | list) and len(name) <= _LONGEST_TEXT
    }


_PLACE: Final = re.compile(r"\{([^{}]*)\}")


def filled(template: str, event: Event) -> str:
    """A rule's message with {device}, {time} and fields in braces put in; unknown names stay as they are.

    What is put in is text: it is not looked at for braces again, and control characters in it become spaces.
    """
    known = {**event.data, "device": event.subject, "time": event.time}

    def value(place: re.Match[str]) -> str:
        name = place[1]
        return _shown(known[name]) if name in known else place[0]

    return _PLACE.sub(value, template[:_LONGEST_MESSAGE])[:_LONGEST_MESSAGE]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    short = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
    return "".join(character if character.isprintable() else " " for character in short)
