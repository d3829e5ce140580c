"""How Google Cloud counts. Each class holds one service's rule and is fed operations; none knows the formulas.

Rules from Google's pages: Pub/Sub counts what is published and what is delivered, at least 1,000 bytes a request, a
push being a request per message; Cloud Run bills a request's time in started 100 ms, requests on one instance at a time
once, and instances that always run by the second. Stores, graph and dashboards are in `gcp_stores`.
"""

# Every meter takes the whole of an operation; what its rule does not ask for is unused.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.metering.base import (
    MIB,
    SECONDS_PER_MONTH,
    Counted,
    CountedFunction,
)
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.hooks import Amount

_STEP_MS = 100
_LEAST_REQUEST = 1000
_SERVICE_MIB = 512
_VCPUS_FOR_MIB = ((512, 0.08), (1024, 0.5), (4096, 1.0), (8192, 2.0), (16384, 4.0), (24576, 6.0), (32768, 8.0))


def _stepped_s(ms: float) -> float:
    """Seconds billed for a request of its own instance."""
    return max(ceil(ms / _STEP_MS - 1e-9), 1) * _STEP_MS / 1000


def _least_vcpus(memory_mib: float) -> float:
    return next((vcpus for most, vcpus in _VCPUS_FOR_MIB if memory_mib <= most), _VCPUS_FOR_MIB[-1][1])


# ── Cloud Run ───────────────────────────────────────────────────────────────────────────────────────────────
class _RunProcessing(CountedFunction):
    def puts_away(self, edge: str) -> bool:
        """Always: publishing for a sender is a request to Pub/Sub, which takes as long as a write."""
        return True


class RunFunction(_RunProcessing):
    """A function: below one vCPU an instance takes one request at a time. What is pushed one by one is a run each."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._requests = self.cell("gcp.run.requests")
        self._logs = self.cell("gcp.logging.ingestion")
        self._alone = self.cell("seconds-alone")
        self._all_busy = self.cell("seconds-busy")
        memory = self.assumed("handler_memory_mib")
        self._vcpus = max(self.assumed("handler_vcpus"), _least_vcpus(memory))
        self._bytes = memory * MIB
        self._log_bytes = self.assumed("log_bytes_per_invocation")
        self._one_by_one = component.gathers == 1

    def count(self, messages: int, work_ms: float) -> None:
        """One request, or one per message."""
        requests = max(messages, 1) if self._one_by_one else 1
        ms = self._fixed_ms + work_ms / requests
        self._requests.add(requests)
        self._alone.add(requests * _stepped_s(ms))
        self._all_busy.add(requests * ms / 1000)
        self._logs.add(requests * self._log_bytes)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Seconds of instances: each request's own, or shared where an instance has a whole vCPU."""
        seconds = self._alone.value * scale
        if self._vcpus >= 1:
            seconds = min(seconds, max(self._all_busy.value * scale, SECONDS_PER_MONTH))
        return {
            "gcp.run.cpu": Amount(seconds * self._vcpus),
            "gcp.run.memory": Amount(seconds * self._bytes),
        }


class GatheringService(CountedFunction):
    """A sender on an instance of a whole vCPU: every message is a request that waits for its batch to be posted."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._requests = self.cell("gcp.run.requests")
        self._logs = self.cell("gcp.logging.ingestion")
        self._open = self.cell("seconds-open")
        self._cpu = self.cell("seconds-cpu")
        self._window_ms = self.assumed("batch_window_s") * 1000
        self._per_message_ms = self._fixed_ms + self.assumed("link_ms_per_message")
        self._post_ms = self.assumed("send_ms_per_batch")
        self._log_bytes = self.assumed("log_bytes_per_invocation")

    def count(self, messages: int, work_ms: float) -> None:
        """One batch: open for at most the window, then posted."""
        self._requests.add(max(messages, 1))
        self._logs.add(self._log_bytes)
        # How long a full batch waited is not known here; where many fill, an instance is always open anyway.
        self._open.add(_stepped_s(self._window_ms + self._post_ms))
        self._cpu.add(messages * self._per_message_ms / 1000)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Batches that are open at once share an instance, as long as its CPU suffices."""
        seconds = min(self._open.value * scale, max(self._cpu.value * scale, SECONDS_PER_MONTH))
        return {
            "gcp.run.cpu": Amount(seconds),
            "gcp.run.memory": Amount(seconds * _SERVICE_MIB * MIB),
        }


class Worker(_RunProcessing):
    """Instances that always run, as many as the peak asks for."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._logs = self.cell("gcp.logging.ingestion")
        self._log_bytes = self.assumed("log_bytes_per_invocation")
        self._mib = max(float(_SERVICE_MIB), self.assumed("handler_memory_mib"))
        self._vcpus = max(1.0, _least_vcpus(self._mib))

    def count(self, messages: int, work_ms: float) -> None:
        """One batch."""
        self._logs.add(self._log_bytes)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Whole instances for the rates that were seen, all month."""
        average = self._busy.value / 1000 * scale / SECONDS_PER_MONTH
        peak = average * self.demanded("peak_factor") / self.assumed("provisioned_utilization")
        seconds = max(ceil(peak - 1e-9), 1) * SECONDS_PER_MONTH
        return {
            "gcp.run.instance-cpu": Amount(seconds * self._vcpus, planned=True),
            "gcp.run.instance-memory": Amount(seconds * self._mib * MIB, planned=True),
        }


