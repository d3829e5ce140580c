"""Read: history and last values of the hot store, and states of the twin graph, for dashboards and people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.ports import HotStore, TwinGraph
from twin2multicloud.runtime.times import normal_time, to_epoch, to_time

MOST_POINTS: Final = 10_000
Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST_POINTS)]


class HistoryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A device's fields over time. `fields` empty: all scalar fields of its type. Times default to the last hour."""

    device: str
    fields: tuple[str, ...] = ()
    start: str | float | None = None
    end: str | float | None = None
    limit: Limit = 1000
    kind: str = "history"


class LastQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The last record of each of some devices (at most 200)."""

    devices: Annotated[tuple[str, ...], msgspec.Meta(max_length=200)]
    kind: str = "last"


class StateQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Twins with their values: one `entity`, or those of a `model` (all if empty) beginning after `after`."""

    entity: str = ""
    model: str = ""
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200
    kind: str = "state"


class ReadHistory:
    """Answers history and last queries. Raises `RejectedError` for a query that makes no sense."""

    def __init__(self, spec: TwinSpec, hot: HotStore, *, now: Callable[[], float]) -> None:
        self._spec = spec
        self._hot = hot
        self._now = now

    def __call__(self, query: dict[str, Any]) -> dict[str, Any]:
        """`{"device", "fields", "points": [[time in ms, value, …], …]}`, oldest first; or `{"last": {device: …}}`."""
        if query.get("kind", "history") == "last":
            wanted = _as(LastQuery, query)
            found = {device: self._hot.last(device) for device in wanted.devices}
            return {"last": {d: {"time": e.time, "data": e.data} for d, e in found.items() if e is not None}}
        return self._history(_as(HistoryQuery, query))

    def _history(self, query: HistoryQuery) -> dict[str, Any]:
        kind = self._spec.type_of(query.device)
        if kind is None:
            raise RejectedError(f"device: the twin has no device '{query.device[:64]}'")
        fields = query.fields or tuple(f.name for f in kind.fields if f.type not in ("object", "array"))
        now = self._now()
        end = _time(query.end, now + 1)
        start = _time(query.start, now - 3600)
        events = self._hot.history(query.device, start, end, query.limit)
        points = [[to_epoch(event.time) * 1000, *_values(event, fields)] for event in reversed(events)]
        return {"device": query.device, "fields": list(fields), "points": points}


class ReadState:
    """Answers state queries from the twin graph."""

    def __init__(self, graph: TwinGraph) -> None:
        self._graph = graph

    def __call__(self, query: dict[str, Any]) -> dict[str, Any]:
        """`{"entities": [{"id", "model", "values", "times"}, …]}`."""
        wanted = _as(StateQuery, query)
        if wanted.entity:
            one = self._graph.get(wanted.entity)
            states = [] if one is None else [one]
        else:
            states = self._graph.entities(wanted.model, wanted.after, wanted.limit)
        return {"entities": [msgspec.to_builtins(state) for state in states]}


def _as(kind: type[Any], query: dict[str, Any]) -> Any:
    try:
        return msgspec.convert(query, kind)
    except msgspec.ValidationError as error:
        raise RejectedError(f"query: {error}") from error


def _time(value: str | float | None, default_s: float) -> str:
    if value is None:
        return to_time(default_s)
    try:
        return normal_time(value)
    except ValueError as error:
        raise RejectedError(f"time: {error}") from error


def _values(event: Event, fields: tuple[str, ...]) -> list[Any]:
    return [event.data.get(name) for name in fields]
