"""The placement problem as a mixed integer programme for HiGHS: an independent oracle, and a yardstick for speed.

Binaries choose options; tiers are filled in order with one binary each; increments are counted by integers. Traffic
between locations of one provider is a flow on each edge from the source's location to the target's, which is the
tightest of the usual formulations. It applies where every lane is a pool of its own and inner relations use nothing;
other problems are refused.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import highspy
import numpy as np

from twin2multicloud.optimizer.search.problem import CLOUD, REGION, SAME, Problem


@dataclass(frozen=True)
class MilpResult:
    """HiGHS's answer; `usd` is what its placement costs by the reference evaluation."""

    choice: list[int]
    usd: float
    lower_bound: float
    optimal: bool


class Model:
    """A mixed integer programme whose columns (≥ 0) and rows are collected one by one."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.integer: list[bool] = []
        self.row_low: list[float] = []
        self.row_high: list[float] = []
        self.start: list[int] = [0]
        self.index: list[int] = []
        self.value: list[float] = []

    def column(self, cost: float = 0.0, upper: float = math.inf, integer: bool = False) -> int:
        """Add a variable between 0 and `upper`; returns its number."""
        self.cost.append(cost)
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.cost) - 1

    def row(self, low: float, high: float, terms: dict[int, float]) -> None:
        """Demand low ≤ Σ coefficient · column ≤ high."""
        self.row_low.append(low)
        self.row_high.append(high)
        self.index += terms.keys()
        self.value += terms.values()
        self.start.append(len(self.index))

    def highs(self) -> highspy.HighsLp:
        """The programme as HiGHS takes it, to be minimised."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.row_low)
        lp.col_cost_ = np.array(self.cost)
        lp.col_lower_ = np.zeros(len(self.cost))
        lp.col_upper_ = np.array(self.upper)
        lp.row_lower_, lp.row_upper_ = np.array(self.row_low), np.array(self.row_high)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.start)
        lp.a_matrix_.index_ = np.array(self.index)
        lp.a_matrix_.value_ = np.array(self.value)
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[integer] for integer in self.integer]
        return lp


@contextmanager
def _silence() -> Iterator[None]:
    """HiGHS greets on the process's standard output before it can be told not to."""
    kept = os.dup(1)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def solve_milp(problem: Problem, time_limit_s: float = 60.0, threads: int = 1) -> MilpResult:
    """The optimum by HiGHS (gap 1e-9); raises ValueError where the problem is not linearisable this way."""
    tariffs = problem.tariffs
    if tariffs.pools != tariffs.lanes or tariffs.minimum.any():
        raise ValueError("lanes that share a pool, and minima, are not linear")
    if any(edge.usage[kind].lane.size for edge in problem.edges for kind in (SAME, REGION)):
        raise ValueError("usage by inner relations is not modelled")
    model = Model()
    pick = [model.column(float(usd), 1.0, integer=True) for usd in problem.fixed_usd]
    for slot in range(problem.slots):
        model.row(1.0, 1.0, {pick[o]: 1.0 for o in problem.options_of(slot)})
    use: list[dict[int, float]] = [{} for _ in range(tariffs.lanes)]  # lane → {column: quantity per unit}
    reach = np.zeros(tariffs.lanes)
    own = problem.own.dense(tariffs.lanes)
    for o, lane in zip(*np.nonzero(own), strict=True):
        use[lane][pick[o]] = use[lane].get(pick[o], 0.0) + own[o, lane]
    for slot in range(problem.slots):
        reach += own[problem.options_of(slot)].max(axis=0, initial=0.0)
    for number in range(len(problem.edges)):
        reach += _edge(model, problem, number, pick, use)
    for lane in range(tariffs.lanes):
        if use[lane]:
            add_lane(model, problem, lane, use[lane], float(reach[lane]), pick)
    solver = new_solver(time_limit_s, threads)
    solver.passModel(model.highs())
    solver.run()
    values = np.array(solver.getSolution().col_value)
    info = solver.getInfo()
    choice = []
    if values.size:
        for slot in range(problem.slots):
            options = problem.options_of(slot)
            choice.append(int(options[values[[pick[o] for o in options]].argmax()]))
    usd = float(problem.evaluate(np.array([choice]))[0]) if choice else math.inf
    optimal = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return MilpResult(choice, usd, float(info.mip_dual_bound), optimal)


