"""Sums and extremes over runs of rows: short runs of long rows, for which `ufunc.reduceat` is slow."""

from __future__ import annotations

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray


class Runs:
    """Row i of some rows belongs to run[i] (ascending); names are the distinct runs."""

    def __init__(self, run: IntArray) -> None:
        self.names, self.start, count = np.unique(run, return_index=True, return_counts=True)
        # Step k takes in the k-th row of every run that has one: all runs move on together.
        self._steps: list[tuple[IntArray, IntArray]] = []
        for k in range(1, int(count.max(initial=0))):
            longer = np.flatnonzero(count > k)
            self._steps.append((longer, self.start[longer] + k))

    def add(self, values: FloatArray) -> FloatArray:
        """Sums (runs, W) of (rows, W)."""
        return self._reduced(np.add, values)

    def most(self, values: FloatArray) -> FloatArray:
        """Maxima."""
        return self._reduced(np.maximum, values)

    def least(self, values: FloatArray) -> FloatArray:
        """Minima."""
        return self._reduced(np.minimum, values)

    def _reduced(self, function: np.ufunc, values: FloatArray) -> FloatArray:
        out: FloatArray = values.take(self.start, axis=0)
        for longer, row in self._steps:
            more = values.take(row, axis=0)
            if longer.size == out.shape[0]:
                function(out, more, out=out)
            else:
                out[longer] = function(out.take(longer, axis=0), more)
        return out
