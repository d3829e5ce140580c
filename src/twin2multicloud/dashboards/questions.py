"""What panels ask, and what the answers mean to them: questions of the read handlers, told from Grafana's targets."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast

QuestionKind = Literal["history", "last", "state", "alerts", "rates"]
_KINDS: Final = frozenset(("history", "last", "state", "alerts", "rates"))
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::(\w+)(?::\w+)?)?\}")
_CELL: Final = re.compile(r"v[0-9]+")


@dataclass(frozen=True)
class Question:
    """A question of a panel. Whose data it asks for: a `device` (a twin, for state), the one that is chosen for the
    variable `choice`, or every twin of a `model`; alerts of some `rules` and `devices`, all if none are named. What
    comes back for `fields` is shown under `labels`. `ranged`: of the time that the dashboard shows.
    """

    kind: QuestionKind
    device: str = ""
    choice: str = ""
    model: str = ""
    fields: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    limit: int | None = None
    ranged: bool = False

    def body(self, chosen: Mapping[str, str], start_s: float, end_s: float) -> dict[str, Any]:
        """The question as the read handlers take it, for what is chosen and a range of the twin's time in seconds
        since 1970; `KeyError` where nothing is chosen.
        """
        device = chosen[self.choice] if self.choice else self.device
        body: dict[str, Any] = {"kind": self.kind}
        if self.kind == "state":
            body |= {"entity": device} if device else {"model": self.model}
        elif device:
            body["device"] = device
        if self.kind == "history" and self.fields:
            body["fields"] = list(self.fields)
        if self.ranged:
            body |= {"start": _moment(start_s), "end": _moment(end_s)}
        body |= {name: list(names) for name, names in (("rules", self.rules), ("devices", self.devices)) if names}
        return body if self.limit is None else body | {"limit": self.limit}


@dataclass(frozen=True)
class Line:
    """Values under a label over time: (seconds since 1970 in the twin's time, value), the oldest first. Booleans are 0
    and 1; None interrupts the line.
    """

    label: str
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True)
class LastValue:
    """The last value under a label, and its time in seconds since 1970 where that is known."""

    label: str
    value: Any
    at: float | None


def question_of(target: Mapping[str, Any]) -> Question | None:
    """What a target asks; None for one that is not ours."""
    text = (target.get("url_options") or {}).get("data") if isinstance(target.get("url_options"), Mapping) else None
    if not isinstance(text, str):
        return None
    try:
        # A variable that Grafana puts quotes around becomes a text that names it.
        asked = json.loads(_VARIABLE.sub(lambda found: json.dumps(found[0]) if found[2] == "doublequote" else "", text))
    except ValueError:
        return None
    if not isinstance(asked, dict) or asked.get("kind") not in _KINDS:
        return None
    kind = cast(QuestionKind, asked["kind"])
    whose = str(asked.get("device") or asked.get("entity") or "")
    variable = _VARIABLE.fullmatch(whose)
    labels = _labels(target, kind)
    limit = asked.get("limit")
    return Question(
        kind=kind,
        device="" if variable else whose,
        choice=variable[1] if variable else "",
        model=str(asked.get("model") or ""),
        fields=_texts(asked.get("fields")) or labels,
        labels=labels,
        rules=_texts(asked.get("rules")),
        devices=_texts(asked.get("devices")),
        limit=limit if isinstance(limit, int) else None,
        ranged="start" in asked,
    )


def filled(text: str, chosen: Mapping[str, str]) -> str:
    """A text with the names of choices replaced by what is chosen; what is unknown stays as it is."""
    return _VARIABLE.sub(lambda found: chosen.get(found[1], found[0]), text)


def lines_of(question: Question, answer: Mapping[str, Any]) -> list[Line]:
    """What a chart draws of an answer to history or rates."""
    columns = [str(field) for field in answer.get("fields") or ()]
    points = answer.get("points") or ()
    found = []
    for field, label in zip(question.fields, question.labels, strict=True):
        if field in columns:
            column = columns.index(field) + 1
            found.append(Line(label, tuple((point[0] / 1000, _number(point[column])) for point in points)))
    return found


def last_values(question: Question, answer: Mapping[str, Any]) -> list[LastValue]:
    """What a panel of last values shows of an answer to state (of one twin) or history."""
    if question.kind == "state":
        entity: Mapping[str, Any] = next(iter(answer.get("entities") or ()), {})
        values, times = entity.get("values") or {}, entity.get("times") or {}
        return [
            LastValue(label, values.get(field), _epoch(times.get(field)))
            for field, label in zip(question.fields, question.labels, strict=True)
        ]
    columns = [str(field) for field in answer.get("fields") or ()]
    return [
        LastValue(label, *_last(answer.get("points") or (), columns.index(field) + 1 if field in columns else None))
        for field, label in zip(question.fields, question.labels, strict=True)
    ]


def rows_of(question: Question, answer: Mapping[str, Any]) -> Iterator[tuple[str, list[Any], float | None]]:
    """What a table shows of an answer to state: a twin's name, its values in the order of the labels, and the time of
    the latest of all its values.
    """
    for entity in answer.get("entities") or ():
        values, times = entity.get("values") or {}, entity.get("times") or {}
        latest = max(times.values(), default=None)
        yield str(entity.get("id", "")), [values.get(field) for field in question.fields], _epoch(latest)


def _labels(target: Mapping[str, Any], kind: QuestionKind) -> tuple[str, ...]:
    columns = [each for each in target.get("columns") or () if isinstance(each, Mapping)]
    if kind == "rates":
        return tuple(str(each.get("text")) for each in columns if each.get("type") == "number")
    return tuple(str(each.get("text")) for each in columns if _CELL.fullmatch(str(each.get("selector"))))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _epoch(time: Any) -> float | None:
    return datetime.fromisoformat(time).timestamp() if isinstance(time, str) and time else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _last(points: Sequence[Sequence[Any]], column: int | None) -> tuple[Any, float | None]:
    """The last value of a column that is one, and its time."""
    if column is not None:
        for point in reversed(points):
            if point[column] is not None:
                return point[column], point[0] / 1000
    return None, None
