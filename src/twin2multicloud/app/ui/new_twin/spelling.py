"""Values as people type them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from twin2multicloud.app.ui.language import tr

_GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")


def number_of(text: str, *, whole: bool = False, needed: bool = False) -> float | None:
    """The number that a text stands for: `1,200`, `1e6`, `0.5`; None for nothing. `ValueError` where it is none."""
    given = text.strip().replace("\u2212", "-").replace(" ", "")
    if not given:
        if needed:
            raise ValueError(tr("is needed"))
        return None
    if _GROUPED.fullmatch(given):
        given = given.replace(",", "")
    try:
        number = float(given)
    except ValueError:
        raise ValueError(tr("write a number, such as {example}", example="20" if whole else "0.5")) from None
    if not math.isfinite(number):
        raise ValueError(tr("write a finite number"))
    if number.is_integer() and abs(number) < 1e15:
        return int(number)
    if whole:
        raise ValueError(tr("write a whole number"))
    return number


def spelled(value: Any) -> str:
    """A value as a person writes it; nothing for None."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def grouped(value: Any) -> str:
    """A number as a person reads it: 30,000."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else spelled(value)


def listed(text: str) -> list[str]:
    """The words of a text with commas between them."""
    return [word.strip() for word in text.split(",") if word.strip()]


def spelled_list(value: Any) -> str:
    """Words with commas between them."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(spelled(each) for each in value)
    return spelled(value)
