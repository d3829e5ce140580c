"""What a simulated cloud tells about itself: the one JSON document behind its console page and `sandbox status`.

Every list may be empty and every figure that is not known yet is None, which the page says in words; 0 always means
that zero was counted. Ages and durations are in the unit that the name ends in; moments are seconds since 1970.
All of them are of the wall clock, except event times (a store's oldest and newest record, the graph's latest update),
which are the twin's. Counts run since the sandbox was created, so they survive `down` and `up`; rates are means over
the last 10 s or so, and latencies those of the latest few hundred invocations.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

CloudState = Literal["up", "degraded", "outage"]
"""`degraded`: it runs, but a fault is injected, a link does not get through or a function keeps failing."""

Tier = Literal["hot", "cool", "archive"]
Severity = Literal["info", "warning", "error", "critical"]


class ClockStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """The twin's clock: what time it is there (seconds since 1970) and how many of its seconds pass in one of ours."""

    now: float
    speed: float = 1.0


class FunctionStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function of ours in this cloud. `role` is what it does: process, persist, send, receive, move, read …"""

    name: str
    role: str
    slot: str = ""
    invocations: int = 0
    errors: int = 0
    messages: int | None = None
    """Messages it handled in all its invocations, where it works in batches."""
    p50_ms: float | None = None
    p99_ms: float | None = None
    cold_starts: int = 0
    last_run: float | None = None
    cpu_s: float = 0.0
    """Processor seconds of the handler in all its invocations, without what its host does around them."""


class QueueStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """A queue: messages waiting, how long the oldest has waited, messages per second in and out."""

    name: str
    depth: int = 0
    oldest_age_s: float | None = None
    in_per_s: float = 0.0
    out_per_s: float = 0.0
    in_flight: int = 0
    """Handed to a consumer and not yet acknowledged."""


class ClassStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """What lies in one storage class of a store: records, the objects they are in, bytes as stored."""

    storage_class: str
    records: int = 0
    bytes: int = 0
    objects: int | None = None
    """None where a store has no objects (the hot store)."""


class StoreStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tier of L3 in this cloud. `oldest` and `newest` are the event times at its two ends."""

    name: str
    tier: Tier
    classes: tuple[ClassStatus, ...] = ()
    oldest: float | None = None
    newest: float | None = None
    writes_refused: int = 0


class GraphStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """The twin graph (L4). `ignored` are updates older than the value that is there."""

    entities: int = 0
    relationships: int = 0
    models: int = 0
    updates: int = 0
    ignored: int = 0
    last_update: float | None = None


class LinkStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """This cloud's end of a link to a peer. One struct per edge and direction."""

    edge: str
    peer: str
    direction: Literal["out", "in"]
    batches: int = 0
    messages: int = 0
    bytes: int = 0
    """As sent over the wire, compressed."""
    retries: int = 0
    refused: int = 0
    key_ids: tuple[str, ...] = ()
    """Accepted keys; the first signs. Ids only, never keys."""
    key_age_s: float | None = None
    """Age of the signing key."""
    last_success: float | None = None
    last_error: str = ""
    last_error_at: float | None = None
    failing: bool = False
    """The latest attempt did not get through."""


class GatewayStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """The acquisition service (L1): connected devices, messages per second from devices and to them."""

    address: str = ""
    connections: int = 0
    messages: int = 0
    messages_per_s: float = 0.0
    commands: int = 0
    commands_per_s: float = 0.0
    refused: int = 0
    """Connections and messages that were not allowed."""


class MeterStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was counted on a meter of the blueprint (`Use.meter`), in that meter's base unit."""

    meter: str
    amount: float
    unit: str = ""


class FaultStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault that is injected here. `until` is when it ends by itself (wall clock), None = when it is lifted."""

    kind: str
    target: str = ""
    detail: str = ""
    since: float | None = None
    until: float | None = None


class FoldedError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One error and how often it came: `first` and `last` in seconds since 1970."""

    key: str
    layer: str
    severity: Severity
    kind: str
    message: str
    component: str = ""
    device: str = ""
    link: str = ""
    count: int = 1
    first: float | None = None
    last: float | None = None
    trace: str = ""
    """Of the latest."""


class CloudStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """One simulated cloud at a moment. `at` is that moment on the wall clock."""

    cloud: str
    state: CloudState
    at: float
    twin: str = ""
    regions: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    """The twin's slots that are deployed here, as in the model: "L1", "L3.hot" …"""
    missing: tuple[str, ...] = ()
    """Those that are not deployed yet, wherever they go."""
    uptime_s: float = 0.0
    pid: int | None = None
    memory_bytes: int | None = None
    clock: ClockStatus | None = None
    functions: tuple[FunctionStatus, ...] = ()
    queues: tuple[QueueStatus, ...] = ()
    stores: tuple[StoreStatus, ...] = ()
    graph: GraphStatus | None = None
    links: tuple[LinkStatus, ...] = ()
    gateway: GatewayStatus | None = None
    meters: tuple[MeterStatus, ...] = ()
    faults: tuple[FaultStatus, ...] = ()
    errors: tuple[FoldedError, ...] = ()
    """The latest first."""
    dead_letters: int = 0
    peers: dict[str, str] = {}
    """Consoles of the other clouds: cloud → URL, for the page's links."""
    dashboard_url: str = ""


class CloudProcess(msgspec.Struct, frozen=True, omit_defaults=True):
    """A simulated cloud as its supervisor sees it. `stopped`: its process is not there."""

    cloud: str
    state: Literal["up", "degraded", "outage", "starting", "stopped"]
    url: str = ""
    pid: int | None = None
    restarts: int = 0


class PlacedSlot(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a slot of the twin is and what fills it."""

    slot: str
    cloud: str
    region: str
    offer: str = ""


class SandboxStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole sandbox: `sandbox status --json`."""

    twin: str
    clouds: tuple[CloudProcess, ...]
    placement: tuple[PlacedSlot, ...] = ()
    clock: ClockStatus | None = None
    dashboard_url: str = ""
    directory: str = ""
    supervisor_pid: int | None = None
    moving: str = ""
    """A move under way: "L3.hot from aws/eu-central-1 to …"; "" if there is none."""
    missing: tuple[str, ...] = ()
    """Slots that are not deployed yet; `placement` has the others."""


def status_json(status: CloudStatus | SandboxStatus) -> dict[str, Any]:
    """The document as plain data, as the console's `status` callable returns it."""
    document: dict[str, Any] = msgspec.to_builtins(status)
    return document
