"""The bill as a mixed integer programme for HiGHS, where it can be one: an independent oracle and a yardstick.

One binary per option, exactly one option per slot. What an end of an edge uses depends on where the other end sits,
so each option has on each of its edges one variable per location of the other end; they add up to the option's
binary, and both ends of an edge agree on how much goes between each pair of locations. Tiers are filled in order,
with a binary where a later one is cheaper, and increments are counted by integers (`benchmarks.milp.add_lane`).

Tariffs that several lanes share a pool on (what one pays depends on the others) and minimum charges do not fit this
form: problems with them are refused. `linearisable_offers` are the offers that need neither in `REGIONS`; with more
regions, `split_pools` makes a bill of the same size in which every lane has its own tiers and allowance.
"""

from __future__ import annotations

import math
from dataclasses import replace

import highspy
import numpy as np

from benchmarks.milp import MilpResult, Model, add_lane, new_solver
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.parts import Offer
from twin2multicloud.optimizer.pricing.tariffs import FloatArray
from twin2multicloud.optimizer.search.problem import CLOUD, REGION, SAME, Problem, Usage

REGIONS = ("us-east-1", "eastus", "us-central1")
"""One region per cloud: two regions with different prices on one pool are already two lanes."""

NOT_LINEAR = frozenset(
    {
        # Lambda's two architectures share one grant of GB-seconds.
        "aws.lambda-x86-sqs",
        "aws.lambda-x86-kinesis",
        # At least 400 and 1,000 request units per second are billed.
        "azure.cosmos-provisioned",
        "azure.cosmos-autoscale",
    }
)


def linearisable_offers() -> list[Offer]:
    """The catalogue without the offers whose tariffs are not linear in the sense of this module."""
    return [offer for offer in OFFERS if offer.id not in NOT_LINEAR]


def split_pools(problem: Problem) -> Problem:
    """The same problem with each lane a pool of its own: not the providers' bill any more, but one of its size."""
    lanes = problem.tariffs.lanes
    return replace(problem, tariffs=replace(problem.tariffs, pool=np.arange(lanes), pools=lanes))


class BillMilp:
    """One problem, formulated and handed to HiGHS. Raises `ValueError` where the problem is not linearisable."""

    def __init__(self, problem: Problem, time_limit_s: float = 60.0, threads: int = 1) -> None:
        tariffs = problem.tariffs
        if tariffs.pools != tariffs.lanes or tariffs.minimum.any():
            raise ValueError("lanes that share a pool, and minima, are not linear")
        self._problem = problem
        unit = _reach(problem)
        unit[unit == 0] = 1.0
        # Messages by the billion beside single users: in units of the most that can occur, all lanes are of a size.
        scaled = _in_units(problem, unit)
        model = Model()
        self._pick = [model.column(float(usd), 1.0, integer=True) for usd in scaled.fixed_usd]
        for slot in range(scaled.slots):
            model.row(1.0, 1.0, {self._pick[o]: 1.0 for o in scaled.options_of(slot)})
        use: list[dict[int, float]] = [{} for _ in range(tariffs.lanes)]  # lane → {column: quantity per unit}
        for option, column in enumerate(self._pick):
            _add(use, scaled.own, option, column)
        for number in range(len(scaled.edges)):
            _edge(model, scaled, number, self._pick, use)
        for lane, columns in enumerate(use):
            if columns:
                add_lane(model, scaled, lane, columns, 1.0, self._pick)
        self.columns, self.rows = len(model.cost), len(model.row_low)
        self._solver = new_solver(time_limit_s, threads)
        self._solver.passModel(model.highs())

    def solve(self) -> MilpResult:
        """HiGHS's optimum, priced by the reference evaluation."""
        self._solver.run()
        values = np.array(self._solver.getSolution().col_value)
        if not values.size:
            return MilpResult([], math.inf, -math.inf, optimal=False)
        choice = []
        for slot in range(self._problem.slots):
            options = self._problem.options_of(slot)
            choice.append(int(options[values[[self._pick[o] for o in options]].argmax()]))
        usd = float(self._problem.evaluate(np.array([choice]))[0])
        optimal = self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return MilpResult(choice, usd, float(self._solver.getInfo().mip_dual_bound), optimal)


def _edge(model: Model, problem: Problem, number: int, pick: list[int], use: list[dict[int, float]]) -> None:
    """Where the other end of one edge sits, for each option at either end, and what that uses and costs."""
    edge = problem.edges[number]
    ends = (problem.options_of(edge.source), problem.options_of(edge.target))
    places = [np.unique(problem.location[end]).tolist() for end in ends]
    owner = dict(zip(problem.location.tolist(), problem.provider.tolist(), strict=True))
    # (location of the source, location of the target) → columns of either end that agree on it
    between: list[dict[tuple[int, int], dict[int, float]]] = [{}, {}]
    for side, sign in ((0, 1.0), (1, -1.0)):
        for option in ends[side].tolist():
            here = int(problem.location[option])
            spread = {}
            for there in places[1 - side]:
                pair = (here, there) if side == 0 else (there, here)
                kind = SAME if here == there else REGION if owner[here] == owner[there] else CLOUD
                paid = kind == REGION and side == 0 and edge.gb_per_month > 0  # no traffic needs no price
                usd = edge.gb_per_month * float(problem.usd_per_gb[pair]) if paid else 0.0
                possible = math.isfinite(usd)
                column = model.column(usd if possible else 0.0, 1.0 if possible else 0.0)
                _add(use, edge.usage[kind], option, column)
                spread[column] = 1.0
                between[side].setdefault(pair, {})[column] = sign
            model.row(0.0, 0.0, spread | {pick[option]: -1.0})
    for pair, columns in between[0].items():
        model.row(0.0, 0.0, columns | between[1][pair])


def _add(use: list[dict[int, float]], usage: Usage, option: int, column: int) -> None:
    for entry in range(usage.indptr[option], usage.indptr[option + 1]):
        lane, quantity = int(usage.lane[entry]), float(usage.quantity[entry])
        if quantity > 0:
            use[lane][column] = use[lane].get(column, 0.0) + quantity


def _reach(problem: Problem) -> FloatArray:
    """The most (L,) that any placement could use of each lane."""
    lanes = problem.tariffs.lanes
    own = problem.own.dense(lanes)
    most = np.zeros(lanes)
    for slot in range(problem.slots):
        most += own[problem.options_of(slot)].max(axis=0, initial=0.0)
    for edge in problem.edges:
        by_kind = np.max([usage.dense(lanes) for usage in edge.usage], axis=0)
        for end in (edge.source, edge.target):
            most += by_kind[problem.options_of(end)].max(axis=0, initial=0.0)
    return np.asarray(most)


def _in_units(problem: Problem, unit: FloatArray) -> Problem:
    """The same problem with each lane counted in units of `unit` (L,) billing units."""

    def usage(u: Usage) -> Usage:
        return Usage(u.indptr, u.lane, u.quantity / unit[u.lane])

    tariffs = problem.tariffs
    return replace(
        problem,
        own=usage(problem.own),
        edges=tuple(
            replace(edge, usage=(usage(edge.usage[SAME]), usage(edge.usage[REGION]), usage(edge.usage[CLOUD])))
            for edge in problem.edges
        ),
        tariffs=replace(
            tariffs,
            starts=tariffs.starts / unit[:, None],
            usd_per_unit=tariffs.usd_per_unit * unit[:, None],
            increment=tariffs.increment / unit,
        ),
    )
