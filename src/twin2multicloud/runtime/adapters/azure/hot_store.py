"""L3 hot on Cosmos DB: one item per record, partitioned by device.

An item's id is event time + event id, so that Cosmos DB's own index on ids gives records by time, then id; nothing
else but the partition key needs an index. The event is kept as JSON text: the service's own numbers are doubles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from twin2multicloud.runtime.adapters.azure.calls import Pool
from twin2multicloud.runtime.adapters.azure.cosmos import Container, Item
from twin2multicloud.runtime.adapters.azure.names import cosmos_id
from twin2multicloud.runtime.envelope import Event, decode, encode

PARTITION: Final = "device"
_DEVICES_PER_QUERY: Final = 100


def _item_id(event: Event) -> str:
    return f"{event.time}_{cosmos_id(event.id)}"


def _event(item: Item) -> Event:
    return decode(item["body"])


class CosmosHotStore:
    """`HotStore` on one container with partition key /device."""

    def __init__(self, container: Container, pool: Pool) -> None:
        self._container = container
        self._pool = pool

    def put(self, events: Sequence[Event]) -> None:
        """See `HotStore.put`: a create per record, a few at a time."""

        def write(event: Event) -> None:
            item = {"id": _item_id(event), PARTITION: event.subject, "body": encode(event).decode()}
            self._container.create(item)

        self._pool.each(write, list({(event.subject, _item_id(event)): event for event in reversed(events)}.values()))

    def last(self, device: str) -> Event | None:
        """See `HotStore.last`."""
        sql = "SELECT TOP 1 * FROM c WHERE c.device = @device ORDER BY c.id DESC"
        return next(map(_event, self._container.query(sql, {"device": device}, device)), None)

    def history(self, device: str, start: str, end: str, limit: int, *, newest_first: bool = True) -> list[Event]:
        """See `HotStore.history`."""
        if limit < 1:
            return []
        sql = (
            f"SELECT TOP {int(limit)} * FROM c"  # noqa: S608 (a number)
            " WHERE c.device = @device AND c.id >= @start AND c.id < @end"
            f" ORDER BY c.id {'DESC' if newest_first else 'ASC'}"
        )
        found = self._container.query(sql, {"device": device, "start": start, "end": end}, device)
        return list(map(_event, found))

    def earliest(self, devices: Sequence[str], before: str) -> str | None:
        """See `HotStore.earliest`."""
        times = [
            event["id"].partition("_")[0]
            for some in _portions(devices)
            for event in self._among(some, "TOP 1", "c.id < @end", {"end": before})
        ]
        return min(times, default=None)

    def between(self, devices: Sequence[str], start: str, end: str) -> list[Event]:
        """See `HotStore.between`: one query for every hundred devices, over their partitions."""

        def read(some: Sequence[str]) -> list[Event]:
            found = self._among(some, "", "c.id >= @start AND c.id < @end", {"start": start, "end": end})
            return list(map(_event, found))

        events = [event for some in self._pool.each(read, list(_portions(devices))) for event in some]
        return sorted(events, key=lambda event: (event.time, event.subject, event.id))

    def delete(self, events: Sequence[Event]) -> None:
        """See `HotStore.delete`: a delete per record, a few at a time."""
        self._pool.each(lambda event: self._container.delete(event.subject, _item_id(event)), list(events))

    def _among(self, devices: Sequence[str], top: str, condition: str, values: dict[str, str]) -> Iterator[Item]:
        names = {f"d{number}": device for number, device in enumerate(devices)}
        listed = ", ".join(f"@{name}" for name in names)
        sql = f"SELECT {top} * FROM c WHERE c.device IN ({listed}) AND {condition} ORDER BY c.id"  # noqa: S608
        yield from self._container.query(sql, {**names, **values})


def _portions(devices: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(devices), _DEVICES_PER_QUERY):
        yield devices[first : first + _DEVICES_PER_QUERY]
