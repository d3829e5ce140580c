"""Rules over messages: what fires, for whom, when, how often; and what a restart, a race or a failure changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.runtime.parts import HOT_RULE, Twin, at, raw, spec_of, twin
from twin2multicloud.model.spec import AlertAction, CommandAction, FunctionAction, Rule, WebhookAction
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.envelope import TELEMETRY, Event
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.handlers.ingest import normalise
from twin2multicloud.runtime.handlers.rules import Fired, Rules, filled

SPEC = spec_of()


def message(device: str = "meter-1", seconds: float = 0.0, **data: Any) -> Event:
    return normalise(raw(device, ts=at(seconds), **data), SPEC)


class Ruled:
    """Rules of one instance over states that others may share."""

    def __init__(self, states: LocalRuleStates, *rules: Rule, alone: bool = False) -> None:
        self.now = 0.0
        self.rules = Rules(spec_of(*rules), states, now=lambda: self.now, alone=alone)

    def see(self, *events: Event) -> Fired:
        """Evaluate and remember."""
        fired = self.rules.evaluate(events)
        self.lost = self.rules.commit(fired)
        return fired

    def turns(self, *events: Event) -> list[bool]:
        return [alert.data["active"] for alert in self.see(*events).alerts]


@pytest.fixture
def states(tmp_path: Path) -> Iterator[LocalRuleStates]:
    made = LocalRuleStates(tmp_path / "states.db")
    yield made
    made.close()


def edge(when: str = "temperature > 30", **more: Any) -> Rule:
    return Rule("hot", "meter", when, **more)


# ── Conditions ──────────────────────────────────────────────────────────────────────────────────────────────────
CONDITIONS = [
    ("temperature > 21.5", {"temperature": 21.6}, {"temperature": 21.5}),
    ("temperature >= 21.5", {"temperature": 21.5}, {"temperature": 21.499999}),
    ("temperature < -0.1", {"temperature": -0.2}, {"temperature": -0.1}),
    ("temperature <= 0.3", {"temperature": 0.3}, {"temperature": 0.1 + 0.2}),
    ("21.5 < temperature", {"temperature": 22}, {"temperature": 21}),
    ("temperature == 0.30000000000000004", {"temperature": 0.1 + 0.2}, {"temperature": 0.3}),
    ("temperature == 20", {"temperature": 20.0}, {"temperature": 20.5}),
    ("temperature != 20", {"temperature": 19}, {"temperature": 20.0}),
    ("count > 9007199254740992", {"count": 2**53 + 1}, {"count": 2**53}),
    ("label == 'größer'", {"label": "größer"}, {"label": "Größer"}),
    ("label != 'a'", {"label": "b"}, {"label": "a"}),
    ("label in ['a', 'b']", {"label": "b"}, {"label": "c"}),
    ("not open", {"open": False}, {"open": True}),
    ("open == true", {"open": True}, {"open": False}),
    ("temperature > 20 and open", {"temperature": 21, "open": True}, {"temperature": 21, "open": False}),
    ("temperature > 20 or open", {"temperature": 19, "open": True}, {"temperature": 19, "open": False}),
    ("not (temperature > 20 or open)", {"temperature": 1, "open": False}, {"temperature": 21, "open": False}),
    ("temperature between 20.5 and 21.5", {"temperature": 21.5}, {"temperature": 21.6}),
    ("temperature * 1.8 + 32 > 100", {"temperature": 38}, {"temperature": 37}),
    ("nested.a[1] == 'x'", {"nested": {"a": [0, "x"]}}, {"nested": {"a": ["x"]}}),
    ("length(list) % 2 == 1", {"list": [1]}, {"list": [1, 2]}),
    ("missing(label)", {}, {"label": "x"}),
    ("temperature > 20", {"temperature": 21}, {"label": "no temperature, which is no reason to fire"}),
    ("device == 'meter-1'", {}, None),
    ("device_type == 'meter'", {}, None),
]


@pytest.mark.parametrize(("when", "holds", "not_so"), CONDITIONS)
def test_conditions(states: LocalRuleStates, when: str, holds: dict[str, Any], not_so: dict[str, Any] | None) -> None:
    """Each by itself, edge triggered: it fires when it holds, and is cleared when it does not."""
    ruled = Ruled(states, edge(when))
    assert ruled.turns(message(**holds)) == [True]
    if not_so is not None:
        assert ruled.turns(message(seconds=1, **not_so)) == [False]


@pytest.mark.parametrize("when", ["temperature / count > 1", "temperature * 1e308 * 10 > 1", "sqrt(temperature) > 1"])
def test_what_cannot_be_evaluated_is_reported_and_changes_nothing(states: LocalRuleStates, when: str) -> None:
    bad = message(temperature=-5.0, count=0)
    other = Rule("cold", "meter", "temperature < 0")
    fired = Ruled(states, edge(when), other).see(bad)
    (report,) = fired.reports
    assert (report.layer, report.severity, report.kind) == ("L2", "warning", "rule-failed")
    assert report.message.startswith("rule hot: ")
    assert (report.device, report.trace) == ("meter-1", bad.trace)
    assert [alert.data["rule"] for alert in fired.alerts] == ["cold"], "the other rules go on"
    assert states.count() == 1


def test_a_clear_that_cannot_be_evaluated(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge(clear="1 / count < 1"))
    assert ruled.turns(message(temperature=31)) == [True]
    fired = ruled.see(message(seconds=1, temperature=1, count=0))
    assert (fired.alerts, len(fired.reports)) == ([], 1)
    assert ruled.turns(message(seconds=2, temperature=1, count=5)) == [False]


# ── Scope ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_rule_looks_at_its_type_only(states: LocalRuleStates) -> None:
    ruled = Ruled(states, Rule("any", "lamp", "power > 0"))
    fired = ruled.see(message("meter-1", temperature=1, power=5), message("lamp-a", power=5.0))
    assert [alert.subject for alert in fired.alerts] == ["lamp-a"]
    assert fired.evaluated == 1


def test_a_rule_that_names_devices_fires_for_these_only(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge(devices=("meter-2", "meter-4")))
    fired = ruled.see(*(message(f"meter-{n}", temperature=40) for n in range(1, 6)))
    assert sorted(alert.subject for alert in fired.alerts) == ["meter-2", "meter-4"]


def test_devices_have_states_of_their_own(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge())
    assert ruled.turns(message("meter-1", temperature=40), message("meter-2", temperature=20)) == [True]
    assert ruled.turns(message("meter-1", 1, temperature=40), message("meter-2", 1, temperature=40)) == [True]
    assert ruled.turns(message("meter-1", 2, temperature=20), message("meter-2", 2, temperature=40)) == [False]


# ── Edges, `for`, hysteresis ────────────────────────────────────────────────────────────────────────────────────
def test_an_edge_fires_once_and_each_every_time(states: LocalRuleStates) -> None:
    hot = [message(seconds=n, temperature=40) for n in range(3)]
    ruled = Ruled(states, edge(), Rule("every", "meter", "temperature > 30", trigger="each"))
    assert [a.data["rule"] for a in ruled.see(*hot).alerts].count("hot") == 1
    assert len(ruled.see(*(message(seconds=9 + n, temperature=41) for n in range(3))).alerts) == 3
    assert ruled.turns(message(seconds=20, temperature=1)) == [False], "only the edge is cleared"


def test_for_is_in_event_time(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge(for_s=60))
    assert ruled.turns(message(seconds=0, temperature=40)) == []
    assert ruled.turns(message(seconds=59.999999, temperature=40)) == []
    assert ruled.turns(message(seconds=60, temperature=40)) == [True]
    assert ruled.turns(message(seconds=61, temperature=1)) == [False]
    assert ruled.turns(message(seconds=62, temperature=40), message(seconds=100, temperature=1)) == []
    assert ruled.turns(message(seconds=101, temperature=40), message(seconds=161, temperature=40)) == [True]


def test_hysteresis(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge(clear="temperature < 25"))
    found = [ruled.turns(message(seconds=n, temperature=t)) for n, t in enumerate([29, 31, 29, 31, 26, 24, 26, 31])]
    assert found == [[], [True], [], [], [], [False], [], [True]]


def test_order_within_a_batch_is_that_of_event_time(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge())
    assert ruled.turns(message(seconds=2, temperature=20), message(seconds=1, temperature=40)) == [True, False]


def test_late_messages_change_nothing(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge())
    assert ruled.turns(message(seconds=10, temperature=20)) == []
    assert ruled.turns(message(seconds=5, temperature=40)) == []
    assert ruled.turns(message(seconds=11, temperature=40)) == [True]
    assert ruled.turns(message(seconds=9, temperature=20)) == []


def test_messages_of_the_same_moment_all_count(states: LocalRuleStates) -> None:
    """Many devices tell the time in whole seconds."""
    ruled = Ruled(states, edge())
    assert ruled.turns(message(temperature=20, count=1)) == []
    assert ruled.turns(message(temperature=40, count=2)) == [True]


def test_repeated_messages_change_nothing(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge(for_s=5))
    series = [message(seconds=n, temperature=t) for n, t in enumerate([40, 40, 20, 40, 40, 40, 40, 40, 40, 20])]
    for event in series:
        once = ruled.turns(event)
        assert ruled.turns(event) == []
        assert once in ([], [True], [False])
    assert ruled.turns(*series) == []


# ── Restarts, failures, races ───────────────────────────────────────────────────────────────────────────────────
def test_a_restart_in_the_middle(states: LocalRuleStates) -> None:
    rule = edge(for_s=60, clear="temperature < 25")
    assert Ruled(states, rule).turns(message(temperature=40)) == []
    assert Ruled(states, rule).turns(message(seconds=60, temperature=40)) == [True]
    assert Ruled(states, rule).turns(message(seconds=61, temperature=40)) == []
    assert Ruled(states, rule).turns(message(seconds=62, temperature=26)) == []
    assert Ruled(states, rule).turns(message(seconds=63, temperature=24)) == [False]


def test_nothing_is_remembered_before_commit(states: LocalRuleStates) -> None:
    ruled = Ruled(states, edge())
    events = [message(temperature=40), message(seconds=1, temperature=20), message(seconds=2, temperature=40)]
    first = ruled.rules.evaluate(events)
    again = ruled.rules.evaluate(events)
    assert [a.id for a in again.alerts] == [a.id for a in first.alerts]
    assert len(first.alerts) == 3
    ruled.rules.commit(again)
    assert ruled.turns(*events[2:]) == []


def test_ids_are_the_same_in_every_instance(states: LocalRuleStates, tmp_path: Path) -> None:
    rule = edge(actions=(CommandAction("reset"), WebhookAction("https://example.org"), FunctionAction("coded")))
    one, other = LocalRuleStates(tmp_path / "one.db"), LocalRuleStates(tmp_path / "other.db")
    found = [Ruled(each, rule).see(message(temperature=40)) for each in (one, other)]
    assert [a.id for a in found[0].alerts + found[0].actions] == [a.id for a in found[1].alerts + found[1].actions]
    assert found[0].commands == found[1].commands
    ids = [a.id for a in found[0].alerts + found[0].actions] + [c.id for c in found[0].commands]
    assert len(set(ids)) == 4
    one.close()
    other.close()


class Refusing:
    """States whose next save fails, before or after it is done."""

    def __init__(self, states: LocalRuleStates, *, after: bool) -> None:
        self.states, self.after, self.fails = states, after, True

    def load(self, keys: Sequence[tuple[str, str]]) -> Any:
        return self.states.load(keys)

    def save(self, changes: Any) -> Any:
        if self.fails and not self.after:
            self.fails = False
            raise StoreError("down")
        lost = self.states.save(changes)
        if self.fails:
            self.fails = False
            raise StoreError("who knows")
        return lost


@pytest.mark.parametrize("after", [False, True])
def test_a_store_that_fails_at_the_end(states: LocalRuleStates, after: bool) -> None:
    ruled = Ruled(Refusing(states, after=after), edge())  # type: ignore[arg-type]
    event = message(temperature=40)
    first = ruled.rules.evaluate([event])
    with pytest.raises(StoreError):
        ruled.rules.commit(first)
    again = ruled.rules.evaluate([event])
    ruled.rules.commit(again)
    assert {a.id for a in again.alerts} <= {a.id for a in first.alerts}
    assert ruled.turns(message(seconds=1, temperature=40)) == []
    assert ruled.turns(message(seconds=2, temperature=20)) == [False]


def test_two_instances_do_not_both_fire(states: LocalRuleStates) -> None:
    """The one that knows an old state looks again before it fires."""
    one, other = Ruled(states, edge()), Ruled(states, edge())
    assert one.turns(message(temperature=20)) == []
    assert other.turns(message(seconds=1, temperature=20)) == []
    assert one.turns(message(seconds=2, temperature=40)) == [True]
    assert other.turns(message(seconds=3, temperature=40)) == []
    assert other.turns(message(seconds=4, temperature=20)) == [False]
    assert one.turns(message(seconds=5, temperature=20)) == []


def test_a_race_has_one_winner_and_the_loser_learns(states: LocalRuleStates) -> None:
    one, other = Ruled(states, edge()), Ruled(states, edge())
    early, late = message(temperature=40), message(seconds=1, temperature=41)
    first, second = one.rules.evaluate([early]), other.rules.evaluate([late])
    assert one.rules.commit(first) == set()
    assert other.rules.commit(second) == {("hot", "meter-1")}
    assert other.rules.evaluate([late], {("hot", "meter-1")}).alerts == []
    assert other.turns(message(seconds=2, temperature=20)) == [False]
    assert states.load([("hot", "meter-1")])["hot", "meter-1"].version == 2


def test_a_lost_race_is_evaluated_again(tmp_path: Path) -> None:
    """What the loser saw after what the winner wrote still counts."""
    with twin(tmp_path, edge()) as here:
        here.process([raw(ts=at(0), temperature=40)])
        real = here.states.save
        rival = Rules(here.spec, here.states, now=lambda: 0.0)

        def interrupted(changes: Any) -> Any:
            here.states.save = real  # type: ignore[method-assign]
            for event in (message(seconds=1, temperature=20), message(seconds=2, temperature=40)):
                rival.commit(rival.evaluate([event]))
            return real(changes)

        here.states.save = interrupted  # type: ignore[method-assign]
        here.process([raw(ts=at(5), temperature=20)])
        assert not here.states.load([("hot", "meter-1")])["hot", "meter-1"].fired
        here.process([raw(ts=at(6), temperature=20)])
        assert [alert.data["active"] for alert in here.topics.on("alerts")] == [True, False]


def test_many_instances_and_threads_agree_in_the_end(states: LocalRuleStates) -> None:
    instances = [Ruled(states, edge()) for _ in range(3)]
    series = [message(f"meter-{d}", n, temperature=40 if n // 5 % 2 else 20) for n in range(40) for d in range(1, 4)]
    alerts: dict[str, bool] = {}
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        barrier.wait(10)
        for event in series[number % 3 :: 3]:
            only = None
            for _ in range(3):
                fired = instances[number // 2].rules.evaluate([event], only)
                alerts.update({a.id: a.data["active"] for a in fired.alerts})
                only = instances[number // 2].rules.commit(fired)
                if not only:
                    break

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = max(event.time for event in series)
    fresh = Ruled(states, edge())
    assert fresh.turns(*(e for e in series if e.time == last)) == []
    assert all(state.fired for state in states.load([("hot", f"meter-{d}") for d in (1, 2, 3)]).values())
    assert sum(alerts.values()) >= 12


def test_memory_is_trusted_for_a_while_only(states: LocalRuleStates) -> None:
    one, other = Ruled(states, edge(), alone=True), Ruled(states, edge())
    assert one.turns(message(temperature=20)) == []
    assert other.turns(message(seconds=1, temperature=40)) == [True]
    one.now = 301.0
    assert one.turns(message(seconds=2, temperature=40)) == []
    assert one.turns(message(seconds=3, temperature=20)) == [False]


def test_a_clock_that_is_put_back_makes_it_look_again(states: LocalRuleStates) -> None:
    one, other = Ruled(states, edge(), alone=True), Ruled(states, edge())
    one.now = 1e6
    assert one.turns(message(temperature=20)) == []
    assert other.turns(message(seconds=1, temperature=40)) == [True]
    one.now = 5.0
    assert one.turns(message(seconds=2, temperature=40)) == []


# ── What an alert says ──────────────────────────────────────────────────────────────────────────────────────────
def event_of(**data: Any) -> Event:
    return Event("id", "/x", TELEMETRY, "meter-1", "2026-11-25T12:00:00.000000Z", data)


@pytest.mark.parametrize(
    ("template", "data", "text"),
    [
        ("{temperature} °C in {device}", {"temperature": 31.5}, "31.5 °C in meter-1"),
        ("{time}", {}, "2026-11-25T12:00:00.000000Z"),
        ("{nothing} {", {"x": 1}, "{nothing} {"),
        ("{a}", {"a": "{b}", "b": "secret"}, "{b}"),
        ("{a}{b}", {"a": "{", "b": "c}", "c": "x"}, "{c}"),
        ("{device}", {"device": "another"}, "meter-1"),
        ("{a} {b} {c} {d}", {"a": True, "b": None, "c": [1, "x"], "d": {"e": 1}}, 'true null [1,"x"] {"e":1}'),
        ("{a}", {"a": "one\ntwo\x1b[31m\x00\u202e"}, "one two [31m  "),
        ("{a!r:>1000000}", {"a": 1}, "{a!r:>1000000}"),
        ("{a.__class__}", {"a": 1}, "{a.__class__}"),
        ("{0} {}", {"0": "zero", "": "empty"}, "zero empty"),
        ("{ä ö}", {"ä ö": "ü"}, "ü"),
        ("\\1 \\g<0> {a}", {"a": "\\1"}, "\\1 \\g<0> \\1"),
        ("{a}", {"a": 5e-324}, "5e-324"),
        ("{a}", {"a": 2**70}, str(2**70)),
    ],
)
def test_messages(template: str, data: dict[str, Any], text: str) -> None:
    assert filled(template, event_of(**data)) == text


def test_messages_are_bounded() -> None:
    assert len(filled("{a}" * 5000, event_of(a="x" * 250_000))) <= 2000
    assert filled("{a}", event_of(a="x" * 250_000)) == "x" * 199 + "…"


def test_an_alert_names_rule_severity_message_and_values(states: LocalRuleStates) -> None:
    event = message(temperature=40, nested={"a": [1]})
    rule = edge(severity="critical", actions=(AlertAction("{temperature} °C"), AlertAction("another")))
    ruled = Ruled(states, rule)
    (alert,) = ruled.see(event).alerts
    assert (alert.type, alert.subject, alert.time, alert.trace) == (
        "twin2multicloud.alert",
        "meter-1",
        event.time,
        event.trace,
    )
    assert alert.data == {
        "rule": "hot",
        "severity": "critical",
        "message": "40 °C",
        "active": True,
        "values": {"nested": {"a": [1]}, "temperature": 40},
    }
    (over,) = ruled.see(message(seconds=1, temperature=20)).alerts
    assert (over.data["active"], over.data["message"], over.data["values"]) == (False, "hot is over", {})


def test_an_alert_of_a_huge_message_is_small(states: LocalRuleStates) -> None:
    many: dict[str, Any] = {f"f{n:04}": n for n in range(1000)}
    event = message(temperature=40, label="x" * 100_000, nested={"a": "y" * 100_000}, **many)
    (alert,) = Ruled(states, edge()).see(event).alerts
    assert len(msgspec.json.encode(alert)) < 20_000


def test_commands_go_to_the_device_or_to_the_one_named(states: LocalRuleStates) -> None:
    rule = edge(actions=(CommandAction("reset", payload={"a": 1}), CommandAction("off", device="lamp-a")))
    event = message(temperature=40)
    commands = Ruled(states, rule).see(event).commands
    assert [(c.name, c.device, c.payload, c.time, c.trace) for c in commands] == [
        ("reset", "meter-1", {"a": 1}, event.time, event.trace),
        ("off", "lamp-a", {}, event.time, event.trace),
    ]


def test_the_rules_of_a_running_twin(tmp_path: Path) -> None:
    with twin(tmp_path, HOT_RULE) as here:
        assert isinstance(here, Twin)
        done = here.process([raw(ts=at(0), temperature=31.0), raw(ts=at(1), temperature=24.5)])
        assert (done.rules, done.alerts, done.commands) == (2, 2, 1)
        assert [c.name for c in here.devices.done.values()] == ["reset"]
        assert [event.data["action"] for event in here.topics.on("actions")] == [1]
