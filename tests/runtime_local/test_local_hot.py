"""The hot store against a plain set of records, with an index that lags behind by a few."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.contracts.base import at, record
from tests.runtime_local.places import scratch
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
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
            self.records.setdefault((each.subject, each.time, each.id), each)

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
