"""What every reporter must do: `ReporterContract`; on an error topic also `ErrorEventsContract`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import msgspec
import pytest

from tests.contracts.base import Contract, unique
from twin2multicloud.runtime.envelope import ERROR, Event
from twin2multicloud.runtime.error_events import MOST_MESSAGE, MOST_NAME
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport
from twin2multicloud.runtime.ports import Reporter
from twin2multicloud.runtime.times import to_time

NOW = 1_795_608_000.25
"""What the clock of the reporter under test says."""


@dataclass(frozen=True)
class Arrived:
    """A report as a person would find it, how often, and since when (seconds since 1970)."""

    report: ErrorReport
    count: int
    first: float


Found: TypeAlias = Callable[[], list[Arrived]]


def report(message: str = "“Größe” \U0001f4a5", *, component: str = "", **more: str) -> ErrorReport:
    """One with every field; its component tells the test's own from others."""
    texts = {"device": "d-1", "link": "persist", "trace": "t-1", **more}
    return ErrorReport("L2", "warning", ErrorKind.INVALID, message, component or unique("c"), **texts)


class ReporterContract(Contract):
    """Subclass and supply `open_reporter`, `found`, `away` and `log`."""

    cloud: ClassVar[str]
    settle_s = 5.0

    @pytest.fixture
    def open_reporter(self) -> Callable[[], Reporter]:
        """Opens the reporter under test, whose clock says `NOW`; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def found(self) -> Found:
        """What has arrived since the test began; equal reports count as often as they came."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def away(self) -> Reporter:
        """A reporter whose service cannot be reached."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def kept(self) -> Callable[[], str]:
        """Where reports of `away` are still to be found: its log, or the place once it can be reached again."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def reporter(self, open_reporter: Callable[[], Reporter]) -> Reporter:
        return open_reporter()

    def arrive(self, found: Found, reports: list[ErrorReport]) -> list[Arrived]:
        """Assert that these arrive, each once; of the same components, nothing else does."""
        ours = {each.component for each in reports}
        deadline = time.monotonic() + self.settle_s
        while True:
            arrived = [each for each in found() if each.report.component in ours]
            if sum(each.count for each in arrived) >= len(reports) or time.monotonic() >= deadline:
                break
            time.sleep(0.02)
        as_found = [each.report for each in arrived for _ in range(each.count)]
        expected = [msgspec.structs.replace(each, cloud=each.cloud or self.cloud) for each in reports]
        assert sorted(as_found, key=repr) == sorted(expected, key=repr)
        return arrived

    def test_a_report_arrives_whole(self, reporter: Reporter, found: Found) -> None:
        (arrived,) = self.arrive_one(reporter, found, report())
        assert arrived.first == NOW

    def test_a_report_without_device_link_and_trace(self, reporter: Reporter, found: Found) -> None:
        self.arrive_one(reporter, found, ErrorReport("L3", "error", ErrorKind.QUOTA, "full", unique("bare")))

    def test_every_layer_severity_and_kind(self, reporter: Reporter, found: Found) -> None:
        component = unique("all")
        reports = [ErrorReport("L1", "info", kind, kind.value, component) for kind in ErrorKind]
        reports += [ErrorReport(layer, "critical", ErrorKind.INTERNAL, "x", component) for layer in ("L2", "L4", "L5")]
        reporter.report(reports)
        self.arrive(found, reports)

    def test_many_reports_in_one_call_and_none(self, reporter: Reporter, found: Found) -> None:
        component = unique("many")
        reports = [report(f"number {n}", component=component, device=f"d-{n}") for n in range(self.many)]
        reporter.report(iter(reports))
        reporter.report([])
        self.arrive(found, reports)

    def test_equal_reports_count_each(self, reporter: Reporter, found: Found) -> None:
        same = report()
        reporter.report([same, same, same])
        self.arrive(found, [same] * 3)

    def test_very_long_texts_are_cut(self, reporter: Reporter, found: Found) -> None:
        component = unique("long")
        texts = {"device": "d" * 5000, "link": "l" * 5000, "trace": "\x01" * 5000}
        short = {"device": "d" * MOST_NAME, "link": "l" * MOST_NAME, "trace": "\x01" * MOST_NAME}
        reporter.report(
            [report("\x01" * 1_000_000, component=component, **texts), report("after", component=component)]
        )
        cut = {name: f"{text[:-1]}…" for name, text in short.items()}
        message = "\x01" * (MOST_MESSAGE - 1) + "…"
        self.arrive(found, [report(message, component=component, **cut), report("after", component=component)])

    def test_hostile_texts_arrive_readably(self, reporter: Reporter, found: Found) -> None:
        component = unique("hostile")
        texts = [
            "\x00",
            "\x1b[31m",
            "\ufffe\uffff",
            "\u2028",
            "'\"\\{}%s$",
            "",
            " ",
            "\u05e9\u05dc",
            "e\u0301",
            "1" * 50,
        ]
        reports = [report(text, component=component, device=f"d{n}", trace=text) for n, text in enumerate(texts)]
        reporter.report([*reports, report("lone \ud800", component=component, device="\udfff", link="\ud800")])
        last = report("lone \\ud800", component=component, device="\\udfff", link="\\ud800")
        self.arrive(found, [*reports, last])

    def test_reporters_at_the_same_time_lose_nothing(self, open_reporter: Callable[[], Reporter], found: Found) -> None:
        component = unique("racers")
        reporter = open_reporter()
        reports = [report(component=component, device=f"d-{n}") for n in range(self.racers)]
        self.race([lambda each=each: reporter.report([each]) for each in reports])  # type: ignore[misc]
        self.arrive(found, reports)

    def test_a_service_that_is_away_is_not_the_reporters_problem(self, away: Reporter, kept: Callable[[], str]) -> None:
        first, second = unique("away"), unique("away")
        away.report([report("cannot be published", component=first), report("\ud800" * 10_000, component=second)])
        away.report([])
        deadline = time.monotonic() + self.settle_s
        while not (first in (text := kept()) and second in text) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert first in text
        assert second in text
        assert "cannot be published" in text

    def arrive_one(self, reporter: Reporter, found: Found, one: ErrorReport) -> list[Arrived]:
        reporter.report([one])
        return self.arrive(found, [one])


