"""A twin's devices and what they measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import InvalidError, NotFoundError
from twin2multicloud.app.schemas import watching as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import cursors
from twin2multicloud.app.services.definitions import defined
from twin2multicloud.app.services.sandboxes import moment
from twin2multicloud.app.services.watching import ask, text_moment, values
from twin2multicloud.model.device_index import Wanted
from twin2multicloud.model.errors import Finding
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.sandbox.watching.client import AWAY, WatchClient
from twin2multicloud.sandbox.watching.devices import DevicesRequest, Place
from twin2multicloud.sandbox.watching.history import HistoryRequest


@dataclass(frozen=True)
class Asked:
    """Which devices, in which order, from where on."""

    search: str
    type: str
    order: shapes.DeviceOrder
    cursor: str | None
    limit: int


def page(backend: Backend, twin_id: str, target: Target, asked: Asked) -> shapes.DevicePage:
    """Some of the devices; those of the definition where nothing tells how they do."""
    after = None if asked.cursor is None else cursors.decoded(asked.cursor, tuple[str, str, str])
    if after is not None and after[0] != asked.order:
        raise InvalidError(
            f"cursor: it is `next` of a list in the order {after[0][:20]!r}; begin anew, or keep the order",
            findings=[Finding("cursor", "is `next` of the part before, with the same sort")],
        )
    place = None if after is None else Place(after[1], after[2])
    request = DevicesRequest(asked.search, asked.type, asked.order, asked.limit, place)
    told = ask(backend, twin_id, target, lambda client: _live(client, request))
    if told.answer is None:
        return _defined(backend, twin_id, asked, place, told.problem)
    live, following = told.answer, told.answer.found["next"]
    now = to_epoch(live.found["now"])
    return shapes.DevicePage(
        live=True,
        twin_time=moment(now),
        items=[_device(each, live, now) for each in live.found["devices"]],
        next=None if following is None else cursors.encoded((asked.order, *following)),
        total=live.found["total"],
    )


@dataclass(frozen=True)
class _Live:
    """Devices as the hot store tells them, and what others know: who is connected (None: nobody tells), values of those
    whose messages are not in the hot store any more.
    """

    found: Mapping[str, Any]
    connected: frozenset[str] | None
    states: Mapping[str, Any]


def _live(client: WatchClient, request: DevicesRequest) -> _Live:
    found = client.devices(request)
    names = [str(each["id"]) for each in found["devices"]]
    connected: frozenset[str] | None
    try:
        connected = client.connected(names)
    except AWAY:
        connected = None
    old = [str(each["id"]) for each in found["devices"] if each["data"] is None]
    states: Mapping[str, Any]
    try:
        states = client.states(old) if old else {}
    except AWAY:
        states = {}
    return _Live(found, connected, states)


def _device(each: Mapping[str, Any], live: _Live, now: float) -> shapes.TwinDevice:
    state = live.states.get(each["id"], {})
    data, seen = each["data"], each["seen"]
    if data is None:
        data, seen = state.get("values", {}), seen or max(state.get("times", {}).values(), default=None)
    return shapes.TwinDevice(
        id=each["id"],
        type=each["type"],
        last_seen=text_moment(seen),
        age_s=None if not seen else max(now - to_epoch(seen), 0.0),
        connected=None if live.connected is None else each["id"] in live.connected,
        messages=each["records"],
        values=values(data, live.found["units"].get(each["type"], {})),
    )


def _defined(backend: Backend, twin_id: str, asked: Asked, place: Place | None, problem: str) -> shapes.DevicePage:
    known = defined(backend, twin_id)
    names = known.devices.part(
        Wanted(asked.search, asked.type),
        asked.limit + 1,
        None if place is None else place.device,
        backwards=asked.order == "-name",
    )
    kinds = [(name, known.spec.type_of(name)) for name in names[: asked.limit]]
    return shapes.DevicePage(
        live=False,
        problem=problem,
        items=[shapes.TwinDevice(id=name, type="" if kind is None else kind.name) for name, kind in kinds],
        next=cursors.encoded((asked.order, names[asked.limit - 1], "")) if len(names) > asked.limit else None,
        total=known.devices.total(asked.type),
    )


@dataclass(frozen=True)
class Range:
    """From when to when, in the twin's time: without `until` to its now, without `since` for `seconds`."""

    since: datetime | None
    until: datetime | None
    seconds: float

    def check(self) -> None:
        """`InvalidError` for a range that ends before it begins."""
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise InvalidError(
                "until: it is to be later than since", findings=[Finding("until", "is later than since")]
            )


def history(
    backend: Backend, twin_id: str, target: Target, device: str, fields: Sequence[str], when: Range, points: int
) -> shapes.DeviceHistory:
    """What a device measured. `NotFoundError` for a device that the twin does not have."""
    when.check()
    request = HistoryRequest(
        device,
        tuple(fields),
        None if when.since is None else when.since.timestamp(),
        None if when.until is None else when.until.timestamp(),
        when.seconds,
        points,
    )
    told = ask(backend, twin_id, target, lambda client: client.history(request) or {})
    if told.answer is None:
        kind = defined(backend, twin_id).spec.type_of(device)
        if kind is None:
            raise _no_device(device)
        return shapes.DeviceHistory(live=False, problem=told.problem, device=device, type=kind.name)
    if not told.answer:
        raise _no_device(device)
    if "refused" in told.answer:
        text = str(told.answer["refused"])
        field, _, problem = text.partition(": ")
        raise InvalidError(text, findings=[Finding(field, problem)])
    return _history(told.answer, device)


def _history(found: Mapping[str, Any], device: str) -> shapes.DeviceHistory:
    last = found["last"] or {}
    return shapes.DeviceHistory(
        live=True,
        twin_time=moment(found["now"]),
        device=device,
        type=found["device_type"],
        since=moment(found["start"]),
        until=moment(found["end"]),
        step_s=found["step"],
        records=found["records"],
        complete=found["complete"],
        series=[
            shapes.HistorySeries(
                field=series["field"],
                unit=series["unit"],
                type=series["type"],
                points=[_point(*point) for point in series["points"]],
            )
            for series in found["series"]
        ],
        last_at=text_moment(last.get("time")),
        last=values(last.get("data"), found["units"]),
    )


def _point(
    at: float, count: int, low: float | None, high: float | None, mean: float | None, last: Any
) -> shapes.HistoryPoint:
    # What was checked when it was measured need not be checked again, and there may be thousands.
    return shapes.HistoryPoint.model_construct(
        at=datetime.fromtimestamp(at, UTC), count=count, min=low, max=high, mean=mean, last=last
    )


def _no_device(device: str) -> NotFoundError:
    return NotFoundError(f"the twin has no device {device[:64]!r}")
