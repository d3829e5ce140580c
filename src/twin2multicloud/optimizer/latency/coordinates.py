"""Where regions are, and how far it is between them."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.slots import PROVIDERS, Provider

BUNDLED: Final = Path(__file__).parent / "data" / "coordinates.toml"
EARTH_RADIUS_KM: Final = 6371.0


@dataclass(frozen=True)
class Point:
    """A place on earth in degrees, north and east positive."""

    lat: float
    lon: float

    def km_to(self, other: Point) -> float:
        """Along the great circle: no cable is shorter."""
        a, b = math.radians(self.lat), math.radians(other.lat)
        rise, turn = b - a, math.radians(other.lon - self.lon)
        half = math.sin(rise / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
        return 2 * EARTH_RADIUS_KM * math.asin(min(math.sqrt(half), 1.0))


def point(lat: float, lon: float, field: str, source: str) -> Point:
    """A place; `InvalidInputError` for degrees that are none, named by field and source."""
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        problem = f"{lat:g}, {lon:g} is no place: latitude is −90 to 90 degrees, longitude −180 to 180"
        raise InvalidInputError(source, [Finding(field, problem)])
    return Point(lat, lon)


def read_coordinates(text: str, label: str) -> Mapping[tuple[Provider, str], Point]:
    """Regions' places in a TOML text; `InvalidInputError` for one that is out of range."""
    data = tomllib.loads(text)
    return {
        (provider, code): point(row["lat"], row["lon"], f"{provider}.{code}", label)
        for provider in PROVIDERS
        for code, row in data[provider.value].items()
    }


@cache
def load_coordinates() -> Mapping[tuple[Provider, str], Point]:
    """The bundled ones."""
    return read_coordinates(BUNDLED.read_text("utf-8"), "bundled coordinates")
