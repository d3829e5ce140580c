"""Numbers as people read them: money with its period, quantities with their unit, ages."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.preferences import Currency

USD: Final = Currency()
NONE: Final = "–"
_LEAST_SHOWN: Final = 0.0001
_MINUTE: Final = 60.0
_HOUR: Final = 3_600.0
_DAY: Final = 86_400.0
_PREFIXES: Final = ("", "k", "M", "G", "T", "P")


def money(usd: float | None, currency: Currency = USD, *, signed: bool = False) -> str:
    """An amount that came in USD: two digits after the point, four below a cent's worth; what is less than these show
    is not nothing. One that was converted is marked as about that much.
    """
    if usd is None:
        return NONE
    amount = usd * currency.per_usd
    if 0 < abs(amount) < _LEAST_SHOWN / 2:
        return f"< {currency.symbol}{_LEAST_SHOWN}"
    digits = 2 if amount == 0 or abs(amount) >= 0.01 else 4
    sign = "−" if amount < 0 and f"{abs(amount):.{digits}f}".strip("0.") else "+" if signed and amount > 0 else ""
    about = "≈ " if currency.converted else ""
    return f"{about}{sign}{currency.symbol}{abs(amount):,.{digits}f}"


def per_month(usd: float | None, currency: Currency = USD, *, signed: bool = False) -> str:
    """An amount per month."""
    return NONE if usd is None else f"{money(usd, currency, signed=signed)} / {tr('month')}"


def share(part: float, *, digits: int = 1) -> str:
    """A share of 1 as a percentage."""
    return f"{part * 100:,.{digits}f} %"


def count(number: float | None) -> str:
    """A number of things, in full."""
    return NONE if number is None else f"{number:,.0f}"


def short(number: float | None, unit: str = "") -> str:
    """A number in three digits or so, with a prefix: 1.2 M."""
    if number is None:
        return NONE
    size, scale = abs(number), 0
    while size >= 999.5 and scale < len(_PREFIXES) - 1:
        size /= 1000
        scale += 1
    digits = 0 if size >= 100 or (scale == 0 and size == int(size)) else 1 if size >= 10 or scale else 2
    tail = f"{_PREFIXES[scale]}{unit}"
    text = f"{size:,.{digits}f}"
    return f"{'−' if number < 0 else ''}{text}{' ' + tail if tail else ''}"


def age(seconds: float | None) -> str:
    """How long ago: 4 s, 12 min, 3 h, 5 d."""
    if seconds is None:
        return NONE
    seconds = max(0.0, seconds)
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:,.0f} d"


def since(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was."""
    return NONE if moment is None else tr("{age} ago", age=age((now - moment).total_seconds()))


def duration(seconds: float) -> str:
    """How long: 41 s, 2:05, 1:02:03."""
    whole = int(max(0.0, seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    hours, rest = divmod(whole, int(_HOUR))
    minutes, left = divmod(rest, int(_MINUTE))
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def clock(moment: datetime, *, milliseconds: bool = False) -> str:
    """The time of day in UTC."""
    text = moment.astimezone(UTC).strftime("%H:%M:%S")
    return f"{text}.{moment.microsecond // 1000:03}" if milliseconds else text


def day_and_time(moment: datetime | None) -> str:
    """The day and the time in UTC."""
    return NONE if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def size(number: float | None) -> str:
    """Bytes in decimal units, as clouds bill them."""
    return short(number, "B")


def volume(gb: float) -> str:
    """Traffic in GB or, from 1,000 on, TB."""
    if 0 < gb < 0.01:
        return "< 0.01 GB"
    if gb < 1000:
        return f"{gb:,.{2 if gb < 0.1 else 3}g} GB"
    return f"{gb / 1000:,.3g} TB" if gb < 1e6 else f"{gb / 1000:,.0f} TB"


def quantity(number: float) -> str:
    """A quantity as bills have it: whole from 1,000 up, else four significant digits."""
    size = abs(number)
    if 0 < size < 0.001 or size >= 1e15:
        return f"{number:.3g}"
    return f"{number:,.0f}" if size >= 999.95 else f"{number:.4g}"


def unit_price(usd: float | None, *beside: float | None) -> str:
    """A price per unit, for as many units as give a price one can read: $0.20 per million. Prices that stand `beside`
    each other are for as many units.
    """
    if usd is None:
        return NONE
    if usd == 0:
        return tr("free")
    ways = ((1.0, ""), (1e3, tr("per 1,000")), (1e6, tr("per million")), (1e9, tr("per billion")))
    least = min(abs(each) for each in (usd, *beside) if each)
    readable = (way for way in ways if least * way[0] >= (0.001 if way[0] == 1 else 0.01))
    count, word = next(readable, ways[-1])
    whole, _, decimals = f"{usd * count:.6g}".partition(".")
    return f"${whole}.{decimals.ljust(2, '0')} {word}".rstrip()


def measured(value: object, unit: str = "") -> str:
    """A value that a device sent, with its unit: numbers to four digits that matter, texts as they are."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if not isinstance(value, int | float):
        return str(value)
    return f"{_rounded(value)} {unit}" if unit else _rounded(value)


def _rounded(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    digits = 0 if size >= 10_000 or size == 0 else 3 if size < 1 else 2 if size < 100 else 1
    return f"{value:,.{digits}f}" if size >= 0.001 or value == 0 else f"{value:.3g}"


def mark(value: float, step: float) -> str:
    """A number beside an axis whose marks are so far apart."""
    digits = max(0, math.ceil(-math.log10(step) - 1e-9))
    if abs(value) >= 10_000 and step >= 100:
        return short(value)
    return f"{value:,.{digits}f}"


def money_mark(usd: float, step: float, currency: Currency = USD) -> str:
    """An amount that came in USD beside an axis whose marks are so far apart: no finer than these need it."""
    return f"{currency.symbol}{mark(usd * currency.per_usd, step * currency.per_usd)}"


def moment(seconds: float, step_s: float) -> str:
    """A moment (since 1970) in UTC, as exact as steps of that length need it."""
    at = datetime.fromtimestamp(seconds, UTC)
    if step_s < _MINUTE:
        return at.strftime("%H:%M:%S")
    if step_s < _DAY:
        return at.strftime("%H:%M") if at.hour or at.minute else at.strftime("%b %d")
    return at.strftime("%b %d") if step_s < 300 * _DAY else at.strftime("%Y-%m")


def epoch(time: str) -> float:
    """Seconds since 1970 of a moment as the API writes it."""
    return datetime.fromisoformat(time).timestamp()
