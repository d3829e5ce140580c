"""What the handlers need of a cloud. Every adapter implements these; `tests/contracts` holds all of them to it.

Rules for every method, unless its docstring says otherwise: it may block; it is idempotent, so that a caller retries
the whole call after any failure; a failure that may pass is a `StoreError`; nothing partial is an error to be hidden.
Times are text as in `runtime.times` (ranges are half open: start ≤ time < end). Calls may come from several threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from twin2multicloud.runtime.envelope import Event, RawMessage
from twin2multicloud.runtime.failures import ErrorReport


class HotStore(Protocol):
    """L3 hot: recent telemetry by device and time. A record is an event of type TELEMETRY, kept unchanged."""

    def put(self, events: Sequence[Event]) -> None:
        """Write records; one that is there already (same device, time and id) stays as it is. All or a `StoreError`."""

    def last(self, device: str) -> Event | None:
        """The device's record of the latest event time."""

    def history(self, device: str, start: str, end: str, limit: int, *, newest_first: bool = True) -> list[Event]:
        """At most `limit` records of a device, by event time (then id)."""

    def earliest(self, devices: Sequence[str], before: str) -> str | None:
        """The earliest event time before `before` among the devices' records; None if there is none."""

    def between(self, devices: Sequence[str], start: str, end: str) -> list[Event]:
        """All records of the devices in a time range, by time, device and id."""

    def delete(self, events: Sequence[Event]) -> None:
        """Remove records (those that are not there any more are no error)."""


class StoredObject(msgspec.Struct, frozen=True):
    """An object of a cool or archive tier: its key, size in bytes, metadata and storage class."""

    key: str
    size: int
    metadata: dict[str, str]
    storage_class: str


class ObjectStore(Protocol):
    """L3 cool and archive: whole objects, never changed once written. Metadata keys are [a-z0-9_]+, values ASCII.

    Storage classes are ours: "standard", "cool" or "archive"; an adapter knows its service's class for each.
    """

    def create(self, key: str, body: bytes, metadata: Mapping[str, str], storage_class: str) -> bool:
        """Write an object unless the key exists; False (and nothing changed) if it does. Not idempotent by itself:
        a caller that retries sees False and compares with `head`."""

    def get(self, key: str) -> bytes:
        """An object's bytes. `KeyError` if there is none; `StoreError` if it must be restored first."""

    def head(self, key: str) -> StoredObject | None:
        """What is known of an object, None if there is none."""

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[StoredObject]:
        """Objects by key, beginning after `after`. Metadata may be empty where a service does not list it."""

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""

    def set_class(self, key: str, storage_class: str) -> None:
        """Move an object to another storage class at the same place. `KeyError` if there is none."""


class Update(msgspec.Struct, frozen=True, omit_defaults=True):
    """New values of a twin's properties, as of an event time."""

    entity: str
    values: dict[str, Any]
    time: str
    event: str = ""


class EntityState(msgspec.Struct, omit_defaults=True):
    """A twin and the last value of each of its properties, with each value's event time."""

    id: str
    model: str
    values: dict[str, Any]
    times: dict[str, str]


class Relation(msgspec.Struct, frozen=True):
    """A relationship of the twin graph."""

    source: str
    name: str
    target: str


class TwinGraph(Protocol):
    """L4: twins (of devices and other entities), their properties and relationships."""

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """Make DTDL interfaces known; one that is known already stays."""

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """Create twins. One that exists keeps the values it has."""

    def relate(self, relations: Sequence[Relation]) -> None:
        """Create relationships between existing twins; one that exists stays."""

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """Remove relationships; those not there are no error, nor are ends that do not exist."""

    def update(self, updates: Sequence[Update]) -> None:
        """Set properties; a value whose time is not later than the one there is ignored (late and repeated updates
        change nothing). A twin that does not exist is a `RejectedError` naming it, after all others are set."""

    def get(self, entity: str) -> EntityState | None:
        """A twin's state."""

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """Twins by id, beginning after `after`; of one model, if named."""

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """The relationships that leave a twin, by name and target."""

    def delete_entities(self, ids: Sequence[str]) -> None:
        """Remove twins with their relationships, in and out."""


class Publisher(Protocol):
    """Queues and topics of the own cloud, by their names in the blueprint: intake, persist-outbox, alerts, errors …"""

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        """Hand events over durably, in order. Returns once they are safe."""


class RawPublisher(Publisher, Protocol):
    """A publisher that also puts back what devices sent as they sent it, which dead letters may be."""

    def publish_raw(self, topic: str, messages: Sequence[RawMessage]) -> None:
        """As `publish`. `RejectedError` for a message that the queue cannot take."""


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command to a device. `id` is deterministic, so that a repeated command is recognised by the device.

    `time` is the event time of what brought the command about.
    """

    id: str
    device: str
    name: str
    payload: dict[str, Any] = {}
    trace: str = ""
    time: str = ""


class Commands(Protocol):
    """The way back to devices."""

    def send(self, commands: Sequence[Command]) -> None:
        """Hand commands to the acquisition service, which delivers them (at least once) when it can.
        `DeviceOfflineError` names the devices it neither reaches nor queues for."""


class Secrets(Protocol):
    """The own cloud's secret store, which also holds the links document (`runtime.links`)."""

    def get(self, name: str) -> str:
        """A secret's current value. `KeyError` if there is none. May be cached for up to a minute."""

    def put(self, name: str, value: str) -> None:
        """Set a secret."""


class Clock(Protocol):
    """The time of the twin."""

    def now(self) -> float:
        """Seconds since 1970."""


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that can not be handled: what it was, where it got stuck, why. `body` is the message as it came.

    `topic` is where `replay` puts it again. `id` is that of the message, so that a repeat does not pile up.
    """

    id: str
    topic: str
    reason: str
    body: bytes
    at: str
    device: str = ""
    trace: str = ""
    component: str = ""


class DeadLetters(Protocol):
    """Where poison messages wait for a person."""

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """Keep them."""

    def get(self, id: str) -> DeadLetter | None:  # the field's name
        """One of them."""

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """By id, beginning after `after`."""

    def remove(self, ids: Sequence[str]) -> None:
        """Drop them; those not there are no error."""


class RuleState(msgspec.Struct, omit_defaults=True):
    """What a rule remembers about a device: since when its condition holds (event time, "" = it does not), whether
    it has fired, and the latest event time it has looked at. `version` counts the writes."""

    since: str = ""
    fired: bool = False
    seen: str = ""
    version: int = 0


class RuleStates(Protocol):
    """What rules remember, by (rule, device)."""

    def load(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RuleState]:
        """The states that exist."""

    def save(self, changes: Mapping[tuple[str, str], RuleState]) -> list[tuple[str, str]]:
        """Write each state if the one stored has the version before its own; the keys of those that lost the race
        are returned, and their stored state is unchanged."""


class Nonces(Protocol):
    """What a receiver remembers to refuse replays."""

    def first_use(self, link: str, nonce: str, until: float) -> bool:
        """True the first time a nonce is seen on a link; it may be forgotten at `until` (seconds since 1970)."""


class Reporter(Protocol):
    """Where handlers report failures. Never raises: what can not be published is written to the function's log."""

    def report(self, reports: Iterable[ErrorReport]) -> None:
        """Publish each as one error event on the error topic, its texts bounded and readable (`runtime.error_events`).

        Equal reports of one call are as many errors."""
