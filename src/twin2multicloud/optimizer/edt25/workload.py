"""Workloads in the units of the published model, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.model.workload import Workload

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SECONDS_PER_MINUTE: Final = 60.0
BYTES_PER_KB: Final = 1000.0

UNUSED_FIELDS: Final = frozenset(
    {
        "rules_per_message",
        "event_share",
        "commands_per_device_per_day",
        "link_batch_messages",
        "peak_factor",
        "growth_per_month",
    }
)
"""Fields of `Workload` that the published model does not know."""


@dataclass(frozen=True, eq=False)
class PaperWorkloads:
    """W workloads. Every field is an array of shape (W,).

    `devices` is the paper's n, `interval_minutes` its i, `message_kb` its k (1 KB = 1000 bytes), the three
    retentions its h, c and a in months. The artifact's form cuts months, refreshes and hours to whole numbers
    before it calculates; here they are used as they are, as the artifact's own functions would.

    Raises `ValueError` if the arrays differ in length, a value is not a finite number, a negative one appears, n,
    i or k is not positive, or the retentions do not ascend (h ≤ c ≤ a), which the artifact refuses too.
    """

    devices: FloatArray
    interval_minutes: FloatArray
    message_kb: FloatArray
    hot_months: FloatArray
    cool_months: FloatArray
    archive_months: FloatArray
    needs_3d: BoolArray
    entities: FloatArray
    editors: FloatArray
    viewers: FloatArray
    dashboard_refreshes_per_hour: FloatArray
    active_hours_per_day: FloatArray

    def __post_init__(self) -> None:
        shape = (len(self.devices),)
        for field in fields(self):
            values = getattr(self, field.name)
            if values.shape != shape:
                raise ValueError(f"{field.name} has shape {values.shape}, devices has {shape}")
            if not np.all(np.isfinite(values)) or np.any(values < 0):
                raise ValueError(f"{field.name} must be finite and not negative")
        for name in ("devices", "interval_minutes", "message_kb"):
            if np.any(getattr(self, name) <= 0):
                raise ValueError(f"{name} must be positive")
        if np.any(self.hot_months > self.cool_months) or np.any(self.cool_months > self.archive_months):
            raise ValueError("retentions must ascend: hot_months <= cool_months <= archive_months")

    def __len__(self) -> int:
        return len(self.devices)

    @classmethod
    def from_workloads(cls, workloads: Sequence[Workload]) -> Self:
        """Convert from our units: i = seconds / 60 and k = bytes / 1000, each one correctly rounded division.

        For whole seconds and bytes these are therefore the very numbers that reading the decimal gives (6 s is
        exactly the float 0.1), so the rounding up of message counts is the artifact's. `entities_3d` of 0 means
        that no 3D is needed.
        """

        def column(name: str) -> FloatArray:
            return np.array([getattr(workload, name) for workload in workloads], dtype=np.float64)

        entities = column("entities_3d")
        return cls(
            devices=column("devices"),
            interval_minutes=column("message_interval_s") / SECONDS_PER_MINUTE,
            message_kb=column("message_size_bytes") / BYTES_PER_KB,
            hot_months=column("hot_months"),
            cool_months=column("cool_months"),
            archive_months=column("archive_months"),
            needs_3d=entities > 0,
            entities=entities,
            editors=column("editors"),
            viewers=column("viewers"),
            dashboard_refreshes_per_hour=column("dashboard_refreshes_per_hour"),
            active_hours_per_day=column("dashboard_hours_per_day"),
        )