class ErrorEventsContract(ReporterContract):
    """Reporters on a topic: subclass and supply `events`, besides what the other suite wants."""

    @pytest.fixture
    def events(self) -> Callable[[], list[Event]]:
        """Everything that arrived at the error topic since the test began, each event once."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def found(self, events: Callable[[], list[Event]]) -> Found:
        """From the events, which are all of type ERROR."""

        def read() -> list[Arrived]:
            arrived = events()
            assert {event.type for event in arrived} <= {ERROR}
            return [
                Arrived(msgspec.convert(event.data, ErrorReport), 1, NOW if event.time == to_time(NOW) else 0.0)
                for event in arrived
            ]

        return read

    def test_the_events_attributes(self, reporter: Reporter, found: Found, events: Callable[[], list[Event]]) -> None:
        one, other = report(), ErrorReport("L4", "error", ErrorKind.GRAPH_FAILED, "no", unique("other"))
        reporter.report([one, other])
        self.arrive(found, [one, other])
        by_component = {event.data["component"]: event for event in events()}
        first, second = by_component[one.component], by_component[other.component]
        assert (first.subject, first.trace, first.time) == ("d-1", "t-1", to_time(NOW))
        assert (second.subject, second.trace, second.time) == (other.component, "", to_time(NOW))
        assert first.source == second.source == "/twins/contract"
        assert first.id != second.id

    def test_a_repeated_call_repeats_the_ids(
        self, open_reporter: Callable[[], Reporter], found: Found, events: Callable[[], list[Event]]
    ) -> None:
        """At the same time, that is: a call that is tried again is no further error. Equal ones in one call are."""
        same = report()
        open_reporter().report([same, same])
        self.arrive(found, [same, same])
        before = {event.id for event in events() if event.data["component"] == same.component}
        assert len(before) == 2
        open_reporter().report([same, same])
        marker = report()
        open_reporter().report([marker])
        self.arrive(found, [marker])
        assert {event.id for event in events() if event.data["component"] == same.component} == before
