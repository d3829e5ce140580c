"""Where regions are, and which regions of other clouds are nearest. A table that ships with the package: of coordinates
no provider publishes a list.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from twin2multicloud.model.slots import PROVIDERS, Provider
from twin2multicloud.optimizer.pricing.meters import Region

_FILE: Final = Path(__file__).parent / "data" / "places" / "places.toml"
_EARTH_KM: Final = 6371.0


@dataclass(frozen=True)
class RegionPlace:
    """Where a region is: its city, and degrees north and east of it."""

    provider: Provider
    code: str
    city: str
    country: str
    north: float
    east: float


@dataclass(frozen=True)
class Counterpart:
    """The region of another cloud that is nearest, so many kilometres as the crow flies."""

    code: str
    km: float


@lru_cache(maxsize=1)
def places() -> Mapping[tuple[Provider, str], RegionPlace]:
    """All places that are known, by provider and code."""
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    found = {
        (provider, code): RegionPlace(provider, code, **row)
        for provider in PROVIDERS
        for code, row in data[provider.value].items()
    }
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def _left_out() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))["left_out"]
    return MappingProxyType(found)


def left_out(provider: Provider, code: str) -> str:
    """Why what a list names is none of the regions that a book has prices for; "" where nothing speaks against it."""
    patterns = _left_out()[provider.value]
    return next((why for pattern, why in patterns.items() if fnmatchcase(code.casefold(), pattern)), "")


def km_between(one: RegionPlace, other: RegionPlace) -> float:
    """Kilometres along a great circle."""
    north, other_north = math.radians(one.north), math.radians(other.north)
    half_east = math.radians(other.east - one.east) / 2
    half_north = (other_north - north) / 2
    chord = math.sin(half_north) ** 2 + math.cos(north) * math.cos(other_north) * math.sin(half_east) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(chord, 1.0)))


def counterparts(region: Region, regions: Iterable[Region]) -> dict[Provider, Counterpart]:
    """The nearest of the `regions` at each other cloud; none where it is not known where the region is."""
    here = places().get((region.provider, region.code))
    if here is None:
        return {}
    nearest: dict[Provider, Counterpart] = {}
    for other in regions:
        there = places().get((other.provider, other.code))
        if there is None or other.provider is region.provider:
            continue
        km = km_between(here, there)
        known = nearest.get(other.provider)
        if known is None or km < known.km:
            nearest[other.provider] = Counterpart(other.code, km)
    return nearest
