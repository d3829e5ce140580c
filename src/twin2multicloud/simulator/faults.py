"""Faults on demand: which message of which device has one, and what it does to the message. All by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from twin2multicloud.model.spec import DeviceType, Field
from twin2multicloud.runtime.times import to_epoch, to_time
from twin2multicloud.simulator.draws import Draws, fraction
from twin2multicloud.simulator.messages import TIME_KEY

BURST_MESSAGES: Final = 10
"""Messages that follow at once on one with a burst."""
LONGEST_SKEW_S: Final = 3600.0
LONGEST_DELAY_S: Final = 3600.0
_LEAST_SKEW_S: Final = 301.0
"""Beyond what is put down to a clock that is merely a little off."""
_LEAST_DELAY_S: Final = 60.0


class Fault(StrEnum):
    """What can be wrong with a message, or happen with it."""

    MALFORMED = "malformed"  # cut off, not UTF-8, or no JSON object
    OUT_OF_RANGE = "out-of-range"  # a number outside its field's range, a text that is not allowed
    WRONG_TYPE = "wrong-type"
    MISSING_FIELD = "missing-field"
    UNKNOWN_FIELD = "unknown-field"  # valid: fields no type knows are kept
    CLOCK_SKEW = "clock-skew"  # the device's clock is 5 to 60 minutes ahead or behind
    LATE = "late"  # the message is up to an hour old
    DUPLICATE = "duplicate"  # the same message twice
    DISCONNECT = "disconnect"  # the connection breaks after it, without a goodbye
    BURST = "burst"  # the next ten messages follow at once


HARMLESS: Final = frozenset(
    {Fault.UNKNOWN_FIELD, Fault.CLOCK_SKEW, Fault.LATE, Fault.DUPLICATE, Fault.DISCONNECT, Fault.BURST}
)
"""After these the message is valid all the same and has to arrive in the stores."""


@dataclass(frozen=True, slots=True)
class Made:
    """A message ready to be sent. `data` is what it says, time included; None if it is no JSON object."""

    payload: bytes
    data: Mapping[str, Any] | None
    valid: bool
    fault: Fault | None = None


class FaultPlan:
    """Gives messages faults, each kind at its rate (a share of all messages), at most one to a message.

    Raises `ValueError` for a rate outside 0 to 1 and for rates that add up to more than 1.
    """

    def __init__(self, seed: int, rates: Mapping[Fault, float]) -> None:
        for fault, rate in rates.items():
            if not 0 <= rate <= 1:
                raise ValueError(f"the rate of {fault} is {rate:g}; give a share of all messages, 0 to 1")
        total = sum(rates.values())
        if total > 1 + 1e-9:
            raise ValueError(f"the rates of all faults add up to {total:g}; a message has at most one, so give less")
        self._seed = seed
        self._rates = [(fault, rates[fault]) for fault in Fault if rates.get(fault, 0.0) > 0]
        self._devices: dict[str, Draws] = {}

    def fault(self, device: str, number: int) -> Fault | None:
        """The fault of a device's message, always the same for a seed."""
        if not self._rates:
            return None
        left = fraction(*self._words(device, number)[:2])
        for fault, rate in self._rates:
            left -= rate
            if left < 0:
                return fault
        return None

    def make(
        self,
        device: str,
        number: int,
        kind: DeviceType,
        data: dict[str, Any],
        encode: Callable[[Mapping[str, Any]], bytes],
    ) -> Made:
        """The message with its fault, if it has one and its type allows it (without ranges nothing is out of range)."""
        fault = self.fault(device, number)
        if fault is None:
            return Made(encode(data), data, True)
        words = self._words(device, number)[2:]
        if fault is Fault.MALFORMED:
            return Made(_malformed(encode(data), words), None, False, fault)
        spoiled = _SPOILERS[fault](kind, data, words) if fault in _SPOILERS else data
        if spoiled is None:
            return Made(encode(data), data, True)
        return Made(encode(spoiled), spoiled, fault in HARMLESS, fault)

    def _words(self, device: str, number: int) -> tuple[int, ...]:
        draws = self._devices.get(device)
        if draws is None:
            draws = self._devices[device] = Draws(self._seed, device, "faults")
        return draws.block(number)


