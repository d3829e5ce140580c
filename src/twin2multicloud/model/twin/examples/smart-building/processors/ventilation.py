"""How much of the exhaust air's heat an air handling unit recovers."""

from typing import Any


def process(reading: dict[str, Any], device: Any) -> dict[str, Any]:
    """The fields to keep of a message: those it came with, and `heat_recovery` where it can be told.

    `device` has name, type and time. A message for which this raises goes to the dead letters with the reason.
    """
    if reading["supply_flow"] > 0 and reading["state"] == "maintenance":
        raise ValueError(f"{device.name} is under maintenance and must not blow")
    difference = reading["return_temperature"] - reading["outdoor_temperature"]
    if abs(difference) < 2:
        return reading
    recovered = (reading["return_temperature"] - reading["exhaust_temperature"]) / difference
    return {**reading, "heat_recovery": round(min(max(recovered, -1.0), 2.0), 3)}
