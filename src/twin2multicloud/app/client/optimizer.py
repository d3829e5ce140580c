"""Questions to the optimizer, of which nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.answers import (
    BatchResult,
    CompareResult,
    OptimizeResult,
    OverrideResult,
    SensitivityResult,
)
from twin2multicloud.app.schemas.uncertainty import BreakevenResult, UncertaintyResult

if TYPE_CHECKING:
    from twin2multicloud.app.schemas.frontiers import FrontierInput, FrontierResult
    from twin2multicloud.app.schemas.questions import (
        BatchInput,
        CompareInput,
        OptimizeInput,
        OverrideInput,
        ReportInput,
        SensitivityInput,
    )
    from twin2multicloud.app.schemas.uncertainty import BreakevenInput, UncertaintyInput


class Optimizer:
    """`/api/v1/optimize` and what else can be asked. `InfeasibleError` where nothing satisfies the constraints."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def optimize(self, given: OptimizeInput) -> OptimizeResult:
        """The cheapest placement of a workload, proven, with its bill and what every alternative would add."""
        return self._http.send("POST", "/api/v1/optimize", OptimizeResult, body=given, harmless=True)

    def batch(self, given: BatchInput) -> BatchResult:
        """The cheapest placement of each of many workloads, in short and in their order."""
        return self._http.send("POST", "/api/v1/optimize/batch", BatchResult, body=given, harmless=True)

    def frontier(self, given: FrontierInput) -> FrontierResult:
        """All placements of which no other costs less and emits less, or is quicker: cost against carbon or latency."""
        from twin2multicloud.app.schemas.frontiers import FrontierResult  # which others do not need

        return self._http.send("POST", "/api/v1/optimize/frontier", FrontierResult, body=given, harmless=True)

    def compare(self, given: CompareInput) -> CompareResult:
        """One workload placed in several ways, side by side: per slot, per link and per meter."""
        return self._http.send("POST", "/api/v1/compare", CompareResult, body=given, harmless=True)

    def override(self, given: OverrideInput) -> OverrideResult:
        """What it costs to fill some slots otherwise, and why."""
        return self._http.send("POST", "/api/v1/override", OverrideResult, body=given, harmless=True)

    def sensitivity(self, given: SensitivityInput) -> SensitivityResult:
        """The cheapest placement as the workload grows or shrinks."""
        return self._http.send("POST", "/api/v1/sensitivity", SensitivityResult, body=given, harmless=True)

    def uncertainty(self, given: UncertaintyInput) -> UncertaintyResult:
        """What a twin costs when its workload is uncertain: thousands of workloads drawn, each optimized exactly."""
        return self._http.send("POST", "/api/v1/optimize/uncertainty", UncertaintyResult, body=given, harmless=True)

    def breakeven(self, given: BreakevenInput) -> BreakevenResult:
        """Where the cheapest placement changes as one number of the workload grows."""
        return self._http.send("POST", "/api/v1/optimize/breakeven", BreakevenResult, body=given, harmless=True)

    def report(self, given: ReportInput) -> str:
        """The report of the cheapest placement: one HTML file that needs no other."""
        return self._http.ask_text("/api/v1/report", given)
