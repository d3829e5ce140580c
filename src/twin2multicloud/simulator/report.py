"""What a run did: counts, and how long acknowledgements took."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Final

import msgspec

_STEPS: Final = 32
"""Buckets in which a latency doubles: values are right to about 2 %."""
_FLOOR_S: Final = 1e-5


class Latencies:
    """A histogram of seconds with buckets that grow by 2 %, so that any number of values takes little room."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.largest_s = 0.0

    def add(self, seconds: float) -> None:
        """Count a latency."""
        self._buckets[int(_STEPS * math.log2(seconds / _FLOOR_S)) if seconds > _FLOOR_S else 0] += 1
        self.count += 1
        if seconds > self.largest_s:
            self.largest_s = seconds

    def quantile_s(self, share: float) -> float | None:
        """The latency that a share (0 to 1) of them did not exceed; None without any."""
        left = math.ceil(share * self.count)
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return min(_FLOOR_S * 2 ** ((bucket + 1) / _STEPS), self.largest_s)
        return None


class Report(msgspec.Struct):
    """Counts of a run. A message counts once as sent and once as acked, however often it had to be sent.

    `sent` are telemetry messages handed to the connections, `valid` those that must end in the stores, `resent` the
    publishes and requests that repeated one. `faults` counts by kind what was injected. Latency is from the moment a
    message was due until it was acknowledged.
    """

    devices: int = 0
    sent: int = 0
    valid: int = 0
    acked: int = 0
    resent: int = 0
    bytes: int = 0
    postponed: int = 0
    """Messages made later than they were due, since too many of the device's waited."""
    connects: int = 0
    reconnects: int = 0
    refused: int = 0
    """Devices that the gateway refuses for good: unknown, or with a wrong key."""
    rejected: int = 0
    """Messages that the gateway refuses for good, such as too large ones; they stay unacknowledged."""
    commands: int = 0
    commands_failed: int = 0
    """Commands that were answered with "failed", such as unknown ones."""
    commands_acked: int = 0
    """Commands whose answer was acknowledged."""
    commands_repeated: int = 0
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    duration_s: float = 0.0
    last_refusal: str = ""
    latencies: Latencies = msgspec.field(default_factory=Latencies)

    @property
    def complete(self) -> bool:
        """Whether everything that was sent was acknowledged, answers to commands included."""
        return self.acked == self.sent and self.commands_acked == self.commands and not self.refused

    @property
    def rate(self) -> float:
        """Acknowledged messages per second."""
        return self.acked / self.duration_s if self.duration_s > 0 else 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; latencies in milliseconds, null where nothing was acknowledged."""
        answer: dict[str, Any] = {
            name: getattr(self, name)
            for name in self.__struct_fields__
            if name not in ("faults", "latencies", "duration_s", "last_refusal")
        }
        answer |= {"faults": dict(sorted(self.faults.items())), "complete": self.complete}
        answer |= {"duration_s": round(self.duration_s, 3), "messages_per_s": round(self.rate, 1)}
        answer["ack_ms"] = {"p50": _ms(self.latencies, 0.5), "p99": _ms(self.latencies, 0.99), "max": _largest(self)}
        if self.last_refusal:
            answer["last_refusal"] = self.last_refusal
        return answer


def _ms(latencies: Latencies, share: float) -> float | None:
    seconds = latencies.quantile_s(share)
    return None if seconds is None else round(1000 * seconds, 3)


def _largest(report: Report) -> float | None:
    return round(1000 * report.latencies.largest_s, 3) if report.latencies.count else None
