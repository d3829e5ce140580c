"""Reading typed values out of parsed TOML rows, collecting every fault with its place, value and remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date as calendar_date
from difflib import get_close_matches
from typing import Any, cast

from twin2multicloud.model.errors import Finding


def nearest(word: str, words: Iterable[str]) -> str:
    """A suggestion "; did you mean 'x'?" for a misspelt name, or an empty string."""
    close = get_close_matches(word, list(words), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def is_number(value: Any) -> bool:
    """Whether a parsed value is an integer or a float (a boolean is neither)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


class RowReader:
    """Typed access to the rows of one file. A faulty value reads as None and leaves a finding."""

    def __init__(self, name: str, findings: list[Finding]) -> None:
        self._name = name
        self._findings = findings

    def fault(self, place: str, problem: str, value: object) -> None:
        """Note one fault at `place` (dotted path in the file) with the offending value."""
        shown = None if value is None else str(value)[:200]
        self._findings.append(Finding(f"{self._name}:{place}", problem, shown))

    def keys(self, row: Mapping[str, Any], allowed: tuple[str, ...], place: str) -> None:
        """Fault every key of the row that is not allowed, with the nearest allowed one."""
        for key in row:
            if key not in allowed:
                where = f"{place}.{key}" if place else key
                self.fault(
                    where, f"unknown key '{key}'{nearest(key, allowed)} (allowed: {', '.join(allowed)})", row[key]
                )

    def tables(self, data: Mapping[str, Any], key: str, place: str) -> Iterable[tuple[str, Mapping[str, Any], str]]:
        """The sub-tables of table `key`: name, content, place."""
        tables = data.get(key, {})
        if not isinstance(tables, Mapping):
            self.fault(place + key, "must be a table", tables)
            return
        for name, row in tables.items():
            if isinstance(row, Mapping):
                yield name, row, f"{key}.{name}"
            else:
                self.fault(f"{key}.{name}", "must be a table", row)

    def rows(self, data: Mapping[str, Any], key: str, place: str) -> Iterable[tuple[Mapping[str, Any], str]]:
        """The rows of list `key` (an absent list is empty): content, place."""
        rows = data.get(key, [])
        if not isinstance(rows, list):
            self.fault(f"{place}.{key}", "must be a list of rows", rows)
            return
        for number, row in enumerate(rows):
            where = f"{place}.{key}[{number}]"
            if isinstance(row, Mapping):
                yield row, where
            else:
                self.fault(where, "must be a row { … }", row)

    def text(self, row: Mapping[str, Any], key: str, place: str, *, required: bool = True) -> str | None:
        """A non-blank text."""
        value = row.get(key)
        where = f"{place}.{key}" if place else key
        if value is None and not required:
            return None
        if not isinstance(value, str) or not value.strip():
            self.fault(where, f"'{key}' is missing or not a text; write {key} = \"…\"", value)
            return None
        return value

    def date(self, row: Mapping[str, Any], key: str, place: str) -> str | None:
        """An ISO calendar date, as text."""
        value = self.text(row, key, place)
        if value is None:
            return None
        try:
            return calendar_date.fromisoformat(value).isoformat()
        except ValueError:
            self.fault(f"{place}.{key}" if place else key, 'must be an ISO date such as "2026-07-17"', value)
            return None

    def choice(
        self, row: Mapping[str, Any], key: str, allowed: Iterable[str], place: str, default: str | None = None
    ) -> str | None:
        """One of the allowed words."""
        value = row.get(key, default)
        names = tuple(allowed)
        if isinstance(value, str) and value in names:
            return value
        where = f"{place}.{key}" if place else key
        hint = nearest(value, names) if isinstance(value, str) else ""
        self.fault(where, f"must be one of {', '.join(names)}{hint}", value)
        return None

    def number(
        self, row: Mapping[str, Any], key: str, place: str, *, required: bool = True, positive: bool = False
    ) -> float | None:
        """A finite number, not negative (or above 0 when `positive`)."""
        value = row.get(key)
        if value is None and not required:
            return None
        where = f"{place}.{key}" if place else key
        if not is_number(value):
            self.fault(where, "must be a number", value)
            return None
        number = float(cast("float", value))
        if not math.isfinite(number) or number < 0 or (positive and number == 0):
            self.fault(where, f"must be finite and {'above 0' if positive else 'not negative'}", value)
            return None
        return number
