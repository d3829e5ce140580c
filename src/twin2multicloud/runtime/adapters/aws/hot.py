"""L3 hot on DynamoDB: one item per record, partition key `device`, sort key `t` = event time # id."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.adapters.aws.clients import Clients
from twin2multicloud.runtime.adapters.aws.tables import Item, Table
from twin2multicloud.runtime.envelope import TELEMETRY, Event, source_of
from twin2multicloud.runtime.times import to_epoch

_TIME_LENGTH: Final = len("2026-11-25T12:00:00.000000Z")


class _Body(msgspec.Struct, omit_defaults=True):
    """What the key does not say, with short names: every byte is stored and billed once per record."""

    d: Any
    s: str | None = None  # the source, where it is not the device's usual one
    k: str = TELEMETRY  # the kind of event
    m: str = ""  # the model
    r: str = ""  # the trace


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Body)


class DynamoHotStore:
    """Records in a table. The body is JSON text, so that floats, nulls, unicode and nesting stay as they are.

    Every write is conditional on the key being free (`BatchWriteItem` knows no conditions, and costs the same write
    units). `expire_after_s` sets the time-to-live attribute `expires`; only for twins without a cool or archive tier,
    since expiry does not ask whether a mover has been there.
    """

    def __init__(
        self, clients: Clients, table: str, twin: str, *, expire_after_s: float | None = None, consistent: bool = False
    ) -> None:
        self._clients = clients
        self._table = Table(clients, table, keys=("device", "t"), consistent=consistent)
        self._twin = twin
        self._expire_after_s = expire_after_s

    def put(self, events: Sequence[Event]) -> None:
        """As the port says."""
        unique = {(event.subject, event.time, event.id): event for event in reversed(events)}
        self._clients.each(lambda event: self._table.insert(self._item(event)), unique.values())

    def last(self, device: str) -> Event | None:
        """As the port says."""
        return next((self._event(item) for item in self._table.query(device, limit=1, forward=False)), None)

    def history(self, device: str, start: str, end: str, limit: int, *, newest_first: bool = True) -> list[Event]:
        """As the port says."""
        return self._range(device, start, end, limit=limit, forward=not newest_first)

    def earliest(self, devices: Sequence[str], before: str) -> str | None:
        """As the port says; one query per device."""

        def first(device: str) -> str | None:
            found = self._table.query(device, "t < :before", {":before": before}, limit=1, attributes="t")
            return next((item["t"]["S"][:_TIME_LENGTH] for item in found), None)

        return min((time for time in self._clients.each(first, devices) if time is not None), default=None)

    def between(self, devices: Sequence[str], start: str, end: str) -> list[Event]:
        """As the port says; one query per device, more where a device's records exceed a page of 1 MB."""
        ranges = self._clients.each(lambda device: self._range(device, start, end), dict.fromkeys(devices))
        return sorted((e for each in ranges for e in each), key=lambda e: (e.time, e.subject, e.id))

    def delete(self, events: Sequence[Event]) -> None:
        """As the port says."""
        self._table.delete_many((event.subject, f"{event.time}#{event.id}") for event in events)

    def _range(
        self, device: str, start: str, end: str, *, limit: int | None = None, forward: bool = True
    ) -> list[Event]:
        if start >= end:
            return []
        # BETWEEN takes both ends in, but "end" alone sorts before every "end#id": the range is half open.
        found = self._table.query(
            device, "t BETWEEN :start AND :end", {":start": start, ":end": end}, limit=limit, forward=forward
        )
        return [self._event(item) for item in found]

    def _item(self, event: Event) -> Item:
        usual = event.source == source_of(self._twin, event.subject)
        body = _Body(event.data, None if usual else event.source, event.type, event.dataschema, event.trace)
        item = {
            "device": {"S": event.subject},
            "t": {"S": f"{event.time}#{event.id}"},
            "b": {"S": _ENCODER.encode(body).decode()},
        }
        if self._expire_after_s is not None:
            item["expires"] = {"N": str(math.ceil(to_epoch(event.time) + self._expire_after_s))}
        return item

    def _event(self, item: Item) -> Event:
        device, key = item["device"]["S"], item["t"]["S"]
        body = _DECODER.decode(item["b"]["S"])
        return Event(
            id=key[_TIME_LENGTH + 1 :],
            source=source_of(self._twin, device) if body.s is None else body.s,
            type=body.k,
            subject=device,
            time=key[:_TIME_LENGTH],
            data=body.d,
            dataschema=body.m,
            trace=body.r,
        )
