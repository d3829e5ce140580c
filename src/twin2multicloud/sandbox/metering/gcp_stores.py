"""How Google Cloud's stores, our graph on them and Grafana count: what `gcp` is for messages and compute.

Firestore counts documents, Bigtable nodes and bytes, Cloud Storage operations of class A and B.
"""

# Every meter takes the whole of an operation; what its rule does not ask for is unused.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.metering.base import (
    DAYS_PER_MONTH,
    HOURS_PER_MONTH,
    SECONDS_PER_MONTH,
    Counted,
    Level,
    OwnGraph,
    pieces,
)
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.hooks import Amount

_DEVICES_PER_QUERY = 30  # an `in` of Firestore takes no more


class Firestore(Counted):
    """Documents written, read and deleted; a query that finds nothing reads one."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._writes, self._reads, self._deletes = (
            self.cell(f"gcp.firestore.{operation}") for operation in ("writes", "reads", "deletes")
        )
        self._bytes_in = self.cell("record-bytes")
        self._held = Level(self)

    def wrote(self, sizes: Sequence[int]) -> None:
        """See `StoreMeter.wrote`."""
        self.tally("record", sizes)
        self._writes.add(len(sizes))

    def read(self, records: int, answers: Sequence[int]) -> None:
        """See `StoreMeter.read`."""
        self._reads.add(max(records, len(answers)))

    def swept(self, devices: int, records: int, bytes_read: int) -> None:
        """See `StoreMeter.swept`: a query for every thirty devices."""
        self._reads.add(max(records, pieces(devices, _DEVICES_PER_QUERY)))

    def deleted(self, sizes: Sequence[int]) -> None:
        """See `StoreMeter.deleted`."""
        self._deletes.add(len(sizes))

    expired = deleted
    """Expiry is billed as deletes."""

    def holds(self, stored: float, at: float) -> None:
        """See `StoreMeter.holds`."""
        self._held.set(stored, at)

    def derived(self, scale: float) -> dict[str, Amount]:
        """What the hot tier holds, and what leaves it, by what was written."""
        months = self.span_months()
        if not months:
            return {}
        removed = self._deletes.value
        left = self.yet_to_leave(self._writes.value, removed, expiring=True)
        return {
            "gcp.firestore.storage": Amount(self._bytes_in.value * scale * months, projected=True),
            "gcp.firestore.deletes": Amount((removed + left) * scale, projected=left > 0),
        }


class Bigtable(Counted):
    """Whole nodes for the peak of writes or for what they hold."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._writes = self.cell("rows-written")
        self._bytes_in = self.cell("record-bytes")
        self._held = Level(self)

    def wrote(self, sizes: Sequence[int]) -> None:
        """See `StoreMeter.wrote`."""
        self.tally("record", sizes)
        self._writes.add(len(sizes))

    def read(self, records: int, answers: Sequence[int]) -> None:
        """Within the nodes' capacity."""

    def swept(self, devices: int, records: int, bytes_read: int) -> None:
        """Within the nodes' capacity."""

    def deleted(self, sizes: Sequence[int]) -> None:
        """Within the nodes' capacity."""

    expired = deleted

    def holds(self, stored: float, at: float) -> None:
        """See `StoreMeter.holds`."""
        self._held.set(stored, at)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Nodes and storage."""
        kept = self._bytes_in.value * scale * self.span_months()
        per_s = self._writes.value * scale / SECONDS_PER_MONTH * self.demanded("peak_factor")
        needed = max(per_s / self.assumed("bigtable_writes_per_node_s"), kept / 5e12)
        nodes = max(ceil(needed / self.assumed("provisioned_utilization") - 1e-9), 1)
        return {
            "gcp.bigtable.node-hours": Amount(nodes * HOURS_PER_MONTH, planned=True),
            "gcp.bigtable.storage": Amount(kept, projected=True),
        }


_MINIMUM_DAYS = {"nearline": 30, "coldline": 90, "archive": 365}


class CloudStorage(Counted):
    """A tier in one storage class. An object that changes class in its place is not deleted early."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        name = component.offer.removeprefix("gcp.storage-")
        self._prefix, self._minimum = f"gcp.storage.{name}", _MINIMUM_DAYS[name] / DAYS_PER_MONTH
        self._written = self.cell(f"{self._prefix}.class-a")
        self._billed = self.cell("billed-bytes")
        self._held = Level(self)

    def put(self, size: int) -> None:
        """See `BucketMeter.put`."""
        self.tally("object", (size,))
        self._written.add(1)
        self._billed.add(size)

    transition = put
    """A change of class is an operation of class A, and what it changes is in this class from then on."""

    def got(self, size: int) -> None:
        """See `BucketMeter.got`."""
        self.cell(f"{self._prefix}.class-b").add(1)
        self.cell(f"{self._prefix}.retrieval").add(size)

    def holds(self, objects: int, stored: float, at: float) -> None:
        """See `BucketMeter.holds`."""
        self._held.set(stored, at)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Storage by what came in, at least for the minimum that is left."""
        months = max(self.span_months(), self._minimum_left())
        return {f"{self._prefix}.storage": Amount(self._billed.value * scale * months, projected=True)}

    def _minimum_left(self) -> float:
        moves_on = self.demanded("archive_months") > self.demanded("cool_months")
        together = not self.blueprint.by_edge["to-archive"].apart
        if self.component.slot is Slot.COOL:
            return 0.0 if moves_on and together else self._minimum
        cool = self.demanded("cool_months") - self.demanded("hot_months")
        return max(self._minimum - cool, 0.0) if together else self._minimum


class FirestoreGraph(OwnGraph):
    """Our own graph on Firestore: a document per entity."""

    storage = "gcp.firestore.storage"

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._writes = self.cell("gcp.firestore.writes")
        self._reads = self.cell("gcp.firestore.reads")
        self._entity = self.assumed("entity_bytes")

    def updated(self, sizes: Sequence[int]) -> None:
        """See `GraphMeter.updated`."""
        self.tally("update", sizes)
        self._writes.add(len(sizes))

    def queried(self, answers: Sequence[int]) -> None:
        """See `GraphMeter.queried`: as many entities as an answer holds."""
        self.tally("answer", answers)
        self._reads.add(sum(max(ceil(size / self._entity), 1) if self._entity else 1 for size in answers))


# ── Dashboards ──────────────────────────────────────────────────────────────────────────────────────────────
class RunGrafana(Counted):
    """Grafana on instances of one vCPU and 1 GiB that always run."""

    egress = "gcp.egress.internet"

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._users = self.cell("users")
        self._browsers = book.cell(self.egress, f"{component.slot.value}/browsers")

    def users(self, editors: int, viewers: int) -> None:
        """See `DashboardMeter.users`."""
        self._users.grow(editors + viewers)

    def served(self, sent: int) -> None:
        """See `DashboardMeter.served`."""
        self._browsers.add(sent)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Instances for the month's users."""
        vcpus = max(ceil(self._users.value / self.assumed("users_per_grafana_vcpu") - 1e-9), 1)
        return {
            "gcp.run.instance-cpu": Amount(vcpus * SECONDS_PER_MONTH),
            "gcp.run.instance-memory": Amount(vcpus * 2**30 * SECONDS_PER_MONTH),
        }


class MachineGrafana(RunGrafana):
    """Grafana on a small virtual machine with a disk and an address."""

    egress = "gcp.egress.compute-premium"

    def derived(self, scale: float) -> dict[str, Amount]:
        """The machine for the month's users."""
        small = self._users.value <= 0.5 * self.assumed("users_per_grafana_vcpu")
        return {
            "gcp.compute.e2-small-hours": Amount(HOURS_PER_MONTH if small else 0.0),
            "gcp.compute.e2-medium-hours": Amount(0.0 if small else HOURS_PER_MONTH),
            "gcp.compute.pd-balanced": Amount(10 * 2**30),
            "gcp.compute.external-ip-hours": Amount(HOURS_PER_MONTH),
        }