class Schedule(Counted):
    """A job of Cloud Scheduler, where there is something to move."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """One job a month."""
        source = "hot_months" if self.component.slot is Slot.HOT else "cool_months"
        moves = self.demanded("archive_months") > self.demanded(source)
        return {"gcp.scheduler.jobs": Amount(1.0 if moves else 0.0)}


# ── Pub/Sub ─────────────────────────────────────────────────────────────────────────────────────────────────
class PubSub(Counted):
    """A topic or a subscription. What devices and our gateway publish is counted where it comes in (`message`)."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._throughput = self.cell("gcp.pubsub.throughput")
        self._overhead = self.assumed("pubsub_overhead_bytes")
        local_intake = component.name == "intake" and not blueprint.by_edge["telemetry"].apart
        self._only_delivers = local_intake or component.name == "telemetry-deliveries"
        self._pulled = local_intake and "run-worker" in component.offer

    def sent(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.sent`."""
        self.tally("event", sizes)
        if not self._only_delivers:
            self._throughput.add(self._counted(sizes))

    def received(self, sizes: Sequence[int]) -> None:
        """See `ChannelMeter.received`: pushed one by one, or pulled together."""
        if self._pulled:
            each = sum(sizes) + len(sizes) * self._overhead
            self._throughput.add(max(each, _LEAST_REQUEST) if sizes else 0)
        else:
            self._throughput.add(self._counted(sizes))

    def acked(self, sizes: Sequence[int]) -> None:
        """Free."""

    def _counted(self, sizes: Sequence[int]) -> float:
        overhead = self._overhead
        return sum(max(size + overhead, _LEAST_REQUEST) for size in sizes)


class DirectGateway(PubSub):
    """Devices publish to a topic; commands go to a topic per device."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        commands = self.sibling("device-commands")
        assert commands is not None
        self._commands = book.cell("gcp.pubsub.throughput", commands.id)

    def message(self, size: int, count: int = 1) -> None:
        """See `GatewayMeter.message`."""
        self.tally("payload", (size,), count)
        self._throughput.add(count * max(size + self._overhead, _LEAST_REQUEST))

    def command(self, size: int, count: int = 1) -> None:
        """See `GatewayMeter.command`: published, and delivered to the device."""
        self.tally("command", (size,), count)
        self._commands.add(2 * count * max(size + self._overhead, _LEAST_REQUEST))

    def connected(self, device_seconds: float) -> None:
        """Free."""

    def refused(self, count: int = 1) -> None:
        """Counted already when it came in."""


class RunGateway(CountedFunction):
    """Our gateway: a request per message, which it publishes and answers with the device's pending commands."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._requests = self.cell("gcp.run.requests")
        self._logs = self.cell("gcp.logging.ingestion")
        self._log_bytes = self.assumed("log_bytes_per_invocation")
        self._per_message_ms = self._fixed_ms + self.assumed("write_ms_per_message")
        self._overhead = self.assumed("pubsub_overhead_bytes")
        telemetry, pending = self.sibling("telemetry"), self.sibling("pending-commands")
        assert telemetry is not None
        assert pending is not None
        self._telemetry = book.cell("gcp.pubsub.throughput", telemetry.id)
        self._looks = self.demanded("commands_per_device_per_day") > 0
        self._reads, self._writes, self._deletes = (
            book.cell(f"gcp.firestore.{operation}", pending.id) for operation in ("reads", "writes", "deletes")
        )

    def message(self, size: int, count: int = 1) -> None:
        """See `GatewayMeter.message`."""
        self.tally("payload", (size,), count)
        self._runs.add(count)
        self._messages.add(count)
        self._busy.add(count * self._per_message_ms)
        self._requests.add(count)
        self._telemetry.add(count * max(size + self._overhead, _LEAST_REQUEST))
        if self._looks:
            self._reads.add(count)

    def command(self, size: int, count: int = 1) -> None:
        """See `GatewayMeter.command`: kept until the device's next message, then removed."""
        self.tally("command", (size,), count)
        self._writes.add(count)
        self._deletes.add(count)

    def connected(self, device_seconds: float) -> None:
        """Free."""

    def refused(self, count: int = 1) -> None:
        """A line in the log; requests themselves are not logged."""
        self._logs.add(count * self._log_bytes)

    def count(self, messages: int, work_ms: float) -> None:
        """See `message`."""

    def derived(self, scale: float) -> dict[str, Amount]:
        """Requests share an instance of one vCPU."""
        alone = self._requests.value * scale * _stepped_s(self._per_message_ms)
        seconds = min(alone, max(self._busy.value * scale / 1000, SECONDS_PER_MONTH))
        return {
            "gcp.run.cpu": Amount(seconds),
            "gcp.run.memory": Amount(seconds * _SERVICE_MIB * MIB),
        }
