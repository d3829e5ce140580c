"""Process: validate, user code, rules, and hand over what comes of it. L2's heart, the same in every cloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from twin2multicloud.model.spec import DeviceType, TwinSpec
from twin2multicloud.runtime.envelope import (
    COMMAND_RESULT,
    DEVICE_STATE,
    PROBE,
    TWIN_UPDATE,
    Event,
    RawMessage,
    source_of,
)
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport
from twin2multicloud.runtime.handlers.handover import Handover
from twin2multicloud.runtime.handlers.ingest import dead_letter, ingest
from twin2multicloud.runtime.handlers.rules import Rules
from twin2multicloud.runtime.handlers.validate import problems
from twin2multicloud.runtime.ports import DeadLetter, DeadLetters, Publisher, Reporter
from twin2multicloud.runtime.user_code import Device, UserCode, UserCodeError

TOPIC = "intake"
"""Where replayed messages of this handler go."""

_RACES: Final = 3
"""Times that rules are evaluated when other instances write their states at the same time."""


class _Code(Protocol):
    def process(self, module: str, reading: dict[str, object], device: Device) -> dict[str, object] | None:
        """As `UserCode.process`."""


@dataclass
class Processed:
    """What became of a batch: how many messages came in, were kept, dropped by user code, or set aside."""

    messages: int = 0
    kept: list[Event] = field(default_factory=list)
    probes: list[Event] = field(default_factory=list)
    dropped: int = 0
    letters: list[DeadLetter] = field(default_factory=list)
    updates: int = 0
    rules: int = 0
    """Rules that were evaluated, all messages together."""
    alerts: int = 0
    commands: int = 0


class Process:
    """The processing handler. Call it with a batch; an exception means the whole batch shall come again.

    Order matters: records first, then twin updates, then what rules set off, then the rules' memory; so a batch that
    comes again after a failure anywhere repeats only what is idempotent.
    """

    def __init__(
        self,
        spec: TwinSpec,
        *,
        handover: Handover,
        publisher: Publisher,
        dead_letters: DeadLetters,
        reporter: Reporter,
        rules: Rules,
        user_code: UserCode,
        component: str = "process",
    ) -> None:
        self._spec = spec
        self._handover = handover
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._reporter = reporter
        self._rules = rules
        self._code = user_code
        self._component = component
        self._twin_fields = {kind.name: twin_fields(kind) for kind in spec.device_types}

    def __call__(self, batch: Sequence[RawMessage | Event]) -> Processed:
        """Handle raw messages (local telemetry) and events (posted telemetry) together."""
        done = Processed(messages=len(batch))
        reports: list[ErrorReport] = []
        raw = [message for message in batch if isinstance(message, RawMessage)]
        taken = ingest(raw, self._spec, self._component, TOPIC)
        done.letters += taken.letters
        reports += taken.reports
        events = [*taken.events, *(message for message in batch if isinstance(message, Event))]
        # Probes go where records go, and meet neither user code nor rules, nor the graph.
        done.probes = [event for event in events if event.type == PROBE]
        for event in events:
            if event.type != PROBE:
                self._one(event, done, reports)
        # A message that was delivered twice in one batch is one record and one update.
        done.kept = list({event.id: event for event in done.kept}.values())
        self._hand_over(done, reports)
        if done.probes:
            self._handover.persist(done.probes)
        self._reporter.report(reports)
        return done

    def _one(self, event: Event, done: Processed, reports: list[ErrorReport]) -> None:
        kind = self._spec.type_of(event.subject)
        if event.type in (COMMAND_RESULT, DEVICE_STATE):
            self._answer(event, done, reports)
            return
        if kind is None:
            self._set_aside(
                event, ErrorKind.UNKNOWN_DEVICE, f"the twin has no device '{event.subject[:64]}'", done, reports
            )
            return
        wrong = problems(event.data, kind) if isinstance(event.data, dict) else ["the data is not an object"]
        if wrong:
            self._set_aside(event, ErrorKind.INVALID, "; ".join(wrong[:5]), done, reports)
            return
        if kind.processor is None:
            done.kept.append(event)
            return
        device = Device(event.subject, kind.name, event.time)
        try:
            # The event keeps its own data until the code has succeeded: it may be retried or set aside.
            result = self._code.process(kind.processor, _copy(event.data), device)
        except UserCodeError as error:
            self._set_aside(event, ErrorKind.USER_CODE, str(error), done, reports)
            return
        if result is None:
            done.dropped += 1
        else:
            done.kept.append(
                Event(
                    event.id,
                    event.source,
                    event.type,
                    event.subject,
                    event.time,
                    result,
                    event.dataschema,
                    event.trace,
                )
            )

    def _set_aside(
        self, event: Event, kind: ErrorKind, reason: str, done: Processed, reports: list[ErrorReport]
    ) -> None:
        done.letters.append(dead_letter(event, TOPIC, reason, self._component))
        reports.append(
            ErrorReport(
                layer="L1" if kind is ErrorKind.UNKNOWN_DEVICE else "L2",
                severity="warning" if kind is not ErrorKind.USER_CODE else "error",
                kind=kind,
                message=reason,
                component=self._component,
                device=event.subject,
                trace=event.trace,
            )
        )

    def _answer(self, event: Event, done: Processed, reports: list[ErrorReport]) -> None:
        """A device answered a command, or lost its connection: of interest to people, not to the stores."""
        if event.type == COMMAND_RESULT:
            done.dropped += 1
            self._publisher.publish("alerts", [event])
            said = event.data if isinstance(event.data, dict) else {}
            if said.get("status") != "ok":
                answer = str(said.get("message", "failed"))[:200]
                reports.append(
                    ErrorReport(
                        layer="L2",
                        severity="warning",
                        kind=ErrorKind.ACTION_FAILED,
                        message=f"the device answered a command with '{answer}'",
                        component=self._component,
                        device=event.subject,
                        trace=event.trace,
                    )
                )
        else:
            done.dropped += 1

    def _hand_over(self, done: Processed, reports: list[ErrorReport]) -> None:
        if done.letters:
            self._dead_letters.put(done.letters)
        if not done.kept:
            return
        self._handover.persist(done.kept)
        updates = [update for event in done.kept if (update := self._twin_update(event)) is not None]
        if updates:
            self._handover.twin_updates(updates)
            done.updates = len(updates)
        self._rule(done, reports)

    def _twin_update(self, event: Event) -> Event | None:
        kind = self._spec.type_of(event.subject)
        if kind is None:
            return None
        data = event.data
        values = {name: value for name in self._twin_fields[kind.name] if (value := data.get(name)) is not None}
        if not values:
            return None
        return Event(
            id=event.id,
            source=source_of(self._spec.name, event.subject),
            type=TWIN_UPDATE,
            subject=event.subject,
            time=event.time,
            data=values,
            dataschema=kind.model,
            trace=event.trace,
        )

    def _rule(self, done: Processed, reports: list[ErrorReport]) -> None:
        fired = self._rules.evaluate(done.kept)
        reports += fired.reports
        done.rules = fired.evaluated
        for _ in range(_RACES):
            if fired.alerts:
                self._publisher.publish("alerts", fired.alerts)
            if fired.actions:
                self._publisher.publish("actions", fired.actions)
            if fired.commands:
                self._handover.commands(fired.commands)
            done.alerts += len(fired.alerts)
            done.commands += len(fired.commands)
            lost = self._rules.commit(fired)
            if not lost:
                return
            # Another instance was quicker: what these events mean to the state that it left.
            fired = self._rules.evaluate(done.kept, lost)


def _copy(data: dict[str, object]) -> dict[str, object]:
    """A deep copy of JSON data, quicker than `copy.deepcopy`."""
    return {name: _copied(value) for name, value in data.items()}


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def twin_fields(kind: DeviceType) -> tuple[str, ...]:
    """The fields that are properties of the device's twin."""
    return kind.twin_fields or tuple(f.name for f in kind.fields if f.type not in ("object", "array"))
