"""Scheduled functions: when they run, one at a time, and what a failure costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tests.runtime.parts import Reports, until
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError
from twin2multicloud.sandbox.host import FunctionStats, ScheduledFunction

REPORT = ErrorReport("L3", "error", ErrorKind.WRITE_FAILED, "down", "process")


def scheduled(work: Callable[[], int], clock: Callable[[], float], reports: Reports) -> ScheduledFunction:
    stats = FunctionStats("mover", "move", "L3.hot")
    return ScheduledFunction(stats, work, every_s=3600.0, clock=clock, reporter=reports)


def test_a_schedule_follows_the_twins_clock() -> None:
    now, runs, reports = [0.0], [], Reports()
    function = scheduled(lambda: runs.append(now[0]) or 3, lambda: now[0], reports)  # type: ignore[func-returns-value]
    function.start()
    for moment in (3600.0, 7300.0, 100.0):  # on time, late, and a clock that is put back
        count = len(runs)
        now[0] = moment
        until(lambda count=count: len(runs) > count)  # type: ignore[misc]
    function.run_now()
    until(lambda: len(runs) == 4)
    function.stop()
    assert runs == [3600.0, 7300.0, 100.0, 100.0]
    assert function.stats.messages == 12


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (HandlerError(REPORT), "write-failed"),
        (StoreError("full", quota=True), "quota"),
        (StoreError("down"), "write-failed"),
        (ZeroDivisionError("oh"), "internal"),
    ],
)
def test_a_run_that_fails_is_reported_and_the_next_one_runs(error: Exception, kind: str) -> None:
    reports, errors = Reports(), [error]

    def work() -> int:
        if errors:
            raise errors.pop()
        return 1

    function = scheduled(work, lambda: 0.0, reports)
    function.once()
    function.once()
    assert reports.kinds == [kind]
    assert (function.stats.invocations, function.stats.errors, function.stats.messages) == (2, 1, 1)


def test_one_run_at_a_time() -> None:
    running, most, lock = [0], [0], threading.Lock()

    def work() -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return 1

    function = scheduled(work, lambda: 0.0, Reports())
    threads = [threading.Thread(target=function.once) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most[0], function.stats.invocations) == (1, 5)
