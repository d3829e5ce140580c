"""Ingest: from what a device sent to an event, or to the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.envelope import (
    COMMAND_RESULT,
    DEVICE_STATE,
    MOST_LEVELS,
    TELEMETRY,
    Event,
    RawMessage,
    decode_raw,
    encode,
    event_id,
    source_of,
)
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport
from twin2multicloud.runtime.ports import DeadLetter
from twin2multicloud.runtime.times import normal_time, to_epoch, to_time

TIME_KEYS: Final = ("time", "timestamp", "ts")
"""Where devices put their clock's time; the first that is there counts."""

_SKEW_S: Final = 300.0
_TYPES: Final = {"telemetry": TELEMETRY, "result": COMMAND_RESULT, "state": DEVICE_STATE}
_DECODER: Final = msgspec.json.Decoder()


@dataclass
class Ingested:
    """Events in the order of their messages, what could not become one, and what is to be reported."""

    events: list[Event] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    reports: list[ErrorReport] = field(default_factory=list)


class _MalformedError(ValueError):
    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def ingest(messages: Sequence[RawMessage], spec: TwinSpec, component: str, topic: str) -> Ingested:
    """Wrap messages as events. A dead letter keeps the message as it came, to be replayed on `topic`."""
    done = Ingested()
    # Whose time is not later than this has a clock that does not run ahead, whichever of the messages it is.
    surely_right = to_time(min((message.received for message in messages), default=0.0) + _SKEW_S)
    for message in messages:
        try:
            event = normalise(message, spec)
        except _MalformedError as problem:
            letter = dead_letter(message, topic, str(problem), component)
            done.letters.append(letter)
            done.reports.append(
                ErrorReport(
                    layer="L1",
                    severity="warning",
                    kind=problem.kind,
                    message=str(problem),
                    component=component,
                    device=message.device[:128],
                    trace=letter.id,
                )
            )
            continue
        done.events.append(event)
        if event.time > surely_right or event.type == DEVICE_STATE:
            done.reports.extend(_notes(event, message, component))
    return done


def normalise(message: RawMessage, spec: TwinSpec) -> Event:
    """One message as an event: its time made uniform and taken out of the data, its id derived from its bytes.

    Raises a `ValueError` that says what is wrong with it.
    """
    kind = spec.type_of(message.device)
    if kind is None:
        raise _MalformedError(ErrorKind.UNKNOWN_DEVICE, f"the twin has no device '{message.device[:64]}'")
    if len(message.payload) > spec.message_bytes:
        raise _MalformedError(
            ErrorKind.MALFORMED, f"{len(message.payload)} bytes; a message has at most {spec.message_bytes}"
        )
    data = _json(message.payload)
    time = ""
    for key in TIME_KEYS:
        if data.get(key) is not None:
            try:
                time = normal_time(data.pop(key))
            except ValueError as error:
                raise _MalformedError(ErrorKind.MALFORMED, f"{key}: {str(error)[:200]}") from error
            break
    time = time or to_time(message.received)
    id = event_id(message.device, time, message.payload)
    return Event(
        id=id,
        source=source_of(spec.name, message.device),
        type=_TYPES.get(message.kind, TELEMETRY),
        subject=message.device,
        time=time,
        data=data,
        dataschema=kind.model,
        trace=id[:16],
    )


def _json(payload: bytes) -> dict[str, Any]:
    try:
        data = _DECODER.decode(payload)
    except (ValueError, RecursionError) as error:
        raise _MalformedError(ErrorKind.MALFORMED, f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise _MalformedError(ErrorKind.MALFORMED, f"a JSON {_name(data)}; a message is a JSON object of its fields")
    # Counting is cheap, and nearly always enough.
    if payload.count(b"{") + payload.count(b"[") > MOST_LEVELS and _too_deep(data, MOST_LEVELS):
        raise _MalformedError(ErrorKind.MALFORMED, f"more than {MOST_LEVELS} levels of objects and arrays")
    return data


def _too_deep(value: object, levels: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return parts is not None and (levels == 0 or any(_too_deep(part, levels - 1) for part in parts))


def _name(value: object) -> str:
    names = {list: "array", str: "string", bool: "true or false", int: "number", float: "number"}
    return names.get(type(value), "null")


def _notes(event: Event, message: RawMessage, component: str) -> list[ErrorReport]:
    """What is worth a report although the message is taken: a lost device, a clock that runs ahead."""

    def note(kind: ErrorKind, text: str) -> ErrorReport:
        return ErrorReport(
            layer="L1",
            severity="warning",
            kind=kind,
            message=text,
            component=component,
            device=event.subject,
            trace=event.trace,
        )

    if event.type == DEVICE_STATE and event.data.get("connected") is False:
        return [note(ErrorKind.DISCONNECTED, "the device's connection was lost")]
    ahead = to_epoch(event.time) - message.received
    if ahead > _SKEW_S:
        return [note(ErrorKind.CLOCK_SKEW, f"the device's clock is {ahead:.0f} s ahead")]
    return []


def dead_letter(message: RawMessage | Event, topic: str, reason: str, component: str) -> DeadLetter:
    """A message on its way to the dead-letter store. The same message gives the same id."""
    if isinstance(message, RawMessage):
        id = event_id(message.device, to_time(message.received), message.payload)
        device, trace, at = message.device[:128], id[:16], to_time(message.received)
    else:
        id, device, trace, at = message.id, message.subject, message.trace, message.time
    return DeadLetter(
        id=id, topic=topic, reason=reason, body=encode(message), at=at, device=device, trace=trace, component=component
    )


def letter_text(letter: DeadLetter) -> str:
    """A dead letter's body as a person reads it: the device's own bytes where they are text."""
    if letter.body.startswith(b'{"device"'):
        try:
            return decode_raw(letter.body).payload.decode("utf-8", "backslashreplace")
        except ValueError:
            pass  # not one of ours: shown as it is
    return letter.body.decode("utf-8", "backslashreplace")
