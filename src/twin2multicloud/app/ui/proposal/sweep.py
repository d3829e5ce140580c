"""What if there were more of it, or less: what is asked, and the answer as it is shown. It knows no Flet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.app.schemas.answers import SensitivityPoint, SensitivityResult
from twin2multicloud.app.schemas.placements import Proposed
from twin2multicloud.app.schemas.questions import MOST_POINTS, ConstraintOptions, SensitivityInput, WorkloadQuestion
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.language import tr
from twin2multicloud.model.fields import NumberField, number_fields
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.workload import Workload

USUAL: Final = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
DEFAULT: Final = "devices"
_INTERVAL: Final = "message_interval_s"
_RETENTION: Final = ("hot_months", "cool_months", "archive_months")
_FIELDS: Final = number_fields(Workload)
_WORDS: Final = {"deny_providers": "deny", "egress_policy": "egress"}
"""Constraints that a question spells otherwise than an answer."""


@dataclass(frozen=True)
class Subject:
    """What is scaled: fields of the workload. `inverse`: twice as much of it is half the field, as with intervals."""

    title: str
    fields: Sequence[str]
    inverse: bool = False


def subjects() -> Mapping[str, Subject]:
    """What can be asked about: first what people ask, then every number of a workload by itself."""
    found = {
        "devices": Subject(tr("Devices"), ("devices",)),
        "messages": Subject(tr("Messages of each device"), (_INTERVAL,), inverse=True),
        "size": Subject(tr("Size of a message"), ("message_size_bytes",)),
        "retention": Subject(tr("Retention, all three ages"), _RETENTION),
    }
    taken = {"devices", _INTERVAL, "message_size_bytes"}
    rest = {name: Subject(field_title(field), (name,)) for name, field in _FIELDS.items() if name not in taken}
    return {**found, **rest}


def field_title(field: NumberField) -> str:
    """What a field of the workload is called: its meaning, without what follows the first sentence."""
    return tr(field.meaning.partition(". ")[0].rstrip(".") or field.name)


def factors_of(text: str) -> tuple[Sequence[float], str | None]:
    """The factors that somebody wrote, ascending; and what is wrong with them."""
    if not text.strip():
        return USUAL, None
    found: set[float] = set()
    for part in text.replace(";", ",").replace("×", "").split(","):
        try:
            factor = float(part)
        except ValueError:
            return USUAL, tr("“{part}” is no number; write factors such as 0.5, 1, 2, 10", part=part.strip())
        if not 0 < factor <= 1e6:
            return USUAL, tr("factors are above 0 and at most 1,000,000")
        found.add(factor)
    if len(found) > MOST_POINTS:
        return USUAL, tr("at most {most} factors", most=MOST_POINTS)
    return sorted(found), None


def question(proposal: Proposed) -> dict[str, Any]:
    """What the twin's proposal answers, to be asked again otherwise."""
    given = {_WORDS.get(name, name): value for name, value in (proposal.constraints or {}).items() if value is not None}
    asked = WorkloadQuestion(
        workload=proposal.workload,
        assumptions=proposal.assumptions or {},
        constraints=ConstraintOptions.model_validate(given),
    )
    return asked.model_dump(exclude_unset=True)


def sweep(proposal: Proposed, subject: Subject, factors: Sequence[float]) -> SensitivityInput:
    """The question to the optimizer."""
    scaled = [1 / factor if subject.inverse else factor for factor in factors]
    return SensitivityInput(**question(proposal), fields=list(subject.fields), factors=scaled)


@dataclass(frozen=True)
class Point:
    """The cheapest placement at a factor, USD per month; or the `problem` that there is none. `changed` are the slots
    that are filled otherwise than at the point before.
    """

    factor: float
    values: str
    usd_per_month: float | None
    baselines: Mapping[Provider, float | None]
    changed: Sequence[Slot]
    clouds: Sequence[Provider]
    problem: str | None


def points(factors: Sequence[float], result: SensitivityResult) -> list[Point]:
    """The answer, in the order of the factors that were asked for."""
    return [_point(factor, point) for factor, point in zip(factors, result.points, strict=True)]


def _point(factor: float, point: SensitivityPoint) -> Point:
    values = ", ".join(_value(name, value) for name, value in point.values.items())
    used = {choice.provider for choice in (point.placement or {}).values()}
    return Point(
        factor,
        values,
        point.usd_per_month,
        point.baselines or {},
        [Slot(each) for each in point.changed],
        [provider for provider in Provider if provider in used],
        None if point.error is None else point.error.detail,
    )


def _value(name: str, value: float) -> str:
    unit = _FIELDS[name].unit if name in _FIELDS else ""
    return f"{figures.quantity(value)} {unit}".strip()
