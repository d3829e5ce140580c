"""Regions by place: found by city, country or code, and grouped by where in the world they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from twin2multicloud.app.schemas.catalogue import Region
from twin2multicloud.app.ui.language import tr

_EUROPE: Final = "Europe"
_ELSEWHERE: Final = "Elsewhere"
_COUNTRIES: Final[Mapping[str, Mapping[str, str]]] = {
    _EUROPE: {
        "AT": "Austria",
        "BE": "Belgium",
        "CH": "Switzerland",
        "DE": "Germany",
        "DK": "Denmark",
        "ES": "Spain",
        "FI": "Finland",
        "FR": "France",
        "GB": "United Kingdom",
        "IE": "Ireland",
        "IT": "Italy",
        "NL": "Netherlands",
        "NO": "Norway",
        "PL": "Poland",
        "PT": "Portugal",
        "SE": "Sweden",
    },
    "North America": {"CA": "Canada", "MX": "Mexico", "US": "United States"},
    "South America": {"BR": "Brazil", "CL": "Chile"},
    "Asia": {
        "HK": "Hong Kong",
        "ID": "Indonesia",
        "IN": "India",
        "JP": "Japan",
        "KR": "South Korea",
        "MY": "Malaysia",
        "SG": "Singapore",
        "TH": "Thailand",
        "TW": "Taiwan",
    },
    "Middle East": {
        "AE": "United Arab Emirates",
        "BH": "Bahrain",
        "IL": "Israel",
        "QA": "Qatar",
        "SA": "Saudi Arabia",
    },
    "Africa": {"ZA": "South Africa"},
    "Oceania": {"AU": "Australia", "NZ": "New Zealand"},
}
_NAMES: Final = {code: name for countries in _COUNTRIES.values() for code, name in countries.items()}
_AREAS: Final = {code: area for area, countries in _COUNTRIES.items() for code in countries}


def country(code: str) -> str:
    """A country's name; its code where there is none."""
    return tr(_NAMES[code]) if code in _NAMES else code


def area(code: str) -> str:
    """The part of the world that a country is in."""
    return tr(_AREAS.get(code, _ELSEWHERE))


def found(regions: Iterable[Region], words: str, providers: Iterable[str], *, incomplete: bool) -> list[Region]:
    """The regions of these clouds that fit all words, which are parts of city, country, code, cloud or part of the
    world; with `incomplete` also those in which not every slot can be filled.
    """
    wanted, clouds = words.casefold().split(), set(providers)
    return [
        region
        for region in regions
        if region.provider.value in clouds
        and (incomplete or region.complete)
        and all(word in _text(region) for word in wanted)
    ]


def _text(region: Region) -> str:
    parts = (region.name, region.code, region.country, country(region.country), area(region.country))
    return " ".join((*parts, region.geography, region.provider.label)).casefold()


def by_area(regions: Iterable[Region]) -> Mapping[str, list[Region]]:
    """Regions by the part of the world that they are in; in it by country and city."""
    grouped: dict[str, list[Region]] = {tr(name): [] for name in (*_COUNTRIES, _ELSEWHERE)}
    for region in sorted(regions, key=lambda each: (country(each.country), each.name, each.code)):
        grouped[area(region.country)].append(region)
    return {name: there for name, there in grouped.items() if there}


def residences(regions: Iterable[Region]) -> dict[str, str]:
    """Where data may have to stay: groups of countries, and the countries that have a region."""
    groups = {"EU": tr("European Union"), "EEA": tr("European Economic Area")}
    return groups | {code: country(code) for code in sorted({each.country for each in regions}, key=country)}
