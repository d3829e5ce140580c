"""Small random problems of every shape the search must cope with."""

from __future__ import annotations

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, Tariff, TariffTable
from twin2multicloud.optimizer.search.problem import Edge, Problem, Usage

AMOUNTS = (0.0, 0.5, 1.0, 3.0, 10.0, 40.0)


def random_tariff(rng: np.random.Generator) -> Tariff:
    """Free allowances, rising and falling tiers, increments and minima, in any combination."""
    tiers = int(rng.integers(1, 4))
    starts = (0.0, *np.cumsum(rng.choice([1.0, 5.0, 10.0, 50.0], tiers - 1)).tolist())
    prices = tuple(rng.choice([0.0, 0.0, 0.1, 0.5, 1.0, 2.0, 3.0], tiers).tolist())
    increment = float(rng.choice([0.0, 0.0, 0.0, 1.0, 7.0, 100.0]))
    return Tariff(starts, prices, increment, float(rng.choice([0.0, 0.0, 0.0, 3.0, 20.0])))


def random_problem(rng: np.random.Generator) -> Problem:
    """Up to 5 slots of up to 4 options, 3 providers of up to 2 locations, 4 lanes each, 4 edges."""
    slots, providers = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    owner = np.repeat(np.arange(providers), rng.integers(1, 3, providers))
    slot = np.repeat(np.arange(slots), rng.integers(1, 5, slots))
    location = rng.integers(owner.size, size=slot.size)
    provider = owner[location]
    lanes = np.concatenate([np.arange(providers), rng.integers(0, providers, int(rng.integers(0, providers * 3 + 1)))])
    # Most lanes share one of their provider's three pools; the others have their own.
    shared = rng.random(lanes.size) < 0.6
    pool = np.where(shared, lanes * 3 + rng.integers(3, size=lanes.size), providers * 3 + np.arange(lanes.size))
    pool = np.unique(pool, return_inverse=True)[1]

    def usage(concerned: BoolArray, density: float) -> Usage:
        rows: list[list[tuple[int, float]]] = [[] for _ in range(slot.size)]
        for o in np.flatnonzero(concerned):
            for lane in np.flatnonzero((lanes == provider[o]) & (rng.random(lanes.size) < density)):
                amount = rng.exponential(10.0) if rng.random() < 0.2 else rng.choice(AMOUNTS)
                rows[o].append((int(lane), float(amount)))
        return Usage.of(rows)

    edges = []
    for _ in range(int(rng.integers(0, 5)) if slots > 1 else 0):
        a, b = (int(x) for x in rng.choice(slots, 2, replace=False))
        ends = (slot == a) | (slot == b)
        same, region, cloud = (usage(ends, float(rng.choice([0.0, 0.3, 0.6]))) for _ in range(3))
        edges.append(Edge(a, b, float(rng.choice([0.0, 1.0, 10.0])), (same, region, cloud)))
    usd_per_gb = rng.choice([0.0, 0.01, 0.5, 2.0, np.inf], (owner.size, owner.size), p=[0.2, 0.3, 0.3, 0.15, 0.05])
    np.fill_diagonal(usd_per_gb, 0.0)
    fixed = np.where(
        rng.random(slot.size) < 0.3, rng.exponential(10.0, slot.size), rng.choice([0.0, 1.0, 5.0], slot.size)
    )
    return Problem(
        slots=slots,
        slot=slot,
        provider=provider,
        location=location,
        fixed_usd=fixed,
        own=usage(np.ones(slot.size, dtype=bool), 0.5),
        edges=tuple(edges),
        usd_per_gb=usd_per_gb,
        tariffs=TariffTable.of([random_tariff(rng) for _ in lanes], pool.tolist()),
        lane_provider=lanes,
    )


def random_request(rng: np.random.Generator, problem: Problem) -> tuple[BoolArray | None, int | None]:
    """A mask over the options and a limit on the providers, each often absent."""
    allowed = None if rng.random() < 0.5 else rng.random(problem.options) < 0.8
    return allowed, None if rng.random() < 0.6 else int(rng.integers(1, 3))


def plain_problem(fixed: list[list[float]], **changes: object) -> Problem:
    """Slots × options at one location of one provider that cost only `fixed`; `changes` replace fields."""
    slot = np.repeat(np.arange(len(fixed)), [len(row) for row in fixed])
    fields: dict[str, object] = {
        "slots": len(fixed),
        "slot": slot,
        "provider": np.zeros(slot.size, dtype=np.int64),
        "location": np.zeros(slot.size, dtype=np.int64),
        "fixed_usd": np.array([usd for row in fixed for usd in row], dtype=np.float64),
        "own": Usage.of([[] for _ in slot]),
        "edges": (),
        "usd_per_gb": np.zeros((1, 1)),
        "tariffs": TariffTable.of([Tariff((0.0,), (1.0,))]),
        "lane_provider": np.zeros(1, dtype=np.int64),
    }
    return Problem(**(fields | changes))  # type: ignore[arg-type]
