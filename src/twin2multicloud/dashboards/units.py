"""Units of fields in Grafana's words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_GRAFANA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "%": "percent",
        "% rh": "humidity",
        "°": "degree",
        "°c": "celsius",
        "°f": "fahrenheit",
        "k": "kelvin",
        "a": "amp",
        "ma": "mamp",
        "v": "volt",
        "kv": "kvolt",
        "w": "watt",
        "kw": "kwatt",
        "wh": "watth",
        "kwh": "kwatth",
        "hz": "hertz",
        "rpm": "rotrpm",
        "hpa": "pressurehpa",
        "kpa": "pressurekpa",
        "bar": "pressurebar",
        "mbar": "pressurembar",
        "lx": "lux",
        "lux": "lux",
        "ppm": "ppm",
        "db": "dB",
        "dbm": "dBm",
        "mm": "lengthmm",
        "km": "lengthkm",
        "m/s": "velocityms",
        "km/h": "velocitykmh",
        "m/s²": "accMS2",
        "l/min": "flowlpm",
        "l/h": "flowlph",
        "kg": "masskg",
        "g": "massg",
        "µg/m³": "conμgm3",
        "mg/m³": "conmgm3",
    }
)
"""Our spelling, in small letters → Grafana's unit id. Units that Grafana would convert by itself (seconds, bytes,
metres, litres) are left out: they are shown as they are measured."""

_SUFFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "percent": "%",
        "humidity": "% RH",
        "degree": "°",
        "celsius": "°C",
        "fahrenheit": "°F",
        "kelvin": "K",
        "amp": "A",
        "mamp": "mA",
        "volt": "V",
        "kvolt": "kV",
        "watt": "W",
        "kwatt": "kW",
        "watth": "Wh",
        "kwatth": "kWh",
        "hertz": "Hz",
        "rotrpm": "rpm",
        "pressurehpa": "hPa",
        "pressurekpa": "kPa",
        "pressurebar": "bar",
        "pressurembar": "mbar",
        "lux": "lx",
        "ppm": "ppm",
        "dB": "dB",
        "dBm": "dBm",
        "lengthmm": "mm",
        "lengthkm": "km",
        "velocityms": "m/s",
        "velocitykmh": "km/h",
        "accMS2": "m/s²",
        "flowlpm": "l/min",
        "flowlph": "l/h",
        "masskg": "kg",
        "massg": "g",
        "conμgm3": "µg/m³",
        "conmgm3": "mg/m³",
    }
)


def grafana_unit(unit: str) -> str:
    """Grafana's unit id for a field's unit; a unit it does not know is written after the number as it is.

    >>> grafana_unit("°C"), grafana_unit("people"), grafana_unit("")
    ('celsius', 'suffix: people', 'none')
    """
    if not unit.strip():
        return "none"
    return _GRAFANA.get(unit.strip().lower().replace("μ", "µ"), f"suffix: {unit.strip()}")


def unit_text(unit: str) -> str:
    """What is written after a number in Grafana's unit.

    >>> unit_text("celsius"), unit_text("suffix: people"), unit_text("bool")
    ('°C', 'people', '')
    """
    return unit.removeprefix("suffix: ") if unit.startswith("suffix: ") else _SUFFIXES.get(unit, "")


def unit_suffixes() -> dict[str, str]:
    """What the live page writes after a number, by Grafana's unit id ("suffix: …" and "none" speak for themselves)."""
    return dict(_SUFFIXES)
