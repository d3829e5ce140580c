"""Copying a hot store: device by device, oldest records first, never more than a page of them in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from twin2multicloud.moving.copying.base import Compared, Page, Patience, chunks, json_bytes
from twin2multicloud.runtime.envelope import Event, encode
from twin2multicloud.runtime.ports import HotStore

BEGIN: Final = "1970-01-01T00:00:00.000000Z"
END: Final = "9999-12-31T23:59:59.999999Z"
"""Event times lie between these: a device whose clock is ahead is no reason to leave its records behind."""

_PAGE: Final = 1000
_BATCH: Final = 500
"""Records in one write."""
_FEW_DEVICES: Final = 8
_DEVICES: Final = 200
"""Devices that are asked together for the little that is new: few at first, then as many as answer with little."""
_MANY: Final = 5000


class HotCopier:
    """See `Copier`."""

    at_rest = False

    def __init__(
        self, source: HotStore, target: HotStore, devices: Sequence[str], patience: Patience, *, page: int = _PAGE
    ) -> None:
        self._source = source
        self._target = target
        self._devices = devices
        self._call = patience
        self._page = page

    def bulk(self, cursor: Any = None) -> Iterator[Page]:
        """See `Copier.bulk`."""
        first, start = cursor or (0, BEGIN)
        waiting: list[Event] = []
        for number, _, events in self._pages(first, start):
            waiting += events
            if len(waiting) >= _BATCH:
                # Whoever begins here again reads the records of this one moment again, which is harmless.
                yield self._put(waiting, [number, events[-1].time])
                waiting = []
        if waiting:
            yield self._put(waiting, [len(self._devices), BEGIN])

    def catch_up(self, since: str) -> Iterator[Page]:
        """See `Copier.catch_up`."""
        first, together = 0, _FEW_DEVICES
        while first < len(self._devices):
            devices = self._devices[first : first + together]
            events = self._call(self._source.between, devices, since, END)
            if events:
                yield self._put(events)
            first += together
            # Nothing bounds an answer but how many devices are asked.
            together = max(together // 4, 1) if len(events) > _MANY else min(together * 2, _DEVICES)

    def compare(self) -> Iterator[Compared]:
        """See `Copier.compare`."""
        done = Compared()
        for _, device, events in self._pages(0, BEGIN):
            there = self._at_target(device, events)
            missing = [event for event in events if _key(event) not in there]
            if missing:
                self._put(missing)
                done.late += len(missing)
                there = self._at_target(device, events)
            for event in events:
                done.same(f"{device} {event.time} {event.id}", json_bytes(event), there.get(_key(event)))
            yield done

    def _at_target(self, device: str, events: Sequence[Event]) -> dict[tuple[str, str], bytes]:
        end = _after(events[-1].time)
        found = self._call(self._target.between, [device], events[0].time, end)
        return {_key(event): json_bytes(event) for event in found}

    def _put(self, events: Sequence[Event], cursor: Any = None) -> Page:
        for part in chunks(events, _BATCH):
            self._call(self._target.put, part)
        return Page(len(events), sum(len(encode(event)) for event in events), cursor)

    def _pages(self, first: int, start: str) -> Iterator[tuple[int, str, list[Event]]]:
        """From the device of that number on, and its records from `start` on: its number, its name, some records."""
        for number in range(first, len(self._devices)):
            device = self._devices[number]
            known: set[str] = set()
            limit = self._page
            while True:
                found = self._oldest(device, start, limit)
                events = [event for event in found if event.id not in known]
                if events:
                    yield number, device, events
                if len(found) < limit:
                    break
                # A page ends in the middle of a moment; if that is all the page holds, only a larger one gets past it.
                last = found[-1].time
                at_last = {event.id for event in found if event.time == last}
                limit, known = (limit * 2, known | at_last) if last == start else (self._page, at_last)
                start = last
            start = BEGIN

    def _oldest(self, device: str, start: str, limit: int) -> list[Event]:
        def ask() -> list[Event]:
            return self._source.history(device, start, END, limit, newest_first=False)

        return self._call(ask)


def _after(time: str) -> str:
    """The next moment."""
    moment = datetime.fromisoformat(time) + timedelta(microseconds=1)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def _key(event: Event) -> tuple[str, str]:
    return event.time, event.id
