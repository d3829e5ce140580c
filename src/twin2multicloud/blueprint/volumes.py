"""What a workload amounts to in a month: messages, bytes, queries, stored byte-months, as arrays over workloads.

Everything downstream is a pure function of `Volumes`. A month has 730 hours. With growth g per month, traffic is
that of the planning month T, devices · (1 + g)^T, and what is stored is the traffic of the months before it:
∫ (1 + g)^(−age) d age over a tier's ages, which is simply the tier's months when g = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.workload import Workload

FloatArray = NDArray[np.float64]

HOURS_PER_MONTH = 730.0
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600

FIELDS: Final = (
    "devices",
    "message_interval_s",
    "message_size_bytes",
    "hot_months",
    "cool_months",
    "archive_months",
    "entities_3d",
    "editors",
    "viewers",
    "dashboard_refreshes_per_hour",
    "dashboard_hours_per_day",
    "rules_per_message",
    "event_share",
    "commands_per_device_per_day",
    "link_batch_messages",
    "peak_factor",
    "growth_per_month",
)
"""A workload's numbers, in the order of a table's columns."""


@dataclass(frozen=True)
class Volumes:
    """Monthly volumes of W workloads; every array has shape (W,)."""

    assumptions: Assumptions
    devices: FloatArray
    message_interval_s: FloatArray
    message_size_bytes: FloatArray
    hot_months: FloatArray
    cool_months: FloatArray
    archive_months: FloatArray
    entities_3d: FloatArray
    editors: FloatArray
    viewers: FloatArray
    dashboard_refreshes_per_hour: FloatArray
    dashboard_hours_per_day: FloatArray
    rules_per_message: FloatArray
    event_share: FloatArray
    commands_per_device_per_day: FloatArray
    link_batch_messages: FloatArray
    peak_factor: FloatArray
    growth_per_month: FloatArray

    @classmethod
    def of(cls, workloads: Sequence[Workload], assumptions: Assumptions | None = None) -> Volumes:
        """The volumes of some workloads, in their order."""
        table = np.array(
            [[getattr(workload, name) for name in FIELDS] for workload in workloads], dtype=np.float64
        ).reshape(len(workloads), len(FIELDS))
        return cls.of_table(table, assumptions)

    @classmethod
    def of_table(cls, table: FloatArray, assumptions: Assumptions | None = None) -> Volumes:
        """The same from a table (W, fields) of workloads' numbers, in the order of `FIELDS`."""
        columns = {name: table[:, column] for column, name in enumerate(FIELDS)}
        growth = (1 + columns["growth_per_month"]) ** (assumptions or Assumptions()).planning_month
        columns["devices"] = columns["devices"] * growth
        return cls(assumptions=assumptions or Assumptions(), **columns)

    def constant(self, value: float) -> FloatArray:
        """The same value for every workload."""
        return np.full(self.devices.shape, float(value))

    # ── Messages ────────────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def messages(self) -> FloatArray:
        """Telemetry messages per month."""
        return self.devices * (SECONDS_PER_MONTH / self.message_interval_s)

    @cached_property
    def messages_per_s(self) -> FloatArray:
        """Average message rate."""
        return self.messages / SECONDS_PER_MONTH

    @cached_property
    def peak_day_messages(self) -> FloatArray:
        """Messages on the busiest day."""
        return self.messages / DAYS_PER_MONTH * self.peak_factor

    @cached_property
    def peak_messages_per_s(self) -> FloatArray:
        """Rate that provisioned capacity is planned for."""
        return self.messages_per_s * self.peak_factor

    @cached_property
    def commands(self) -> FloatArray:
        """Commands to devices per month."""
        return self.devices * self.commands_per_device_per_day * DAYS_PER_MONTH

    @cached_property
    def events(self) -> FloatArray:
        """Events that rules raise per month."""
        return self.messages * self.event_share

    @cached_property
    def alerts(self) -> FloatArray:
        """Alerts published per month: an event's beginning and its end."""
        return self.events * 2

    @cached_property
    def rule_state_writes(self) -> FloatArray:
        """Rule states written per month: set by an event, and cleared."""
        return self.events * 2

    @cached_property
    def rule_state_reads(self) -> FloatArray:
        """Rule states read per month: those of a device's rules, at its first message after each refresh period."""
        refreshed = self.assumptions.rule_state_refresh_s + self.message_interval_s / 2
        every_s = np.maximum(refreshed, self.message_interval_s)
        return self.devices * self.rules_per_message * (SECONDS_PER_MONTH / every_s)

    @cached_property
    def errors(self) -> FloatArray:
        """Error events per month."""
        return self.messages * self.assumptions.error_share

    @cached_property
    def envelope_size(self) -> FloatArray:
        """Bytes of one message in its envelope."""
        return self.message_size_bytes + self.assumptions.envelope_bytes

    # ── Batches ─────────────────────────────────────────────────────────────────────────────────────────────
    def batch(self, most: FloatArray | float, per_message: FloatArray | float = 1.0) -> FloatArray:
        """Mean size of a batch that closes when it holds `most`, or the batch window after its first message.

        `per_message` is how many arrive here for each message of telemetry. The mean is the limit where batches
        seldom fill or nearly always do; in between, where chance makes some close early, it is up to an eighth lower.
        """
        arriving = self.messages_per_s * per_message * self.assumptions.batch_window_s
        return np.clip(1.0 + arriving, 1.0, np.maximum(most, 1.0))

    def per_message(self, things: FloatArray) -> FloatArray:
        """How many of some things there are for each message of telemetry."""
        return np.divide(things, self.messages, out=np.zeros_like(things), where=self.messages > 0)

    @cached_property
    def queue_batches(self) -> FloatArray:
        """Receives from a queue per month that empty the telemetry of a month."""
        return self.messages / self.batch(self.assumptions.queue_batch_messages)

    @cached_property
    def stream_batches(self) -> FloatArray:
        """Reads from a stream per month that empty the telemetry of a month."""
        return self.messages / self.batch(self.assumptions.stream_batch_messages)

    # ── Storage ─────────────────────────────────────────────────────────────────────────────────────────────
    def aged_months(self, start: FloatArray, end: FloatArray) -> FloatArray:
        """Months of today's traffic held between two ages (0 where the ages do not span anything)."""
        months = np.maximum(end - start, 0.0)
        rate = np.log1p(self.growth_per_month)
        growing = rate > 1e-12
        safe = np.where(growing, rate, 1.0)
        decayed = np.exp(-safe * start) * -np.expm1(-safe * months) / safe
        return np.where(growing, decayed, months)

    @cached_property
    def record_bytes(self) -> FloatArray:
        """Bytes of one record in a hot store."""
        return self.message_size_bytes + self.assumptions.record_overhead_bytes

    @cached_property
    def hot_byte_months(self) -> FloatArray:
        """Byte-months held hot."""
        return self.messages * self.record_bytes * self.aged_months(self.constant(0), self.hot_months)

    @cached_property
    def raw_bytes(self) -> FloatArray:
        """Bytes of a month's telemetry in envelopes: what movers carry, before compression."""
        return self.messages * self.envelope_size

    def moved_share(self, age_months: FloatArray) -> FloatArray:
        """Traffic of the month that reaches this age now, over today's traffic."""
        return np.exp(-np.log1p(self.growth_per_month) * age_months)

    @cached_property
    def leaves_hot(self) -> FloatArray:
        """Records per month that age out of the hot store into a later tier (0 if none exists)."""
        return np.where(self.archive_months > self.hot_months, self.messages * self.moved_share(self.hot_months), 0)

    @cached_property
    def enters_cool(self) -> FloatArray:
        """Records per month stored in the cool tier."""
        return np.where(self.cool_months > self.hot_months, self.leaves_hot, 0)

    @cached_property
    def enters_archive(self) -> FloatArray:
        """Records per month stored in the archive tier."""
        arriving = self.messages * self.moved_share(self.cool_months)
        return np.where(self.archive_months > self.cool_months, arriving, 0)

    def object_bytes_of(self, records: FloatArray) -> FloatArray:
        """Compressed bytes of records as objects."""
        return records * self.envelope_size * self.assumptions.object_compression

    def objects_of(self, records: FloatArray) -> FloatArray:
        """Objects a mover writes for these records: in each run full ones and a last one."""
        runs = self.assumptions.mover_runs_per_day * DAYS_PER_MONTH
        full = self.object_bytes_of(records) / runs / self.assumptions.object_bytes
        # Nothing moved, nothing written; seldom records get an object each.
        return np.minimum(runs * np.maximum(np.ceil(full - 1e-9), 1.0), records)

    def tier_byte_months(
        self,
        records: FloatArray,
        start: FloatArray,
        end: FloatArray,
        *,
        minimum_months: float,
        minimum_object_bytes: float = 0.0,
        overhead_bytes: float = 0.0,
    ) -> FloatArray:
        """Billed byte-months of a tier: minimum duration, smallest billed object and per-object overhead in.

        `records` enter the tier per month and stay from age `start` to age `end`.
        """
        objects = self.objects_of(records)
        size = np.divide(self.object_bytes_of(records), objects, out=np.zeros_like(objects), where=objects > 0)
        billed = objects * (np.maximum(size, minimum_object_bytes) + overhead_bytes)
        # Held byte-months per byte entering now; leaving early is charged up to the minimum all the same.
        held = self.aged_months(start, end) / np.maximum(self.moved_share(start), 1e-300)
        return billed * np.maximum(held, np.where(records > 0, minimum_months, 0.0))

    def tier_reads(
        self, records: FloatArray, start: FloatArray, end: FloatArray, share: float
    ) -> tuple[FloatArray, FloatArray]:
        """(objects, bytes) read per month where people read a `share` of what a tier holds."""
        held = self.aged_months(start, end) / np.maximum(self.moved_share(start), 1e-300)
        return self.objects_of(records) * held * share, self.object_bytes_of(records) * held * share

    # ── Dashboards and twin graph ───────────────────────────────────────────────────────────────────────────
    @cached_property
    def refreshes(self) -> FloatArray:
        """Dashboard refreshes per month."""
        return self.dashboard_refreshes_per_hour * self.dashboard_hours_per_day * DAYS_PER_MONTH

    @cached_property
    def history_queries(self) -> FloatArray:
        """Queries per month to the hot store."""
        return self.refreshes * self.assumptions.history_panels

    @cached_property
    def state_queries(self) -> FloatArray:
        """Queries per month to the twin graph."""
        return self.refreshes * self.assumptions.state_panels

    @cached_property
    def browser_bytes(self) -> FloatArray:
        """Bytes per month that dashboards send to their users' browsers."""
        return self.refreshes * self.assumptions.browser_bytes_per_refresh

    @cached_property
    def twin_updates(self) -> FloatArray:
        """Property updates of the twin graph per month."""
        return self.messages * self.assumptions.twin_updates_per_message

    @cached_property
    def entities(self) -> FloatArray:
        """Entities in the twin graph."""
        return self.entities_3d + self.devices * self.assumptions.entities_per_device

    @cached_property
    def users(self) -> FloatArray:
        """Active users of the dashboards."""
        return self.editors + self.viewers
