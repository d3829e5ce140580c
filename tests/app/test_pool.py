"""The processes that optimize: started late, replaced when they die, never more waiting than agreed."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.optimizing.answers import optimize
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.desk import Memory
from twin2multicloud.app.optimizing.pool import Pool
from twin2multicloud.app.optimizing.solver import Solver
from twin2multicloud.app.schemas.questions import OptimizeInput
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.optimizer.bill.conflict import NoPlacementError, Relaxation

BOOK = Book.at(None)


def version(solver: Solver) -> tuple[int, str]:
    return os.getpid(), solver.book.version


def die(_: Solver) -> None:
    os._exit(7)


def die_once(flag: str, _: Solver) -> str:
    if not os.path.exists(flag):  # noqa: PTH110
        with open(flag, "w"):  # noqa: PTH123
            os._exit(7)
    return "survived"


def refuse(error: Exception, _: Solver) -> None:
    raise error


@pytest.fixture(scope="module")
def processes() -> Iterator[Pool]:
    pool = Pool(1)
    yield pool
    pool.close()


def test_another_process_answers_by_the_same_book(processes: Pool) -> None:
    pid, name = processes.ask_now(BOOK, version)
    assert pid != os.getpid()
    assert name == BOOK.prices.version
    assert asyncio.run(processes.ask(BOOK, version)) == (pid, name)
    texts = {name: text.replace('version = "', 'version = "other-', 1) for name, text in BOOK.texts.items()}
    assert processes.ask_now(Book.of(texts), version)[1].startswith("other-")
    question = partial(optimize, given=OptimizeInput(scenario="smart-home"))
    assert processes.ask_now(BOOK, question) == question(Solver(BOOK.prices))


def test_errors_come_back_whole(processes: Pool) -> None:
    bad = InvalidInputError("request", [Finding("devices", "is wrong", "x", 3, 4)])
    with pytest.raises(InvalidInputError) as found:
        processes.ask_now(BOOK, partial(refuse, bad))
    assert found.value.findings == bad.findings
    assert str(found.value) == str(bad)
    nothing = NoPlacementError(["a", "b"], [Relaxation("a", 5.0), Relaxation("b", None)], ["why", "why"])
    with pytest.raises(NoPlacementError) as missing:
        processes.ask_now(BOOK, partial(refuse, nothing))
    assert missing.value.details == nothing.details
    assert str(missing.value) == str(nothing)


def test_a_process_that_dies_is_replaced(processes: Pool, tmp_path: pytest.TempPathFactory) -> None:
    before = processes.ask_now(BOOK, version)[0]
    assert processes.ask_now(BOOK, partial(die_once, f"{tmp_path}/flag")) == "survived"
    assert processes.ask_now(BOOK, version)[0] != before
    with pytest.raises(UnavailableError, match="twice") as found:
        processes.ask_now(BOOK, die)
    assert found.value.details["retry_after_s"] > 0
    assert asyncio.run(processes.ask(BOOK, version))[1] == BOOK.prices.version


def test_no_more_wait_than_agreed() -> None:
    pool, going, go_on = Pool(0, waiting=2), threading.Semaphore(0), threading.Event()

    def wait(_: Solver) -> int:
        going.release()
        go_on.wait(30)
        return 1

    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(pool.ask_now, BOOK, wait) for _ in range(2)]
        going.acquire()
        while pool.asked < 2:
            time.sleep(0.01)
        with pytest.raises(UnavailableError, match="2 questions are waiting"):
            pool.ask_now(BOOK, wait)
        go_on.set()
        assert [each.result() for each in waiting] == [1, 1]
    assert pool.ask_now(BOOK, wait) == 1
    pool.close()


def sleep(_: Solver) -> None:
    time.sleep(60)


def test_closing_ends_the_processes_and_what_they_work_on() -> None:
    pool = Pool(2)
    pid = pool.ask_now(BOOK, version)[0]
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.ask_now, BOOK, sleep)
        while not pool.asked:
            time.sleep(0.01)
        pool.close()
        with pytest.raises(UnavailableError, match="going down"):
            waiting.result(30)
    pool.close()
    with pytest.raises(UnavailableError, match="going down"):
        pool.ask_now(BOOK, version)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_who_waits_when_it_closes_is_told_so() -> None:
    """Python's threads would call what waits cancelled, which nobody asked for."""
    pool, going, go_on = Pool(0), threading.Event(), threading.Event()

    def wait(_: Solver) -> int:
        going.set()
        go_on.wait(30)
        return 1

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(pool.ask_now, BOOK, wait)
        assert going.wait(30)
        waiting = [threads.submit(pool.ask_now, BOOK, wait) for _ in range(2)]
        while pool.asked < 3:
            time.sleep(0.01)
        closing = threads.submit(pool.close)
        while not pool._closed:
            time.sleep(0.01)
        time.sleep(0.05)  # for what would be cancelled
        go_on.set()
        closing.result(30)
        assert first.result(30) == 1
        for each in waiting:
            with pytest.raises(UnavailableError, match="going down"):
                each.result(30)


def talk(_: Solver) -> str:
    print("a worker that prints must not spoil its answers")
    return "said"


def test_what_a_worker_prints_is_no_answer(processes: Pool) -> None:
    assert processes.ask_now(BOOK, talk) == "said"


def test_memory_forgets_the_oldest_and_holds_no_giants() -> None:
    memory = Memory(100)
    for name in (b"a", b"b", b"c", b"d"):
        memory.put(name, name * 25)
    assert memory.get(b"a") == b"a" * 25
    memory.put(b"e", b"e" * 25)
    assert memory.get(b"b") is None, "the oldest, since a was asked for after it"
    assert memory.get(b"a") is not None
    memory.put(b"giant", b"x" * 26)
    assert memory.get(b"giant") is None
    memory.put(b"a", b"A" * 10)
    assert memory.get(b"a") == b"A" * 10
