"""Condenses a motor's three vibration axes into one figure and a verdict."""

from math import sqrt
from typing import Any


def process(reading: dict[str, Any], device: Any) -> dict[str, Any]:
    """The fields to keep of a message: those it came with, `vibration_rms` in mm/s, and `health`.

    The limits are those that ISO 10816 gives for machines of medium size. A message for which this raises goes to
    the dead letters with the reason.
    """
    axes = [reading["vibration_x"], reading["vibration_y"], reading["vibration_z"]]
    if reading["state"] == "running" and not any(axes):
        raise ValueError(f"{device.name} runs without any vibration; its sensor is broken")
    rms = sqrt(sum(axis * axis for axis in axes) / len(axes))
    health = "good" if rms < 2.8 else "watch" if rms < 7.1 else "act"
    return {**reading, "vibration_rms": round(rms, 3), "health": health}
