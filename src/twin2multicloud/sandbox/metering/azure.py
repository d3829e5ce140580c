"""How Azure counts. Each class holds one service's rule and is fed operations; none knows the blueprint's formulas.

Rules from Microsoft's pages: IoT Hub counts started 4 KB against a day's quota; Consumption bills an execution for at
least 100 ms in steps of 128 MB, Flex an active period for at least a second at the instance's memory; Storage Queues
count every put, get and delete of a message of at most 64 KB; Cosmos DB counts request units by size, at least 1 KiB;
blobs of the cooler tiers are billed as at least 128 KiB; Digital Twins count started KB.
"""

# Every meter takes the whole of an operation; what its rule does not ask for is unused.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.sandbox.metering.base import (
    DAYS_PER_MONTH,
    HOURS_PER_MONTH,
    KIB,
    MIB,
    SECONDS_PER_MONTH,
    Counted,
    CountedFunction,
    Level,
    OwnGraph,
    pieces,
)
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.hooks import Amount

_HUB_CHUNK = 4 * KIB
_QUEUE_MESSAGE = 64 * KIB
_FLEX_MIB = (512, 2048, 4096)
_DEVICES_PER_QUERY = 100  # of a query over partitions


class ConsumptionFunction(CountedFunction):
    """A function on the Consumption plan."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._executions = self.cell("azure.functions.executions")
        self._duration = self.cell("azure.functions.duration")
        self._logs = self.cell("azure.monitor.log-ingestion")
        self._bytes = ceil(self.assumed("handler_memory_mib") / 128) * 128 * MIB
        self._log_bytes = self.assumed("log_bytes_per_invocation")

    def count(self, messages: int, work_ms: float) -> None:
        """One execution."""
        self._executions.add(1)
        self._duration.add(max((self._fixed_ms + work_ms) / 1000, 0.1) * self._bytes)
        self._logs.add(self._log_bytes)


class FlexFunction(CountedFunction):
    """A function on the Flex Consumption plan: active periods of at least a second, which executions share."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._executions = self.cell("azure.functions-flex.executions")
        self._logs = self.cell("azure.monitor.log-ingestion")
        handler = self.assumed("handler_memory_mib")
        self._bytes = next((size for size in _FLEX_MIB if size >= handler), handler) * MIB
        self._log_bytes = self.assumed("log_bytes_per_invocation")

    def count(self, messages: int, work_ms: float) -> None:
        """One execution."""
        self._executions.add(1)
        self._logs.add(self._log_bytes)

    def derived(self, scale: float) -> dict[str, Amount]:
        """An instance is never active longer than all the time, unless its work takes more of them."""
        busy_s = self._busy.value / 1000 * scale
        active = min(self._executions.value * scale, SECONDS_PER_MONTH)
        return {"azure.functions-flex.duration": Amount(max(busy_s, active) * self._bytes)}


