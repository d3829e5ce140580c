"""The function host: batches, retries, poison, stopping; over real queues."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.parts import NOW, Reports, until
from twin2multicloud.runtime.adapters.local.clock import ManualClock
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.queues import Queue, Queues
from twin2multicloud.runtime.envelope import Event, RawMessage, encode, encode_batch, items_of
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError
from twin2multicloud.sandbox.channels import letter_of
from twin2multicloud.sandbox.host import MOST_ATTEMPTS, FunctionStats, QueueFunction

DEADLINE_S = 20.0


class Fast:
    """A queue whose messages come again at once; the waits that were asked for are written down."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.name = queue.name
        self.waits: list[float] = []
        self.failing: list[str] = []

    def _fails(self, call: str) -> None:
        if call in self.failing:
            self.failing.remove(call)
            raise StoreError(f"{call} failed")

    def receive(self, limit: int, sent_by: float | None = None) -> Sequence[Any]:
        self._fails("receive")
        return self.queue.receive(limit, sent_by=sent_by)

    def begin(self, batch: Sequence[Any]) -> None:
        pass

    def ack(self, ids: Sequence[int]) -> None:
        self._fails("ack")
        self.queue.ack(ids)

    def nack(self, ids: Sequence[int], delay_s: float) -> None:
        self.waits.append(delay_s)
        self.queue.nack(ids, 0.0)

    def wait(self, timeout: float) -> bool:
        return self.queue.wait(min(timeout, 0.02))  # so that tests end soon

    def wake(self) -> None:
        self.queue.wake()


class Hosted:
    """A function over a queue, and what it did."""

    def __init__(self, directory: Path, handle: Callable[[list[Any]], None], **more: Any) -> None:
        self.clock = ManualClock(NOW)
        self.queues = Queues(directory / "queues.db", clock=self.clock)
        self.queue = self.queues.queue("intake")
        self.source = Fast(self.queue)
        self.letters = LocalDeadLetters(directory / "letters.db")
        self.reports = Reports()
        self.calls: list[list[str]] = []
        self._lock = threading.Lock()

        def invoke(items: list[Any]) -> None:
            with self._lock:
                self.calls.append([name_of(item) for item in items])
            handle(items)

        settings: dict[str, Any] = {
            "most": 10, "window_s": 0.0, "uniform": lambda low, high: high, "now": self.clock.now, **more
        }  # fmt: skip
        self.stats = FunctionStats("process", "process", "L2")
        self.function = QueueFunction(
            self.stats,
            self.source,
            decode=items_of,
            invoke=invoke,
            letter=letter_of("process", "intake", lambda: NOW),
            dead_letters=self.letters,
            reporter=self.reports,
            **settings,
        )

    def send(self, *names: str) -> None:
        self.queue.send([body(name) for name in names])

    def settle(self) -> None:
        until(lambda: self.queue.depth() == 0)

    @property
    def handled(self) -> Counter[str]:
        return Counter(name for call in self.calls for name in call)


def body(name: str) -> bytes:
    return encode(RawMessage("meter-1", name.encode(), NOW))


def name_of(item: Any) -> str:
    return str(item.payload.decode())


@contextmanager
def hosted(directory: Path, handle: Callable[[list[Any]], None] = lambda _items: None, **more: Any) -> Iterator[Hosted]:
    made = Hosted(directory, handle, **more)
    try:
        yield made
    finally:
        made.function.stop()
        made.queues.close()
        made.letters.close()


def raises_for(*names: str, error: Callable[[], Exception] = lambda: RuntimeError("no idea")) -> Callable[[Any], None]:
    def handle(items: list[Any]) -> None:
        if any(name_of(item) in names for item in items):
            raise error()

    return handle


# ── Batches ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_messages_are_gathered_and_acknowledged(tmp_path: Path) -> None:
    with hosted(tmp_path) as here:
        here.send(*map(str, range(25)))
        here.function.start()
        here.settle()
        assert [len(call) for call in here.calls] == [10, 10, 5]
        assert [name for call in here.calls for name in call] == [str(n) for n in range(25)]
        assert (here.stats.invocations, here.stats.messages, here.stats.errors) == (3, 25, 0)