Words = tuple[int, ...]


def _malformed(payload: bytes, words: Words) -> bytes:
    match words[0] % 4:
        case 0:
            return payload[: words[1] % len(payload)].rstrip()  # without its last brace at least
        case 1:
            return payload[:1] + b"\xff" + payload[1:]
        case 2:
            return b"[" + payload + b"]"
        case _:
            return b"temperature=" + payload[1:-1]


def _out_of_range(kind: DeviceType, data: dict[str, Any], words: Words) -> dict[str, Any] | None:
    bounded = [f for f in kind.fields if f.name in data and (f.allowed or _is_bounded(f))]
    if not bounded:
        return None
    field = bounded[words[0] % len(bounded)]
    if field.allowed:
        return data | {field.name: f"not {field.allowed[0]}" if field.allowed[0] else "nothing"}
    low, high = field.minimum, field.maximum
    if high is not None and (low is None or words[1] % 2):
        return data | {field.name: _beyond(field, high, 1)}
    assert low is not None
    return data | {field.name: _beyond(field, low, -1)}


def _is_bounded(field: Field) -> bool:
    return field.type in ("double", "integer") and (field.minimum is not None or field.maximum is not None)


def _beyond(field: Field, bound: float, sign: int) -> float:
    far = sign * (1.0 + abs(bound))
    return int(bound) + 2 * int(far) if field.type == "integer" else bound + far


def _wrong_type(kind: DeviceType, data: dict[str, Any], words: Words) -> dict[str, Any] | None:
    fields = [field for field in kind.fields if field.name in data]
    if not fields:
        return None
    field = fields[words[0] % len(fields)]
    return data | {field.name: 17 if field.type in ("string", "boolean") else "seventeen"}


def _missing_field(kind: DeviceType, data: dict[str, Any], words: Words) -> dict[str, Any] | None:
    needed = [field.name for field in kind.fields if field.required and field.name in data]
    if not needed:
        return None
    dropped = needed[words[0] % len(needed)]
    return {name: value for name, value in data.items() if name != dropped}


def _unknown_field(kind: DeviceType, data: dict[str, Any], words: Words) -> dict[str, Any]:
    name = f"unknown_{words[0] % 100}"
    taken = {field.name for field in kind.fields}
    while name in taken:
        name += "_"
    return data | {name: {"value": words[1], "note": "über"}}


def _clock_skew(_kind: DeviceType, data: dict[str, Any], words: Words) -> dict[str, Any]:
    skew_s = _LEAST_SKEW_S + (LONGEST_SKEW_S - _LEAST_SKEW_S) * fraction(words[0], words[1])
    return _moved(data, skew_s if words[2] % 2 else -skew_s)


def _late(_kind: DeviceType, data: dict[str, Any], words: Words) -> dict[str, Any]:
    return _moved(data, -(_LEAST_DELAY_S + (LONGEST_DELAY_S - _LEAST_DELAY_S) * fraction(words[0], words[1])))


def _moved(data: dict[str, Any], by_s: float) -> dict[str, Any]:
    return data | {TIME_KEY: to_time(to_epoch(data[TIME_KEY]) + by_s)}


_SPOILERS: Final[Mapping[Fault, Callable[[DeviceType, dict[str, Any], Words], dict[str, Any] | None]]] = {
    Fault.OUT_OF_RANGE: _out_of_range,
    Fault.WRONG_TYPE: _wrong_type,
    Fault.MISSING_FIELD: _missing_field,
    Fault.UNKNOWN_FIELD: _unknown_field,
    Fault.CLOCK_SKEW: _clock_skew,
    Fault.LATE: _late,
}
