"""Random placement problems of two shapes, for benchmarks and tests.

`experiment`: seven slots and nine edges (tree-width 2), three providers with n/3 regions each, one option per slot and
region: a lognormal price of its own; egress priced by graduated tiers with a free allowance per region; traffic between
regions at a price per pair; one request meter per provider with a free allowance; a fixed charge per provider in use.

`twin`: the product's shape: some offers per slot, provider and region, each using several of a few dozen lanes, most of
them shared by the slots of one provider (function requests and seconds with a free grant, logs, operations, egress).
"""

from __future__ import annotations

import math

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import FloatArray, Tariff, TariffTable
from twin2multicloud.optimizer.search.problem import Edge, Problem, Usage

SLOTS = 7
EDGES = ((0, 1), (1, 2), (2, 3), (3, 4), (2, 5), (5, 6), (2, 6), (5, 1), (2, 4))
SCALES = {"small": (1.0, 500.0), "mixed": (30.0, 10_000.0), "large": (1_000.0, 100_000.0)}
"""Range of GB per month on an edge, drawn log-uniformly."""

Row = list[tuple[int, float]]

# Internet egress as the three clouds tier it, USD per GB by GB per month; the list prices of N. Virginia, East US
# and the premium network of us-east4, whose shape is all that matters here.
_EGRESS = (
    Tariff((0.0, 100.0, 10_340.0, 51_300.0, 153_700.0), (0.0, 0.09, 0.085, 0.07, 0.05)),
    Tariff((0.0, 100.0, 10_340.0, 51_300.0, 153_700.0), (0.0, 0.087, 0.083, 0.07, 0.05)),
    Tariff((0.0, 1.0, 1_024.0, 10_240.0), (0.0, 0.12, 0.11, 0.08)),
)


def scaled(tariff: Tariff, factor: float) -> Tariff:
    """The tariff with all prices times `factor`."""
    prices = tuple(p * factor for p in tariff.usd_per_unit)
    return Tariff(tariff.starts, prices, tariff.increment, tariff.minimum)


def nothing(options: int) -> Usage:
    """No usage for any option."""
    return Usage.of([[] for _ in range(options)])


