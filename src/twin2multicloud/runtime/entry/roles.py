"""Which handler a function runs, put together from its cloud's ports: the same in every cloud.

A function's package holds `twin.json` (the spec) and `processors/*.py`; the environment variable `T2M_FUNCTION` says
which component of the blueprint it is and which edges end at its own place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from twin2multicloud.model.spec import TwinSpec, read_spec
from twin2multicloud.runtime.envelope import Event, RawMessage
from twin2multicloud.runtime.handlers.act import Act
from twin2multicloud.runtime.handlers.archive import Shelf, WholeShelf
from twin2multicloud.runtime.handlers.handover import Hand, Handover, into_graph, into_hot, outbox, to_devices
from twin2multicloud.runtime.handlers.move import CoolToArchive, HotToCool, LinkTarget, Target
from twin2multicloud.runtime.handlers.process import Process
from twin2multicloud.runtime.handlers.read import ReadHistory, ReadState
from twin2multicloud.runtime.handlers.receive import Query, Receive
from twin2multicloud.runtime.handlers.rules import Rules
from twin2multicloud.runtime.handlers.send import Send
from twin2multicloud.runtime.link_client import LinkClient
from twin2multicloud.runtime.links import LinksSource
from twin2multicloud.runtime.ports import (
    Clock,
    Commands,
    DeadLetters,
    HotStore,
    Nonces,
    ObjectStore,
    Publisher,
    Reporter,
    RuleStates,
    Secrets,
    TwinGraph,
)
from twin2multicloud.runtime.settings import ConfigError, read_setting
from twin2multicloud.runtime.struct_types import prepare_structs
from twin2multicloud.runtime.user_code import UserCode

VARIABLE: Final = "T2M_FUNCTION"
SPEC_FILE: Final = "twin.json"
PROCESSORS: Final = "processors"


Edge = Literal["telemetry", "commands", "persist", "twin-updates", "to-cool", "to-archive", "history", "state"]
"""The blueprint's edges."""


class FunctionError(ConfigError):
    """The function's package or its `T2M_FUNCTION` does not say what to run."""


class FunctionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one function is. `edge` is the link of a sender or mover; `local` are the edges from here that end at the
    same place (handed over within the function), `receives` the edges whose POSTs or queries this function takes.
    """

    component: str
    edge: Edge | Literal[""] = ""
    local: tuple[Edge, ...] = ()
    receives: tuple[Edge, ...] = ()
    shards: int = 1


class Ports(Protocol):
    """A cloud's ports, each made when first asked for."""

    @property
    def hot(self) -> HotStore:
        """L3 hot."""

    @property
    def cool(self) -> ObjectStore:
        """L3 cool."""

    @property
    def archive(self) -> ObjectStore:
        """L3 archive."""

    @property
    def graph(self) -> TwinGraph:
        """L4."""

    @property
    def publisher(self) -> Publisher:
        """Queues and topics."""

    @property
    def commands(self) -> Commands:
        """The way back to devices."""

    @property
    def secrets(self) -> Secrets:
        """The secret store."""

    @property
    def dead_letters(self) -> DeadLetters:
        """Where poison messages wait."""

    @property
    def rule_states(self) -> RuleStates:
        """What rules remember."""

    @property
    def nonces(self) -> Nonces:
        """What receivers remember."""

    @property
    def reporter(self) -> Reporter:
        """Where failures are reported."""

    @property
    def clock(self) -> Clock:
        """The twin's time."""


@dataclass(frozen=True)
class Package:
    """What a function's package says about the twin."""

    spec: TwinSpec
    sources: Mapping[str, str]


