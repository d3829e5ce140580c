"""A twin's handlers over the local stores, with failures on demand, and what is left when they are done."""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.patience import PATIENCE_S
from twin2multicloud.model.spec import (
    CommandAction,
    CommandType,
    DeviceGroup,
    DeviceType,
    Field,
    FunctionAction,
    Retention,
    Rule,
    TwinSpec,
)
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.nonces import LocalNonces
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.runtime.envelope import Event, RawMessage
from twin2multicloud.runtime.failures import ErrorReport, StoreError
from twin2multicloud.runtime.handlers.handover import Handover, into_graph, into_hot, to_devices
from twin2multicloud.runtime.handlers.process import Process
from twin2multicloud.runtime.handlers.rules import Rules
from twin2multicloud.runtime.links import LINKS_SECRET, Key, LinksDocument, LinksSource, Peer
from twin2multicloud.runtime.ports import Command, EntityState
from twin2multicloud.runtime.times import to_time
from twin2multicloud.runtime.user_code import UserCode

NOW = 1_790_000_000.0
DAY_S = 86_400.0

METER = DeviceType(
    "meter",
    "dtmi:t2m:test:meter;1",
    (
        Field("temperature", "double", "°C", -50, 150),
        Field("count", "integer", "", 0, required=False),
        Field("open", "boolean", required=False),
        Field("label", "string", required=False),
        Field("mode", "string", required=False, allowed=("off", "on")),
        Field("nested", "object", required=False),
        Field("list", "array", required=False),
    ),
    (CommandType("reset"),),
)
LAMP = DeviceType("lamp", "dtmi:t2m:test:lamp;1", (Field("power", "double", "W", 0, 1000),))
CODED = DeviceType("coded", "dtmi:t2m:test:coded;1", (Field("value", "double"),), processor="coded")


def spec_of(*rules: Rule, retention: Retention | None = None, **more: Any) -> TwinSpec:
    """Meters, lamps, and devices with user code."""
    groups = (
        DeviceGroup("meter", prefix="meter-", count=5),
        DeviceGroup("lamp", names=("lamp-a", "lamp-b")),
        DeviceGroup("coded", names=("coded-1",)),
    )
    return TwinSpec(
        "test",
        (METER, LAMP, CODED),
        groups,
        retention or Retention(30 * DAY_S, 90 * DAY_S, 365 * DAY_S),
        rules=rules,
        **more,
    )


HOT_RULE = Rule(
    "hot",
    "meter",
    "temperature > 30",
    clear="temperature < 25",
    severity="critical",
    actions=(CommandAction("reset", payload={"why": "hot"}), FunctionAction("coded")),
)


def raw(device: str = "meter-1", received: float = NOW, **data: Any) -> RawMessage:
    """A message as a device sends it."""
    return RawMessage(device, msgspec.json.encode(data), received)


class Reports:
    """The port `Reporter`, kept in a list."""

    def __init__(self) -> None:
        self.all: list[ErrorReport] = []

    def report(self, reports: Iterable[ErrorReport]) -> None:
        self.all += reports

    @property
    def kinds(self) -> list[str]:
        return [report.kind.value for report in self.all]


class Topics:
    """The port `Publisher`: what a topic's readers end up with, who know an event by its id."""

    def __init__(self) -> None:
        self.by_topic: dict[str, dict[str, Event]] = {}
        self.calls: list[str] = []

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        self.calls.append(topic)
        kept = self.by_topic.setdefault(topic, {})
        for event in events:
            kept.setdefault(event.id, event)

    def on(self, topic: str) -> list[Event]:
        return list(self.by_topic.get(topic, {}).values())


class Devices:
    """The port `Commands`: what devices have done, who know a command by its id."""

    def __init__(self) -> None:
        self.done: dict[str, Command] = {}

    def send(self, commands: Sequence[Command]) -> None:
        for command in commands:
            self.done.setdefault(command.id, command)


class Failing:
    """A port of which chosen calls fail: before they have any effect, or after it."""

    def __init__(self, port: Any, fails: Callable[[str], str]) -> None:
        self._port = port
        self._fails = fails

    def __getattr__(self, name: str) -> Any:
        whole = getattr(self._port, name)
        if not callable(whole):
            return whole

        def call(*arguments: Any, **named: Any) -> Any:
            when = self._fails(name)
            if when == "before":
                raise StoreError(f"{name} failed")
            answer = whole(*arguments, **named)
            if when == "after":
                raise StoreError(f"{name} succeeded, but nobody heard")
            return answer

        return call


