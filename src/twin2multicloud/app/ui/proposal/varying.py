"""How uncertain which numbers of the workload are: as somebody writes it, as an address has it, and as it is asked. It
knows no Flet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from twin2multicloud.app.schemas.placements import Proposed
from twin2multicloud.app.schemas.uncertainty import MOST_SAMPLES, UncertaintyInput
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal import sweep
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.uncertain import FIELDS

Kind = Literal["share", "range", "triangle"]
SAMPLES: Final = (1_000, 10_000, MOST_SAMPLES)
_USUAL_SAMPLES: Final = 10_000
_LEAST_SAMPLES: Final = 10
_USUAL_PERCENT: Final = "20"
_PARTS: Final[Mapping[int, Kind]] = {2: "range", 3: "triangle"}
_KEYS: Final[Mapping[Kind, Sequence[str]]] = {"range": ("low", "high"), "triangle": ("low", "mode", "high")}


@dataclass(frozen=True)
class Varied:
    """A number of the workload and how uncertain it is: per cent around what is written, a range, or a range with what
    is most likely. `texts` are the one, two or three numbers as somebody wrote them.
    """

    field: str
    kind: Kind
    texts: tuple[str, ...]

    def __str__(self) -> str:
        """As an address has it, and the command line: devices=20%, devices=1..9, devices=1..3..9."""
        return f"{self.field}={self.texts[0]}%" if self.kind == "share" else f"{self.field}={'..'.join(self.texts)}"


def usual(field: str) -> Varied:
    """How uncertain a number is to begin with."""
    return Varied(field, "share", (_USUAL_PERCENT,))


def read(vary: str) -> list[Varied]:
    """From an address, each number once; what makes no sense is left out."""
    found: dict[str, Varied] = {}
    for part in vary.split(";"):
        field, _, text = part.partition("=")
        if field not in FIELDS:
            continue
        if text.endswith("%"):
            found[field] = Varied(field, "share", (text.removesuffix("%"),))
        elif (kind := _PARTS.get(len(numbers := text.split("..")))) is not None:
            found[field] = Varied(field, kind, tuple(numbers))
    return list(found.values())


def written(given: Sequence[Varied]) -> str:
    """As an address has it."""
    return ";".join(map(str, given))


def number_of(text: str) -> float | None:
    """A number that somebody wrote; None if it is none."""
    try:
        found = float(text.replace(",", "").replace("_", "").strip())
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def spread(given: Varied, workload: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """How the API is told of it, or what is wrong with it."""
    numbers = [number_of(text) for text in given.texts]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return {}, tr("write numbers such as 500 or 0.5")
    if given.kind == "share":
        return _around(given.field, known[0] / 100, workload)
    if known[0] >= known[-1] or known != sorted(known):
        return {}, tr("numbers go up from the least to the most")
    return dict(zip(_KEYS[given.kind], known, strict=True)), None


def _around(field: str, share: float, workload: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    value = float(workload.get(field) or 0.0)
    if not 0 < share <= 1:
        return {}, tr("per cent are above 0 and at most 100")
    if value == 0:
        return {}, tr("it is 0 now, of which no share can be taken; choose a range")
    # No further than the field goes, as on the command line.
    least, most = FIELDS[field].low, FIELDS[field].high
    low, high = value * (1 - share), value * (1 + share)
    return {"low": low if least is None else max(low, least), "high": high if most is None else min(high, most)}, None


def samples_of(text: str) -> int:
    """How many workloads are drawn, as an address says it."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else _USUAL_SAMPLES
    return min(MOST_SAMPLES, max(_LEAST_SAMPLES, number))


def question(proposal: Proposed, given: Sequence[Varied], samples: str, placed: Any) -> UncertaintyInput | None:
    """The question to the optimizer; None if something is wrong with it. `placed` is the placement of now, if any."""
    found = {each.field: spread(each, proposal.workload or {}) for each in given}
    if not found or any(problem is not None for _, problem in found.values()):
        return None
    return UncertaintyInput(
        **sweep.question(proposal),
        uncertain={field: spread for field, (spread, _) in found.items()},
        samples=samples_of(samples),
        placement=placed,
    )


class Editing(Store):
    """What is being written, and what is wrong with it once somebody has asked."""

    def __init__(self, given: Sequence[Varied], samples: str, workload: Mapping[str, Any]) -> None:
        super().__init__()
        self._workload = workload
        self.rows = list(given)
        self.samples = samples_of(samples)
        self.problems: dict[str, str] = {}

    @property
    def others(self) -> list[str]:
        """Numbers that are certain so far."""
        taken = {row.field for row in self.rows}
        return [name for name in FIELDS if name not in taken]

    def add(self, field: str) -> None:
        """One more is uncertain."""
        if field in self.others:
            self.rows.append(usual(field))
            self.changed()

    def remove(self, field: str) -> None:
        """It is certain, after all."""
        self.rows = [row for row in self.rows if row.field != field]
        self.problems.pop(field, None)
        self.changed()

    def kind(self, field: str, kind: str) -> None:
        """It is written otherwise; the numbers are those that were meant before, as far as they can be read."""
        known = next((each for each in get_args(Kind) if each == kind), None)
        row = next((row for row in self.rows if row.field == field), None)
        if known is None or row is None or row.kind == known:
            return
        self.problems.pop(field, None)
        self._put(field, Varied(field, known, self._converted(row, known)))
        self.changed()

    def write(self, field: str, number: int, text: str) -> None:
        """One of its numbers. Nothing is shown anew by it."""
        row = next((row for row in self.rows if row.field == field), None)
        if row is not None:
            texts = (*row.texts[:number], text.strip(), *row.texts[number + 1 :])
            self._put(field, replace(row, texts=texts))

    def sample(self, samples: str) -> None:
        """How many workloads are drawn."""
        self.samples = samples_of(samples)
        self.changed()

    def check(self) -> bool:
        """Whether it can be asked; what is wrong is shown."""
        found = {row.field: spread(row, self._workload)[1] for row in self.rows}
        self.problems = {field: problem for field, problem in found.items() if problem is not None}
        self.changed()
        return bool(self.rows) and not self.problems

    def _put(self, field: str, row: Varied) -> None:
        self.rows = [row if each.field == field else each for each in self.rows]

    def _converted(self, row: Varied, kind: Kind) -> tuple[str, ...]:
        if kind == "share":
            return (_USUAL_PERCENT,)
        found, _ = spread(row, self._workload)
        low, high = found.get("low", ""), found.get("high", "")
        mode = found.get("mode", self._workload.get(row.field))
        given = (low, high) if kind == "range" else (low, "" if mode is None else mode, high)
        return tuple(f"{each:.12g}" if isinstance(each, int | float) else str(each) for each in given)
