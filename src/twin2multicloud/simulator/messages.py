"""What a device of the twin would send: a pure function of seed, device, number and time.

A number follows its field's waveform: a base, a daily rhythm that is highest in the afternoon (each device a little
earlier or later), noise, a drift, and a spike every so often, rounded and kept within the field's range. Texts and
booleans are drawn from their values. So what is made up is always valid; `faults` spoils it on purpose.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twin2multicloud.model.spec import DeviceType, Field, TwinSpec
from twin2multicloud.runtime.times import to_time
from twin2multicloud.simulator.draws import NORMALS, Draws

Waveforms = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Hints: device type → field → base, daily_amplitude, noise (standard deviation), drift (per day), spike_every (mean
seconds between spikes), spike, decimals, values. Each may be absent."""

TIME_KEY: Final = "time"
_DAY_S: Final = 86_400.0
_AFTERNOON_S: Final = 15 * 3600.0
_SCATTER_S: Final = 1.5 * 3600.0
"""Devices' afternoons differ by this much, either way."""
_LARGEST: Final = sys.float_info.max
_FILLER: Final = b',"filler":""'


@dataclass(frozen=True, slots=True)
class _Number:
    name: str
    base: float
    amplitude: float
    noise: float
    drift_per_day: float
    every: int
    spike: float
    decimals: int | None  # None: a whole number
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Choice:
    name: str
    values: tuple[Any, ...]


class _Shape:
    """What messages of one device type are made of."""

    def __init__(self, kind: DeviceType, hints: Mapping[str, Mapping[str, Any]], interval_s: float) -> None:
        self.kind = kind
        self.numbers: list[_Number] = []
        self.choices: list[_Choice] = []
        for field in kind.fields:
            hint = hints.get(field.name)
            if hint is None and not field.required:
                continue  # a processor adds it
            values = _values(field, hint or {})
            if values is None:
                self.numbers.append(_number(field, hint, interval_s))
            else:
                self.choices.append(_Choice(field.name, values))
        self.words = len(self.numbers) + len(self.choices)


class _Device:
    __slots__ = ("draws", "offset_s", "own", "shape", "shift")

    def __init__(self, seed: int, name: str, shape: _Shape) -> None:
        self.shape = shape
        self.draws = Draws(seed, name, "values")
        first, second, third, *_ = Draws(seed, name, "device").block(0)
        self.offset_s = _SCATTER_S * (first / 32768 - 1) - _AFTERNOON_S + _DAY_S / 4
        self.own = NORMALS[second >> 4]
        self.shift = third


class Messages:
    """Makes up messages.

    `interval_s` is the mean time between two messages of a device; it turns a hint's seconds between spikes into
    messages. `start_s` is when drifts begin. With `size_bytes`, payloads are filled up to that size by a text field
    "filler", which no device type knows; larger ones stay as they are.
    """

    def __init__(
        self,
        spec: TwinSpec,
        *,
        seed: int = 0,
        waveforms: Waveforms | None = None,
        interval_s: float = 60.0,
        start_s: float = 0.0,
        size_bytes: int | None = None,
    ) -> None:
        self.spec = spec
        self.seed = seed
        self._start_s = start_s
        self._size = size_bytes
        hints = waveforms or {}
        self._shapes = {kind.name: _Shape(kind, hints.get(kind.name, {}), interval_s) for kind in spec.device_types}
        self._devices: dict[str, _Device] = {}

    def message(self, device: str, number: int, time_s: float) -> dict[str, Any]:
        """A device's message of this number at a time in seconds since 1970. `KeyError` for a device the twin lacks."""
        known = self._devices.get(device) or self._meet(device)
        shape = known.shape
        words = known.draws.words(number, shape.words)
        # Highest when the time of day is 15:00 plus the device's own offset.
        day = math.sin((time_s + known.offset_s) % _DAY_S * (math.tau / _DAY_S))
        data: dict[str, Any] = {TIME_KEY: to_time(time_s)}
        at = 0
        for field in shape.numbers:
            value = field.base + field.amplitude * day + field.noise * (NORMALS[words[at] >> 4] + known.own)
            if field.drift_per_day:
                value += field.drift_per_day * (time_s - self._start_s) / _DAY_S
            if field.every and (number + known.shift) % field.every == 0:
                value += field.spike
            if value < field.low:
                value = field.low
            elif value > field.high:
                value = field.high
            else:
                value = round(value, field.decimals)
                if not field.low <= value <= field.high:  # rounding may leave the range
                    value = field.low if value < field.low else field.high
            data[field.name] = value
            at += 1
        for choice in shape.choices:
            data[choice.name] = choice.values[words[at] % len(choice.values)]
            at += 1
        return data

    def encode(self, data: Mapping[str, Any]) -> bytes:
        """A message as the bytes a device sends: compact JSON, filled up if a size was asked for."""
        payload = msgspec.json.encode(data)
        if self._size is None or len(payload) >= self._size:
            return payload
        missing = self._size - len(payload)
        if missing < len(_FILLER):
            return payload + b" " * missing
        return payload[:-1] + _FILLER[:-1] + b"x" * (missing - len(_FILLER)) + b'"}'

    def _meet(self, device: str) -> _Device:
        kind = self.spec.type_of(device)
        if kind is None:
            raise KeyError(f"the twin has no device {device[:64]!r}")
        known = self._devices[device] = _Device(self.seed, device, self._shapes[kind.name])
        return known


def _values(field: Field, hint: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """What a field's values are drawn from; None for a number that follows a waveform."""
    given: Sequence[Any] | None = hint.get("values")
    if given:
        return tuple(given)
    if field.type == "boolean":
        return (True, False, False, False)
    if field.type == "string":
        return field.allowed or tuple(f"{field.name}-{number}" for number in range(1, 6))
    if field.type == "object":
        return tuple({"level": level, "state": {"ok": level < 3, "note": None}} for level in range(4))
    if field.type == "array":
        return ([1.5, 2.5, 3.5], [0.25], [])
    return None


def _number(field: Field, hint: Mapping[str, Any] | None, interval_s: float) -> _Number:
    low = -_LARGEST if field.minimum is None else field.minimum
    high = _LARGEST if field.maximum is None else field.maximum
    base, amplitude, noise = _defaults(field)
    if hint is not None:  # who gives hints says all
        base, amplitude, noise = hint.get("base", base), hint.get("daily_amplitude", 0.0), hint.get("noise", 0.0)
    hint = hint or {}
    decimals: int | None = hint.get("decimals", 2)
    if field.type == "integer":
        decimals = None
        low, high = math.ceil(low), math.floor(high)
    spike_every_s = hint.get("spike_every", 0.0)
    return _Number(
        field.name,
        base,
        amplitude,
        noise,
        hint.get("drift", 0.0),
        max(1, round(spike_every_s / interval_s)) if spike_every_s else 0,
        hint.get("spike", 0.0),
        decimals,
        low,
        high,
    )


def _defaults(field: Field) -> tuple[float, float, float]:
    """Base, daily amplitude and noise of a field nothing is known of but its range."""
    if field.minimum is not None and field.maximum is not None:
        width = field.maximum - field.minimum
        return field.minimum + width / 2, width / 5, width / 50
    if field.minimum is not None:
        return field.minimum + 20.0, 5.0, 0.5
    if field.maximum is not None:
        return field.maximum - 20.0, 5.0, 0.5
    return 20.0, 5.0, 0.5
