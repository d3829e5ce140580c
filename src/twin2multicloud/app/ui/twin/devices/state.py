"""Which devices are listed, and over which time what they measured is shown. All of it is in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.schemas.watching import DeviceHistory, DeviceOrder, DevicePage, HistorySeries
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.trail import BEGINNING, Trail
from twin2multicloud.app.ui.twin.state import Look

PAGE: Final = 25
ORDERS: Final[tuple[DeviceOrder, ...]] = get_args(DeviceOrder)
RANGES: Final[dict[str, float]] = {
    "5m": 300.0,
    "15m": 900.0,
    "1h": 3_600.0,
    "6h": 21_600.0,
    "24h": 86_400.0,
    "7d": 604_800.0,
    "30d": 2_592_000.0,
    "all": 1e10,
}
DEFAULT_RANGE: Final = "15m"


def range_name(key: str) -> str:
    """A range as people say it."""
    return {
        "5m": tr("5 minutes"),
        "15m": tr("15 minutes"),
        "1h": tr("1 hour"),
        "6h": tr("6 hours"),
        "24h": tr("24 hours"),
        "7d": tr("7 days"),
        "30d": tr("30 days"),
        "all": tr("all of it"),
    }[key]


def range_of(look: Look) -> str:
    """The range that is looked at."""
    given = look.get("range", DEFAULT_RANGE)
    return given if given in RANGES else DEFAULT_RANGE


@dataclass(frozen=True)
class Listed:
    """Which part of the devices is listed."""

    search: str = ""
    type: str = ""
    sort: DeviceOrder = "name"
    trail: Trail = BEGINNING

    @classmethod
    def of(cls, look: Look) -> Listed:
        """From an address; what makes no sense is left out."""
        given = look.get("sort", "name")
        sort: DeviceOrder = next((each for each in ORDERS if each == given), "name")
        return cls(look.get("search")[:100], look.get("type")[:200], sort, Trail.read(look.get("at")))

    def load(self, api: Client, twin: str, target: Target) -> DevicePage:
        """That part."""
        return api.watching.devices(
            twin,
            target=target,
            search=self.search,
            type=self.type,
            sort=self.sort,
            cursor=self.trail.cursor,
            limit=PAGE,
        )


def numeric(series: HistorySeries) -> bool:
    """Whether it can be drawn: numbers, and booleans as 0 and 1."""
    return series.type in ("double", "integer", "boolean")


def drawn(history: DeviceHistory) -> list[HistorySeries]:
    """The fields that can be drawn."""
    return [each for each in history.series if numeric(each)]
