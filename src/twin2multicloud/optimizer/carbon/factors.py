"""Energy and grid factors, each with its source, as `data/carbon.toml` has them; checked when they are read.

A factor out of any plausible range is refused, not used: published tables have lost decimal points before.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.validation import validated
from twin2multicloud.optimizer.pricing.meters import Meter

HOURS_PER_MONTH: Final = 730.0
BUNDLED: Final = Path(__file__).parent / "data" / "carbon.toml"
_GB: Final = 1e9
_TB: Final = 1e12
_GIB: Final = 2.0**30

GramsPerKwh = Annotated[float, Field(ge=1.0, le=1_500.0, description="No grid emits less or more in a year's mean.")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """Where a figure was published, and for which year."""

    title: str
    year: int = Field(ge=2010, le=2100)
    url: str


class Own(_Part):
    """What a provider publishes about its region itself: for people to look at, not to compare providers by."""

    gco2e_per_kwh: GramsPerKwh
    carbon_free_share: float = Field(ge=0, le=1)
    source: str


class Intensity(_Part):
    """A region's grid: grams of CO2e per kWh in a year's average, location based; None where nobody publishes one that
    can be compared with the others'."""

    gco2e_per_kwh: GramsPerKwh | None = None
    source: str | None = None
    own: Own | None = None


class _Overhead(_Part):
    value: float = Field(ge=1.0, le=2.0)
    source: str


class _Watts(_Part):
    idle: float = Field(gt=0, le=10)
    full: float = Field(gt=0, le=30)
    source: str


class _Load(_Part):
    value: float = Field(gt=0, le=1)
    source: str


class _Coefficient(_Part):
    value: float = Field(gt=0, le=10)
    source: str


class _Coefficients(_Part):
    mean_load: _Load
    memory_w_per_gb: _Coefficient
    hdd_w_per_tb: _Coefficient
    ssd_w_per_tb: _Coefficient
    network_kwh_per_gb: _Coefficient


class Physical(_Part):
    """What a meter's quantity is physically."""

    kind: Literal["function", "vcpu", "idle-vcpu", "memory", "ssd", "hdd", "traffic", "machine"] = Field(alias="is")
    source: str
    vcpu_per_gib: float = Field(default=0.0, ge=0, le=2)
    replicas: int = Field(default=1, ge=1, le=10)
    vcpus: float = Field(default=0.0, ge=0, le=100)
    memory_gb: float = Field(default=0.0, ge=0, le=1000)


class Factors(_Part):
    """All factors. Energy is what machines take in; `pue` adds what their data centre needs on top."""

    sources: Mapping[str, Source]
    pue: Mapping[Provider, _Overhead]
    watts_per_vcpu: Mapping[Provider, _Watts]
    coefficients: _Coefficients
    meters: Mapping[str, Physical]
    intensity: Mapping[Provider, Mapping[str, Intensity]]

    def grid(self, provider: Provider, region: str) -> Intensity | None:
        """What is known of a region's grid."""
        return self.intensity[provider].get(region)

    def gco2e_per_kwh(self, provider: Provider, region: str) -> float | None:
        """Grams of CO2e for a kWh that machines in a region take in, the data centre's overhead included; None where
        that is not known."""
        grid = self.grid(provider, region)
        if grid is None or grid.gco2e_per_kwh is None:
            return None
        return grid.gco2e_per_kwh * self.pue[provider].value

    def kwh_per_unit(self, meter: Meter) -> float | None:
        """kWh that machines take in for a billing unit of a meter; None where no coefficient is published for it."""
        physical = self.meters.get(meter.id)
        return None if physical is None else self._energy(physical, meter)

    def kwh_per_gb_sent(self) -> float:
        """kWh for a GB between two regions."""
        return self.coefficients.network_kwh_per_gb.value

    def _energy(self, physical: Physical, meter: Meter) -> float:
        memory = self.coefficients.memory_w_per_gb.value / 1000 / _GB  # kW a byte
        if physical.kind in ("ssd", "hdd"):
            disk = self.coefficients.ssd_w_per_tb if physical.kind == "ssd" else self.coefficients.hdd_w_per_tb
            bytes_each = _base(meter, "byte-months")
            return bytes_each / _TB * disk.value / 1000 * HOURS_PER_MONTH * physical.replicas
        if physical.kind == "traffic":
            return _base(meter, "bytes") / _GB * self.coefficients.network_kwh_per_gb.value
        if physical.kind == "function":
            byte_hours = _base(meter, "byte-seconds") / 3600
            return byte_hours * (memory + physical.vcpu_per_gib / _GIB * self._kw(meter.provider))
        if physical.kind == "memory":
            # Where memory is metered by the hour, a unit is one GiB.
            hours = _GIB if meter.measure == "hours" else _base(meter, "byte-seconds") / 3600
            return hours * memory
        hours = _base(meter, "hours") if meter.measure == "hours" else _base(meter, "seconds") / 3600
        if physical.kind == "machine":
            return hours * (physical.vcpus * self._kw(meter.provider) + physical.memory_gb * _GIB * memory)
        return hours * self._kw(meter.provider, idle=physical.kind == "idle-vcpu")

    def _kw(self, provider: Provider, *, idle: bool = False) -> float:
        watts, load = self.watts_per_vcpu[provider], self.coefficients.mean_load.value
        return (watts.idle if idle else watts.idle + load * (watts.full - watts.idle)) / 1000


def _base(meter: Meter, measure: str) -> float:
    if meter.measure != measure:
        raise ValueError(f"{meter.id} counts {meter.measure}, and its carbon factor is for {measure}: one is wrong")
    return meter.base_per_unit


def read_factors(text: str, label: str) -> Factors:
    """The factors in a TOML text; `InvalidInputError` with every one that is missing, misspelled or out of range, and
    every source that is cited and not listed."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError(label, [Finding("", f"cannot be read: {error}")]) from error
    factors, findings = validated(Factors, raw)
    if factors is not None:
        findings = _unknown_sources(factors)
    if factors is None or findings:
        raise InvalidInputError(label, findings)
    return factors


def _unknown_sources(factors: Factors) -> list[Finding]:
    cited: dict[str, str | None] = {f"meters.{name}": each.source for name, each in factors.meters.items()}
    cited |= {f"pue.{name}": each.source for name, each in factors.pue.items()}
    cited |= {f"watts_per_vcpu.{name}": each.source for name, each in factors.watts_per_vcpu.items()}
    for provider, regions in factors.intensity.items():
        for region, grid in regions.items():
            if grid.gco2e_per_kwh is not None:
                cited[f"intensity.{provider}.{region}"] = grid.source
            if grid.own is not None:
                cited[f"intensity.{provider}.{region}.own"] = grid.own.source
    problem = "has no source that is listed under [sources]"
    return [Finding(field, problem, source) for field, source in cited.items() if source not in factors.sources]


@cache
def load_factors() -> Factors:
    """The bundled factors."""
    return read_factors(BUNDLED.read_text("utf-8"), "bundled carbon factors")


def emitter(factors: Factors) -> Callable[[Meter, str], float | None]:
    """Grams of CO2e for a billing unit of a meter in a region; 0 where no coefficient is published, None where the
    region's grid is not known."""

    def grams(meter: Meter, region: str) -> float | None:
        grid = factors.gco2e_per_kwh(meter.provider, region)
        return None if grid is None else grid * (factors.kwh_per_unit(meter) or 0.0)

    return grams
