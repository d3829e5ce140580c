"""Uncertain numbers of a workload: how each may turn out, and which turn out alike.

A number is written as one of

    {low: 500, high: 2000}                 evenly between (`shape: log-uniform`: evenly by factor)
    {low: 500, mode: 900, high: 2000}      a triangle with its top at the mode
    {mean: 900, sd: 300}                   lognormal with that mean and standard deviation (`shape: normal`: normal)
    {values: [500, 2000], weights: [3, 1]} one of some values, as often as its weight says

A bell is cut off at `low` and `high`, or six standard deviations from its middle, and in any case where the field ends.
`correlations` join two numbers: a Gaussian copula whose normal variables have these correlations.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from twin2multicloud.model.errors import Finding
from twin2multicloud.model.fields import NumberField, number_fields, number_text
from twin2multicloud.model.names import unknown
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.validation import Locate, nowhere, validated
from twin2multicloud.model.workload import Workload

FIELDS: Final[Mapping[str, NumberField]] = number_fields(Workload)
"""What may be uncertain: a workload's numbers."""
_SIGMAS: Final = 6.0
_ROUNDING: Final = 1e-9

Real = Annotated[float, Field(allow_inf_nan=False)]
Shape = Literal["uniform", "log-uniform", "triangular", "lognormal", "normal", "values"]


class Spread(BaseModel):
    """How one number may turn out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: Real | None = None
    mode: Real | None = None
    high: Real | None = None
    mean: Real | None = None
    sd: Annotated[Real, Field(gt=0)] | None = None
    values: Annotated[tuple[Real, ...], Field(min_length=1, max_length=1000)] | None = None
    weights: Annotated[tuple[Annotated[Real, Field(ge=0)], ...], Field(max_length=1000)] | None = None
    shape: Literal["uniform", "log-uniform", "triangular", "lognormal", "normal"] | None = None

    @classmethod
    def cross_check(cls, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(field, problem) for what does not go together."""
        given = {name for name in cls.model_fields if values.get(name) is not None}
        problems = [
            _kind_problem(given - {"shape"}),
            _shape_problem(given - {"shape"}, values.get("shape"), values),
            _order_problem(values, given),
            _weights_problem(values),
        ]
        return [problem for problem in problems if problem is not None]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = self.cross_check(self.__dict__)
        if problems:
            text = "; ".join(f"{field}: {problem}" for field, problem in problems)
            raise PydanticCustomError("cross_field", "{text}", {"text": text})
        return self

    @property
    def kind(self) -> Shape:
        """The distribution's name."""
        if self.values is not None:
            return "values"
        if self.mean is not None:
            return "normal" if self.shape == "normal" else "lognormal"
        if self.mode is not None:
            return "triangular"
        return "log-uniform" if self.shape == "log-uniform" else "uniform"

    @property
    def normal(self) -> NormalDist:
        """Of a bell: the normal distribution of the number, or of its logarithm where it is lognormal."""
        mean, sd = self.mean or 0.0, self.sd or 0.0
        if self.kind == "normal":
            return NormalDist(mean, sd)
        variance = math.log1p((sd / mean) ** 2)
        return NormalDist(math.log(mean) - variance / 2, math.sqrt(variance))

    def reach(self, field: NumberField) -> tuple[float, float]:
        """The least and the most that the number may be."""
        if self.values is not None:
            return min(self.values), max(self.values)
        low, high = self.low, self.high
        if self.mean is not None:
            bell = self.normal
            ends = (bell.mean - _SIGMAS * bell.stdev, bell.mean + _SIGMAS * bell.stdev)
            if self.kind == "lognormal":
                ends = (math.exp(ends[0]), math.exp(ends[1]))
            least = ends[0] if field.low is None else max(ends[0], field.low)
            most = ends[1] if field.high is None else min(ends[1], field.high)
            low, high = least if low is None else low, most if high is None else high
        assert low is not None
        assert high is not None
        return low, high

    def typical(self, field: NumberField) -> float:
        """The number to calculate with where one is needed: middle, mode, mean, or the value of most weight."""
        if self.values is not None:
            weights = self.weights or (1.0,) * len(self.values)
            number = self.values[max(range(len(weights)), key=weights.__getitem__)]
        elif self.mean is not None:
            number = min(max(self.mean, self.reach(field)[0]), self.reach(field)[1])
        elif self.mode is not None:
            number = self.mode
        else:
            low, high = self.reach(field)
            number = math.sqrt(low * high) if self.kind == "log-uniform" else (low + high) / 2
        return float(round(number)) if field.whole else number