class StorageQueue(Counted):
    """A queue: each message is put, got and deleted by itself."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._operations = self.cell("azure.storage-queue.operations")

    def sent(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.sent`."""
        self._operations.add(sum(pieces(size, _QUEUE_MESSAGE) for size in sizes))

    def received(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.received`."""
        self._operations.add(sum(pieces(size, _QUEUE_MESSAGE) for size in sizes))

    def acked(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.acked`."""
        self._operations.add(sum(pieces(size, _QUEUE_MESSAGE) for size in sizes))


class Checkpoints(Counted):
    """Where a reader of the hub saves its position, every few batches: told of the batches it reads."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._writes = self.cell("azure.blob.hot.write")
        self._share = 1 / self.assumed("checkpoint_batches")

    def sent(self, sizes: Sequence[int]) -> None:
        """What comes in is the hub's."""

    def received(self, sizes: Sequence[int]) -> None:
        """A batch that was read."""
        self._writes.add(self._share)

    def acked(self, sizes: Sequence[int]) -> None:
        """The position is what is saved."""


class EventGrid(Counted):
    """A topic. Errors are delivered into a queue, which counts them, too."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._operations = self.cell("azure.event-grid.operations")
        queue = self.sibling("error-queue") if component.name == "errors" else None
        self._queue = book.cell("azure.storage-queue.operations", queue.id) if queue else None

    def sent(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.sent`."""
        self.tally("event", sizes)
        self._operations.add(sum(pieces(size, _QUEUE_MESSAGE) for size in sizes))

    def received(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.received`: into the error queue, out of it."""
        self._operations.add(sum(pieces(size, _QUEUE_MESSAGE) for size in sizes))
        if self._queue is not None:
            self._queue.add(2 * len(sizes))

    def acked(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.acked`."""
        if self._queue is not None:
            self._queue.add(len(sizes))


class IotHub(Counted):
    """A hub of one edition, bought for the busiest day."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._messages = self.cell("messages-of-4-kb")
        self._meter = "azure.iot-hub." + component.offer.removeprefix("azure.iot-hub-")

    def message(self, size: int, count: int = 1) -> None:
        """See `GatewayMeter.message`."""
        self.tally("payload", (size,), count)
        self._messages.add(pieces(size, _HUB_CHUNK) * count)

    def command(self, size: int, count: int = 1) -> None:
        """See `GatewayMeter.command`."""
        self.tally("command", (size,), count)
        self._messages.add(pieces(size, _HUB_CHUNK) * count)

    def connected(self, device_seconds: float) -> None:
        """Connections are free."""

    def refused(self, count: int = 1) -> None:
        """Counted already when it came in."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """The average day seen, as much busier as the workload's busiest day is."""
        day = self._messages.value * scale / DAYS_PER_MONTH
        return {self._meter: Amount(day * self.demanded("peak_factor"), planned=True)}


class Cosmos(Counted):
    """A container in request units, billed as used (serverless)."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._use = self.cell("request-units")
        self._written = self.cell("request-units-of-writing")
        self._expiry = self.cell("request-units-of-deletion")
        self._bytes_in = self.cell("record-bytes")
        self._per_write = self.assumed("cosmos_write_ru_per_kib")
        self._per_read = self.assumed("cosmos_read_ru_per_kib")
        self._held = Level(self)

    def wrote(self, sizes: Sequence[int]) -> None:
        """See `StoreMeter.wrote`."""
        self.tally("record", sizes)
        units = self._write_ru(sizes)
        self._use.add(units)
        self._written.add(units)

    def read(self, records: int, answers: Sequence[int]) -> None:
        """See `StoreMeter.read`."""
        self._use.add(self._per_read * sum(max(size / KIB, 1.0) for size in answers))

    def swept(self, devices: int, records: int, bytes_read: int) -> None:
        """See `StoreMeter.swept`: a query for every hundred devices."""
        self._use.add(self._per_read * max(bytes_read / KIB, pieces(devices, _DEVICES_PER_QUERY)))

    def deleted(self, sizes: Sequence[int]) -> None:
        """See `StoreMeter.deleted`."""
        self._expiry.add(self._write_ru(sizes))

    expired = deleted
    """Serverless bills expiry like deletion; the others do both with what is left over."""

    def holds(self, stored: float, at: float) -> None:
        """See `StoreMeter.holds`."""
        self._held.set(stored, at)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Request units, and what the tier holds by what was written."""
        units = (self._use.value + self._removal()) * scale
        projected = self._removal() > self._expiry.value
        return {"azure.cosmos.serverless-ru": Amount(units, projected=projected), **self._storage(scale)}

    def _removal(self) -> float:
        """What deletion and expiry took, and will of what was written."""
        removed = self._expiry.value
        return removed + self.yet_to_leave(self._written.value, removed, expiring=True)

    def _write_ru(self, sizes: Sequence[int]) -> float:
        return self._per_write * sum(max(size / KIB, 1.0) for size in sizes)

    def _kept(self, scale: float) -> float:
        return self._bytes_in.value * scale * self.span_months()

    def _storage(self, scale: float) -> dict[str, Amount]:
        kept = self._kept(scale)
        return {"azure.cosmos.storage": Amount(kept, projected=True)} if self.span_months() else {}


class PlannedCosmos(Cosmos):
    """A container with provisioned throughput: for the peak with headroom, the average, and the gigabytes held."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """RU/s for the rates that were seen, all month."""
        hours = self._planned(scale) * HOURS_PER_MONTH
        return {"azure.cosmos.provisioned-ru-hours": Amount(hours, planned=True), **self._storage(scale)}

    def _used(self, scale: float) -> float:
        return self._use.value * scale / SECONDS_PER_MONTH

    def _sustained(self, scale: float) -> float:
        return (self._use.value + self._removal()) * scale / SECONDS_PER_MONTH

    def _planned(self, scale: float) -> float:
        peak = self._used(scale) * self.demanded("peak_factor") / self.assumed("provisioned_utilization")
        return max(peak, self._sustained(scale), self._kept(scale) / 1e9)


class AutoscaledCosmos(PlannedCosmos):
    """A container that bills each hour's highest second, and at least a tenth of its maximum."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """RU/s for the rates that were seen, all month."""
        used = max(self._used(scale) * self.assumed("autoscale_hourly_peak"), self._sustained(scale))
        floor = max(self._planned(scale) / 10, self._kept(scale) / 1e9)
        hours = max(used, floor) * HOURS_PER_MONTH
        return {"azure.cosmos.autoscale-ru-hours": Amount(hours, planned=True), **self._storage(scale)}


_MINIMUM_DAYS = {"cool": 30, "cold": 90, "archive": 180}
_SMALLEST_BLOB = 128 * KIB


class Blobs(Counted):
    """A tier in one access tier of blobs."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        tier = component.offer.removeprefix("azure.blob-")
        self._prefix, self._days = f"azure.blob.{tier}", _MINIMUM_DAYS[tier]
        self._billed = self.cell("billed-bytes")
        self._held = Level(self)

    def put(self, size: int) -> None:
        """See `BucketMeter.put`."""
        self.tally("object", (size,))
        self.cell(f"{self._prefix}.write").add(1)
        self._billed.add(max(size, _SMALLEST_BLOB))

    transition = put
    """Setting a blob's tier is a write."""

    def got(self, size: int) -> None:
        """See `BucketMeter.got`."""
        self.cell(f"{self._prefix}.read").add(1)
        self.cell(f"{self._prefix}.retrieval").add(size)

    def holds(self, objects: int, stored: float, at: float) -> None:
        """See `BucketMeter.holds`."""
        self._held.set(max(stored, objects * _SMALLEST_BLOB), at)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Storage by what came in, at least for the tier's minimum."""
        months = max(self.span_months(), self._days / DAYS_PER_MONTH)
        return {f"{self._prefix}.storage": Amount(self._billed.value * scale * months, projected=True)}


class DigitalTwins(Counted):
    """Azure Digital Twins: an operation per started KB of a patch or an answer, and query units."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._operations = self.cell("azure.digital-twins.operations")
        self._units = self.cell("azure.digital-twins.query-units")
        self._per_query = self.assumed("query_units_per_query")

    def updated(self, sizes: Sequence[int]) -> None:
        """See `GraphMeter.updated`: a patch each."""
        self.tally("update", sizes)
        self._operations.add(sum(pieces(size, KIB) for size in sizes))

    def queried(self, answers: Sequence[int]) -> None:
        """See `GraphMeter.queried`. The service answers with the query's units; here they are assumed."""
        self.tally("answer", answers)
        self._operations.add(sum(pieces(size, KIB) for size in answers))
        self._units.add(len(answers) * self._per_query)

    def holds(self, entities: int, stored: float, at: float) -> None:
        """Twins at rest are free."""


class CosmosGraph(OwnGraph):
    """Our own graph on a serverless container."""

    storage = "azure.cosmos.storage"

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._units = self.cell("azure.cosmos.serverless-ru")
        self._per_write = self.assumed("cosmos_write_ru_per_kib")
        self._per_read = self.assumed("cosmos_read_ru_per_kib")

    def updated(self, sizes: Sequence[int]) -> None:
        """See `GraphMeter.updated`."""
        self.tally("update", sizes)
        self._units.add(self._per_write * sum(max(size / KIB, 1.0) for size in sizes))

    def queried(self, answers: Sequence[int]) -> None:
        """See `GraphMeter.queried`."""
        self.tally("answer", answers)
        self._units.add(self._per_read * sum(max(size / KIB, 1.0) for size in answers))


class Grafana(Counted):
    """Managed Grafana: an instance all month, and its active users."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._users = self.cell("users")

    def users(self, editors: int, viewers: int) -> None:
        """See `DashboardMeter.users`."""
        self._users.grow(editors + viewers)

    def served(self, sent: int) -> None:
        """Included."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """Users and hours of the month."""
        return {
            "azure.grafana.users": Amount(self._users.value),
            "azure.grafana.instance-hours": Amount(HOURS_PER_MONTH),
        }


class ContainerApp(Grafana):
    """Grafana in a container of at least half a vCPU, in steps of a quarter, with 2 GiB to the vCPU."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._browsers = book.cell("azure.egress.internet", f"{component.slot.value}/browsers")

    def served(self, sent: int) -> None:
        """See `DashboardMeter.served`."""
        self._browsers.add(sent)

    def derived(self, scale: float) -> dict[str, Amount]:
        """The container runs all month."""
        quarters = ceil(self._users.value / self.assumed("users_per_grafana_vcpu") * 4 - 1e-9)
        seconds = max(quarters, 2) / 4 * SECONDS_PER_MONTH
        return {
            "azure.container-apps.vcpu-seconds": Amount(seconds),
            "azure.container-apps.memory": Amount(seconds * 2 * 2**30),
        }
