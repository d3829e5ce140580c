"""The published model once more, for one workload at a time, in plain loops and ifs: what the arrays must equal.

Written from the published rules alone, without the package's formulas, prices or search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

AWS, AZURE = "aws", "azure"
SLOTS = ("L1", "L2", "L3.hot", "L3.cool", "L3.archive", "L4", "L5")


@dataclass(frozen=True)
class Case:
    n: int
    i: float
    k: float
    h: float
    c: float
    a: float
    entities: int
    editors: int
    viewers: int
    r: float
    t: float

    @property
    def needs_3d(self) -> bool:
        return self.entities > 0


def messages(case: Case) -> int:
    return math.ceil(case.n * (1 / case.i) * 60 * 24 * 30)


def executions(case: Case) -> float:
    return case.n * (60 / case.i) * 730


def gigabytes(case: Case) -> float:
    return executions(case) * case.k / (1024 * 1024)


def slot_prices(case: Case) -> dict[str, dict[str, float]]:
    function = l2(case)
    return {
        "L1": {AWS: l1_aws(case), AZURE: l1_azure(case)},
        "L2": {AWS: function, AZURE: function},
        "L3.hot": {AWS: hot_aws(case), AZURE: hot_azure(case)},
        "L3.cool": {AWS: cool_aws(case), AZURE: cool_azure(case)},
        "L3.archive": {AWS: archive_aws(case), AZURE: archive_azure(case)},
        "L4": {AWS: l4_aws(case), AZURE: l4_azure(case)},
        "L5": {AWS: 9 * case.editors + 5 * case.viewers, AZURE: 6 * (case.editors + case.viewers) + 0.069 * 730},
    }


def l1_aws(case: Case) -> float:
    m = messages(case)
    if case.k > 5:
        m *= math.ceil(case.k / 5)
    usd = 0.0035 * case.n + 2 * m * 0.00000015
    if m <= 1_000_000_000:
        return usd + m * 0.000001
    usd += 1000
    if m <= 5_000_000_000:
        return usd + (m - 1_000_000_000) * 0.0000008
    return usd + 3200 + (m - 5_000_000_000) * 0.0000007


def l1_azure(case: Case) -> float:
    m = messages(case)
    if case.k > 4:
        m *= math.ceil(case.k / 4)
    if m <= 120_000_000:
        quota, price = 12_000_000, 25
    elif m <= 1_800_000_000:
        quota, price = 180_000_000, 250
    else:
        quota, price = 9_000_000_000, 2500
    return float(math.ceil(m / quota) * price) if m > quota else float(price)


def l2(case: Case) -> float:
    x = executions(case)
    return max(0, x - 1_000_000) * 0.0000002 + max(0, x * 0.1 * 0.125 - 400_000) * 0.0000166667


def hot_aws(case: Case) -> float:
    stored = gigabytes(case) * (case.h + 0.5)
    storage = 0 if stored <= 25 * case.h else math.ceil((stored - 25 * case.h) * 0.25)
    x = executions(case)
    return x * case.k * 0.000000625 + x / 2 * 0.000000125 + storage


def hot_azure(case: Case) -> float:
    per_second = executions(case) / 2_592_000
    units = math.ceil(per_second * 1 * (1 + (case.k - 1) * 0.05) + per_second * 10)
    return max(400, units) * 0.0584 + gigabytes(case) * (case.h + 0.5) * 0.25


def cool_aws(case: Case) -> float:
    g = gigabytes(case)
    requests = 2 * math.ceil(g * 1024 / 100)
    return 0.0125 * g * case.c + 0.0001 * g * case.c + 0.00001 * requests + 0.01 * (0.1 * g * case.c + g)


def cool_azure(case: Case) -> float:
    g = gigabytes(case)
    q = math.ceil(g * 1024 / 100)
    return 0.015 * g * case.c + 0.00001 * q + 0.000001 * 0.1 * q + 0.01 * 1.1 * g


def archive_aws(case: Case) -> float:
    g = gigabytes(case)
    return 0.00099 * g * case.a + 0.00005 * 2 * g + 0.0025 * 0.01 * g * case.a


def archive_azure(case: Case) -> float:
    g = gigabytes(case)
    return 0.00099 * g * case.a + 0.000013 * g + 0.02 * 0.01 * g * case.a


def l4_aws(case: Case) -> float:
    return 0.05 * case.entities + messages(case) * 0.0000015 + case.r * case.t * 30 * 0.00005


def l4_azure(case: Case) -> float:
    queries = case.r * case.t * 30
    if case.n <= 99:
        units = 15
    elif case.n <= 9999:
        units = 1500
    else:
        units = 4000
    return messages(case) * 0.0000025 + math.ceil(case.k) * queries * 0.0000025 + units * queries * 0.0000005


def egress(cloud: str, g: float) -> float:
    widths = {AWS: (10240, 51200, 102400), AZURE: (10240, 40960, 102400)}[cloud]
    prices = {AWS: (0.09, 0.085, 0.07, 0.05), AZURE: (0.08, 0.065, 0.06, 0.04)}[cloud]
    if g <= 100:
        return 0.0
    left, usd = g - 100, 0.0
    for width, price in zip(widths, prices[:3], strict=True):
        if left <= width:
            return usd + left * price
        usd += width * price
        left -= width
    return usd + left * prices[3]


def plain_transfer(case: Case, source: str, target: str) -> float:
    return 0.0 if source == target else egress(source, gigabytes(case))


def hot_to_cool(case: Case, source: str, target: str) -> float:
    g = gigabytes(case)
    if source == AWS:
        return 0.1 * g if target == AWS else egress(AWS, g)
    if target == AZURE:
        return 0.0 if g <= 5 else (g - 5) * 0.05
    return 0.05 * g + egress(AZURE, g)


def transfers(case: Case, vector: tuple[str, ...]) -> tuple[float, float, float]:
    l1, _, hot, cool, archive, _, _ = vector
    return plain_transfer(case, l1, hot), hot_to_cool(case, hot, cool), plain_transfer(case, cool, archive)


def total(case: Case, vector: tuple[str, ...]) -> float:
    prices = slot_prices(case)
    return sum(prices[slot][cloud] for slot, cloud in zip(SLOTS, vector, strict=True)) + sum(transfers(case, vector))


def valid(case: Case, vector: tuple[str, ...]) -> bool:
    follows = vector[1] == vector[2]
    return follows and not (case.needs_3d and vector[5] == AZURE)


def best(case: Case, admit: object = None) -> float | None:
    """Brute force over the 2⁷ vectors; `admit` is a further predicate on the vector."""
    found = [
        total(case, vector)
        for vector in product((AWS, AZURE), repeat=7)
        if valid(case, vector) and (admit is None or admit(vector))  # type: ignore[operator]
    ]
    return min(found, default=None)


def greedy(case: Case) -> tuple[str, ...]:
    prices = slot_prices(case)
    paths = {
        (hot, cool, archive): prices["L3.hot"][hot]
        + hot_to_cool(case, hot, cool)
        + prices["L3.cool"][cool]
        + plain_transfer(case, cool, archive)
        + prices["L3.archive"][archive]
        for hot, cool, archive in product((AWS, AZURE), repeat=3)
    }
    hot, cool, archive = min(paths, key=paths.__getitem__)
    l1 = min((AZURE, AWS), key=lambda cloud: prices["L1"][cloud] + plain_transfer(case, cloud, hot))
    l4 = AWS if case.needs_3d else min((AWS, AZURE), key=prices["L4"].__getitem__)
    l5 = min((AZURE, AWS), key=prices["L5"].__getitem__)
    return l1, hot, hot, cool, archive, l4, l5
