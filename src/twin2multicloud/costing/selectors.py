"""Which meter a line of a bill belongs to: exact selectors, data for each cloud, that also say how a line is named.

A selector is a service and the names of what it meters, in which `*` is any text: a region's prefix, a location. A name
that stands under several meters is one line on the bill for all of them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from twin2multicloud.costing.lines import CostLine
from twin2multicloud.model.slots import Provider

DATA: Final = Path(__file__).parent / "data"
ANY_SERVICE: Final = "*"


@dataclass(frozen=True)
class Selector:
    """How a cloud's bill names one meter. `usage` are patterns, the usual one first."""

    meter: str
    service: str
    usage: tuple[str, ...]
    cost_only: bool = False


class Selectors:
    """One cloud's selectors. `units` are units of the meters in one of the bill's, by its name in lower case."""

    def __init__(self, provider: Provider, data: Mapping[str, Any]) -> None:
        self.provider = provider
        self.units = {name: Decimal(str(factor)) for name, factor in data["units"].items()}
        self._prefixes: Mapping[str, str] = data.get("prefixes", {})
        self.by_meter: dict[str, Selector] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        self._usual: Mapping[str, str] = data["usual"]
        for service, rows in data["services"].items():
            names = [service, *rows.get("also", ())]
            for meter, given in rows.items():
                if meter == "also":
                    continue
                usage = given["usage"] if isinstance(given, dict) else given
                cost_only = isinstance(given, dict) and bool(given.get("cost_only"))
                self.by_meter[meter] = Selector(meter, service, tuple(usage), cost_only)
                for name in names:
                    known = self._patterns.setdefault(name.casefold(), [])
                    known += [(_pattern(text), meter) for text in usage]

    def meters_of(self, line: CostLine) -> tuple[str, ...]:
        """The meters that a line is for: none, one, or several that the bill does not tell apart."""
        service = line.service.casefold()
        for key in (service, ANY_SERVICE):
            found = [meter for pattern, meter in self._patterns.get(key, ()) if pattern.fullmatch(line.usage)]
            if found:
                return tuple(dict.fromkeys(found))
        return ()

    def quantity_of(self, line: CostLine) -> Decimal | None:
        """A line's quantity in units of the meters; None where it has none or its unit is not known."""
        factor = self.units.get(line.unit.casefold())
        return None if factor is None or line.quantity is None else line.quantity * factor

    def region_of(self, usage: str) -> str:
        """The region that what is metered is in, by the prefix that AWS puts before its name; "" where it has none."""
        return next((region for region, prefix in self._prefixes.items() if usage.startswith(prefix)), "")

    def named(self, meter: str, region: str) -> tuple[str, str, str]:
        """Service, usage and unit as a bill names a meter in a region; `KeyError` for a meter that none names."""
        selector = self.by_meter[meter]
        place = self._prefixes.get(region, "" if self.provider is Provider.AWS else region)
        service = "Data transfer" if selector.service == ANY_SERVICE else selector.service
        unit = self._usual.get(meter.rpartition(".")[2], next(iter(self.units)))
        return service, selector.usage[0].replace("*", place), unit


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE | re.DOTALL)


@cache
def selectors_of(provider: Provider) -> Selectors:
    """The selectors of a cloud, as they come with the package."""
    data = tomllib.loads((DATA / f"{provider.value}.toml").read_text("utf-8"))
    return Selectors(provider, data)


def meters_of(line: CostLine) -> Sequence[str]:
    """See `Selectors.meters_of`, for a line of any cloud."""
    return selectors_of(line.provider).meters_of(line)
