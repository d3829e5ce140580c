"""Prices as people read them: always in USD, as the clouds charge them, with what they are for."""

from __future__ import annotations

from twin2multicloud.app.ui.language import tr


def usd(amount: float) -> str:
    """A price of the book, with all digits it has and at least two: never converted, and never rounded to nothing."""
    whole, _, rest = f"{amount:,.10f}".rstrip("0").partition(".")
    return f"${whole}.{rest.ljust(2, '0')}"


def number(amount: float) -> str:
    """A number of units, with the digits that it has."""
    return f"{amount:,.0f}" if amount == int(amount) else f"{amount:,.4f}".rstrip("0")


def price(amount: float, per: float, unit: str) -> str:
    """A price with what it is for: $0.08 / 1,000,000 messages."""
    return f"{usd(amount)} / {unit}" if per == 1 else f"{usd(amount)} / {number(per)} {unit}"


def confidence(grade: str) -> str:
    """How sure a price is."""
    return {
        "A": tr("A: from a price list of the cloud"),
        "B": tr("B: derived from such a list"),
        "C": tr("C: a third party's word"),
        "D": tr("D: unverified, or derived"),
    }.get(grade, grade)
