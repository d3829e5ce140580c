"""Edges, `for` and hysteresis against a plain model, over random messages, restarts and failures."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.parts import at, raw, spec_of
from twin2multicloud.model.spec import Rule
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.handlers.ingest import normalise
from twin2multicloud.runtime.handlers.rules import Rules
from twin2multicloud.runtime.ports import RuleState

SPEC = spec_of()
Key = tuple[str, str]


class States:
    """The port in memory; the next save may fail, before or after it is done."""

    def __init__(self) -> None:
        self.kept: dict[Key, RuleState] = {}
        self.fail = ""

    def load(self, keys: Any) -> dict[Key, RuleState]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def save(self, changes: Any) -> list[Key]:
        fail, self.fail = self.fail, ""
        if fail == "before":
            raise StoreError("down")
        lost = []
        for key, state in changes.items():
            if state.version != self.kept.get(key, RuleState()).version + 1:
                lost.append(key)
            else:
                self.kept[key] = state
        if fail == "after":
            raise StoreError("who knows")
        return lost


@dataclass
class Model:
    """A rule on one device, as a person would follow it with a finger, message by message."""

    rule: Rule
    since: float | None = None
    fired: bool = False
    seen: float = -1.0

    def see(self, time: float, temperature: float) -> bool | None:
        """True: it fires; False: it is cleared; None: nothing happens."""
        holds = temperature > 30
        if self.rule.trigger == "each":
            return True if holds else None
        if time < self.seen:
            return None
        self.seen = time
        if holds:
            self.since = time if self.since is None else self.since
            if not self.fired and time - self.since >= self.rule.for_s:
                self.fired = True
                return True
            return None
        if self.fired and self.rule.clear and not temperature < 25:
            return None
        was, self.fired, self.since = self.fired, False, None
        return False if was else None


temperatures = st.sampled_from([20.0, 24.9, 25.0, 27.5, 30.0, 30.1, 45.0])
rules = st.builds(
    lambda for_s, clear, trigger: Rule("r", "meter", "temperature > 30", for_s=for_s, clear=clear, trigger=trigger),
    st.sampled_from([0.0, 1.0, 3.0, 7.0]),
    st.sampled_from(["", "temperature < 25"]),
    st.sampled_from(["edge", "edge", "edge", "each"]),
)
steps = st.lists(st.tuples(st.sampled_from(["meter-1", "meter-2"]), st.integers(-2, 4), temperatures), max_size=40)


def events_of(series: list[tuple[str, int, float]], apart_s: float = 0.0) -> list[tuple[Event, float, float]]:
    """Messages whose times mostly go on, and sometimes stand still or go back; with `apart_s` no two have the same."""
    clock = 10.0
    events = []
    for number, (device, step, temperature) in enumerate(series):
        clock = max(clock + step, 0.0)
        time = clock + number * apart_s
        event = normalise(raw(device, ts=at(time), temperature=temperature, count=number), SPEC)
        events.append((event, time, temperature))
    return events


def expected(rule: Rule, events: list[tuple[Event, float, float]]) -> list[tuple[str, bool]]:
    models: dict[str, Model] = {}
    found = []
    for event, time, temperature in events:
        turn = models.setdefault(event.subject, Model(rule)).see(time, temperature)
        if turn is not None:
            found.append((event.id, turn))
    return found


def origin(alerts: list[Event], events: list[tuple[Event, float, float]]) -> list[tuple[str, bool]]:
    """The messages that set alerts off, which carry their traces."""
    by_trace = {event.trace: event.id for event, _, _ in events}
    return [(by_trace[alert.trace], alert.data["active"]) for alert in alerts]


@settings(max_examples=200, deadline=None)
@given(rules, steps)
def test_message_by_message(rule: Rule, series: list[tuple[str, int, float]]) -> None:
    events = events_of(series)
    made = Rules(spec_of(rule), States(), now=lambda: 0.0)
    found: list[Event] = []
    for event, _, _ in events:
        fired = made.evaluate([event])
        assert made.commit(fired) == set()
        found += fired.alerts
    assert origin(found, events) == expected(rule, events)


def handle(made: Rules, batch: list[Event], found: dict[str, Event]) -> None:
    """As processing does it: publish, remember, and again where somebody else was quicker."""
    only = None
    while True:
        fired = made.evaluate(batch, only)
        found |= {alert.id: alert for alert in fired.alerts}
        only = made.commit(fired)
        if not only:
            return


@settings(max_examples=200, deadline=None)
@given(rules, steps, st.lists(st.integers(1, 6), min_size=1), st.data())
def test_batches_restarts_and_failures(
    rule: Rule, series: list[tuple[str, int, float]], sizes: list[int], data: st.DataObject
) -> None:
    """In order of time: however they are cut, whatever comes again, whoever is started anew."""
    events = sorted(events_of(series, 1 / 1024), key=lambda e: (e[0].time, e[0].id))
    states = States()
    made = Rules(spec_of(rule), states, now=lambda: 0.0)
    found: dict[str, Event] = {}
    at_number, size = 0, itertools.cycle(sizes)
    while at_number < len(events):
        batch = [event for event, _, _ in events[at_number : at_number + next(size)]]
        trouble = data.draw(st.sampled_from(["", "", "", "restart", "fails before", "fails after", "comes again"]))
        states.fail = trouble.removeprefix("fails ") if trouble.startswith("fails") else ""
        try:
            handle(made, batch, found)
        except StoreError:
            continue  # the queue delivers the batch again
        finally:
            states.fail = ""
        at_number += len(batch)
        if trouble == "restart":
            made = Rules(spec_of(rule), states, now=lambda: 0.0)
        elif trouble == "comes again":
            handle(made, batch, found)
    assert origin(list(found.values()), events) == expected(rule, events)
