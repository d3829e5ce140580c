"""Twins small enough for a test, and strategies for any."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from twin2multicloud.model.spec import CommandType, DeviceGroup, DeviceType, Field, Retention, TwinSpec

TWIN = "house"

CLIMATE = DeviceType(
    "climate",
    "dtmi:house:climate;1",
    (
        Field("temperature", "double", "°C", -20.0, 60.0),
        Field("humidity", "double", "%", 0.0, 100.0),
        Field("co2", "integer", "ppm", 300.0, 10_000.0),
        Field("open", "boolean"),
        Field("mode", "string", allowed=("comfort", "night")),
        Field("location", "object"),
        Field("history", "array", required=False),
        Field("comment", "string", required=False),
    ),
    commands=(CommandType("set_temperature", (Field("celsius", "double"),)), CommandType("identify")),
)
PLAIN = DeviceType("plain", "dtmi:house:plain;1", (Field("counter", "integer"),))

SPEC = TwinSpec(
    TWIN,
    (CLIMATE, PLAIN),
    (DeviceGroup("climate", prefix="climate-", width=3, count=20), DeviceGroup("plain", names=("meter",))),
    Retention(1e6, 2e6, 3e6),
)

_bounds = st.none() | st.floats(-1e6, 1e6)


def _field(name: str, kind: Any, bounds: tuple[float | None, float | None], required: bool, allowed: Any) -> Field:
    low, high = bounds
    if kind not in ("double", "integer"):
        low = high = None
    elif low is not None and high is not None:
        low, high = min(low, high), max(low, high) + 2.0  # a whole number is in between
    return Field(name, kind, "", low, high, required, allowed if kind == "string" else ())


fields = st.builds(
    _field,
    st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in ("time", "timestamp", "ts")),
    st.sampled_from(["double", "integer", "boolean", "string", "object", "array"]),
    st.tuples(_bounds, _bounds),
    st.booleans(),
    st.lists(st.text("abcé", min_size=1, max_size=5), max_size=3, unique=True).map(tuple),
)
hints = st.fixed_dictionaries(
    {},
    optional={
        "base": st.floats(-1e6, 1e6),
        "daily_amplitude": st.floats(0, 1e4),
        "noise": st.floats(0, 1e4),
        "drift": st.floats(-1e3, 1e3),
        "spike_every": st.floats(0, 1e5),
        "spike": st.floats(-1e6, 1e6),
        "decimals": st.integers(0, 10),
    },
)


@st.composite
def specs(draw: st.DrawFn) -> tuple[TwinSpec, dict[str, Any]]:
    """A twin of one type with any fields, and waveforms for some of these."""
    kind = DeviceType("any", "dtmi:any:any;1", tuple(draw(st.lists(fields, max_size=40, unique_by=lambda f: f.name))))
    waveforms = {field.name: draw(hints) for field in kind.fields if draw(st.booleans())}
    spec = TwinSpec("t", (kind,), (DeviceGroup("any", prefix="d-", count=1000),), Retention(1, 2, 3))
    return spec, {"any": waveforms}
