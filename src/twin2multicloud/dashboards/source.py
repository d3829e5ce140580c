"""Where a dashboard's data comes from: queries of our read handler, asked through Grafana's Infinity plug-in.

A query is a POST of a JSON object with Grafana's variables in it. What the plug-in makes of the answer is said in jq
(`root_selector`); the live page of the sandbox fills in the same object and reads the answer directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

PLUGIN: Final = "yesoreyeram-infinity-datasource"
HISTORY_LIMIT: Final = 5000
"""Records that one history query asks for at most: the newest ones of the time range."""
STATE_LIMIT: Final = 1000
ALERT_LIMIT: Final = 100

_RANGE: Final = '"start": "${__from:date:iso}", "end": "${__to:date:iso}"'


@dataclass(frozen=True)
class ReadSource:
    """URLs of the read handlers: of L3 hot (history, rates, alerts) and of L4 (state), and the data source's uid.

    How the plug-in proves who it is (bearer token) belongs to the data source in Grafana, never to a dashboard.
    """

    history_url: str
    state_url: str
    alerts_url: str = ""
    """Where alerts are answered; empty = at `history_url`."""
    uid: str = "twin2multicloud"

    @property
    def ref(self) -> DataSourceRef:
        """The reference that panels and targets carry."""
        return DataSourceRef(type_val=PLUGIN, uid=self.uid)


ColumnType = Literal["string", "number", "boolean", "timestamp", "timestamp_epoch"]


@dataclass(frozen=True)
class Column:
    """A column of an answer: the key in the rows that `root_selector` makes, its heading, its type."""

    selector: str
    text: str
    type: ColumnType


class InfinityQuery(Dataquery, Builder[Dataquery]):
    """A target of the Infinity plug-in; it is its own builder since all of it is known at once."""

    def __init__(
        self,
        ref_id: str,
        source: ReadSource,
        url: str,
        query: str,
        rows: str,
        columns: Sequence[Column],
        *,
        series: bool = False,
    ) -> None:
        self._ref_id = ref_id
        self._source = source
        self._url = url
        self._query = query
        self._rows = rows
        self._columns = tuple(columns)
        self._format = "timeseries" if series else "table"

    def build(self) -> Dataquery:
        """Itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """The target as Grafana stores it."""
        return {
            "refId": self._ref_id,
            "datasource": self._source.ref,
            "type": "json",
            "source": "url",
            "parser": "jq-backend",
            "format": self._format,
            "url": self._url,
            "url_options": {
                "method": "POST",
                "body_type": "raw",
                "body_content_type": "application/json",
                "data": self._query,
            },
            "root_selector": self._rows,
            "columns": [{"selector": c.selector, "text": c.text, "type": c.type} for c in self._columns],
            "filters": [],
        }


@dataclass(frozen=True)
class Device:
    """Whose data a query asks for: a device's name, or the dashboard's variable that holds it."""

    name: str = ""
    variable: str = ""

    @property
    def in_json(self) -> str:
        """In the JSON of a query. Grafana's `:doublequote` puts the quotes around what a person has chosen or typed;
        its `:json` leaves a single text bare."""
        return f"${{{self.variable}:doublequote}}" if self.variable else _quoted(self.name)

    @property
    def in_text(self) -> str:
        """In a title."""
        return f"${{{self.variable}}}" if self.variable else self.name


def history(
    ref_id: str, source: ReadSource, device: Device, fields: Sequence[tuple[str, str]], limit: int = HISTORY_LIMIT
) -> InfinityQuery:
    """Fields (name, label) of a device over the dashboard's time range, the newest `limit` records of it."""
    names = ", ".join(_quoted(name) for name, _ in fields)
    number = 'if type == "boolean" then (if . then 1 else 0 end) else . end'
    values = "".join(f", v{i}: (.[$f[{i}]] | {number})" for i in range(len(fields)))
    places = f"(.fields as $all | [{names}] | map(. as $n | $all | index($n) + 1))"
    rows = f"{places} as $f | [.points[] | {{time: .[0]{values}}}]"
    columns = [
        Column("time", "Time", "timestamp_epoch"),
        *(Column(f"v{i}", label, "number") for i, (_, label) in enumerate(fields)),
    ]
    query = f'{{"kind": "history", "device": {device.in_json}, "fields": [{names}], {_RANGE}, "limit": {limit}}}'
    return InfinityQuery(ref_id, source, source.history_url, query, rows, columns, series=True)


def rates(ref_id: str, source: ReadSource) -> InfinityQuery:
    """Messages and errors per second of the whole twin over the time range."""
    names = ("messages", "errors")
    parts = ", ".join(f"{name}: .[($f | index({_quoted(name)})) + 1]" for name in names)
    rows = f".fields as $f | [.points[] | {{time: .[0], {parts}}}]"
    columns = [Column("time", "Time", "timestamp_epoch"), *(Column(name, name, "number") for name in names)]
    query = f'{{"kind": "rates", {_RANGE}, "limit": {HISTORY_LIMIT}}}'
    return InfinityQuery(ref_id, source, source.history_url, query, rows, columns, series=True)


def entity_state(
    ref_id: str, source: ReadSource, entity: Device, fields: Sequence[tuple[str, ColumnType]], *, named: bool = False
) -> InfinityQuery:
    """Last values of one twin; `named` adds its name and the time of the latest value."""
    query = f'{{"kind": "state", "entity": {entity.in_json}}}'
    return _state(ref_id, source, query, fields, named=named)


def model_state(ref_id: str, source: ReadSource, model: str, fields: Sequence[tuple[str, ColumnType]]) -> InfinityQuery:
    """Last values of every twin of a model, with the time of each one's latest value."""
    query = f'{{"kind": "state", "model": {_quoted(model)}, "limit": {STATE_LIMIT}}}'
    return _state(ref_id, source, query, fields, named=True)


def _state(
    ref_id: str, source: ReadSource, query: str, fields: Sequence[tuple[str, ColumnType]], *, named: bool
) -> InfinityQuery:
    keys = [f"v{i}: .values[{_quoted(name)}]" for i, (name, _) in enumerate(fields)]
    columns = [Column(f"v{i}", name, kind) for i, (name, kind) in enumerate(fields)]
    if named:
        keys = ["id", *keys, "time: ([.times[]?] | max)"]
        columns = [Column("id", "Device", "string"), *columns, Column("time", "Last value at", "timestamp")]
    rows = f"[.entities[] | {{{', '.join(keys)}}}]"
    return InfinityQuery(ref_id, source, source.state_url, query, rows, columns)


def alerts(ref_id: str, source: ReadSource, rules: Sequence[str], devices: Sequence[str]) -> InfinityQuery:
    """Alerts of the time range, the latest first; of some rules and devices only, if any are named."""
    rows = '[.[] | {severity, state: (if .active then "active" else "cleared" end), message, device, rule, time}]'
    headings = ("Severity", "State", "Message", "Device", "Rule")
    columns = [*(Column(text.lower(), text, "string") for text in headings), Column("time", "Time", "timestamp")]
    only = "".join(
        f', "{key}": [{", ".join(_quoted(name) for name in names)}]'
        for key, names in (("rules", rules), ("devices", devices))
        if names
    )
    query = f'{{"kind": "alerts", {_RANGE}, "limit": {ALERT_LIMIT}{only}}}'
    return InfinityQuery(ref_id, source, source.alerts_url or source.history_url, query, rows, columns)


def _quoted(text: str) -> str:
    """A string of JSON, which jq reads too: what begins an interpolation there is a backslash, and JSON doubles it."""
    return msgspec.json.encode(text).decode()
