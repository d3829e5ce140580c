"""The hot store against a plain set of records, with an index that lags behind by a few."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.contracts.base import at, record
from tests.runtime_local.places import scratch
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore, Sighting
from twin2multicloud.runtime.envelope import Event

DEVICES = ("a", "a1", "b")
Key = tuple[str, str, str]

keys = st.tuples(st.sampled_from(DEVICES), st.integers(0, 6), st.sampled_from("xyz"))
times = st.integers(0, 7)


def event(key: tuple[str, int, str]) -> Event:
    device, second, id = key
    return record(device, at(second), id=id, data={"n": f"{device}{second}{id}"})


class HotModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = scratch()
        self.records: dict[Key, Event] = {}
        self.came: Counter[str] = Counter()
        self.latest: dict[str, str] = {}
        self.open()

    def open(self) -> None:
        self.store = LocalHotStore(Path(self.directory.name) / "hot.db", index_every=6)

    def teardown(self) -> None:
        self.store.close()
        self.directory.cleanup()

    def expected(self, devices: list[str], start: str, end: str) -> list[Event]:
        found = [e for e in self.records.values() if e.subject in devices and start <= e.time < end]
        return sorted(found, key=lambda e: (e.time, e.subject, e.id))

    @rule(chosen=st.lists(keys, max_size=8))
    def put(self, chosen: list[tuple[str, int, str]]) -> None:
        events = [event(key) for key in chosen]
        self.store.put(events)
        for each in events:
            key = (each.subject, each.time, each.id)
            self.came[each.subject] += key not in self.records
            self.latest[each.subject] = max(self.latest.get(each.subject, ""), each.time)
            self.records.setdefault(key, each)

    @rule(chosen=st.lists(keys, max_size=6))
    def delete(self, chosen: list[tuple[str, int, str]]) -> None:
        events = [event(key) for key in chosen]
        self.store.delete(events)
        for each in events:
            self.records.pop((each.subject, each.time, each.id), None)

    @rule(device=st.sampled_from(DEVICES))
    def delete_newest(self, device: str) -> None:
        newest = self.store.last(device)
        if newest is not None:
            self.store.delete([newest])
            del self.records[(newest.subject, newest.time, newest.id)]

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.open()

    @rule(device=st.sampled_from(DEVICES), start=times, end=times, limit=st.integers(0, 9))
    def history(self, device: str, start: int, end: int, limit: int) -> None:
        expected = self.expected([device], at(start), at(end))
        assert self.store.history(device, at(start), at(end), limit, newest_first=False) == expected[:limit]
        assert self.store.history(device, at(start), at(end), limit) == expected[::-1][:limit]

    @rule(devices=st.lists(st.sampled_from([*DEVICES, "none"])), start=times, end=times)
    def between(self, devices: list[str], start: int, end: int) -> None:
        assert self.store.between(devices, at(start), at(end)) == self.expected(devices, at(start), at(end))

    @rule(devices=st.lists(st.sampled_from([*DEVICES, "none"])), before=times)
    def earliest(self, devices: list[str], before: int) -> None:
        found = [each.time for each in self.expected(devices, "", at(before))]
        assert self.store.earliest(devices, at(before)) == min(found, default=None)

    @rule(devices=st.lists(st.sampled_from([*DEVICES, "none"])))
    def sightings(self, devices: list[str]) -> None:
        """Who was seen stays seen, also when all its records have gone on to another tier."""
        seen = {each: Sighting(each, self.latest[each], self.came[each]) for each in devices if each in self.latest}
        assert self.store.sightings(devices) == seen
        lasts = {device: self.expected([device], "", "~")[-1:] for device in devices}
        assert self.store.latest(devices) == {device: last[0] for device, last in lasts.items() if last}

    @rule(limit=st.integers(1, 4), latest_first=st.booleans())
    def seen_in_order(self, limit: int, latest_first: bool) -> None:
        expected = sorted(((time, device) for device, time in self.latest.items()), reverse=latest_first)
        found: list[tuple[str, str]] = []
        while part := self.store.seen(limit, found[-1] if found else None, latest_first=latest_first):
            found += [(each.time, each.device) for each in part]
        assert found == expected

    @rule(device=st.sampled_from(DEVICES), bounds=st.lists(times, min_size=2, unique=True))
    def spread(self, device: str, bounds: list[int]) -> None:
        edges = [at(bound) for bound in sorted(bounds)]
        found = self.store.spread(device, edges)
        there = self.expected([device], edges[0], edges[-1])
        assert [each for each in there if each in found] == found, "in order, each once"
        for start, end in pairwise(edges):
            inside = self.expected([device], start, end)
            assert not inside or inside[-1] in found
        assert self.store.count_between(device, edges[0], edges[-1], 3) <= min(len(there), 3)

    @rule()
    def figures(self) -> None:
        assert self.store.count() == len(self.records)
        counts = {device: sum(key[0] == device for key in self.records) for device in DEVICES}
        assert self.store.count_by_device() == {device: count for device, count in counts.items() if count}
        newest = self.store.newest()
        assert (newest and newest.time) == max((key[1] for key in self.records), default=None)
        for device in DEVICES:
            last = self.store.last(device)
            assert last == next(iter(self.expected([device], "", "~")[::-1]), None)


HotModel.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestHotModel = HotModel.TestCase
