"""Queues: against a model, over restarts, and under threads."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.runtime_local.places import scratch
from twin2multicloud.runtime.adapters.local.clock import ManualClock
from twin2multicloud.runtime.adapters.local.queues import Queue, QueueMessage, Queues
from twin2multicloud.runtime.failures import StoreError


class QueueModel(RuleBasedStateMachine):
    """A queue beside a plain list of what must be in it. Small bounds, so that most of it lives in the file."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = scratch()
        self.wall = ManualClock(1000.0)
        self.passed = ManualClock(0.0)
        self.sent = 0
        self.waiting: dict[int, int] = {}  # number → attempts, in the order of sending
        self.due: dict[int, float] = {}  # those given back with a delay
        self.claimed: dict[int, QueueMessage] = {}
        self.times: dict[int, float] = {}
        self.open()

    def open(self) -> None:
        self.queues = Queues(
            Path(self.directory.name) / "queues.db",
            clock=self.wall,
            monotonic=self.passed.now,
            kept_bytes=12,
            loaded=3,
        )
        self.queue: Queue = self.queues.queue("q")

    def teardown(self) -> None:
        self.queues.close()
        self.directory.cleanup()

    @rule(count=st.integers(0, 7))
    def send(self, count: int) -> None:
        numbers = range(self.sent, self.sent + count)
        self.queue.send([f"{number:03d}".encode() for number in numbers])
        self.sent += count
        self.waiting |= dict.fromkeys(numbers, 0)
        self.times |= dict.fromkeys(numbers, self.wall.now())

    @rule(limit=st.integers(0, 9))
    def receive(self, limit: int) -> None:
        ready = [number for number in sorted(self.waiting) if self.due.get(number, 0.0) <= self.passed.now()]
        messages = self.queue.receive(limit)
        assert [int(message.body) for message in messages] == ready[:limit]
        for message in messages:
            number = int(message.body)
            assert message.attempts == self.waiting.pop(number)
            assert message.enqueued_at == self.times[number]
            self.due.pop(number, None)
            self.claimed[number] = message

    @rule(max_bytes=st.integers(0, 10))
    def receive_bytes(self, max_bytes: int) -> None:
        ready = [number for number in sorted(self.waiting) if self.due.get(number, 0.0) <= self.passed.now()]
        messages = self.queue.receive(100, max_bytes)
        assert [int(message.body) for message in messages] == ready[: max(1, max_bytes // 3)]
        self.queue.nack([message.id for message in messages])
        for message in messages:
            self.waiting[int(message.body)] += 1

    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.claimed)), unique=True)) if self.claimed else []
        self.queue.ack([*(self.claimed.pop(number).id for number in chosen), 10**9])

    @rule(data=st.data(), delay_s=st.sampled_from([0.0, 5.0, 50.0]))
    def nack(self, data: st.DataObject, delay_s: float) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.claimed)), unique=True)) if self.claimed else []
        self.queue.nack([self.claimed[number].id for number in chosen], delay_s)
        for number in chosen:
            self.waiting[number] = self.claimed.pop(number).attempts + 1
            self.due[number] = self.passed.now() + delay_s

    @rule(seconds=st.sampled_from([1.0, 5.0, 60.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.wall.advance(seconds)
        self.passed.advance(seconds)

    @rule()
    def restart(self) -> None:
        """Everything that is not acknowledged comes again, in order, at once."""
        self.queues.close()
        self.open()
        self.waiting |= {number: message.attempts for number, message in self.claimed.items()}
        self.claimed.clear()
        self.due.clear()

    @invariant()
    def counts_agree(self) -> None:
        left = self.waiting.keys() | self.claimed.keys()
        assert self.queue.depth() == len(left)
        assert self.queue.in_flight() == len(self.claimed)
        oldest = self.wall.now() - self.times[min(left)] if left else 0.0
        assert self.queue.oldest_age() == oldest
        ready = any(self.due.get(number, 0.0) <= self.passed.now() for number in self.waiting)
        assert self.queue.wait(0) is ready


QueueModel.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestQueueModel = QueueModel.TestCase


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queues.db"


def test_senders_and_receivers_at_the_same_time_handle_each_message_once(path: Path) -> None:
    queues = Queues(path, kept_bytes=2000, loaded=50)
    queue = queues.queue("q")
    done: list[int] = []
    total = 3 * 400
    finished = threading.Event()

    def send(sender: int) -> None:
        for first in range(0, 400, 5):
            queue.send([str(sender * 400 + first + n).encode() for n in range(5)])

    def receive(seed: int) -> None:
        chance = random.Random(seed)
        while not finished.is_set():
            queue.wait(0.1)
            messages = queue.receive(7)
            good = [message for message in messages if chance.random() < 0.8]
            queue.ack([message.id for message in good])
            done.extend(int(message.body) for message in good)
            queue.nack([message.id for message in messages if message not in good], chance.choice([0, 0.001]))
            if len(done) >= total:
                finished.set()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(3)]
    threads += [threading.Thread(target=receive, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == list(range(total))
    assert queue.depth() == 0
    queues.close()
    again = Queues(path)
    assert again.depths() == {"q": 0}
    again.close()


def test_senders_at_the_same_time_keep_their_own_order(path: Path) -> None:
    queues = Queues(path)
    queue = queues.queue("q")

    def send(sender: int) -> None:
        for number in range(100):
            queue.send([f"{sender} {number}".encode()])

    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    received = [message.body.decode().split() for message in queue.receive(1000)]
    for sender in range(4):
        assert [int(number) for who, number in received if who == str(sender)] == list(range(100))
    queues.close()


def test_waiting_ends_when_a_message_is_sent_or_given_back(path: Path) -> None:
    queues = Queues(path)
    queue = queues.queue("q")
    heard: list[int] = []
    queue.listen(lambda: heard.append(queue.depth()))
    assert queue.wait(0) is False

    def while_waiting(act: Callable[[], None]) -> QueueMessage:
        found: list[bool] = []
        waiter = threading.Thread(target=lambda: found.append(queue.wait(60)))
        waiter.start()
        act()
        waiter.join(30)
        assert found == [True]
        (message,) = queue.receive(10)
        return message

    first = while_waiting(lambda: queue.send([b"1"]))
    again = while_waiting(lambda: queue.nack([first.id], 0.01))
    assert (first.attempts, again.attempts) == (0, 1)
    assert heard == [1, 1]
    queues.close()


def test_several_queues_get_all_or_nothing(path: Path) -> None:
    refuse = False

    def gate(operation: str) -> None:
        if refuse and operation == "queues.send":
            raise StoreError("refused")

    queues = Queues(path, gate=gate)
    queues.send({"a": [b"1"], "b": [b"1", b"2"], "c": []})
    assert queues.depths() == {"a": 1, "b": 2}
    refuse = True
    with pytest.raises(StoreError, match="refused"):
        queues.send({"a": [b"3"], "b": [b"3"]})
    assert queues.depths() == {"a": 1, "b": 2}
    queues.close()


def test_a_message_comes_back_though_its_attempt_can_not_be_counted(path: Path) -> None:
    def gate(operation: str) -> None:
        if operation == "queues.nack":
            raise StoreError("refused")

    queues = Queues(path, gate=gate)
    queue = queues.queue("q")
    queue.send([b"1"])
    for attempt in range(2):
        (message,) = queue.receive(1)
        assert message.attempts == attempt
        queue.nack([message.id])
    queues.close()


def test_a_message_that_could_not_be_acknowledged_stays_with_its_receiver(path: Path) -> None:
    refuse = True

    def gate(operation: str) -> None:
        if refuse and operation == "queues.ack":
            raise StoreError("refused")

    queues = Queues(path, gate=gate)
    queue = queues.queue("q")
    queue.send([b"1", b"2"])
    ids = [message.id for message in queue.receive(2)]
    with pytest.raises(StoreError):
        queue.ack(ids)
    assert (queue.depth(), queue.in_flight()) == (2, 2)
    refuse = False
    queue.ack(ids)
    assert (queue.depth(), queue.in_flight()) == (0, 0)
    queues.close()


def test_the_file_is_open_once_at_a_time(path: Path) -> None:
    queues = Queues(path)
    with pytest.raises(StoreError, match="locked"):
        Queues(path)
    queues.queue("q").send([b"1"])
    queues.close()
    again = Queues(path)
    assert again.queue("q").depth() == 1
    assert again.queue("q").purge() == 1
    assert again.queue("q").depth() == 0
    again.close()


@pytest.mark.parametrize("name", ["", "a b", "../a", "a;drop", "-a", "x" * 121])
def test_names_that_are_none(path: Path, name: str) -> None:
    queues = Queues(path)
    with pytest.raises(ValueError, match="queue name"):
        queues.queue(name)
    queues.close()
