"""Thresholds of a field from the rules that look at it.

A field's own minimum and maximum are the ends of its axis, not thresholds: a value outside them is refused at L2 and
never reaches a dashboard.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from twin2multicloud.model.spec import Rule, Severity

_COLOURS: Final[dict[Severity, str]] = {"info": "blue", "warning": "orange", "error": "red", "critical": "dark-red"}
_RANK: Final[dict[Severity, int]] = {"info": 1, "warning": 2, "error": 3, "critical": 4}
NORMAL: Final = "green"

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


def threshold_steps(rules: Sequence[Rule], device_type: str, devices: Collection[str], field: str) -> tuple[Step, ...]:
    """Grafana's steps for a field of devices of a type; a single green one if no rule limits it.

    `devices` are those a panel shows, empty for any of the type: a rule for certain devices counts only where the
    panel shows no others. Only plain comparisons with a number count, and none of a rule with a `not` in it: steps
    are a drawing of the rule, not the rule.
    """
    zones = [
        (op, value, rule.severity)
        for rule in rules
        if rule.device_type == device_type and _concerns(rule, devices)
        for op, value in _limits(rule.when, field)
    ]
    cuts = sorted({value for _, value, _ in zones})
    steps = [Step(None, _colour(zones, cuts[0], below=True) if cuts else NORMAL)]
    for cut in cuts:
        colour = _colour(zones, cut, below=False)
        if colour != steps[-1].colour:
            steps.append(Step(cut, colour))
    return tuple(steps)


def _concerns(rule: Rule, devices: Collection[str]) -> bool:
    return not rule.devices or (bool(devices) and set(devices) <= set(rule.devices))


def _limits(expression: str, field: str) -> list[tuple[str, float]]:
    """(">" or "<", number) for each comparison of the field with a number."""
    text = _TEXT.sub("''", expression)
    if re.search(r"\bnot\b|!(?!=)", text):
        return []
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


def _colour(zones: Sequence[tuple[str, float, Severity]], cut: float, *, below: bool) -> str:
    """The colour just below a cut, or from it upwards: that of the gravest rule that holds there."""
    worst: Severity | None = None
    for op, value, severity in zones:
        # Just below a cut, a limit at the cut itself counts for "<" only; from the cut upwards, for ">" only.
        inside = cut < value if op == "<" else value < cut
        holds = inside or (cut == value and (op == "<") == below)
        if holds and (worst is None or _RANK[severity] > _RANK[worst]):
            worst = severity
    return NORMAL if worst is None else _COLOURS[worst]
