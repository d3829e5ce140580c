"""The journal: errors folded by cause and followed by number, alerts, marked messages; over restarts and full disks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.parts import until
from twin2multicloud.runtime.envelope import ALERT, COMMAND_RESULT, Event
from twin2multicloud.runtime.error_events import MOST_MESSAGE
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, StoreError
from twin2multicloud.sandbox.journal import Journal


def report(
    device: str = "meter-1", message: str = "no", kind: ErrorKind = ErrorKind.INVALID, **more: Any
) -> ErrorReport:
    return ErrorReport("L2", "warning", kind, message, "process", device=device, **more)


@contextmanager
def journal(directory: Path, **more: Any) -> Iterator[Journal]:
    made = Journal(directory / "journal.db", cloud="aws", **more)
    try:
        yield made
    finally:
        made.close()


def test_repeats_are_folded(tmp_path: Path) -> None:
    now = [100.0]
    with journal(tmp_path, now=lambda: now[0]) as here:
        here.report([report(), report(message="again"), report("meter-2"), report(kind=ErrorKind.QUOTA)])
        until(lambda: here.position == 3)
        now[0] = 200.0
        here.report([report(message="later"), report(message="last")])
        until(lambda: here.position == 4)
        found = {(error.device, error.kind): error for error in here.errors()}
        assert len(found) == 3
        first = found["meter-1", "invalid"]
        assert (first.count, first.first, first.last, first.message) == (4, 100.0, 200.0, "last")
        assert (first.layer, first.severity, first.component) == ("L2", "warning", "process")
        other = found["meter-2", "invalid"]
        assert (other.count, other.first, other.last) == (1, 100.0, 100.0)
        assert [error.kind for error in here.latest(1)] == ["invalid"]


def test_what_makes_errors_different(tmp_path: Path) -> None:
    reports = [
        report(),
        report(link="persist"),
        ErrorReport("L3", "warning", ErrorKind.INVALID, "no", "process", device="meter-1"),
        ErrorReport("L2", "warning", ErrorKind.INVALID, "no", "rules", device="meter-1"),
    ]
    with journal(tmp_path) as here:
        here.report([*reports, report(trace="another", message="text")])
        until(lambda: here.position == 4)
        assert sorted(error.count for error in here.errors()) == [1, 1, 1, 2]


def follow(here: Journal, position: int, limit: int = 7) -> tuple[list[Any], int]:
    """As the command line does it."""
    found = []
    while page := here.errors(position, limit):
        found += page
        numbers = [int(error.key.rpartition("#")[2]) for error in page]
        assert numbers == sorted(numbers)
        assert numbers[0] > position
        position = numbers[-1]
    return found, position


def test_followed_from_many_threads_without_gaps_or_repeats(tmp_path: Path) -> None:
    with journal(tmp_path) as here:
        done = threading.Event()

        def write(number: int) -> None:
            for n in range(100):
                here.report([report(f"device-{number}-{n}")])

        found, position = [], 0
        threads = [threading.Thread(target=write, args=(n,)) for n in range(5)]
        for thread in threads:
            thread.start()
        while not done.is_set():
            page, position = follow(here, position)
            found += page
            if len(found) >= 500:
                done.set()
        for thread in threads:
            thread.join()
        page, _ = follow(here, position)
        assert page == []
        assert sorted(error.device for error in found) == sorted(
            f"device-{t}-{n}" for t in range(5) for n in range(100)
        )
        assert {error.count for error in found} == {1}


def test_every_report_is_counted_however_they_come(tmp_path: Path) -> None:
    sizes: list[int] = []
    with journal(tmp_path, counted=sizes.extend) as here:
        threads = [threading.Thread(target=lambda: [here.report([report()]) for _ in range(200)]) for _ in range(5)]  # type: ignore[func-returns-value]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: sum(error.count for error in here.errors()) == 1000)
        assert len(sizes) == 1000


def test_it_survives_a_restart(tmp_path: Path) -> None:
    with journal(tmp_path, now=lambda: 1.0) as here:
        here.report([report(), report("meter-2")])
        here.alert([alert("a")])
    with journal(tmp_path, now=lambda: 2.0) as here:
        assert here.position == 2, "closing has written what waited"
        here.report([report()])
        until(lambda: here.position == 3)
        (again,), _ = follow(here, 2)
        assert (again.count, again.first, again.last) == (2, 1.0, 2.0)
        assert [each["id"] for each in here.alerts()] == ["a"]


def test_texts_that_nobody_would_expect(tmp_path: Path) -> None:
    texts = ["\ud800", "ü" * 10, "\x00", "\x1b[31m", "x" * 100_000, ""]
    with journal(tmp_path) as here:
        here.report([report(f"d{n}{text[:20]}", text, trace=text[:20]) for n, text in enumerate(texts)])
        until(lambda: here.position == len(texts))
        messages = [error.message for error in here.errors()]
        assert messages == ["\\ud800", *texts[1:4], "x" * (MOST_MESSAGE - 1) + "…", ""]
        here.report([report()])
        until(lambda: here.position == len(texts) + 1)


class Disk:
    """A gate that is a full disk while told so."""

    def __init__(self) -> None:
        self.full = False

    def __call__(self, operation: str) -> None:
        if self.full and operation != "journal.read":
            raise StoreError("journal: no space left", quota=True)


def test_a_full_disk_raises_nothing_and_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disk = Disk()
    with journal(tmp_path, gate=disk) as here:
        here.report([report("before")])
        until(lambda: here.position == 1)
        disk.full = True
        for n in range(30):
            here.report([report(f"meanwhile-{n % 3}")])
        until(lambda: "no space left" in capsys.readouterr().err)
        assert here.position == 1
        with pytest.raises(StoreError):
            here.alert([alert("a")])
        assert here.alerts() == []
        disk.full = False
        until(lambda: here.position == 4)
        assert [error.count for error in here.errors(1)] == [10, 10, 10]
        here.alert([alert("a")])
        assert len(here.alerts()) == 1


def test_a_disk_that_is_full_to_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disk = Disk()
    disk.full = True
    with journal(tmp_path, gate=disk) as here:
        here.report([report("somebody")])
    assert "somebody" in capsys.readouterr().err, "the log has it at least"


def test_a_real_full_store(tmp_path: Path) -> None:
    with journal(tmp_path) as here:
        here.report([report("first")])
        until(lambda: here.position == 1)
        here._database.limit(1)
        here.report([report(f"d{n}", "x" * 5000) for n in range(200)])
        time.sleep(0.2)
        assert here.position == 1
        here._database.limit(None)
        until(lambda: here.position == 201)


# ── Alerts ──────────────────────────────────────────────────────────────────────────────────────────────────────
def alert(id: str, **data: Any) -> Event:
    full = {"rule": "hot", "severity": "critical", "message": "40 °C", "active": True, **data}
    return Event(id, "/x", ALERT, "meter-1", "2026-11-25T12:00:00.000000Z", full)


def test_alerts_are_kept_once(tmp_path: Path) -> None:
    with journal(tmp_path) as here:
        here.alert([alert("a"), alert("b", active=False)])
        here.alert([alert("b"), alert("a"), alert("c")])
        found = here.alerts()
        assert [(each["id"], each["active"]) for each in found] == [("a", True), ("b", False), ("c", True)]
        assert found[0] == {
            "seq": 1,
            "id": "a",
            "rule": "hot",
            "device": "meter-1",
            "severity": "critical",
            "message": "40 °C",
            "time": "2026-11-25T12:00:00.000000Z",
            "active": True,
        }


def test_alerts_are_followed_without_gaps(tmp_path: Path) -> None:
    with journal(tmp_path) as here:
        here.alert([alert(f"{n:03}") for n in range(100)])
        assert [each["id"] for each in here.alerts(limit=3)] == ["097", "098", "099"], "whoever looks sees the latest"
        position, seen = 0, []
        while page := here.alerts(position, 7):
            seen += [each["id"] for each in page]
            position = page[-1]["seq"]
        assert seen == [f"{n:03}" for n in range(100)], "whoever follows sees all"


def test_alerts_of_any_shape(tmp_path: Path) -> None:
    with journal(tmp_path) as here:
        here.alert([Event(id, "/x", ALERT, "meter-1", "2026", data) for id, data in (("a", ["x"]), ("b", None))])
        assert [(each["id"], each["rule"], each["active"]) for each in here.alerts()] == [
            ("a", "", False),
            ("b", "", False),
        ]


def test_answers_to_commands_are_no_alerts(tmp_path: Path) -> None:
    def answer(id: str, data: Any) -> Event:
        return Event(id, "/x", COMMAND_RESULT, "meter-1", "2026", data)

    with journal(tmp_path, now=lambda: 5.0) as here:
        answers = [{"id": "c", "status": "failed", "message": "x" * 1000}, {"id": "c", "status": "ok"}, None, [1]]
        here.alert([answer(str(n), data) for n, data in enumerate(answers)])
        assert here.alerts() == []
        found = here.result("meter-1", "c")
        assert found == {"status": "failed", "message": "x" * 500, "at": 5.0}
        assert here.result("meter-2", "c") is None


# ── Marked messages ─────────────────────────────────────────────────────────────────────────────────────────────
def test_marked_messages_are_seen_where_they_pass(tmp_path: Path) -> None:
    now = [1.0]
    with journal(tmp_path, now=lambda: now[0]) as here:
        here.passed("process", ["a"])
        here.watch("a")
        now[0] = 2.0
        here.passed("process", ["x", "a"])
        now[0] = 3.0
        here.passed("process", ["a"])
        here.passed("persist-receiver", (id for id in ("a", "b")))
        assert here.seen("a") == {"process": 2.0, "persist-receiver": 3.0}
        assert here.seen("b") == {}


def test_marks_are_forgotten_in_the_end_and_nobody_stumbles(tmp_path: Path) -> None:
    with journal(tmp_path) as here:
        stop = threading.Event()
        problems: list[BaseException] = []

        def passing() -> None:
            try:
                while not stop.is_set():
                    here.passed("process", [str(n) for n in range(0, 3000, 7)])
            except KeyError as error:
                problems.append(error)

        thread = threading.Thread(target=passing)
        thread.start()
        for n in range(3000):
            here.watch(str(n))
        stop.set()
        thread.join()
        assert problems == []
        assert here.seen("0") == {}
        here.passed("process", ["2999"])
        assert set(here.seen("2999")) == {"process"}


def test_how_often_rules_fired_is_counted_once_each(tmp_path: Path) -> None:
    def raised(id: str, rule: str, second: int, *, active: bool = True) -> Event:
        at = f"2026-11-25T12:00:{second:02}.000000Z"
        return Event(id, "/x", ALERT, "meter-1", at, {"rule": rule, "active": active})

    with journal(tmp_path) as here:
        here.alert([raised("1", "hot", 5), raised("2", "hot", 3), raised("3", "hot", 7, active=False)])
        here.alert([raised("1", "hot", 5), raised("4", "cold", 1)])  # the first one comes again
        assert here.fired() == {
            "hot": (2, "2026-11-25T12:00:05.000000Z"),
            "cold": (1, "2026-11-25T12:00:01.000000Z"),
        }
        notices = here.notices(0, 0)
        with journal(tmp_path / "elsewhere") as there:
            there.adopt(notices)
            there.adopt(notices)
            assert there.fired() == here.fired()
        here.forget_notices()
        assert here.fired() == {}