def test_a_window_gathers_what_comes_within_it(tmp_path: Path) -> None:
    with hosted(tmp_path, window_s=5.0, most=3) as here:
        here.function.start()
        for name in ("a", "b", "c"):
            here.send(name)
        here.settle()
        assert here.calls == [["a", "b", "c"]], "the window ends when the batch is full"


def test_a_window_is_one_of_the_twins_clock(tmp_path: Path) -> None:
    with hosted(tmp_path, window_s=1.0, most=5, speed=lambda: 100.0) as here:
        for name, after_s in {"a": 0.0, "b": 0.004, "c": 0.01, "d": 0.011, "e": 0.02}.items():
            here.clock.set(NOW + after_s)
            here.send(name)
        # However late the machine is to look, what came after the window is the next batch's.
        here.clock.set(NOW + 0.04)
        here.function.start()
        here.settle()
        assert here.calls == [["a", "b", "c"], ["d", "e"]]


def test_what_was_sent_too_late_closes_the_batch(tmp_path: Path) -> None:
    with hosted(tmp_path, window_s=5.0) as here:
        here.send("a")
        here.clock.set(NOW + 6)
        here.send("b")
        here.clock.set(NOW + 1)  # as after a clock that was put right meanwhile
        receive, asked = here.source.receive, []
        here.source.receive = lambda *limits: asked.append(limits) or receive(*limits)  # type: ignore[func-returns-value, method-assign]
        here.function.start()
        until(lambda: here.calls[:1] == [["a"]])
        assert asked.count((9, NOW + 5)) == 2, "nobody asks again and again for what is not to come"


def test_a_backlog_is_worked_off_in_full_batches(tmp_path: Path) -> None:
    with hosted(tmp_path, window_s=1.0, most=5, speed=lambda: 100.0) as here:
        for number in range(10):
            here.clock.set(NOW + number)
            here.send(str(number))
        here.clock.set(NOW + 60)
        here.function.start()
        here.settle()
        assert [len(call) for call in here.calls] == [5, 5]


@pytest.mark.parametrize("speed", [0.0, 0.001])
def test_a_clock_that_stands_holds_nobody_up(tmp_path: Path, speed: float) -> None:
    with hosted(tmp_path, window_s=0.02, speed=lambda: speed) as here:
        here.send("a")
        here.function.start()
        here.settle()
        assert here.calls == [["a"]]


def test_a_message_may_hold_a_whole_batch(tmp_path: Path) -> None:
    seen: list[int] = []
    with hosted(tmp_path, most=1) as here:
        here.function._invoke = lambda items: seen.append(len(items))
        events = [Event(str(n), "/x", "t", "meter-1", "2026", {}) for n in range(7)]
        here.queue.send([encode_batch(events), encode_batch([])])
        here.function.start()
        here.settle()
        assert seen == [7, 0]


# ── Poison ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_poison_message_ends_alone_in_the_dead_letters(tmp_path: Path) -> None:
    with hosted(tmp_path, raises_for("4")) as here:
        here.send(*map(str, range(10)))
        here.function.start()
        here.settle()
        (letter,) = here.letters.list()
        assert letter.body == body("4")
        assert (letter.topic, letter.component, letter.device) == ("intake", "process", "meter-1")
        assert letter.reason == "RuntimeError: no idea"
        tried = here.handled
        assert tried["4"] == MOST_ATTEMPTS + 1, "once with the others, then alone"
        alone = [call for call in here.calls if len(call) == 1]
        assert Counter(call[0] for call in alone) == Counter({**{str(n): 1 for n in range(10)}, "4": MOST_ATTEMPTS})
        assert {report.kind for report in here.reports.all} == {ErrorKind.INTERNAL}
        assert here.function._poison == {}


UNREADABLE = [
    b"",
    b"hello",
    b"\xff\xfe",
    b"[",
    b"[1]",
    b"null",
    b'{"specversion":"1.0"}',
    b'{"device":"d","payload":"?","received":1}',
    b'[{"specversion":"1.0","id":"a\xff"}]',
    b'{"specversion":"1.0","id":"a","source":"","type":"","subject":"","time":"","data":'
    + b"[" * 5000
    + b"]" * 5000
    + b"}",
]