def _kind_problem(given: set[str]) -> tuple[str, str] | None:
    kinds = ({"low", "high"}, {"low", "mode", "high"}, {"values"}, {"values", "weights"})
    if given in kinds or ({"mean", "sd"} <= given <= {"mean", "sd", "low", "high"}):
        return None
    named = sorted(given) or ["low"]
    rest = " and ".join(named[1:])
    said = f"does not go with {rest} alone" if rest else "is not enough" if given else "is missing"
    return (named[0], f"{said}; write low and high, low, mode and high, mean and sd, or values (with weights)")


def _shape_problem(given: set[str], shape: str | None, values: Mapping[str, Any]) -> tuple[str, str] | None:
    if shape is None and "mean" not in given:
        return None
    fits: tuple[str, ...] = ("uniform", "log-uniform") if "high" in given else ()
    fits = ("lognormal", "normal") if "mean" in given else ("triangular",) if "mode" in given else fits
    if shape is not None and shape not in fits:
        return ("shape", f"{shape} does not go with these numbers; {' or '.join(fits) or 'none'} does")
    low, mean = values.get("low"), values.get("mean")
    if shape == "log-uniform" and low is not None and low <= 0:
        return ("low", f"{low:g} is not above 0, as log-uniform asks for")
    if "mean" in given and shape != "normal" and mean is not None and mean <= 0:
        return ("mean", f"{mean:g} is not above 0, as a lognormal's must be; write shape: normal, or another mean")
    return None


def _order_problem(values: Mapping[str, Any], given: set[str]) -> tuple[str, str] | None:
    named = [name for name in ("low", "mode", "high") if name in given]
    for first, second in itertools.pairwise(named):
        if values[first] > values[second]:
            return (second, f"{values[second]:g} is less than {first}, {values[first]:g}")
    if "low" in given and "high" in given and values["low"] == values["high"]:
        return ("high", f"{values['high']:g} equals low; write the number itself, which is certain")
    return None


def _weights_problem(values: Mapping[str, Any]) -> tuple[str, str] | None:
    weights, choices = values.get("weights"), values.get("values")
    if weights is None or choices is None:
        return None
    if len(weights) != len(choices):
        return ("weights", f"has {len(weights)} numbers for {len(choices)} values; write one weight per value")
    return None if sum(weights) > 0 else ("weights", "are all 0; at least one must be above 0")


