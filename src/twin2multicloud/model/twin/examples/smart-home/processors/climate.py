"""Adds a word for how the air in a room feels."""

from typing import Any


def process(reading: dict[str, Any], device: Any) -> dict[str, Any]:
    """The fields to keep of a message: those it came with, and `comfort`.

    `device` has name, type and time. May add, change or drop fields, or return None to drop the message; one for
    which it raises goes to the dead letters with the reason.
    """
    temperature, humidity, co2 = reading["temperature"], reading["humidity"], reading["co2"]
    if temperature == 0 and humidity == 0:
        raise ValueError(f"{device.name} reports zeros only; its sensor is broken")
    if 19 <= temperature <= 25 and 30 <= humidity <= 60 and co2 < 1000:
        comfort = "good"
    elif 17 <= temperature <= 28 and co2 < 1500:
        comfort = "fair"
    else:
        comfort = "poor"
    return {**reading, "comfort": comfort}
