"""What a running twin is like now: devices and what they measured, rates, rules, the twin graph."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer

DeviceOrder = Literal["name", "-name", "last_seen", "-last_seen"]
"""`last_seen`: who was silent for longest first, those never seen before all; with - the other way round."""


class Watched(Answer):
    """What all of these tell. Where nothing runs that could be asked, `live` is false, `problem` says why, and there is
    only what the definition says.
    """

    live: bool
    problem: str = ""
    twin_time: datetime | None = Field(None, description="What time it is in the twin.")


class DeviceValue(Answer):
    """The last value of a field."""

    value: Any
    unit: str


class TwinDevice(Answer):
    """A device. `last_seen` is the latest time of its messages, in the twin's time, `age_s` how long ago that is there;
    `connected` is None where devices have no connections (HTTPS) or nobody tells.
    """

    id: str
    type: str
    last_seen: datetime | None = None
    age_s: float | None = None
    connected: bool | None = None
    messages: int | None = Field(None, description="That came into the hot store, those that left it again included.")
    values: dict[str, DeviceValue] = Field(default_factory=dict, description="Of its latest message, by field.")


class DevicePage(Watched):
    """Some of a twin's devices. `total` counts all, or those of the type that was asked for."""

    items: list[TwinDevice]
    next: str | None = None
    total: int


class HistoryPoint(Answer):
    """What was measured in a part of the range: `at` is the time of the last of `count` values. `min`, `max` and `mean`
    are of numbers, and of booleans as 0 and 1; None of anything else.
    """

    at: datetime
    count: int
    min: float | None
    max: float | None
    mean: float | None
    last: Any


class HistorySeries(Answer):
    """A field over time, the oldest point first."""

    field: str
    unit: str
    type: str
    points: list[HistoryPoint]


class DeviceHistory(Watched):
    """What a device measured, condensed to as many points as were asked for, each of `step_s`; with no more records
    than that, every record is a point. `complete`: every record of the range was read. Of ranges with more than 50,000
    a part is, spread evenly, so that short spikes may be missing.
    """

    device: str
    type: str
    since: datetime | None = None
    until: datetime | None = None
    step_s: float | None = None
    records: int = Field(0, description="That were read.")
    complete: bool = True
    series: list[HistorySeries] = Field(default_factory=list)
    last_at: datetime | None = None
    last: dict[str, DeviceValue] = Field(default_factory=dict, description="The device's latest message, by field.")


class RateSeries(Answer):
    """Per second of our time, one for each moment of `at`; None where nothing was counted."""

    messages: list[float | None]
    errors: list[float | None]


class Rates(Watched):
    """Messages and errors per second, in steps of `step_s`. `total` counts messages that devices sent; `clouds` those
    that came into each cloud, from devices and over links. `speed` is that of the twin's clock: so many of its seconds
    pass in one of ours.
    """

    speed: float | None = None
    step_s: int
    at: list[datetime]
    total: RateSeries
    clouds: dict[str, RateSeries]
    messages_per_s: float | None = Field(None, description="Of the last ten seconds.")
    errors_per_s: float | None = Field(None, description="Of the last ten seconds.")


class TwinRule(Answer):
    """A rule of the twin, and what it did. `devices` are those it looks at, at most 20 of them; `device_count` 0: all
    of its type. `active` is None for rules that fire at every message, and where nobody tells.
    """

    name: str
    device_type: str
    devices: list[str]
    device_count: int
    when: str
    for_s: float
    clear: str
    trigger: Literal["edge", "each"]
    severity: Literal["info", "warning", "error", "critical"]
    actions: list[str]
    fired: int | None = Field(None, description="How often since the twin was deployed.")
    last_fired_at: datetime | None = Field(None, description="In the twin's time.")
    active: bool | None = Field(None, description="Whether it has fired for a device and was not cleared since.")
    active_count: int | None = Field(None, description="For how many devices.")
    active_devices: list[str] = Field(default_factory=list, description="At most 20 of these.")


class TwinRules(Watched):
    """All rules, in the definition's order."""

    rules: list[TwinRule]


class GraphProperty(Answer):
    """A property of a twin; `at` is when its value was measured, in the twin's time, None for one that was given."""

    value: Any
    unit: str
    at: datetime | None


class GraphEdge(Answer):
    """A relationship and the twin at its other end."""

    name: str
    twin: str


class GraphEntity(Answer):
    """A twin of the graph. `outgoing` and `incoming` are at most 50 relationships each; the counts tell of all."""

    id: str
    type: str
    model: str
    device: bool
    properties: dict[str, GraphProperty]
    outgoing: list[GraphEdge]
    outgoing_count: int
    incoming: list[GraphEdge]
    incoming_count: int


class GraphPage(Watched):
    """Some twins of the graph by id. `total` counts all, or those of the model that was asked for."""

    items: list[GraphEntity]
    next: str | None = None
    total: int
