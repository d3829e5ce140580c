"""Faults on demand: what goes wrong in a simulated cloud, where, how often and how long."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from twin2multicloud.model.errors import UsageError
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.sandbox.status import FaultStatus


class FaultKind(StrEnum):
    """What can go wrong. The first six happen to requests on links, the next two to stores."""

    DELAY = "delay"  # the request waits `seconds` before it is handled
    DROP = "drop"  # the connection ends before the request is handled
    LOSE_ANSWER = "lose-answer"  # the request is handled, its answer never arrives
    DUPLICATE = "duplicate"  # the same request arrives twice
    ERROR = "error"  # answered 500, not handled
    THROTTLE = "throttle"  # answered 429 with Retry-After, not handled
    REFUSE_WRITES = "refuse-writes"  # every write to a store fails
    DISK_FULL = "disk-full"  # every write to a store fails for want of space
    OUTAGE = "outage"  # the cloud takes nothing: no device, no request


_READS: Final = frozenset(("read", "receive", "load", "get"))
"""How the local stores name operations that write nothing."""

LINK_KINDS: Final = frozenset(tuple(FaultKind)[:6])
STORES: Final = ("hot", "cool", "archive", "graph", "queues")
MOST_JUMP_S: Final = 100 * 365.25 * 86_400
"""A clock jumps by at most a hundred years, ahead or back."""
STORE_KINDS: Final = frozenset((FaultKind.REFUSE_WRITES, FaultKind.DISK_FULL))


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault. `target` is a link's edge or a store ("hot", "cool", "archive", "graph", "queues"); "" = all of them.

    `rate` is the share of requests it happens to, `seconds` the delay or the Retry-After, `until` the wall-clock time
    at which it ends by itself.
    """

    kind: FaultKind
    target: str = ""
    rate: float = 1.0
    seconds: float = 2.0
    since: float = 0.0
    until: float | None = None

    def check(self) -> None:
        """Raise `UsageError` for a rate or duration that makes no sense."""
        if not 0 < self.rate <= 1:
            raise UsageError(f"rate: {self.rate:g} is no share; write a number above 0 and at most 1")
        if not 0 <= self.seconds <= 3600:
            raise UsageError(f"seconds: {self.seconds:g} is out of range; write 0 to 3600")

    @property
    def status(self) -> FaultStatus:
        """As a console shows it."""
        detail = f"{self.rate:.0%} of requests" if self.kind in LINK_KINDS and self.rate < 1 else ""
        if self.kind in (FaultKind.DELAY, FaultKind.THROTTLE):
            detail = f"{detail}{', ' if detail else ''}{self.seconds:g} s"
        return FaultStatus(self.kind.value, self.target, detail, self.since, self.until)


@dataclass(frozen=True)
class Fate:
    """What happens to one request on a link."""

    delay_s: float = 0.0
    drop: bool = False
    lose_answer: bool = False
    duplicate: bool = False
    status: int = 0
    retry_after_s: float = 0.0


NO_FATE: Final = Fate()


class Faults:
    """The faults that are on at the moment. `now` is the wall clock, `random` decides whom they hit."""

    def __init__(self, now: Callable[[], float], chance: Callable[[], float] = random.random) -> None:
        self._now = now
        self._chance = chance
        self._lock = threading.Lock()
        self._faults: tuple[Fault, ...] = ()

    def add(self, fault: Fault) -> None:
        """Switch a fault on; one of the same kind and target is replaced."""
        fault.check()
        with self._lock:
            kept = [f for f in self._faults if (f.kind, f.target) != (fault.kind, fault.target)]
            self._faults = (*kept, fault)

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults = ()

    def active(self) -> tuple[Fault, ...]:
        """The faults that are on."""
        if not self._faults:
            return ()
        now = self._now()
        with self._lock:
            self._faults = tuple(f for f in self._faults if f.until is None or f.until > now)
            return self._faults

    @property
    def outage(self) -> bool:
        """Whether the cloud takes nothing at all."""
        return any(fault.kind is FaultKind.OUTAGE for fault in self.active())

    def fate(self, edge: str) -> Fate:
        """What happens to the next request on a link."""
        active = self.active()
        if not active:
            return NO_FATE
        hit = {f.kind: f for f in active if f.kind in LINK_KINDS and f.target in ("", edge) and self._chance() < f.rate}
        delay, throttle = hit.get(FaultKind.DELAY), hit.get(FaultKind.THROTTLE)
        status = 429 if throttle else 500 if FaultKind.ERROR in hit else 0
        return Fate(
            delay_s=delay.seconds if delay else 0.0,
            drop=FaultKind.DROP in hit,
            lose_answer=FaultKind.LOSE_ANSWER in hit,
            duplicate=FaultKind.DUPLICATE in hit,
            status=status,
            retry_after_s=throttle.seconds if throttle else 0.0,
        )

    def gate(self, *stores: str) -> Callable[[str], None]:
        """The gate of one that is all of these stores: called before its operations, raises what faults make of it."""

        def check(operation: str) -> None:
            writes = operation.rpartition(".")[2] not in _READS
            for fault in self.active():
                if fault.kind in STORE_KINDS and fault.target in ("", *stores) and writes:
                    full = fault.kind is FaultKind.DISK_FULL
                    raise StoreError(f"{stores[0]}: {'no space left' if full else 'writes are refused'}", quota=full)

        return check
