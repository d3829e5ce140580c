"""What every option of a market emits, by itself and as an end of an edge: carbon as the search's second criterion.

Emissions are quantities times grams, without tiers or allowances, so they add up over options and edges exactly.
"""

from __future__ import annotations

import numpy as np

from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.terms import TABLES, table_of
from twin2multicloud.optimizer.carbon.factors import Factors
from twin2multicloud.optimizer.pricing.tariffs import FloatArray
from twin2multicloud.optimizer.search.problem import REGION, Problem
from twin2multicloud.optimizer.search.weights import Weights


class CarbonWeights:
    """The grams of a market's options, prepared once for all workloads."""

    def __init__(self, market: Market, factors: Factors) -> None:
        self._market = market
        grids = [factors.gco2e_per_kwh(option.region.provider, option.region.code) for option in market.options]
        self._grid: FloatArray = np.array([np.nan if grid is None else grid for grid in grids], dtype=np.float64)
        self._sent = factors.kwh_per_gb_sent() * self._grid
        places, terms, grams = [], [], []
        for number, option in enumerate(market.options):
            for table in range(TABLES):
                for index in market.terms_of.get((option.offer, table), ()):
                    kwh = factors.kwh_per_unit(market.book.meter(market.terms[index].meter))
                    if kwh is not None:
                        places.append(table * len(market.options) + number)
                        terms.append(index)
                        grams.append(kwh * self._grid[number])
        self._place = np.array(places, dtype=np.int64)
        self._term = np.array(terms, dtype=np.int64)
        self._grams = np.nan_to_num(np.array(grams, dtype=np.float64))

    @property
    def unknown_regions(self) -> tuple[str, ...]:
        """The regions whose grid nobody publishes: nothing may be placed there where carbon counts."""
        regions = (
            option.region.code for option, grid in zip(self._market.options, self._grid, strict=True) if grid != grid
        )
        return tuple(dict.fromkeys(regions))

    def of(self, problem: Problem, quantities: FloatArray) -> Weights:
        """Grams of CO2e a month for a workload with term `quantities` (terms,); infinite where a grid is not known."""
        options = len(self._market.options)
        grams = np.bincount(self._place, self._grams * quantities[self._term], minlength=TABLES * options)
        tables = grams.reshape(TABLES, options)
        ends = np.stack([[tables[table_of(edge, kind)] for kind in range(3)] for edge in range(len(EDGES))])
        for number, edge in enumerate(problem.edges):
            source = problem.slot == SLOTS.index(EDGES[number].source)
            ends[number, REGION, source] += edge.gb_per_month * np.nan_to_num(self._sent[source])
        return Weights(np.where(np.isnan(self._grid), np.inf, tables[0]), ends)
