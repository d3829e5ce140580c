"""In which currency money is shown, as somebody fills it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.preferences import Currency

SYMBOLS: Final[Mapping[str, str]] = MappingProxyType(
    {"USD": "$", "EUR": "€", "GBP": "£", "CHF": "CHF ", "JPY": "¥", "SEK": "SEK ", "PLN": "PLN ", "INR": "₹"}
)
OTHER: Final = "other"


@dataclass(frozen=True)
class Read:
    """What was filled in: a currency, or what is wrong with which field."""

    currency: Currency | None
    problems: Mapping[str, str]


def read(code: str, rate: str, day: str, today: date) -> Read:
    """A currency: its code (EUR), how much of it a US dollar is, and the day (2026-11-26) that this is of."""
    code = code.strip().upper()
    if code == "USD":
        return Read(Currency(), {})
    problems = {}
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        problems["code"] = tr("is three letters, such as EUR")
    number = _number(rate)
    if number is None or not 1e-6 <= number <= 1e9:
        problems["rate"] = tr("is how much of it 1 USD is, such as 0.92")
    try:
        moment = date.fromisoformat(day.strip())
    except ValueError:
        problems["day"] = tr("is a day, such as {day}", day=today.isoformat())
    else:
        if moment > today:
            problems["day"] = tr("is not to come")
    if problems:
        return Read(None, problems)
    return Read(Currency(code, SYMBOLS.get(code, f"{code} "), number or 1.0, day.strip()), {})


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