@pytest.mark.parametrize("content", UNREADABLE, ids=lambda content: repr(content[:30]))
def test_what_cannot_be_read_ends_there_too_and_the_function_goes_on(tmp_path: Path, content: bytes) -> None:
    with hosted(tmp_path) as here:
        here.queue.send([body("a"), content, body("b")])
        here.function.start()
        here.settle()
        here.send("c")
        here.settle()
        assert here.handled == {"a": 1, "b": 1, "c": 1}
        (letter,) = here.letters.list()
        assert letter.body == content


def test_a_strangers_outage_ends_in_the_dead_letters(tmp_path: Path) -> None:
    """A webhook that never answers is given up after a while, and holds up nothing else."""

    def handle(items: list[Any]) -> None:
        if "2" in [name_of(item) for item in items]:
            report = ErrorReport(
                layer="L2", severity="error", kind=ErrorKind.ACTION_FAILED, message="no answer", component="actions"
            )
            raise HandlerError(report, patient=False)

    with hosted(tmp_path, handle) as here:
        here.send("1", "2", "3")
        here.function.start()
        here.settle()
        assert here.handled["1"] == here.handled["3"] == 2, "once with the other, then alone"
        assert [letter.reason for letter in here.letters.list()] == ["no answer"]


def test_an_outage_makes_no_poison(tmp_path: Path) -> None:
    """However often a message failed because a store was down, it is tried as often as any other when it is odd."""
    down = [True]

    def handle(items: list[Any]) -> None:
        if down[0]:
            raise StoreError("down")
        raises_for("odd")(items)

    with hosted(tmp_path, handle) as here:
        here.send("odd")
        here.function.start()
        until(lambda: here.stats.invocations > 12)
        down[0] = False
        before = here.stats.invocations
        here.settle()
        assert here.letters.count() == 1
        assert MOST_ATTEMPTS <= here.stats.invocations - before <= MOST_ATTEMPTS + 1


def test_a_dead_letter_store_that_is_down_keeps_the_poison_in_its_queue(tmp_path: Path) -> None:
    with hosted(tmp_path, raises_for("bad")) as here:
        put, failures = here.letters.put, [3]

        def failing(letters: Any) -> None:
            if failures[0]:
                failures[0] -= 1
                raise StoreError("down")
            put(letters)

        here.letters.put = failing  # type: ignore[method-assign]
        here.send("bad", "good")
        here.function.start()
        here.settle()
        assert here.letters.count() == 1
        assert here.handled["good"] == 2, "once with the poison, once alone"


# ── Retries ─────────────────────────────────────────────────────────────────────────────────────────────────────
def failing_times(count: int, error: Callable[[], Exception]) -> Callable[[Any], None]:
    left = [count]

    def handle(_items: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise error()

    return handle


REPORT = ErrorReport("L3", "error", ErrorKind.WRITE_FAILED, "down", "process")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (lambda: HandlerError(REPORT), "write-failed"),
        (lambda: StoreError("down"), "write-failed"),
        (lambda: StoreError("full", quota=True), "quota"),
    ],
)
def test_waits_grow_while_the_work_cannot_be_done(tmp_path: Path, error: Callable[[], Exception], kind: str) -> None:
    with hosted(tmp_path, failing_times(8, error)) as here:
        here.send("a", "b")
        here.function.start()
        here.settle()
        assert here.source.waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0])
        assert here.reports.kinds == [kind] * 8
        assert here.handled == {"a": 9, "b": 9}
        assert here.letters.count() == 0
        assert here.stats.errors == 8


def test_who_says_when_is_obeyed_within_reason(tmp_path: Path) -> None:
    waits = iter([7.5, 0.01, 1e6])
    with hosted(tmp_path, failing_times(3, lambda: HandlerError(REPORT, retry_after_s=next(waits)))) as here:
        here.send("a")
        here.function.start()
        here.settle()
        assert here.source.waits == pytest.approx([7.5, 0.4, 30.0])


