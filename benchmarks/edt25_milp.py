"""The published model's choice of clouds as a mixed integer programme for HiGHS.

One binary per slot and cloud, exactly one cloud per slot. The product of two choices along an edge of the storage
path becomes a variable per pair of clouds whose sums over either end are that end's binaries. L2 follows the hot
store, and L4 is on AWS where 3D is needed. Prices are handed over as coefficients: HiGHS is not asked to evaluate
the formulas. The programme is built once and given new costs for each workload, the fastest way to use a solver.

The edges form a path, so that already the linear relaxation has an optimum in whole numbers: whoever notices can
leave the integrality out and skip the branch and bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import highspy
import numpy as np

from benchmarks.milp import Model, new_solver

SLOTS = 7
CLOUDS = (0, 1)  # AWS, Azure
_L1, _L2, _HOT, _COOL, _ARCHIVE, _L4, _L5 = range(SLOTS)
_LINKS = ((_L1, _HOT), (_HOT, _COOL), (_COOL, _ARCHIVE))

Prices = Sequence[Sequence[float]]
"""USD per month: of a slot on each cloud, or of a transfer by source and target cloud."""


class Edt25Milp:
    """The programme, ready for any number of workloads; without `integer` its linear relaxation."""

    def __init__(self, integer: bool = True) -> None:
        model = Model()
        pick = [[model.column(upper=1.0, integer=integer) for _ in CLOUDS] for _ in range(SLOTS)]
        for slot in range(SLOTS):
            model.row(1.0, 1.0, {pick[slot][cloud]: 1.0 for cloud in CLOUDS})
        for cloud in CLOUDS:
            model.row(0.0, 0.0, {pick[_L2][cloud]: 1.0, pick[_HOT][cloud]: -1.0})
        for source, target in _LINKS:
            pair = {(a, b): model.column(upper=1.0) for a, b in product(CLOUDS, CLOUDS)}
            for cloud in CLOUDS:
                model.row(0.0, 0.0, {pair[cloud, b]: 1.0 for b in CLOUDS} | {pick[source][cloud]: -1.0})
                model.row(0.0, 0.0, {pair[a, cloud]: 1.0 for a in CLOUDS} | {pick[target][cloud]: -1.0})
        self._azure_management = pick[_L4][1]
        self._columns = np.arange(len(model.cost), dtype=np.int32)
        self._solver = new_solver(time_limit_s=60.0)
        self._solver.passModel(model.highs())

    def solve(self, slots: Sequence[Sequence[float]], transfers: Sequence[Prices], needs_3d: bool) -> float:
        """USD per month of the cheapest placement.

        `slots` has the price of each of the seven slots on each cloud, `transfers` those of L1 → hot, hot → cool
        and cool → archive by source and target cloud. Raises `RuntimeError` if HiGHS does not prove an optimum.
        """
        prices = [usd for row in slots for usd in row] + [usd for link in transfers for row in link for usd in row]
        self._solver.changeColsCost(len(prices), self._columns, np.array(prices))
        self._solver.changeColBounds(self._azure_management, 0.0, 0.0 if needs_3d else 1.0)
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"HiGHS stopped with {self._solver.getModelStatus()}")
        return float(self._solver.getInfo().objective_function_value)
