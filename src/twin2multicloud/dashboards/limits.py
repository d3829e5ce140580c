"""Thresholds of a field from the rules that look at it.

A field's own minimum and maximum are the ends of its axis, not thresholds: a value outside them is refused at L2 and
never reaches a dashboard.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from twin2multicloud.model.spec import Rule, Severity

_COLOURS: Final[dict[Severity, str]] = {"info": "blue", "warning": "orange", "error": "red", "critical": "dark-red"}
_RANK: Final[dict[Severity, int]] = {"info": 1, "warning": 2, "error": 3, "critical": 4}
NORMAL: Final = "green"
Level = Literal["normal", "info", "warning", "error", "critical"]
LEVELS: Final[Mapping[str, Level]] = {NORMAL: "normal", **{colour: severity for severity, colour in _COLOURS.items()}}
"""What a colour of ours means: the severity of the rule that holds there."""

_NUMBER: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_.]*"
_OPERATOR: Final = r"<=|>=|<|>"
_COMPARISON: Final = re.compile(
    rf"(?P<name>{_NAME})\s*(?P<op>{_OPERATOR})\s*(?P<value>{_NUMBER})(?![\w.]|\s*[-+*/%])"
    rf"|(?<![\w.])(?P<value2>{_NUMBER})\s*(?P<op2>{_OPERATOR})\s*(?P<name2>{_NAME})(?![\w.(]|\s*[-+*/%])"
)
_TEXT: Final = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_BEFORE_ARITHMETIC: Final = re.compile(r"[-+*/%]\s*$")
_MIRROR: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Step:
    """From `value` upwards (None = from the very bottom) the colour is this, until the next step."""

    value: float | None
    colour: str


@dataclass(frozen=True)
class _Zone:
    """Values from `low` (included) up to `high` for which a rule of a severity holds."""

    low: float
    high: float
    severity: Severity


def threshold_steps(rules: Sequence[Rule], device_type: str, devices: Collection[str], field: str) -> tuple[Step, ...]:
    """Grafana's steps for a field of devices of a type; a single green one if no rule limits it.

    `devices` are those a panel shows, empty for any of the type: a rule for certain devices counts only where the
    panel shows no others. Only plain comparisons with a number count, and none of a rule with a `not` in it: steps
    are a drawing of the rule, not the rule.
    """
    zones = [
        zone
        for rule in rules
        if rule.device_type == device_type and _concerns(rule, devices)
        for zone in _zones(rule, field)
    ]
    cuts = sorted({cut for zone in zones for cut in (zone.low, zone.high) if math.isfinite(cut)})
    steps = [Step(None, _colour(zones, -math.inf))]
    for cut in cuts:
        colour = _colour(zones, cut)
        if colour != steps[-1].colour:
            steps.append(Step(cut, colour))
    return tuple(steps)


def _concerns(rule: Rule, devices: Collection[str]) -> bool:
    return not rule.devices or (bool(devices) and set(devices) <= set(rule.devices))


def _zones(rule: Rule, field: str) -> list[_Zone]:
    """Where comparisons joined by `and` hold together; with an `or`, where each holds."""
    text = _TEXT.sub("''", rule.when)
    if re.search(r"\bnot\b|!(?!=)", text):
        return []
    limits = _limits(text, field)
    groups = [[limit] for limit in limits] if re.search(r"\bor\b|\|\|", text) else [limits]
    zones = []
    for group in groups:
        low = max((value for op, value in group if op == ">"), default=-math.inf)
        high = min((value for op, value in group if op == "<"), default=math.inf)
        if group and low < high:
            zones.append(_Zone(low, high, rule.severity))
    return zones


def _limits(text: str, field: str) -> list[tuple[str, float]]:
    """(">" or "<", number) for each comparison of the field with a number."""
    found = []
    for match in _COMPARISON.finditer(text):
        if _BEFORE_ARITHMETIC.search(text[: match.start()]):
            continue
        mirrored = match["name2"] is not None
        name, op = (match["name2"], _MIRROR[match["op2"]]) if mirrored else (match["name"], match["op"])
        value = float(match["value2"] if mirrored else match["value"])
        if name == field and math.isfinite(value):
            found.append((op[0], value))
    return found


def _colour(zones: Sequence[_Zone], value: float) -> str:
    """The colour from a cut upwards: that of the gravest rule that holds there."""
    worst: Severity | None = None
    for zone in zones:
        inside = zone.low <= value < zone.high
        if inside and (worst is None or _RANK[zone.severity] > _RANK[worst]):
            worst = zone.severity
    return NORMAL if worst is None else _COLOURS[worst]
