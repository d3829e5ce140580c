"""Condenses a room's climate into one figure from 0 (bad) to 100 (good)."""

from typing import Any


def process(reading: dict[str, Any], device: Any) -> dict[str, Any]:
    """The fields to keep of a message: those it came with, and `comfort_index`.

    `device` has name, type and time. A message for which this raises goes to the dead letters with the reason.
    """
    if reading["radiant_temperature"] - reading["temperature"] > 40:
        raise ValueError(f"{device.name} reports a radiant temperature that cannot be; its sensor is broken")
    warmth = abs((reading["temperature"] + reading["radiant_temperature"]) / 2 - reading["target_temperature"])
    penalty = 12 * warmth
    penalty += max(0.0, reading["co2"] - 800) / 20
    penalty += max(0.0, abs(reading["humidity"] - 45) - 15)
    penalty += max(0.0, reading["noise_level"] - 50) * 2
    return {**reading, "comfort_index": round(max(0.0, 100 - penalty), 1)}