def test_waits_are_spread(tmp_path: Path) -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    with hosted(tmp_path, failing_times(3, lambda: StoreError("down")), uniform=uniform) as here:
        here.send("a")
        here.function.start()
        here.settle()
        assert [high for _, high in asked] == pytest.approx([0.2, 0.4, 0.8])
        assert here.source.waits == pytest.approx([0.1, 0.2, 0.4])


@pytest.mark.parametrize("calls", [["receive"], ["receive"] * 5, ["ack"], ["ack", "ack"], ["ack", "ack", "ack"]])
def test_a_queue_that_fails_loses_nothing(tmp_path: Path, calls: list[str]) -> None:
    with hosted(tmp_path, window_s=0.05) as here:
        here.source.failing = list(calls)
        here.send("a", "b")
        here.function.start()
        here.send("c")
        here.settle()
        assert here.source.failing == []
        assert set(here.handled) == {"a", "b", "c"}
        assert here.queue.in_flight() == 0


def test_a_receive_that_fails_in_the_middle_of_a_batch(tmp_path: Path) -> None:
    """What was received by then is handled, not forgotten."""
    with hosted(tmp_path, window_s=5.0) as here:
        receive, calls = here.source.receive, []

        def second_fails(limit: int, sent_by: float | None = None) -> Sequence[Any]:
            calls.append(limit)
            if len(calls) == 2:
                raise StoreError("down")
            return receive(limit, sent_by)

        here.source.receive = second_fails  # type: ignore[method-assign]
        here.send("a", "b", "c")
        here.function.start()
        until(lambda: ["a"] in here.calls)
        here.function.end()
        until(lambda: here.queue.in_flight() == 0)


# ── Stopping, many at once ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("concurrency", [1, 3])
def test_stopping_lets_the_batch_under_way_end(tmp_path: Path, concurrency: int) -> None:
    began, go = threading.Event(), threading.Event()

    def handle(_items: Any) -> None:
        began.set()
        assert go.wait(DEADLINE_S)

    with hosted(tmp_path, handle, most=1, concurrency=concurrency) as here:
        here.send(*map(str, range(10)))
        here.function.start()
        assert began.wait(DEADLINE_S)
        here.function.end()
        go.set()
        here.function.stop()
        done = 10 - here.queue.depth()
        assert 1 <= done <= concurrency + 1
        assert here.queue.in_flight() == 0
        assert here.stats.messages == done
        calls = len(here.calls)
        here.send("more")
        time.sleep(0.05)
        assert len(here.calls) == calls


def test_what_was_not_acknowledged_comes_again_after_a_restart(tmp_path: Path) -> None:
    stuck = threading.Event()

    def hang(_items: list[Any]) -> None:
        stuck.wait(DEADLINE_S)

    with hosted(tmp_path, hang) as here:
        here.send("a", "b")
        here.function.start()
        until(lambda: bool(here.calls))
        # The process is gone: nothing is acknowledged, nothing given back.
        here.source.ack = lambda _ids: None  # type: ignore[assignment, method-assign]
        stuck.set()
    with hosted(tmp_path) as again:
        assert again.queue.depth() == 2
        again.function.start()
        again.settle()
        assert again.handled == {"a": 1, "b": 1}


def test_as_many_at_once_as_allowed(tmp_path: Path) -> None:
    running, most, lock = [0], [0], threading.Lock()
    barrier = threading.Barrier(4)

    def handle(_items: Any) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        barrier.wait(DEADLINE_S)
        with lock:
            running[0] -= 1

    with hosted(tmp_path, handle, most=1, concurrency=4) as here:
        here.send(*map(str, range(20)))
        here.function.start()
        here.settle()
        assert most[0] == 4
        assert here.handled == {str(n): 1 for n in range(20)}


def test_poison_among_many_at_once(tmp_path: Path) -> None:
    with hosted(tmp_path, raises_for("7", "13"), most=3, concurrency=4) as here:
        here.send(*map(str, range(20)))
        here.function.start()
        here.settle()
        assert sorted(letter.body for letter in here.letters.list()) == sorted([body("7"), body("13")])
        assert set(here.handled) == {str(n) for n in range(20)}