class Correlation(BaseModel):
    """Two numbers that turn out alike (r near 1) or opposite (near −1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    between: tuple[str, str]
    r: Annotated[Real, Field(ge=-1, le=1)]


@dataclass(frozen=True)
class Uncertain:
    """A workload of which some numbers are uncertain."""

    base: Workload  # every number at its typical value
    spreads: Mapping[str, Spread]  # by field, at least one
    correlations: tuple[Correlation, ...] = ()

    @property
    def factor(self) -> list[list[float]]:
        """The lower triangle that makes independent normal numbers correlated ones, in the order of `spreads`."""
        found = _triangle(_matrix(list(self.spreads), self.correlations))
        assert found is not None  # checked as it was read
        return found


def uncertain(
    base: Workload,
    spreads: Mapping[str, Any],
    correlations: Sequence[Any] = (),
    *,
    prefix: Path = (),
    correlated: Path = ("correlations",),
    locate: Locate = nowhere,
) -> tuple[Uncertain | None, list[Finding]]:
    """Raw spreads of a workload's fields, and correlations, or every finding. `prefix` is the path of the spreads.

    What `base` says of an uncertain number does not count.
    """
    findings: list[Finding] = []

    def add(path: Path, problem: str) -> None:
        mark = locate(path) or locate(path[:-1])
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
        findings.append(Finding(name, problem, None, mark.line if mark else None, mark.column if mark else None))

    read: dict[str, Spread] = {}
    for name, raw in spreads.items():
        if name not in FIELDS:
            add((*prefix, name), unknown("number of a workload", name, list(FIELDS)))
            continue
        if not isinstance(raw, Mapping):
            add((*prefix, name), "is not a mapping such as {low: 500, high: 2000}")
            continue
        spread, found = validated(Spread, raw, prefix=(*prefix, name), locate=locate)
        findings += found
        if spread is not None:
            problem = _outside(FIELDS[name], spread)
            if problem is None:
                read[name] = spread
            else:
                add((*prefix, name), problem)
    if not spreads:
        add(prefix or ("workload",), "no number is uncertain; write for instance devices: {low: 500, high: 2000}")
    if not findings:
        for name, problem in _together(base, read):
            add((*prefix, name), problem)
    pairs: list[Correlation] = []
    for number, raw in enumerate(correlations):
        path = (*correlated, number)
        if not isinstance(raw, Mapping):
            add(path, "is not a mapping such as {between: [devices, viewers], r: 0.8}")
            continue
        pair, found = validated(Correlation, raw, prefix=path, locate=locate)
        findings += found
        if pair is not None:
            pairs.append(pair)
            certain = [name for name in pair.between if name not in spreads]
            if certain:
                add((*path, "between"), f"{certain[0]} is not an uncertain number; those are {', '.join(spreads)}")
            elif len(set(pair.between)) == 1:
                add((*path, "between"), f"names {pair.between[0]} twice; name two numbers")
    if not findings and _triangle(_matrix(list(read), pairs)) is None:
        add(correlated, "contradict each other: no numbers can have all of these; bring them nearer to 0")
    if findings:
        return None, findings
    typical = {name: spread.typical(FIELDS[name]) for name, spread in read.items()}
    numbers = {name: int(value) if FIELDS[name].whole else value for name, value in typical.items()}
    return Uncertain(base.model_copy(update=numbers), read, tuple(pairs)), []


def _outside(field: NumberField, spread: Spread) -> str | None:
    """What is wrong with a spread that leaves its field's range."""
    low, high = spread.reach(field)
    below = field.low is not None and (low < field.low or (field.low_open and low == field.low and not spread.mean))
    if below or (field.high is not None and high > field.high) or low > high:
        return f"reaches from {number_text(low)} to {number_text(high)}; the field takes {field.allowed}"
    if field.whole and spread.values is not None and any(not value.is_integer() for value in spread.values):
        return f"has values that are not whole; the field takes {field.allowed}"
    return None


def _together(base: Workload, spreads: Mapping[str, Spread]) -> list[tuple[str, str]]:
    """Rules between fields that some outcome would break."""

    def reach(name: str) -> tuple[float, float]:
        if name in spreads:
            return spreads[name].reach(FIELDS[name])
        value = float(getattr(base, name))
        return value, value

    problems = []
    for younger, older in (("hot_months", "cool_months"), ("cool_months", "archive_months")):
        most, least = reach(younger)[1], reach(older)[0]
        if most > least and (younger in spreads or older in spreads):
            name = older if older in spreads else younger
            problems.append(
                (
                    name,
                    f"{younger} may be {number_text(most)} and {older} only {number_text(least)}; ages ascend, so let "
                    "one range end before the other begins",
                )
            )
    if {"devices", "message_interval_s"} & spreads.keys():
        # The most messages of all outcomes; the workload's own check says what is too many.
        found = Workload.cross_check(
            {"devices": reach("devices")[1], "message_interval_s": reach("message_interval_s")[0]}
        )
        problems += [(name if name in spreads else "message_interval_s", text) for name, text in found]
    return problems


def _matrix(names: Sequence[str], pairs: Sequence[Correlation]) -> list[list[float]]:
    at = {name: number for number, name in enumerate(names)}
    matrix = [[float(i == j) for j in range(len(names))] for i in range(len(names))]
    for pair in pairs:
        a, b = (at[name] for name in pair.between)
        matrix[a][b] = matrix[b][a] = pair.r
    return matrix


def _triangle(matrix: list[list[float]]) -> list[list[float]] | None:
    """Cholesky's lower triangle of a positive semidefinite matrix; None where it is not."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for j in range(size):
        pivot = matrix[j][j] - sum(lower[j][k] ** 2 for k in range(j))
        if pivot < -_ROUNDING:
            return None
        lower[j][j] = math.sqrt(max(pivot, 0.0))
        for i in range(j + 1, size):
            rest = matrix[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j))
            if pivot > _ROUNDING:
                lower[i][j] = rest / lower[j][j]
            elif abs(rest) > math.sqrt(_ROUNDING):
                return None
    return lower
