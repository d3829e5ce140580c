"""How AWS counts. Each class holds one service's rule and is fed operations; none knows the blueprint's formulas.

Rules from the services' pricing pages and quotas: SQS, SNS and EventBridge per started 64 KB of a request of up to ten
messages; DynamoDB per started 1 KB written and 4 KB read, half for eventually consistent reads; IoT Core per started
5 KB; S3 per request, with smallest billed objects and names kept beside archived ones; Lambda per millisecond.
"""

# Every meter takes the whole of an operation; what its rule does not ask for is unused.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Sequence

from twin2multicloud.blueprint.kinds import Role
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
from twin2multicloud.sandbox.metering.hooks import TWIN_UPDATES, Amount

_REQUEST_CHUNK = 64 * KIB
_SEND_BATCH = 10
_IOT_CHUNK = 5 * KIB


class Lambda(CountedFunction):
    """A function: a request and its milliseconds a run; only user code may need x86."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        x86 = component.role is Role.PROCESS and "lambda-x86" in component.offer
        self._requests = self.cell("aws.lambda.requests")
        self._duration = self.cell(f"aws.lambda.duration-{'x86' if x86 else 'arm64'}")
        self._logs = self.cell("aws.cloudwatch.log-ingestion")
        self._bytes = self.assumed("handler_memory_mib") * MIB
        self._log_bytes = self.assumed("log_bytes_per_invocation")

    def count(self, messages: int, work_ms: float) -> None:
        """One run."""
        self._requests.add(1)
        self._duration.add((self._fixed_ms + work_ms) / 1000 * self._bytes)
        self._logs.add(self._log_bytes)


class Sqs(Counted):
    """A queue. Handlers send, receive and delete in tens; an IoT rule sends one by one."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._requests = self.cell("aws.sqs.requests")
        telemetry = blueprint.by_edge["telemetry"]
        by_rule = component.name == "telemetry-outbox" or (component.name == "intake" and not telemetry.apart)
        self._per_send = 1 if by_rule else _SEND_BATCH

    def sent(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.sent`."""
        self._requests.add(_chunked(sizes, self._per_send))

    def received(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.received`."""
        self._requests.add(_chunked(sizes, _SEND_BATCH))

    def acked(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.acked`."""
        self._requests.add(pieces(len(sizes), _SEND_BATCH) if sizes else 0)


def _chunked(sizes: Sequence[int], batch: int) -> int:
    if batch == 1:
        return sum(pieces(size, _REQUEST_CHUNK) for size in sizes)
    return sum(pieces(sum(sizes[i : i + batch]), _REQUEST_CHUNK) for i in range(0, len(sizes), batch))


class Kinesis(Counted):
    """An on-demand stream: hours, records of at least 1 KB in, bytes out."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._ingest = self.cell("aws.kinesis.ingest")
        self._retrieval = self.cell("aws.kinesis.retrieval")

    def sent(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.sent`."""
        self._ingest.add(sum(max(size, KIB) for size in sizes))

    def received(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.received`."""
        self._retrieval.add(sum(sizes))

    def acked(self, sizes: Sequence[int]) -> None:
        """A position in a stream costs nothing."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """The stream runs all month."""
        return {"aws.kinesis.stream-hours": Amount(HOURS_PER_MONTH)}


class Sns(Counted):
    """A topic. What is delivered to the queue of errors is sent, received and deleted there one by one."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._publishes = self.cell("aws.sns.publishes")
        self._queued = self.cell("aws.sqs.requests") if component.name == "errors" else None

    def sent(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.sent`."""
        self.tally("event", sizes)
        self._publishes.add(sum(pieces(size, _REQUEST_CHUNK) for size in sizes))

    def received(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.received`."""
        if self._queued is not None:
            self._queued.add(2 * sum(pieces(size, _REQUEST_CHUNK) for size in sizes))

    def acked(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.acked`."""
        if self._queued is not None:
            self._queued.add(len(sizes))


class IotCore(Counted):
    """A gateway: connected minutes, messages through the broker, a rule and its action per telemetry message."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._minutes = self.cell("aws.iot-core.connectivity")
        self._messages = self.cell("aws.iot-core.messages")
        self._rules = self.cell("aws.iot-core.rules-triggered")
        self._actions = self.cell("aws.iot-core.rule-actions")
        self._brokered = "basic-ingest" not in component.offer

    def message(self, size: int, count: int = 1) -> None:
        """See `GatewayMeter.message`."""
        self.tally("payload", (size,), count)
        chunks = pieces(size, _IOT_CHUNK) * count
        if self._brokered:
            self._messages.add(chunks)
        self._rules.add(chunks)
        self._actions.add(chunks)

    def command(self, size: int, count: int = 1) -> None:
        """See `GatewayMeter.command`."""
        self.tally("command", (size,), count)
        self._messages.add(pieces(size, _IOT_CHUNK) * count)

    def connected(self, device_seconds: float) -> None:
        """See `GatewayMeter.connected`."""
        self._minutes.add(device_seconds / 60)

    def refused(self, count: int = 1) -> None:
        """Counted already when it came in."""


class DynamoDb(Counted):
    """An on-demand table."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._writes = self.cell(self.write_cell)
        self._removed = self.cell("write-units-of-deletion")
        self._reads = self.cell(self.read_cell)
        self._bytes_in = self.cell("record-bytes")
        self._held = Level(self)

    write_cell = "aws.dynamodb.write-units"
    read_cell = "aws.dynamodb.read-units"

    def wrote(self, sizes: Sequence[int]) -> None:
        """See `StoreMeter.wrote`."""
        self.tally("record", sizes)
        self._writes.add(sum(pieces(size, KIB) for size in sizes))

    def read(self, records: int, answers: Sequence[int]) -> None:
        """See `StoreMeter.read`: eventually consistent for people, consistent for rules."""
        each = 0.5 if self.component.name == "hot" else 1.0
        self._reads.add(sum(each * pieces(size, 4 * KIB) for size in answers))

    def swept(self, devices: int, records: int, bytes_read: int) -> None:
        """See `StoreMeter.swept`: a query for each device, of which the last chunk is half full on average."""
        self._reads.add(0.5 * max(bytes_read / (4 * KIB) + 0.5 * devices, devices))

    def deleted(self, sizes: Sequence[int]) -> None:
        """See `StoreMeter.deleted`: as much as writing them."""
        units = sum(pieces(size, KIB) for size in sizes)
        self._writes.add(units)
        self._removed.add(units)

    def expired(self, sizes: Sequence[int]) -> None:
        """Expiry is free."""

    def holds(self, stored: float, at: float) -> None:
        """See `StoreMeter.holds`."""
        self._held.set(stored, at)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Storage of the hot tier, and what leaves it, by what was written."""
        left = self._left()
        leaving = {self.write_cell: Amount((self._writes.value + left) * scale, projected=True)} if left else {}
        return {**leaving, **self._storage(scale)}

    def _left(self) -> float:
        removed = self._removed.value
        return self.yet_to_leave(self._writes.value - removed, removed)

    def _storage(self, scale: float) -> dict[str, Amount]:
        span = self.span_months()
        if not span:
            return {}
        return {"aws.dynamodb.storage": Amount(self._bytes_in.value * scale * span, projected=True)}


class ProvisionedDynamoDb(DynamoDb):
    """A table whose capacity is planned for the busiest day with headroom."""

    write_cell = "write-units"
    read_cell = "read-units"

    def derived(self, scale: float) -> dict[str, Amount]:
        """Capacity for the rates that were seen."""
        planned = self.demanded("peak_factor") / self.assumed("provisioned_utilization") * HOURS_PER_MONTH
        per_s = scale / SECONDS_PER_MONTH
        left = self._left()
        written = (self._writes.value + left) * per_s * planned
        return {
            "aws.dynamodb.wcu-hours": Amount(written, projected=left > 0, planned=True),
            "aws.dynamodb.rcu-hours": Amount(self._reads.value * per_s * planned, planned=True),
            **self._storage(scale),
        }


_CLASSES = {
    "aws.s3-standard-ia": ("aws.s3.standard-ia", 30, 128 * KIB, 0),
    "aws.s3-glacier-instant": ("aws.s3.glacier-instant", 90, 128 * KIB, 0),
    "aws.s3-glacier-flexible": ("aws.s3.glacier-flexible", 90, 0, 32 * KIB),
    "aws.s3-glacier-deep-archive": ("aws.s3.deep-archive", 180, 0, 32 * KIB),
}
_NAME_BYTES = 8 * KIB  # of an archived object, kept in Standard


class S3(Counted):
    """A tier in one S3 class."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._prefix, self._days, self._smallest, self._index = _CLASSES[component.offer]
        self._archive = bool(self._index)
        self._billed = self.cell("billed-bytes")
        self._objects = self.cell("objects")
        self._held = Level(self)

    def put(self, size: int) -> None:
        """See `BucketMeter.put`."""
        self.tally("object", (size,))
        self.cell(f"{self._prefix}.put").add(1)
        self._enters(size)

    def transition(self, size: int) -> None:
        """See `BucketMeter.transition`."""
        self.cell(f"{self._prefix}.transition").add(1)
        self._enters(size)

    def got(self, size: int) -> None:
        """See `BucketMeter.got`. Archived objects are restored, which is charged by size only."""
        if not self._archive:
            self.cell(f"{self._prefix}.get").add(1)
        self.cell(f"{self._prefix}.retrieval").add(size)

    def holds(self, objects: int, stored: float, at: float) -> None:
        """See `BucketMeter.holds`."""
        self._held.set(max(stored, objects * self._smallest) + objects * self._index, at)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Storage by what came in, at least for the class's minimum."""
        months = max(self.span_months(), self._days / DAYS_PER_MONTH)
        found = {f"{self._prefix}.storage": Amount(self._billed.value * scale * months, projected=True)}
        if self._archive:
            names = self._objects.value * _NAME_BYTES * scale * months
            found["aws.s3.standard.storage"] = Amount(names, projected=True)
        return found

    def _enters(self, size: int) -> None:
        self._objects.add(1)
        self._billed.add(max(size, self._smallest) + self._index)


class Scenes(Counted):
    """3D models of the entities, stored before the first message."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """As many bytes as are assumed for each."""
        stored = self.demanded("entities_3d") * self.assumed("scene_bytes_per_entity")
        return {"aws.s3.standard.storage": Amount(stored, planned=True)}


_VALUES_PER_CALL = 10


class TwinMaker(Counted):
    """IoT TwinMaker, standard or a bundle plan: entities (or the plan), calls of up to ten values, queries.

    Each call makes it call our connector, which keeps the values in a table.
    """

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        plan = component.offer.rpartition("bundle-")[2] if "bundle-" in component.offer else ""
        self._plan = f"aws.twinmaker.bundle-{plan}" if plan else ""
        prefix = self._plan or "aws.twinmaker"
        self._calls = self.cell(f"{prefix}.api-calls")
        self._queries = self.cell(f"{prefix}.queries")
        self._entities = self.cell("entities")
        connector, values = self.sibling("twin-connector"), self.sibling("twin-values")
        assert connector is not None
        assert values is not None
        self._connector, self._values = Lambda(connector, blueprint, book), DynamoDbGraph(values, blueprint, book)

    def updated(self, sizes: Sequence[int]) -> None:
        """See `GraphMeter.updated`."""
        self.tally("update", sizes)
        some = _VALUES_PER_CALL
        for start in range(0, len(sizes), some):
            part = sizes[start : start + some]
            self._calls.add(pieces(sum(part), 20 * KIB))
            self._connector.invoked(len(part), {TWIN_UPDATES: len(part)})
            self._values.updated(part)

    def queried(self, answers: Sequence[int]) -> None:
        """See `GraphMeter.queried`."""
        self.tally("answer", answers)
        self._queries.add(len(answers))
        self._calls.add(len(answers))
        for _ in answers:
            self._connector.invoked(1)
        self._values.queried(answers)

    def holds(self, entities: int, stored: float, at: float) -> None:
        """See `GraphMeter.holds`."""
        self._entities.grow(entities)
        self._values.holds(entities, stored, at)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Entities, or the plan, for the month."""
        if self._plan:
            return {self._plan: Amount(1.0)}
        return {"aws.twinmaker.entities": Amount(self._entities.value)}


class DynamoDbGraph(OwnGraph):
    """Our own graph on an on-demand table."""

    storage = "aws.dynamodb.storage"

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._writes = self.cell("aws.dynamodb.write-units")
        self._reads = self.cell("aws.dynamodb.read-units")

    def updated(self, sizes: Sequence[int]) -> None:
        """See `GraphMeter.updated`."""
        self.tally("update", sizes)
        self._writes.add(sum(pieces(size, KIB) for size in sizes))

    def queried(self, answers: Sequence[int]) -> None:
        """See `GraphMeter.queried`."""
        self.tally("answer", answers)
        self._reads.add(sum(0.5 * pieces(size, 4 * KIB) for size in answers))


class Grafana(Counted):
    """Managed Grafana: active editors and viewers, at least one editor."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._editors = self.cell("editors")
        self._viewers = self.cell("viewers")

    def users(self, editors: int, viewers: int) -> None:
        """See `DashboardMeter.users`."""
        self._editors.grow(editors)
        self._viewers.grow(viewers)

    def served(self, sent: int) -> None:
        """Included."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """Users of the month."""
        return {
            "aws.grafana.editors": Amount(max(self._editors.value, 1.0)),
            "aws.grafana.viewers": Amount(self._viewers.value),
        }


class Fargate(Grafana):
    """Grafana in a container: half a vCPU with 1 GB and a public address, more with the users."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._browsers = book.cell("aws.egress.internet", f"{component.slot.value}/browsers")

    def served(self, sent: int) -> None:
        """See `DashboardMeter.served`."""
        self._browsers.add(sent)

    def derived(self, scale: float) -> dict[str, Amount]:
        """The task runs all month."""
        users = self._editors.value + self._viewers.value
        hours = max(0.5, users / self.assumed("users_per_grafana_vcpu")) * HOURS_PER_MONTH
        return {
            "aws.fargate.vcpu-hours": Amount(hours),
            "aws.fargate.memory-hours": Amount(2 * hours),
            "aws.public-ipv4.hours": Amount(HOURS_PER_MONTH),
        }
