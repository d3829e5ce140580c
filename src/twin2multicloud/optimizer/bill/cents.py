"""Rounding amounts to cents so that they still add up.

Rounded one by one, the lines of a bill can miss its total by some cents. Here the total is rounded once, every
amount is rounded down, and the cents that remain go to the amounts with the largest remainders (Hamilton's method),
so no amount moves by a cent or more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

CENTS_PER_USD = 100


def cents(usd: float) -> int:
    """An amount in USD, rounded half to even, in cents."""
    return round(CENTS_PER_USD * usd)


def to_cents(usd: Sequence[float], total: int | None = None) -> list[int]:
    """Amounts in USD as cents that sum exactly to `total`, or to the rounded sum of the amounts.

    `total`, in cents, is for amounts whose displayed sum is known already; it is at most rounding away from their
    sum. Of equal remainders the earlier amount is rounded up. Raises `ValueError` if an amount is not finite or
    `total` is not the amounts' sum, give or take one cent per amount.
    """
    if not all(math.isfinite(amount) for amount in usd):
        raise ValueError("an amount is not finite")
    exact = [CENTS_PER_USD * amount for amount in usd]
    whole = [math.floor(amount) for amount in exact]
    goal = round(CENTS_PER_USD * math.fsum(usd)) if total is None else total
    missing = goal - sum(whole)
    if not -len(whole) <= missing <= 2 * len(whole):
        raise ValueError(f"{goal} cents is not the sum of the amounts, {CENTS_PER_USD * math.fsum(usd):.6f} cents")
    by_remainder = sorted(range(len(whole)), key=lambda n: (whole[n] - exact[n], n))
    # One round hands a cent to each amount at most; a given total may need a second round, or to take cents back.
    while missing > 0:
        for number in by_remainder[:missing]:
            whole[number] += 1
        missing -= min(missing, len(whole))
    for number in by_remainder[len(whole) + missing :] if missing < 0 else ():
        whole[number] -= 1
    return whole
