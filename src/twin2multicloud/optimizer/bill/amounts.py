"""What workloads amount to: billing units of every term, traffic of every edge, and which capacities hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.parts import Offer
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.optimizer.bill.recording import Recording
from twin2multicloud.optimizer.bill.terms import edge_flows, term_units
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray

_NUMBERS: Final = tuple(field.name for field in fields(Volumes) if field.name != "assumptions")
_KEPT: Final = 8
"""For so many assumptions, those met last, recordings are kept; bounds memory, not results."""


@dataclass(frozen=True)
class Amounts:
    """The amounts of W workloads."""

    units: FloatArray  # (terms, W) billing units, in the order of `list_terms`
    edge_gb: FloatArray  # (edges, W) GB per month on the wire
    holds: BoolArray  # (limits, W) whether the offers' limits, offer by offer, hold the workload


class Scales:
    """Measures workloads for some offers under one price book.

    Under assumptions that it met before it replays a recording (see `recording`), which takes a tenth of the time.
    """

    def __init__(self, offers: Sequence[Offer], book: PriceBook) -> None:
        self._offers, self._book = offers, book
        self._limits = [limit for offer in offers for limit in offer.limits]
        self._met: dict[Assumptions, Recording | None] = {}  # those met last at the end

    def measure(self, volumes: Volumes) -> Amounts:
        """The amounts of some workloads."""
        recording = self._recording(volumes.assumptions)
        if recording is None:
            rows = np.broadcast_arrays(*self._rows(volumes), volumes.devices)[:-1]
            table = np.array(rows, dtype=np.float64)
        else:
            table = recording(np.array([getattr(volumes, name) for name in _NUMBERS]))
        limits = table.shape[0] - len(self._limits)
        units, edge_gb, holds = np.split(table, [limits - len(EDGES), limits])
        return Amounts(units, edge_gb, holds != 0)

    def _recording(self, assumptions: Assumptions) -> Recording | None:
        """The recording under some assumptions; None at first: it takes as long as measuring three times."""
        met = assumptions in self._met
        recording = self._met.pop(assumptions, None)
        if met and recording is None:
            recording = self._recorded(assumptions)
        self._met[assumptions] = recording
        if len(self._met) > _KEPT:
            del self._met[next(iter(self._met))]
        return recording

    def _recorded(self, assumptions: Assumptions) -> Recording:
        def calculate(symbols: Sequence[Any]) -> list[Any]:
            return self._rows(Volumes(assumptions=assumptions, **dict(zip(_NUMBERS, symbols, strict=True))))

        return Recording(len(_NUMBERS), calculate)

    def _rows(self, volumes: Volumes) -> list[FloatArray | BoolArray]:
        """Units, then GB on the edges, then whether limits hold; arrays that broadcast to (W,), or symbols."""
        units = term_units(self._offers, volumes, self._book)
        edge_gb = [flow.wire_bytes / 1e9 for flow in edge_flows(volumes)]
        return [*units, *edge_gb, *(limit.fits(volumes) for limit in self._limits)]
