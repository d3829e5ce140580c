"""What a simulated cloud tells its meters: real operations, one call per batch. Which rule counts them is the meter's.

`meters_for` gives the meters of a blueprint's components (by component id) and links. Sizes are bytes of what is
handed over (an event in its envelope, a payload, an object); `at` are seconds on the twin clock. Every call is
safe from any thread and costs about a microsecond per item at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, cast, runtime_checkable

from twin2multicloud.blueprint.kinds import Kind, Role
from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent, PlannedLink
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.sandbox.metering.book import MeterBook

# Units of work that `invoked` is told; each is billed at the assumed milliseconds of the same name.
PROCESS: Final = "process_ms_per_message"
RULES: Final = "rule_ms"
WRITE: Final = "write_ms_per_message"
GRAPH: Final = "graph_ms_per_update"
POST: Final = "send_ms_per_batch"
LINK: Final = "link_ms_per_message"
MOVE: Final = "move_ms_per_record"
QUERY: Final = "read_ms_per_query"

# What processing hands over and receivers put away, by the edge: a record, a twin update, a command. Processing reports
# them wherever they go; whether they are its own work or that of a receiver is the meter's to know.
PERSIST: Final = "persist"
TWIN_UPDATES: Final = "twin-updates"
COMMANDS: Final = "commands"
HANDED_OVER: Final[Mapping[str, str]] = {PERSIST: WRITE, TWIN_UPDATES: GRAPH, COMMANDS: WRITE}

NOTHING: Final[Mapping[str, float]] = {}


class Amount:
    """A month's usage of one meter, in base quantities after the meter's rule.

    `projected`: it follows from what was written and the time it will be kept, rather than from what was kept or left.
    `planned`: it is provisioned for the workload's peak, so it follows from the rate and the planned headroom.
    """

    __slots__ = ("amount", "planned", "projected")

    def __init__(self, amount: float, *, projected: bool = False, planned: bool = False) -> None:
        self.amount = amount
        self.projected = projected
        self.planned = planned


class ComponentMeter(Protocol):
    """What every meter has."""

    component: PlannedComponent

    def month(self, elapsed_s: float) -> dict[str, Amount]:
        """What was counted in `elapsed_s` seconds of the twin clock, scaled to a month of 730 hours, by meter."""


@runtime_checkable
class FunctionMeter(ComponentMeter, Protocol):
    """A function of any role. What is called over a link also counts the nonces that it remembers."""

    def invoked(self, messages: int, work: Mapping[str, float] = NOTHING) -> None:
        """One run for `messages` messages, records or queries. `work` counts units of work: {PROCESS: 10, PERSIST: 9}.

        Whoever runs several at once where the real host would push them one by one still calls once: the meter knows.
        """


@runtime_checkable
class ChannelMeter(ComponentMeter, Protocol):
    """A queue, a stream or a topic (Pub/Sub's topics are queues, too). Sizes are of messages as they lie in it: where
    one message is a whole batch, it is one size.
    """

    def sent(self, sizes: Sequence[int]) -> None:
        """Messages put in by one call of a handler (or by a device or rule, one each)."""

    def received(self, sizes: Sequence[int]) -> None:
        """Messages given to one run of the consumer; again for each time they come again."""

    def acked(self, sizes: Sequence[int]) -> None:
        """Messages of one run that are done with."""


QueueMeter = ChannelMeter
TopicMeter = ChannelMeter


@runtime_checkable
class StoreMeter(ComponentMeter, Protocol):
    """A hot store, or a small store of rule states, dead letters, nonces or pending commands."""

    def wrote(self, sizes: Sequence[int]) -> None:
        """Records written (new ones: one that is there already, or lost a race, counts all the same)."""

    def read(self, records: int, answers: Sequence[int]) -> None:
        """`records` found in all, by one query per entry of `answers`, which are the bytes each of them read."""

    def swept(self, devices: int, records: int, bytes_read: int) -> None:
        """A mover asked so many devices for their earliest record (`records` 0), or for all records of a window."""

    def deleted(self, sizes: Sequence[int]) -> None:
        """Records deleted, by us or by expiry."""

    def expired(self, sizes: Sequence[int]) -> None:
        """Records that the store's own time to live removed."""

    def holds(self, stored: float, at: float) -> None:
        """Bytes stored now, overhead included; call now and then, and when it changes much."""


@runtime_checkable
class BucketMeter(ComponentMeter, Protocol):
    """Objects of one tier. Two tiers at one place are two components."""

    def put(self, size: int) -> None:
        """An object written into the tier."""

    def got(self, size: int) -> None:
        """An object read."""

    def transition(self, size: int) -> None:
        """An object that came into this tier by a change of its storage class."""

    def holds(self, objects: int, stored: float, at: float) -> None:
        """Objects and their bytes in the tier now."""


@runtime_checkable
class GraphMeter(ComponentMeter, Protocol):
    """A twin graph."""

    def updated(self, sizes: Sequence[int]) -> None:
        """Twin updates written by one call, with the bytes of the values each carries."""

    def queried(self, answers: Sequence[int]) -> None:
        """Queries answered, with the bytes of each answer."""

    def holds(self, entities: int, stored: float, at: float) -> None:
        """Entities and their bytes now."""


@runtime_checkable
class GatewayMeter(ComponentMeter, Protocol):
    """All that an acquisition service counts: `L1/gateway`, with the components that belong to it."""

    def message(self, size: int, count: int = 1) -> None:
        """Telemetry messages of a payload size that came in."""

    def command(self, size: int, count: int = 1) -> None:
        """Commands delivered to devices."""

    def connected(self, device_seconds: float) -> None:
        """Time that devices were connected, all together."""

    def refused(self, count: int = 1) -> None:
        """Messages that were not taken in: malformed, too large, of unknown devices."""


@runtime_checkable
class DashboardMeter(ComponentMeter, Protocol):
    """The dashboards and their traffic: `L5/dashboards`."""

    def users(self, editors: int, viewers: int) -> None:
        """People who used the dashboards so far this month (call again when they become more)."""

    def served(self, sent: int) -> None:
        """Bytes sent to a browser."""


class LinkMeter(Protocol):
    """An edge whose ends lie apart."""

    link: PlannedLink

    def sent(self, wire_bytes: int, messages: int = 0, raw_bytes: int = 0, body_bytes: int = 0) -> None:
        """A POST (or an answer to a query) left its source: bytes with headers and protocol, the messages it carried,
        their bytes before compression and after."""


class Meters:
    """The meters of a blueprint's components by id (`L2/process`), and of its links by edge."""

    def __init__(self, components: Mapping[str, ComponentMeter], links: Mapping[str, LinkMeter]) -> None:
        self._components = dict(components)
        self._checked: dict[tuple[str, Any], Any] = {}
        self.links = dict(links)

    def __contains__(self, component: str) -> bool:
        return component in self._components

    def __iter__(self) -> Iterator[ComponentMeter]:
        return iter(self._components.values())

    def function(self, component: str) -> FunctionMeter:
        """A function's meter."""
        found: FunctionMeter = self._get(component, FunctionMeter)
        return found

    def channel(self, component: str) -> ChannelMeter:
        """The meter of a queue, stream or topic."""
        found: ChannelMeter = self._get(component, ChannelMeter)
        return found

    def store(self, component: str) -> StoreMeter:
        """A store's meter."""
        found: StoreMeter = self._get(component, StoreMeter)
        return found

    def bucket(self, component: str) -> BucketMeter:
        """A bucket's meter."""
        found: BucketMeter = self._get(component, BucketMeter)
        return found

    @property
    def gateway(self) -> GatewayMeter:
        """The acquisition service's."""
        found: GatewayMeter = self._get(f"{Slot.ACQUISITION}/gateway", GatewayMeter)
        return found

    @property
    def graph(self) -> GraphMeter:
        """The twin graph's."""
        found: GraphMeter = self._get(f"{Slot.MANAGEMENT}/graph", GraphMeter)
        return found

    @property
    def dashboards(self) -> DashboardMeter:
        """The dashboards'."""
        found: DashboardMeter = self._get(f"{Slot.VISUALIZATION}/dashboards", DashboardMeter)
        return found

    def link(self, edge: str) -> LinkMeter:
        """A link's meter; `KeyError` where the ends lie together."""
        return self.links[edge]

    def _get(self, component: str, kind: Any) -> Any:
        # A check against a protocol takes tens of microseconds; once is enough.
        if (component, kind) in self._checked:
            return self._checked[component, kind]
        found = self._components.get(component)
        if found is None:
            raise KeyError(f"the blueprint has no component {component} here")
        if not isinstance(found, kind):
            raise TypeError(f"{component} is a {found.component.kind}, which has no {kind.__name__}")
        self._checked[component, kind] = found
        return found


def meters_for(blueprint: Blueprint, book: MeterBook, provider: Provider | None = None) -> Meters:
    """The meters of a blueprint's components (of one provider, if named), counting in `book`.

    Workload and assumptions are those that the blueprint was planned for.
    """
    # The rules are imported here so that they may import the words above.
    from twin2multicloud.sandbox.metering.base import CountedFunction
    from twin2multicloud.sandbox.metering.links import CountedLink
    from twin2multicloud.sandbox.metering.rules import meter_of

    components = {
        component.id: meter_of(component, blueprint, book)
        for component in blueprint.components
        if provider in (None, component.provider) and not (component.kind is Kind.EGRESS and component.edge)
    }
    links = {
        link.edge: CountedLink(link, blueprint, book)
        for link in blueprint.links
        if link.apart and provider in (None, blueprint.places[link.source].provider)
    }
    for meter in components.values():
        called = meter.component
        answers = (
            called.role is Role.READ and blueprint.by_edge["history" if called.slot is Slot.HOT else "state"].apart
        )
        if isinstance(meter, CountedFunction) and (called.role is Role.RECEIVE or answers):
            meter.nonces = cast(StoreMeter, components[f"{called.slot}/nonces"])
    return Meters(components, links)