def read_package(directory: Path) -> Package:
    """The twin and the user's modules in a package's directory."""
    try:
        spec = read_spec((directory / SPEC_FILE).read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise FunctionError(f"{SPEC_FILE} in the function's package: {error}") from error
    files = sorted((directory / PROCESSORS).glob("*.py"))
    prepare_structs()  # hosts call functions from several threads
    return Package(spec, {file.stem: file.read_text(encoding="utf-8") for file in files})


def read_function(environment: Mapping[str, str], place: str) -> FunctionConfig:
    """The function's own configuration; `ConfigError` names the field that is wrong."""
    return read_setting(environment, VARIABLE, FunctionConfig, place)


class Roles:
    """Makes the handler of a role. `wall` is the real clock (signatures), `monotonic` measures waiting."""

    def __init__(
        self,
        ports: Ports,
        function: FunctionConfig,
        package: Package,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ports = ports
        self.function = function
        self.spec = package.spec
        self._sources = package.sources
        self._wall = wall
        self._monotonic = monotonic
        self._links = LinksSource(_LazySecrets(ports), monotonic)
        self._client = LinkClient(self._links)

    def close(self) -> None:
        """Close what links keep open, when nothing runs any more. (A handler that runs all the same opens it again.)"""
        self._client.close()

    def process(self) -> Process:
        """L2's handler."""
        ports, component, local = self.ports, self.function.component, self.function.local
        publisher = ports.publisher
        handover = Handover(
            persist=into_hot(ports.hot, component) if "persist" in local else outbox(publisher, "persist", component),
            twin_updates=self._graph()
            if "twin-updates" in local
            else outbox(ports.publisher, "twin-updates", component),
            commands=to_devices(ports.commands, ports.reporter, component)
            if "commands" in local
            else outbox(publisher, "commands", component),
            twin=self.spec.name,
        )
        return Process(
            self.spec,
            handover=handover,
            publisher=publisher,
            dead_letters=ports.dead_letters,
            reporter=ports.reporter,
            rules=Rules(self.spec, ports.rule_states, now=self._monotonic, component=component),
            user_code=UserCode(self._sources),
            component=component,
        )

    def send(self) -> Send:
        """The sender of one edge."""
        return Send(
            self._edge(),
            self.spec,
            client=self._client,
            dead_letters=self.ports.dead_letters,
            reporter=self.ports.reporter,
            component=self.function.component,
        )

    def receive(self) -> Receive:
        """The receiver of the edges that end at this function."""
        hands: dict[str, Hand] = {}
        shelves: dict[str, Shelf] = {}
        queries: dict[str, Query] = {}
        for edge in self.function.receives:
            if edge in _SHELVES:
                shelves[edge] = self._shelf(edge)
            elif edge in _QUERIES:
                queries[edge] = self.query(edge)
            else:
                hands[edge] = self._hand(edge)
        return Receive(
            links=self._links,
            nonces=self.ports.nonces,
            reporter=self.ports.reporter,
            now=self._wall,
            hands=hands,
            shelves=shelves,
            queries=queries,
        )

    def act(self) -> Callable[[Sequence[Event | RawMessage]], None]:
        """The handler of webhooks and user functions; what is no event asks for nothing."""
        act = Act(self.spec, UserCode(self._sources), self.ports.secrets, self.ports.reporter, self.function.component)
        return lambda messages: act([message for message in messages if isinstance(message, Event)])

    def move(self, seconds: float) -> HotToCool | CoolToArchive:
        """The mover of one edge, which works for at most so many seconds."""
        edge = self._edge()
        now = self.ports.clock.now
        target: Target
        if edge in self.function.local:
            target = self._shelf(edge)
        else:
            target = LinkTarget(edge, self._client, self.function.component, self.ports.reporter, _uncounted)
        if edge == "to-archive":
            return CoolToArchive(
                self.spec, self.ports.cool, target, now=now, monotonic=self._monotonic, seconds=seconds
            )
        return HotToCool(
            self.spec,
            self.ports.hot,
            target if self.spec.retention.archive_s > self.spec.retention.hot_s else None,
            now=now,
            monotonic=self._monotonic,
            shards=self.function.shards,
            seconds=seconds,
        )

    def query(self, edge: str) -> Query:
        """What answers the queries of an edge."""
        if edge == "state":
            return ReadState(self.ports.graph)
        if edge == "history":
            return ReadHistory(self.spec, self.ports.hot, now=self.ports.clock.now)
        raise FunctionError(f"no query has the edge '{edge}'; history and state have")

    def _hand(self, edge: str) -> Hand:
        component = self.function.component
        if edge == "telemetry":
            return _into_intake(self.ports.publisher)
        if edge == "persist":
            return into_hot(self.ports.hot, component)
        if edge == "twin-updates":
            return self._graph()
        if edge == "commands":
            return to_devices(self.ports.commands, self.ports.reporter, component)
        raise FunctionError(f"{VARIABLE}: receives: there is no edge '{edge}'")

    def _graph(self) -> Hand:
        return into_graph(self.ports.graph, self.ports.reporter, self.function.component)

    def _shelf(self, edge: str) -> Shelf:
        if edge == "to-archive":
            return WholeShelf(self.ports.archive, "archive")
        # Without a cool tier records go from hot straight into the archive's class.
        retention = self.spec.retention
        return Shelf(self.ports.cool, "cool" if retention.cool_s > retention.hot_s else "archive")

    def _edge(self) -> str:
        if not self.function.edge:
            raise FunctionError(f"{VARIABLE} lacks 'edge', which a sender or mover needs")
        return self.function.edge


_SHELVES: Final = ("to-cool", "to-archive")
_QUERIES: Final = ("history", "state")


def _uncounted(_records: int, _body: int, _wire: int) -> None:
    """In a cloud the provider counts."""


def _into_intake(publisher: Publisher) -> Hand:
    return lambda events: publisher.publish("intake", events)


class _LazySecrets:
    """The ports' secrets, not made before a link needs them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def get(self, name: str) -> str:
        return self._ports.secrets.get(name)

    def put(self, name: str, value: str) -> None:
        self._ports.secrets.put(name, value)
