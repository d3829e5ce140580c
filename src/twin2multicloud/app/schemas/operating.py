"""What is known of a deployed twin: its stacks and their states, its health, its links, what it puts out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer, Body
from twin2multicloud.app.schemas.twins import Health, Life, Target


class Lock(Answer):
    """Who works on a stack's state. `liveness` is what this machine can tell of the process behind it."""

    id: str
    who: str
    operation: str
    run: str
    host: str
    process: int
    since: datetime
    liveness: Literal["alive", "dead", "unknown"]


class StackState(Answer):
    """A stack as it is known. `applied_at` None: something is there, but was never noted as applied; `resources` None
    where nobody counts them.
    """

    name: str
    slot: str
    site: str
    whole: bool
    resources: int | None
    applied_at: datetime | None
    lock: Lock | None


class LayerHealth(Answer):
    """How a slot does: `checked` is what was looked at, and when, `problems` what was found, `since` when that began as
    far as it can be told.
    """

    slot: str
    cloud: str
    health: Health
    checked: list[str]
    checked_at: datetime
    problems: list[str]
    since: datetime | None


class LinkHealth(Answer):
    """How a link does, which leads from the cloud `source` to `target`; where both are the same one, its ends are in
    different regions, or one asks the other for data. `degraded`: it gets through again, or has not for less than a
    minute; `unknown`: nothing was sent yet. `since`: from then on it does not get through.
    """

    edge: str
    source: str
    target: str
    health: Health
    problem: str
    checked_at: datetime
    since: datetime | None
    last_success: datetime | None
    messages: int
    retries: int


class StoreCount(Answer):
    """What lies in a store."""

    name: str
    tier: str
    records: int
    bytes: int


class QueueDepth(Answer):
    """What waits in a queue, and for how long the oldest has."""

    name: str
    depth: int
    in_flight: int
    oldest_age_s: float | None


class CloudProcess(Answer):
    """A simulated cloud's process. What it does not tell while it is away is empty or None."""

    cloud: str
    state: Literal["up", "degraded", "outage", "starting", "stopped"]
    url: str
    pid: int | None
    restarts: int
    uptime_s: float | None = None
    memory_bytes: int | None = None
    dead_letters: int | None = None
    faults: list[str] = Field(default_factory=list)
    stores: list[StoreCount] = Field(default_factory=list)
    queues: list[QueueDepth] = Field(default_factory=list)


class TwinStatus(Answer):
    """How a twin does at a target. `run` is the one that is changing it now; `clouds` are told of by a sandbox only."""

    twin: str
    target: Target
    life: Life
    run: str | None
    health: Health = Field(description="The worst of all layers.")
    at: datetime
    stacks: list[StackState]
    layers: list[LayerHealth]
    links: list[LinkHealth] = Field(description="Those between clouds, as far as a sandbox tells.")
    clouds: list[CloudProcess]
    twin_time: datetime | None = Field(None, description="What time it is in the twin, where a sandbox tells.")
    speed: float | None = None
    dashboard_url: str | None = None
    moving: str = Field("", description="A move under way.")


class Outputs(Answer):
    """What the modules of a twin's stacks put out, by stack: addresses, names, ways to sign in. Secrets are masked."""

    stacks: dict[str, dict[str, Any]]


class LinkEnd(Answer):
    """One cloud's end of a link. Keys are told by their ids only; `key_ids` None: they were not looked up."""

    edge: str
    cloud: str
    peer: str
    direction: Literal["out", "in"]
    endpoint: str | None
    key_ids: list[str] | None
    key_age_s: float | None
    messages: int | None = None
    batches: int | None = None
    bytes: int | None = None
    retries: int | None = None
    refused: int | None = None
    last_success: datetime | None = None
    last_error: str = ""
    failing: bool | None = None


class Links(Answer):
    """All ends of all links of a twin at a target."""

    links: list[LinkEnd]


class ProofFinding(Answer):
    """A defect in how a deployment is wired."""

    severity: Literal["error", "warning"]
    rule: str
    stack: str
    address: str
    what: str
    remedy: str


class Proof(Answer):
    """What the proof of the wiring found; `proven`: nothing."""

    proven: bool
    findings: list[ProofFinding]


class StateSummary(Answer):
    """The state of a stack, newest version."""

    stack: str
    version: int | None
    resources: int
    saved_at: datetime | None
    run: str | None
    lock: Lock | None


class StateVersion(Answer):
    """A version of a stack's state, without its content. `deleted`: the state was deleted by it."""

    stack: str
    number: int
    serial: int
    lineage: str
    md5: str
    bytes: int
    resources: int
    run: str
    saved_at: datetime
    restored: int | None
    deleted: bool


class Rollback(Body):
    """Which version to take up again."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Unlock(Body):
    """Which lock to break; `force` one whose holder may be alive."""

    lock: Annotated[str, Field(min_length=1, max_length=100)]
    force: bool = False