def experiment(n: int, scale: str, seed: int, providers: int = 3) -> Problem:
    """An instance with about n options per slot (25 % of provider and slot pairs and 8 % of regions missing)."""
    rng = np.random.default_rng([seed, n, sorted(SCALES).index(scale)])
    regions = max(1, n // providers)
    where = np.repeat(np.arange(providers), regions)
    offered = rng.random((SLOTS, providers)) >= 0.25
    offered[np.arange(SLOTS), rng.integers(providers, size=SLOTS)] = True
    slot, location = [], []
    for s in range(SLOTS):
        for p in np.flatnonzero(offered[s]):
            there = p * regions + np.flatnonzero(rng.random(regions) >= 0.08)
            there = there if there.size else np.array([p * regions])
            slot += [s] * there.size
            location += there.tolist()
    slots, locations = np.array(slot), np.array(location)
    options = slots.size
    provider = where[locations]
    # Lanes: egress of each location, then requests of each provider, then the fixed charge of each provider.
    regional = rng.uniform(1.0, 2.0, where.size)
    tariffs = [scaled(_EGRESS[p % 3], float(regional[r])) for r, p in enumerate(where)]
    tariffs += [
        Tariff((0.0, 1.0, 301.0), (0.0, float(price), 0.9 * float(price))) for price in rng.uniform(0.2, 0.6, 3)
    ]
    tariffs += [Tariff((0.0,), (float(usd) / 1e6,), increment=1e6) for usd in rng.uniform(5.0, 40.0, 3)]
    lane_provider = np.concatenate([where, np.arange(3), np.arange(3)])
    base = rng.lognormal(3.0, 1.0, SLOTS)
    fixed = base[slots] * rng.lognormal(0.0, 0.4, (SLOTS, providers))[slots, provider]
    fixed *= rng.lognormal(0.0, 0.25, options)
    requests = rng.lognormal(0.5, 1.5, SLOTS)
    own = [
        [(where.size + int(p), float(requests[s])), (where.size + 3 + int(p), 1.0)]
        for s, p in zip(slots, provider, strict=True)
    ]
    low, high = (math.log(x) for x in SCALES[scale])
    edges = []
    for source, target in EDGES:
        gb = float(np.exp(rng.uniform(low, high)))
        egress: list[Row] = [[(int(r), gb)] if s == source else [] for s, r in zip(slots, locations, strict=True)]
        edges.append(Edge(source, target, gb, (nothing(options), nothing(options), Usage.of(egress))))
    continent = rng.integers(4, size=where.size)
    near = continent[:, None] == continent[None, :]
    usd_per_gb = np.where(near, rng.uniform(0.01, 0.03, near.shape), rng.uniform(0.05, 0.12, near.shape))
    np.fill_diagonal(usd_per_gb, 0.0)
    return Problem(
        slots=SLOTS,
        slot=slots,
        provider=provider,
        location=locations,
        fixed_usd=fixed,
        own=Usage.of(own),
        edges=tuple(edges),
        usd_per_gb=usd_per_gb,
        tariffs=TariffTable.of(tariffs),
        lane_provider=lane_provider,
    )


def twin(seed: int, *, structure: int = 0, offers: int = 3, regions: int = 2, scale: float = 1.0) -> Problem:
    """An instance of the product's shape; problems of one `structure` number share indices, `seed` draws quantities.

    `offers` is the mean number of offers per (slot, provider); each is sold in every region. `scale` multiplies
    the traffic: 1 is a twin of a few tens of dollars a month, where free allowances decide.
    """
    fixed_rng, rng = np.random.default_rng([1, structure]), np.random.default_rng([2, structure, seed])
    shared, private = 9, 2
    slot, location, lanes_of, provider_wide = [], [], [], []
    tariffs: list[Tariff] = []
    pool: list[int] = []
    lane_provider: list[int] = []
    pools = 0

    def lane(p: int, tariff: Tariff, number: int) -> int:
        tariffs.append(tariff)
        pool.append(number)
        lane_provider.append(p)
        return len(tariffs) - 1

    for p in range(3):
        wide = []
        for j in range(shared):
            price = float(fixed_rng.lognormal(-1.0, 1.0))
            free = float(fixed_rng.choice([0.0, 1.0, 5.0, 20.0]))
            tiers = Tariff((0.0, free, 50 * free), (0.0, price, 0.8 * price)) if free else Tariff((0.0,), (price,))
            first = lane(p, tiers, pools)
            # Two variants of some meters draw on one grant at different prices (x86 and arm64).
            wide.append((first, lane(p, scaled(tiers, 0.8), pools) if j < 2 else first))
            pools += 1
        provider_wide.append(wide)
        for s in range(SLOTS):
            for _ in range(max(1, int(fixed_rng.poisson(offers - 1)) + 1)):
                own_lanes = []
                for _ in range(int(fixed_rng.integers(0, private))):
                    kind = int(fixed_rng.integers(3))
                    price = float(fixed_rng.lognormal(0.0, 1.0))
                    shape = (
                        Tariff((0.0,), (price,)),
                        Tariff((0.0, 10.0), (0.0, price)),
                        Tariff((0.0, 5.0), (8 * price, 5 * price), increment=1.0),
                    )[kind]
                    own_lanes.append(lane(p, shape, pools))
                    pools += 1
                picked = fixed_rng.choice(shared, int(fixed_rng.integers(3, 7)), replace=False)
                uses = [wide[j][int(fixed_rng.integers(2))] for j in picked] + own_lanes
                for r in range(regions):
                    slot.append(s)
                    location.append(p * regions + r)
                    lanes_of.append(uses)
    slots, locations = np.array(slot), np.array(location)
    provider = locations // regions
    options = slots.size
    weight = rng.lognormal(0.0, 1.2, SLOTS) * scale
    own = [
        [(j, float(weight[s] * rng.lognormal(0.0, 0.7))) for j in uses] for s, uses in zip(slots, lanes_of, strict=True)
    ]
    edges = []
    for source, target in EDGES:
        gb = float(rng.lognormal(1.0, 1.5)) * scale
        cloud: list[Row] = []
        for s, p in zip(slots, provider, strict=True):
            ends = {source: (2, 3), target: (3, 4)}.get(int(s), ())
            amounts: list[tuple[int, float]] = [(provider_wide[p][j][0], gb * 0.3) for j in ends]
            cloud.append(amounts + ([(provider_wide[p][8][0], gb)] if s == source else []))
        edges.append(Edge(source, target, gb, (nothing(options), nothing(options), Usage.of(cloud))))
    usd_per_gb: FloatArray = np.full((3 * regions, 3 * regions), 0.02)
    np.fill_diagonal(usd_per_gb, 0.0)
    fixed = np.where(rng.random(options) < 0.3, rng.lognormal(1.0, 1.0, options), 0.0)
    return Problem(
        slots=SLOTS,
        slot=slots,
        provider=provider,
        location=locations,
        fixed_usd=fixed,
        own=Usage.of(own),
        edges=tuple(edges),
        usd_per_gb=usd_per_gb,
        tariffs=TariffTable.of(tariffs, pool),
        lane_provider=np.array(lane_provider),
    )
