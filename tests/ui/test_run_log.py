"""A run's log in memory: filtered, searched, bounded, paused; and how it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta

from tests.ui.driver import driven
from tests.ui.run_documents import BEGIN, HOT, Telling
from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.ui.runs.lines import Log, Look, written
from twin2multicloud.app.ui.runs.log_files import beginning, moment_of
from twin2multicloud.app.ui.runs.log_state import Reading
from twin2multicloud.app.ui.runs.watching import NEWEST, Watching


def _log(most: int = 100_000) -> tuple[Log, Telling]:
    log, told = Log(most), Telling()
    log.add(
        [
            told.event("engine", "made a table", stack=HOT, severity="debug"),
            told.event("engine", "table created", stack=HOT),
            told.event("engine", "queue created", stack="L2"),
            told.event("engine", "TABLE gone", stack=HOT, severity="error"),
        ]
    )
    return log, told


def _texts(log: Log) -> list[str]:
    return [log.at(position).text for position in range(len(log))]


def test_of_a_log_too_long_for_a_window_the_beginning_is_saved() -> None:
    pieces = [b"one\ntw", b"o\nthree\n", b"four\n"]
    assert beginning(iter(pieces), None) == (b"one\ntwo\nthree\nfour\n", True)
    assert beginning(iter(pieces), 10) == (b"one\ntwo\n", False)
    assert beginning(iter(pieces), 19) == (b"one\ntwo\nthree\nfour\n", True)


def test_lines_are_filtered_by_severity_and_slot() -> None:
    log, told = _log()
    assert _texts(log) == ["table created", "queue created", "TABLE gone"]
    log.look_at(Look("debug", HOT))
    assert _texts(log) == ["made a table", "table created", "TABLE gone"]
    log.look_at(Look("error"))
    log.add([told.event("x", "fine"), told.event("x", "worse", severity="error")])
    assert _texts(log) == ["TABLE gone", "worse"]
    log.look_at(Look("debug", "no-such-stack"))
    assert len(log) == 0


def test_hits_are_counted_whatever_their_letters_and_one_leads_to_the_next() -> None:
    log, told = _log()
    log.look_at(Look(search="table"))
    assert [log.lines.line(number).text for number in log.hits] == ["table created", "TABLE gone"]
    first = log.hit("next", None)
    assert first is not None
    second = log.hit("next", first)
    assert second is not None
    assert (log.hit_number(first), log.hit_number(second)) == (1, 2)
    assert log.hit("next", second) == first
    assert log.hit("previous", first) == second
    log.add([told.event("x", "another table")])
    assert len(log.hits) == 3
    log.look_at(Look(search="nowhere"))
    assert log.hit("next", None) is None


def test_only_the_newest_lines_are_kept_and_hits_go_with_those_that_are_not() -> None:
    log, told = Log(most=10_000), Telling()
    log.look_at(Look(search="odd"))
    log.add([told.event("x", f"{'odd' if number % 2 else 'even'} {number}") for number in range(15_000)])
    assert log.dropped == 5_000
    assert (len(log), log.at(0).text, log.at(len(log) - 1).text) == (10_000, "even 5000", "odd 14999")
    assert (len(log.hits), log.lines.line(log.hits[0]).text) == (5_000, "odd 5001")


def test_a_paused_log_holds_back_what_comes() -> None:
    log, told = _log()
    log.pause(True)
    log.add([told.event("x", "new")])
    assert (_texts(log)[-1], log.held_back) == ("TABLE gone", 1)
    log.pause(False)
    assert (_texts(log)[-1], log.held_back) == ("new", 0)


def test_a_time_of_day_leads_to_the_first_line_from_then_on_over_midnight_too() -> None:
    log, _ = _log()
    moment = moment_of("08:00:03", Reading(log))
    assert moment == BEGIN + timedelta(seconds=3)
    assert log.at(log.position_at(moment)).text == "queue created"
    assert moment_of("half past", Reading(log)) is None
    late = Log()
    told = Telling()
    events = [told.event("x", str(number)) for number in range(2)]
    events[0].at = BEGIN.replace(hour=23, minute=59)
    events[1].at = BEGIN + timedelta(days=1)
    late.add(events)
    assert moment_of("00:10", Reading(late)) == (BEGIN + timedelta(days=1)).replace(hour=0, minute=10)


def test_a_line_is_written_with_its_time_severity_and_slot() -> None:
    log, _ = _log()
    assert written(log.at(0), "L3 hot") == "2026-11-26T08:00:02.000Z info    L3 hot: table created"


class _Source:
    """A stream of events, of which a test says when it goes on."""

    def __init__(self, events: list[Event], gate: asyncio.Event) -> None:
        self._events = events
        self._gate = gate
        self.asked: list[int | None] = []

    async def follow(
        self,
        *,
        run: str | None = None,
        after: int | None = None,
        disconnected: Callable[[str], None] | None = None,
        reconnected: Callable[[], None] | None = None,
    ) -> AsyncGenerator[Event, None]:
        """As `AsyncEvents.follow`; it breaks once, and waits before the last event."""
        assert run == "run_1"
        self.asked.append(after)
        for event in self._events[:-1]:
            if event.id > (after or 0):
                yield event
        if disconnected is not None:
            disconnected("the connection broke")
        await self._gate.wait()
        if reconnected is not None:
            reconnected()
        yield self._events[-1]


def _events(number: int) -> list[Event]:
    told = Telling()
    return [told.event("engine", f"line {each}") for each in range(number)] + [told.event("run.succeeded", "done")]


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


@driven
async def test_the_newest_lines_of_a_long_log_are_shown_before_the_earlier_ones_have_come() -> None:
    events = _events(1_000)
    gate, there = asyncio.Event(), events[:-1]
    source = _Source(events, gate)
    seen: list[tuple[int, str]] = []

    async def newest() -> list[Event]:
        return there[-NEWEST:][::-1]

    watching = Watching("run_1", source, newest)
    watching.log.watch(lambda: seen.append((len(watching.log), watching.log.at(0).text)))
    watching.begin()
    await _until(lambda: not watching.log.loading and len(watching.log) == 1_000)
    assert seen[:2] == [(NEWEST, "line 800"), (1_000, "line 0")]
    assert source.asked == [0]
    watching.stop()


@driven
async def test_a_short_log_is_read_once_and_a_lost_connection_is_told_until_it_is_back() -> None:
    events = _events(3)
    gate = asyncio.Event()
    source = _Source(events, gate)

    async def newest() -> list[Event]:
        return events[:3][::-1]

    moved: list[int] = []
    watching = Watching("run_1", source, newest, lambda: moved.append(len(watching.log)))
    watching.begin()
    await _until(lambda: watching.connection.problem is not None)
    assert (len(watching.log), source.asked) == (3, [3])
    gate.set()
    await _until(lambda: watching.progress.ended == "succeeded")
    assert moved == [3, 4]
    assert watching.connection.problem is None
    assert _texts(watching.log)[-1] == "done"
    watching.stop()


@driven
async def test_a_run_that_has_ended_is_not_followed() -> None:
    events = _events(3)
    source = _Source(events, asyncio.Event())

    async def newest() -> list[Event]:
        return events[::-1]

    watching = Watching("run_1", source, newest)
    watching.begin()
    await _until(lambda: watching.progress.ended == "succeeded")
    await asyncio.sleep(0.05)
    assert source.asked == []
