"""Which dashboard is looked at, over which time and with what chosen, and what its panels show. It knows no Flet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.dashboards import DashboardAlert, DashboardQuery
from twin2multicloud.app.ui.twin.state import Look
from twin2multicloud.dashboards.questions import LastValue, Line, Question, last_values, lines_of, rows_of
from twin2multicloud.dashboards.rendering import DashboardView, PanelView
from twin2multicloud.model.errors import Twin2MultiCloudError

RANGES: Final[dict[str, float]] = {"5m": 300.0, "15m": 900.0, "1h": 3_600.0, "6h": 21_600.0, "24h": 86_400.0}
LEAST_REFRESH_S: Final = 2.0
_REFRESH_S: Final = 10.0
_POINTS: Final = 240
_CHOICE: Final = "set-"


@dataclass(frozen=True)
class Showing:
    """How a dashboard is looked at: a range by its key ("": as the dashboard says), and what is chosen at its top."""

    board: str = ""
    range: str = ""
    chosen: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, look: Look) -> Showing:
        """From an address."""
        range = look.get("range")
        chosen = tuple(
            (name.removeprefix(_CHOICE), value) for name, value in look.query.items() if name.startswith(_CHOICE)
        )
        return cls(look.get("board"), range if range in RANGES else "", chosen)

    def among(self, boards: Sequence[DashboardView]) -> DashboardView:
        """The dashboard that is looked at, or the first."""
        return next((each for each in boards if each.uid == self.board), boards[0])

    def span_s(self, board: DashboardView) -> float:
        """How much time is shown."""
        return RANGES.get(self.range, board.span_s)

    def all_chosen(self, board: DashboardView) -> dict[str, str]:
        """What is chosen, or was before anybody did."""
        return {**board.chosen, **dict(self.chosen)}

    def choosing(self, look: Look, name: str, value: str) -> Look:
        """With something else chosen at the top."""
        return look.asking(**{f"{_CHOICE}{name}": value})


def refresh_s(board: DashboardView) -> float:
    """How often it looks for news."""
    return max(LEAST_REFRESH_S, board.refresh_s or _REFRESH_S)


@dataclass(frozen=True)
class Row:
    """A line of a table: what it is about, its values by label, and when they are from."""

    name: str
    values: Mapping[str, Any]
    at: float | None


@dataclass(frozen=True)
class PanelData:
    """What a panel shows: of all that, its kind decides. `problem`: why there is nothing."""

    lines: Sequence[Line] = ()
    values: Sequence[LastValue] = ()
    rows: Sequence[Row] = ()
    alerts: Sequence[DashboardAlert] = ()
    problem: str = ""


@dataclass(frozen=True)
class BoardData:
    """What the panels of a dashboard show between two moments (seconds since 1970, in the twin's time)."""

    start_s: float
    end_s: float
    panels: Mapping[int, PanelData]


def load(api: Client, twin: str, board: DashboardView, showing: Showing, now: datetime) -> BoardData:
    """Ask all questions of a dashboard; those that several panels ask are asked once."""
    twin_now = api.watching.rates(twin, seconds=10).twin_time or now
    end = twin_now.astimezone(UTC)
    start = end - timedelta(seconds=showing.span_s(board))
    chosen = showing.all_chosen(board)
    known: dict[str, Mapping[str, Any]] = {}
    panels = {
        panel.id: _panel(api, twin, panel, chosen, start.timestamp(), end.timestamp(), known)
        for panel in board.panels
        if panel.questions
    }
    return BoardData(start.timestamp(), end.timestamp(), panels)


def _panel(
    api: Client,
    twin: str,
    panel: PanelView,
    chosen: Mapping[str, str],
    start_s: float,
    end_s: float,
    known: dict[str, Mapping[str, Any]],
) -> PanelData:
    lines: list[Line] = []
    values: list[LastValue] = []
    rows: list[Row] = []
    alerts: list[DashboardAlert] = []
    try:
        for question in panel.questions:
            answer = _answer(api, twin, question, chosen, start_s, end_s, known)
            if question.kind == "alerts":
                alerts += [DashboardAlert.model_validate(each) for each in answer["alerts"]]
            elif panel.kind == "table" and question.kind == "state":
                rows += [
                    Row(name, dict(zip(question.labels, row, strict=True)), at)
                    for name, row, at in rows_of(question, answer)
                ]
            elif panel.kind in ("timeseries", "state"):
                lines += lines_of(question, answer)
            else:
                values += last_values(question, answer)
    except Twin2MultiCloudError as error:
        return PanelData(problem=str(error))
    except KeyError as missing:
        return PanelData(problem=f"{missing}")
    return PanelData(lines, values, rows, alerts)


def _answer(
    api: Client,
    twin: str,
    question: Question,
    chosen: Mapping[str, str],
    start_s: float,
    end_s: float,
    known: dict[str, Mapping[str, Any]],
) -> Mapping[str, Any]:
    asked = DashboardQuery.model_validate(question.body(chosen, start_s, end_s))
    key = asked.model_dump_json()
    if key not in known:
        known[key] = api.watching.query(twin, asked).model_dump(mode="json")
    return known[key]


def thinned(line: Line, most: int = _POINTS) -> list[tuple[float, float | None]]:
    """A line's points, of which so many are drawn at most: of each part the one furthest from where the line was, so
    that spikes stay.
    """
    points = line.points
    if len(points) <= most:
        return list(points)
    size = len(points) / most
    kept: list[tuple[float, float | None]] = []
    for number in range(most):
        part = points[int(number * size) : int((number + 1) * size)]
        last = next((y for _, y in reversed(kept) if y is not None), None)
        kept.append(max(part, key=lambda point: _far(point[1], last)))
    return kept


def _far(value: float | None, last: float | None) -> float:
    if value is None:
        return -1.0
    return abs(value - last) if last is not None else 0.0


@dataclass(frozen=True)
class Stretch:
    """For a share of the range, a value was this (None: not known)."""

    share: float
    value: float | None


def stretches(line: Line, start_s: float, end_s: float) -> list[Stretch]:
    """What an on-off value was, one stretch after the other, over the whole range."""
    whole = max(1e-9, end_s - start_s)
    found: list[Stretch] = []
    at, value = start_s, None
    for moment, newer in (*line.points, (end_s, None)):
        here = min(max(moment, start_s), end_s)
        if newer != value or moment >= end_s:
            if here > at:
                found.append(Stretch((here - at) / whole, value))
            at, value = here, newer
    return found


@dataclass(frozen=True)
class Band:
    """Panels side by side: columns of panels, each with its width on the grid."""

    columns: tuple[tuple[int, tuple[PanelView, ...]], ...]


def bands(panels: Sequence[PanelView]) -> list[Band]:
    """Panels from top to bottom: those that overlap in height are side by side, and below each other where they begin
    at the same column.
    """
    found: list[list[PanelView]] = []
    bottom = -1
    for panel in sorted(panels, key=lambda each: (each.place.y, each.place.x)):
        if panel.place.y >= bottom or not found:
            found.append([])
        found[-1].append(panel)
        bottom = max(bottom if len(found[-1]) > 1 else 0, panel.place.y + panel.place.height)
    return [_band(each) for each in found]


def _band(panels: Sequence[PanelView]) -> Band:
    starts = sorted({panel.place.x for panel in panels})
    return Band(
        tuple(
            (
                max(panel.place.width for panel in panels if panel.place.x == start),
                tuple(panel for panel in panels if panel.place.x == start),
            )
            for start in starts
        )
    )
