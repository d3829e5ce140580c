"""How a simulated field behaves over the day: hints for the device simulator."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from twin2multicloud.model.durations import Duration
from twin2multicloud.model.workload import Whole

Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]


class Waveform(BaseModel):
    """A field's values: a base, a daily rhythm (highest in the afternoon), noise and now and then a spike.

    Numbers are in the field's unit. `noise` is a standard deviation, `drift` the change per day. `spike_every` is the
    mean time between spikes of one device (0 = never), `spike` what is added during one. With `values` one of them
    is drawn instead; for objects and arrays this is the only way, and for texts it stands for `allowed`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: Number | None = Field(
        default=None, description="The value around which it is; the middle of the range if left out.", examples=[21]
    )
    daily_amplitude: NotNegative = Field(
        default=0.0, description="How much higher it is in the afternoon, and lower at night.", examples=[2]
    )
    noise: NotNegative = Field(default=0.0, description="Standard deviation of its noise.", examples=[0.2])
    spike_every: Duration = Field(
        default=0.0, description="Mean time between spikes of one device; 0 is never.", examples=["6h"]
    )
    spike: Number = Field(default=0.0, description="What is added during a spike.", examples=[30])
    drift: Number = Field(default=0.0, description="How much it changes in a day.")
    decimals: Annotated[Whole, Field(ge=0, le=10, strict=True)] = Field(
        default=2, description="Decimals that it is rounded to."
    )
    values: tuple[Any, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Values of which one is drawn instead.",
        examples=[["auto", "auto", "manual"]],
    )

    def plain(self, kind: str) -> dict[str, Any]:
        """Plain values for a field of this type; `base` and `values` are absent where they were not given."""
        hints = self.model_dump(mode="json", exclude_none=True)
        return hints | {"decimals": 0} if kind == "integer" else hints

    def misfit(self, kind: str, low: float | None, high: float | None, allowed: tuple[str, ...]) -> str | None:
        """Why this cannot be the waveform of a field of such a type, range and allowed values; None if it can."""
        if self.values is not None:
            wrong = next((value for value in self.values if not fits(value, kind)), None)
            if wrong is not None:
                return f"{str(wrong)[:40]} in values is not of type {kind}"
            unknown = next((value for value in self.values if allowed and value not in allowed), None)
            return None if unknown is None else f"{str(unknown)[:40]} in values is not allowed; see allowed"
        if kind not in ("double", "integer"):
            return f"a field of type {kind} takes values: [...] only"
        if self.base is not None and low is not None and self.base < low:
            return f"base {self.base:g} is below min {low:g}"
        if self.base is not None and high is not None and self.base > high:
            return f"base {self.base:g} is above max {high:g}"
        return None


def fits(value: object, kind: str) -> bool:
    """Whether a plain JSON value is of a field type."""
    match kind:
        case "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "object":
            return isinstance(value, dict)
        case _:
            return isinstance(value, list)