class Twin:
    """Processing and the stores next door."""

    def __init__(
        self,
        directory: Path,
        spec: TwinSpec,
        *,
        fails: Callable[[str, str], str] = lambda _port, _call: "",
        sources: dict[str, str] | None = None,
        now: Callable[[], float] = lambda: NOW,
    ) -> None:
        self.spec = spec
        self.hot = LocalHotStore(directory / "hot.db")
        self.graph = LocalTwinGraph(directory / "graph.db")
        self.letters = LocalDeadLetters(directory / "letters.db")
        self.states = LocalRuleStates(directory / "states.db")
        self.graph.put_entities([EntityState(name, "dtmi:x;1", {}, {}) for name in spec.device_names])
        self.reports, self.topics, self.devices = Reports(), Topics(), Devices()
        self.fails = fails

        def port(name: str, whole: Any) -> Any:
            return Failing(whole, lambda call: self.fails(name, call))

        self.rules = Rules(spec, port("states", self.states), now=now)
        self.process = Process(
            spec,
            handover=Handover(
                persist=into_hot(port("hot", self.hot), "process"),
                twin_updates=into_graph(port("graph", self.graph), self.reports, "process"),
                commands=to_devices(port("devices", self.devices), self.reports, "process"),
                twin=spec.name,
            ),
            publisher=port("topics", self.topics),
            dead_letters=port("letters", self.letters),
            reporter=self.reports,
            rules=self.rules,
            user_code=UserCode(sources if sources is not None else {"coded": "def process(r, d):\n    return r\n"}),
        )

    def stored(self) -> list[Event]:
        return self.hot.between(self.spec.device_names, "0", "9")

    def outcome(self) -> dict[str, Any]:
        """Everything that a person or a device would notice, and what the rules remember."""
        keys = [(rule.name, device) for rule in self.spec.rules for device in self.spec.device_names]
        return {
            "records": [msgspec.to_builtins(event) for event in self.stored()],
            "twins": [msgspec.to_builtins(state) for state in self.graph.entities()],
            "alerts": sorted(event.id for event in self.topics.on("alerts")),
            "actions": sorted(event.id for event in self.topics.on("actions")),
            "commands": sorted(self.devices.done),
            "letters": sorted(letter.id for letter in self.letters.list()),
            "states": {key: (state.since, state.fired) for key, state in self.states.load(keys).items()},
        }

    def close(self) -> None:
        for store in (self.hot, self.graph, self.letters, self.states):
            store.close()


@contextmanager
def twin(directory: Path, *rules: Rule, **more: Any) -> Iterator[Twin]:
    """A twin in an empty directory."""
    made = Twin(directory, more.pop("spec", None) or spec_of(*rules), **more)
    try:
        yield made
    finally:
        made.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that is sure to come."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def at(seconds: float) -> str:
    """An event time so many seconds after `NOW`."""
    return to_time(NOW + seconds)


def key(number: int = 1) -> Key:
    """A link's key."""
    return Key(f"key-{number}", base64.b64encode(bytes([number]) * 32).decode(), NOW)


class Link:
    """One link's two ends: its keys in secret stores, the sender's and the receiver's view of them."""

    def __init__(self, directory: Path, edge: str, url: str = "http://127.0.0.1:1", *keys: Key) -> None:
        self.edge, self.url = edge, url
        self.secrets = LocalSecrets(directory / "secrets.db")
        self.nonces = LocalNonces(directory / "nonces.db")
        self.now = NOW
        self.ticks = itertools.count()
        self.source = LinksSource(self.secrets, lambda: float(next(self.ticks)) / 10, max_age_s=1e9)
        self.write(*(keys or (key(),)))

    def write(self, *keys: Key, signing: Key | None = None) -> None:
        """What the wiring step writes; caches are told nothing."""
        document = LinksDocument({self.edge: Peer(self.url, (signing or keys[0],))}, {self.edge: keys})
        self.secrets.put(LINKS_SECRET, msgspec.json.encode(document).decode())

    def close(self) -> None:
        self.secrets.close()
        self.nonces.close()