def new_solver(time_limit_s: float, threads: int = 1) -> highspy.Highs:
    """HiGHS, silent, asked for a proven optimum (gap 1e-9)."""
    with _silence():
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (
        ("output_flag", False),
        ("time_limit", time_limit_s),
        ("threads", threads),
        ("mip_rel_gap", 1e-9),
        ("mip_abs_gap", 1e-7),
    ):
        solver.setOptionValue(option, value)
    return solver


def _edge(model: Model, problem: Problem, number: int, pick: list[int], use: list[dict[int, float]]) -> np.ndarray:
    """Flows of one edge, and its use of lanes between providers; returns the most it can use of each lane."""
    edge, tariffs = problem.edges[number], problem.tariffs
    cloud = edge.usage[CLOUD].dense(tariffs.lanes)
    most = np.zeros(tariffs.lanes)
    ends = (problem.options_of(edge.source), problem.options_of(edge.target))
    for mine, others in (ends, ends[::-1]):
        most += cloud[mine].max(axis=0, initial=0.0)
        for o in mine:
            lanes = np.flatnonzero(cloud[o])
            if lanes.size:
                # 1 if o is chosen and the other end is at another provider; its cost keeps it from being more.
                apart = model.column(0.0, 1.0)
                inside = {pick[other]: 1.0 for other in others if problem.provider[other] == problem.provider[o]}
                model.row(0.0, math.inf, {apart: 1.0, pick[o]: -1.0} | inside)
                for lane in lanes:
                    use[lane][apart] = use[lane].get(apart, 0.0) + cloud[o, lane]
    if edge.gb_per_month > 0:
        for p in np.unique(problem.provider):
            held = [end[problem.provider[end] == p] for end in ends]
            places = [np.unique(problem.location[part]) for part in held]
            if not places[0].size or not places[1].size:
                continue
            flow = {}
            for a in places[0]:
                for b in places[1]:
                    usd = edge.gb_per_month * float(problem.usd_per_gb[a, b])
                    flow[a, b] = model.column(usd if math.isfinite(usd) else 0.0, 1.0 if math.isfinite(usd) else 0.0)
            for side, other in ((0, 1), (1, 0)):
                for place in places[side]:
                    out = {flow[(place, q) if side == 0 else (q, place)]: 1.0 for q in places[other]}
                    here = {pick[o]: -1.0 for o in held[side] if problem.location[o] == place}
                    away = {pick[o]: 1.0 for o in ends[other] if problem.provider[o] != p}
                    # Flow from a place = chosen there, unless the other end is at another provider.
                    model.row(-math.inf, 0.0, out | here)
                    model.row(0.0, math.inf, out | here | away)
    return most


def add_lane(model: Model, problem: Problem, lane: int, use: dict[int, float], reach: float, pick: list[int]) -> None:
    """One lane's tariff on its use."""
    tariffs = problem.tariffs
    step = float(tariffs.increment[lane])
    if step > 0:
        count = model.column(0.0, math.ceil(reach / step - 1e-9), integer=True)
        model.row(0.0, math.inf, {count: step} | {column: -q for column, q in use.items()})
        if reach <= step:
            # One step holds all: it is taken as soon as any slot picks an option that uses the lane.
            users = set(use)
            for slot in range(problem.slots):
                terms = {pick[o]: -1.0 for o in problem.options_of(slot) if pick[o] in users}
                if terms:
                    model.row(0.0, math.inf, {count: 1.0} | terms)
        use, reach = {count: step}, math.ceil(reach / step - 1e-9) * step
    starts = [float(s) for s in tariffs.starts[lane] if s < max(reach, 1e-12)]
    prices = tariffs.usd_per_unit[lane, : len(starts)]
    widths = np.diff([*starts, max(reach, starts[-1])])
    parts = [model.column(float(p), float(w)) for p, w in zip(prices, widths, strict=True)]
    model.row(0.0, math.inf, dict.fromkeys(parts, 1.0) | {column: -q for column, q in use.items()})
    for t in range(1, len(parts)):
        if prices[t] < max(prices[:t]):
            # A cheaper tier opens only once those before are full.
            opened = model.column(0.0, 1.0, integer=True)
            model.row(-math.inf, 0.0, {parts[t]: 1.0, opened: -float(widths[t])})
            for before in range(t):
                model.row(0.0, math.inf, {parts[before]: 1.0, opened: -float(widths[before])})
