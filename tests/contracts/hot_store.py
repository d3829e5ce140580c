"""What every hot store must do."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from tests.contracts.base import PAYLOADS, Contract, at, exact, record, unique
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.ports import HotStore

START, END = at(0), at(3599)


class HotStoreContract(Contract):
    """Subclass and supply `open_store`."""

    largest_bytes: ClassVar[int] = 262_144
    """The largest message that the runtime accepts (`TwinSpec.message_bytes`)."""
    pages_bytes: ClassVar[int] = 1_500_000
    """A result that does not fit one page of the service."""

    @pytest.fixture
    def open_store(self) -> Callable[[], HotStore]:
        """Opens the store under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def store(self, open_store: Callable[[], HotStore]) -> HotStore:
        return open_store()

    @pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
    def test_a_record_comes_back_exactly(self, store: HotStore, payload: dict[str, Any]) -> None:
        device = unique("exact")
        event = record(device, at(1), data=payload, trace="t-1")
        store.put([event])
        (found,) = store.history(device, START, END, 10)
        for key, value in payload.items():
            assert exact(found.data[key]) == exact(value), key
        assert exact(found) == exact(event)
        assert exact(store.last(device)) == exact(event)
        assert [exact(each) for each in store.between([device], START, END)] == [exact(event)]

    def test_a_record_without_schema_and_trace_comes_back_exactly(self, store: HotStore) -> None:
        device = unique("bare")
        event = Event(id="1", source="/s", type="twin2multicloud.telemetry", subject=device, time=at(1), data={"a": 1})
        store.put([event])
        assert store.last(device) == event

    def test_the_largest_message_fits(self, store: HotStore) -> None:
        device = unique("largest")
        event = record(device, at(1), data={"text": "x" * (self.largest_bytes - 100)})
        store.put([event])
        assert store.last(device) == event

    def test_a_record_put_again_is_there_once(self, store: HotStore, open_store: Callable[[], HotStore]) -> None:
        device = unique("again")
        one, two, three = (record(device, at(second)) for second in (1, 2, 3))
        store.put([one, two])
        store.put([two, one])
        open_store().put([one, three, two])
        assert store.history(device, START, END, 10, newest_first=False) == [one, two, three]

    def test_a_record_twice_in_one_batch_is_there_once(self, store: HotStore) -> None:
        device = unique("twice")
        one, two = record(device, at(1)), record(device, at(2))
        store.put([one, two, one, two, one])
        assert store.between([device], START, END) == [one, two]

    def test_a_record_that_is_there_stays_as_it_is(self, store: HotStore) -> None:
        device = unique("first")
        first = record(device, at(1), id="same", data={"value": 1}, trace="first")
        store.put([first])
        store.put([record(device, at(1), id="same", data={"value": 2}, trace="second"), record(device, at(2), id="b")])
        assert store.history(device, START, END, 10)[-1] == first
        assert len(store.history(device, START, END, 10)) == 2

    def test_device_time_and_id_are_the_key(self, store: HotStore) -> None:
        device, other = unique("key"), unique("key")
        events = [
            record(device, at(1), id="a"),
            record(device, at(1), id="b"),
            record(device, at(2), id="a"),
            record(other, at(1), id="a"),
        ]
        store.put(events)
        assert store.between([device, other], START, END) == sorted(events, key=lambda e: (e.time, e.subject, e.id))

    def test_what_one_process_put_another_reads(self, open_store: Callable[[], HotStore]) -> None:
        device = unique("durable")
        event = record(device, at(1))
        open_store().put([event])
        assert open_store().last(device) == event

    def test_nothing_is_no_error(self, store: HotStore) -> None:
        device = unique("nothing")
        store.put([])
        store.delete([])
        assert store.last(device) is None
        assert store.history(device, START, END, 10) == []
        assert store.between([device], START, END) == []
        assert store.between([], START, END) == []
        assert store.earliest([device], END) is None
        assert store.earliest([], END) is None

    def test_history_is_by_time_then_id(self, store: HotStore) -> None:
        device = unique("order")
        # One microsecond apart, some at the same time; written in no order.
        events = [
            record(device, at(second), id=id) for second in (1, 1.000001, 2, 59.999999, 60) for id in ("0a", "f9")
        ]
        shuffled = events[:]
        random.Random(3).shuffle(shuffled)
        store.put(shuffled[:6])
        store.put(shuffled[6:])
        assert store.history(device, START, END, 100, newest_first=False) == events
        assert store.history(device, START, END, 100) == events[::-1]
        assert store.last(device) is not None
        assert store.last(device).time == at(60)  # type: ignore[union-attr]

    def test_history_is_half_open_and_limited(self, store: HotStore) -> None:
        device = unique("range")
        events = [record(device, at(second)) for second in range(6)]
        store.put(events)
        assert store.history(device, at(1), at(4), 100, newest_first=False) == events[1:4]
        assert store.history(device, at(1), at(1), 100) == []
        assert store.history(device, at(1), at(1.000001), 100) == events[1:2]
        assert store.history(device, at(4), at(1), 100) == []
        assert store.history(device, START, END, 2) == [events[5], events[4]]
        assert store.history(device, START, END, 2, newest_first=False) == events[:2]
        assert store.history(device, START, at(4), 1) == [events[3]]

    def test_the_last_record_is_that_of_the_latest_event_time(self, store: HotStore) -> None:
        device = unique("late")
        late, early = record(device, at(9)), record(device, at(3))
        store.put([late])
        store.put([early])
        assert store.last(device) == late

    def test_devices_whose_names_begin_alike_are_apart(self, store: HotStore) -> None:
        device = unique("alike")
        names = [device, f"{device}1", f"{device}-1", f"{device}.1", f"{device}_1", device[:-1]]
        events = {name: record(name, at(second)) for second, name in enumerate(names)}
        store.put(list(events.values()))
        for name, event in events.items():
            assert store.history(name, START, END, 10) == [event]
            assert store.last(name) == event
            assert store.between([name], START, END) == [event]

    def test_the_earliest_time_of_several_devices(self, store: HotStore) -> None:
        first, second, empty = unique("a"), unique("b"), unique("c")
        store.put([record(first, at(5)), record(first, at(7)), record(second, at(3)), record(second, at(9))])
        assert store.earliest([first, second, empty], END) == at(3)
        assert store.earliest([first, empty], END) == at(5)
        assert store.earliest([first, second], at(3)) is None
        assert store.earliest([first, second], at(3.000001)) == at(3)
        assert store.earliest([first], at(5)) is None

    def test_a_range_of_several_devices_is_by_time_device_and_id(self, store: HotStore) -> None:
        devices = sorted(unique("many") for _ in range(3))
        events = [record(device, at(n % 5), id=f"{n % 2}{n:03d}") for n in range(self.many) for device in devices[:2]]
        store.put(events)
        store.put([record(devices[2], at(1))])
        expected = sorted((e for e in events if at(1) <= e.time < at(4)), key=lambda e: (e.time, e.subject, e.id))
        assert store.between([devices[1], devices[0]], at(1), at(4)) == expected

    def test_a_range_larger_than_a_page_comes_whole(self, store: HotStore) -> None:
        device = unique("pages")
        text = "x" * (self.pages_bytes // self.many)
        events = [record(device, at(second), data={"text": text}) for second in range(self.many)]
        for half in (events[::2], events[1::2]):
            store.put(half)
        assert store.between([device], START, END) == events
        assert store.history(device, START, END, self.many + 1, newest_first=False) == events
        assert store.history(device, START, END, self.many - 1) == events[:0:-1]

    def test_only_what_is_deleted_goes(self, store: HotStore) -> None:
        device = unique("delete")
        events = [record(device, at(second), id=id) for second in (1, 2) for id in ("a", "b")]
        store.put(events)
        store.delete([events[0], events[3]])
        assert store.between([device], START, END) == events[1:3]
        store.delete([events[3], events[0], record(unique("never"), at(1))])
        assert store.between([device], START, END) == events[1:3]
        store.delete(events)
        assert store.last(device) is None
        assert store.earliest([device], END) is None

    def test_many_are_deleted_at_once(self, store: HotStore) -> None:
        device = unique("clear")
        events = [record(device, at(second)) for second in range(self.many)]
        store.put(events)
        store.delete([*events[1:], events[1]])
        assert store.history(device, START, END, 10) == events[:1]

    def test_writers_at_the_same_time_lose_and_double_nothing(self, open_store: Callable[[], HotStore]) -> None:
        device = unique("race")
        events = [record(device, at(second)) for second in range(8)]

        def put(first: int) -> Callable[[], None]:
            return lambda: open_store().put(events[first : first + 5])

        self.race([put(first) for first in range(self.racers)])
        assert open_store().between([device], START, END) == events[: self.racers + 4]
