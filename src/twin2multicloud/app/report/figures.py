"""Figures as people read them: money in cents, quantities, unit prices, shares."""

from __future__ import annotations

from typing import Final

from twin2multicloud.optimizer.bill.cents import to_cents

MINUS: Final = "\N{MINUS SIGN}"
_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PER: Final = ((1.0, ""), (1e3, "1,000 "), (1e6, "million "), (1e9, "billion "))


def dollars(cents: int) -> str:
    """$1,234.56, with a true minus sign where negative."""
    sign = MINUS if cents < 0 else ""
    whole, part = divmod(abs(cents), 100)
    return f"{sign}${whole:,}.{part:02d}"


def extra(cents: int) -> str:
    """A difference: +$1.00, −$1.00, ±$0.00."""
    return dollars(cents) if cents < 0 else f"{'+' if cents else '±'}{dollars(cents)}"


def cents_of(usd: float) -> int:
    """One amount that stands alone, in cents."""
    return to_cents([usd])[0]


def share(part: float, whole: float) -> str:
    """A part of a whole in percent: 37.5 %."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    return "< 0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


def quantity(value: float) -> str:
    """A quantity: whole with separators from 1,000 up, else four significant digits."""
    size = abs(value)
    if value == 0:
        return "0"
    if size >= 1e15 or size < 1e-3:
        return scientific(value)
    if size >= 999.95:  # four digits would round to 1000
        return f"{value:,.0f}"
    return f"{value:.4g}"


def scientific(value: float) -> str:
    """A very large or small number: 3.2 × 10¹³."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def volume(gb: float) -> str:
    """GB a month: small, plain, or in TB (1,000 GB)."""
    if gb >= 1000:
        return f"{gb / 1000:,.3g} TB" if gb < 1e6 else f"{gb / 1000:,.0f} TB"
    if 0 < gb < 0.01:
        return "< 0.01 GB"
    return f"{gb:.3g} GB"


def grams_text(grams: float) -> str:
    """Grams of CO2e a month, in kilograms from 10 kg up."""
    return f"{grams / 1000:,.1f} kgCO2e" if grams >= 10_000 else f"{quantity(grams)} gCO2e"


def unit_price(usd_per_unit: float, unit: str) -> str:
    """$0.20 per million messages: per as many units as give a price one can read."""
    if usd_per_unit == 0:
        return "free"
    readable = (pair for pair in _PER if usd_per_unit * pair[0] >= (0.0009 if pair[0] == 1 else 0.01))
    count, word = next(readable, _PER[-1])
    price = usd_per_unit * count
    if count == 1:
        unit = _singular(unit)
    digits = f"{price:.8g}"
    if "e" in digits:
        digits = f"{price:.8f}".rstrip("0")
    whole, _, decimals = digits.partition(".")
    return f"${int(whole):,}.{decimals.ljust(2, '0')} per {word}{unit}"


def _singular(unit: str) -> str:
    """`messages` as in "$1 per message"; `GiB-s` and other symbols stay."""
    if len(unit) < 4 or unit.endswith("-s") or not unit.endswith("s"):
        return unit
    return f"{unit[:-3]}y" if unit.endswith("ies") else unit[:-1]
