"""A twin's devices a part at a time, by name or by when they were seen last, however many there are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from twin2multicloud.model.device_index import DeviceIndex, Wanted
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore

Order = Literal["name", "-name", "last_seen", "-last_seen"]
"""`last_seen`: who was silent for longest first, those that were never seen before all; with - the other way round."""
MOST: Final = 500
_CHUNK: Final = 1000


class Place(NamedTuple):
    """Where a device stands in an order: `time` is when it was seen last, "" where that does not matter."""

    device: str
    time: str = ""


class DevicesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Some devices, beginning after a place in the order."""

    search: str = ""
    type: str = ""
    order: Order = "name"
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 50
    after: Place | None = None


class DeviceList:
    """The devices of a spec, and what its hot store knows of them. Threads may share it."""

    def __init__(self, spec: TwinSpec, hot: LocalHotStore) -> None:
        self._spec = spec
        self._hot = hot
        self._index = DeviceIndex(spec)
        # Whoever was seen once is never unseen again, so these only become fewer: looking for them costs little.
        self._unseen: list[str] | None = None

    def part(self, asked: DevicesRequest) -> dict[str, Any]:
        """`{"devices": [{"id", "type", "seen", "records", "time", "data"}], "next": place or None, "total", "units"}`:
        `time` and `data` are of the latest record there is, None where there is none; `units` are those of each field
        of each type, by its name.
        """
        places = list(islice(self._places(asked), asked.limit + 1))
        more = len(places) > asked.limit
        places = places[: asked.limit]
        names = [place.device for place in places]
        seen, latest = self._hot.sightings(names), self._hot.latest(names)
        devices = []
        for name in names:
            sighting, record, kind = seen.get(name), latest.get(name), self._spec.type_of(name)
            devices.append(
                {
                    "id": name,
                    "type": "" if kind is None else kind.name,
                    "seen": None if sighting is None else sighting.time,
                    "records": 0 if sighting is None else sighting.records,
                    "time": None if record is None else record.time,
                    "data": None if record is None else record.data,
                }
            )
        return {
            "devices": devices,
            "next": places[-1] if more else None,
            "total": self._index.total(asked.type),
            "units": units_of(self._spec, {str(each["type"]) for each in devices}),
        }

    def _places(self, asked: DevicesRequest) -> Iterator[Place]:
        wanted, after = Wanted(asked.search, asked.type), asked.after
        if asked.order in ("name", "-name"):
            begin = None if after is None else after.device
            backwards = asked.order == "-name"
            yield from (Place(name) for name in self._index.each(wanted, begin, backwards=backwards))
            return
        latest_first = asked.order == "-last_seen"
        if latest_first:
            if after is None or after.time:
                yield from self._seen(wanted, after, latest_first=True)
            yield from self._never_seen(wanted, None if after is None or after.time else after.device)
            return
        if after is None or not after.time:
            yield from self._never_seen(wanted, None if after is None else after.device)
        yield from self._seen(wanted, after if after is not None and after.time else None, latest_first=False)

    def _seen(self, wanted: Wanted, after: Place | None, *, latest_first: bool) -> Iterator[Place]:
        begin = None if after is None else (after.time, after.device)
        while chunk := self._hot.seen(_CHUNK, begin, latest_first=latest_first):
            yield from (Place(each.device, each.time) for each in chunk if self._index.keeps(each.device, wanted))
            begin = (chunk[-1].time, chunk[-1].device)

    def _never_seen(self, wanted: Wanted, after: str | None) -> Iterator[Place]:
        begin = after
        while True:
            names = self._index.names if self._unseen is None else self._unseen
            at = 0 if begin is None else bisect_right(names, begin)
            chunk = names[at : at + _CHUNK]
            if not chunk:
                return
            begin = chunk[-1]
            seen = self._hot.sightings(chunk)
            left = [name for name in chunk if name not in seen]
            self._unseen = [*names[:at], *left, *names[at + _CHUNK :]]
            yield from (Place(name) for name in left if self._index.keeps(name, wanted))


def units_of(spec: TwinSpec, types: set[str]) -> dict[str, dict[str, str]]:
    """The units of the fields of some device types."""
    return {name: {field.name: field.unit for field in spec.types[name].fields} for name in types if name in spec.types}
