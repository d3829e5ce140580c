"""What dashboards say without Grafana's words: everything a panel needs to be drawn, and to ask."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.dashboards.conftest import SOURCE, spec_with
from tests.dashboards.test_grafana_json import EVERY_PANEL
from twin2multicloud.dashboards.build import grafana_dashboards
from twin2multicloud.dashboards.layout import Place
from twin2multicloud.dashboards.questions import Line, Question, last_values, lines_of, question_of, rows_of
from twin2multicloud.dashboards.rendering import DashboardView, PanelView, Threshold, dashboard_view
from twin2multicloud.runtime.handlers.read import HistoryQuery, StateQuery
from twin2multicloud.sandbox.pages.app import Query

START, END = 1_795_680_000.0, 1_795_683_600.0


@pytest.fixture
def view() -> DashboardView:
    [board] = grafana_dashboards(spec_with(EVERY_PANEL), SOURCE)
    return dashboard_view(board)


def panel(view: DashboardView, begin: str) -> PanelView:
    [found] = [each for each in view.panels if each.title.startswith(begin)]
    return found


def test_the_dashboard_itself(view: DashboardView) -> None:
    assert (view.title, view.refresh_s, view.span_s) == ("Operations", 2.0, 3_600.0)
    assert [each.kind for each in view.panels] == [
        "row", "timeseries", "timeseries", "stat", "gauge", "table", "table", "alerts", "timeseries", "text",
    ]  # fmt: skip
    [choice] = view.choices
    assert (choice.label, choice.typed, choice.current, len(choice.options)) == ("room sensor", False, "room-01", 12)
    assert view.chosen == {"device_room_sensor": "room-01"}
    assert view.panels[0].place == Place(0, 0, 24, 1)


def test_a_chart_with_its_fields(view: DashboardView) -> None:
    chart = panel(view, "temperature, people")
    assert chart.title_for({"device_room_sensor": "room-07"}) == "temperature, people, open · room-07"
    assert chart.title_for({}) == chart.title
    assert [(each.label, each.unit, each.boolean) for each in chart.fields] == [
        ("temperature", "°C", False), ("people", "people", False), ("open", "", True),
    ]  # fmt: skip
    [question] = chart.questions
    assert (question.choice, question.device, question.ranged) == ("device_room_sensor", "", True)
    assert question.body({"device_room_sensor": "room-07"}, START, END) == {
        "kind": "history",
        "device": "room-07",
        "fields": ["temperature", "people", "open"],
        "start": "2026-11-26T08:00:00+00:00",
        "end": "2026-11-26T09:00:00+00:00",
        "limit": 5_000,
    }
    with pytest.raises(KeyError):
        question.body({}, START, END)


def test_thresholds_mean_severities(view: DashboardView) -> None:
    gauge = panel(view, "Now")
    field = gauge.field("temperature")
    assert (field.unit, field.minimum, field.maximum) == ("°F", -40.0, 85.0)
    assert field.thresholds == (
        Threshold(None, "error"), Threshold(12.5, "normal"), Threshold(26.0, "warning"), Threshold(30.0, "critical"),
    )  # fmt: skip
    assert [field.level(value) for value in (-5, 12.5, 29.9, 1_000)] == ["error", "normal", "warning", "critical"]
    [alone] = grafana_dashboards(
        spec_with({"panels": [{"type": "timeseries", "on": "room sensor", "fields": ["temperature"]}]}), SOURCE
    )
    assert dashboard_view(alone).panels[0].lines
    assert not panel(view, "Both pumps").lines


def test_what_is_on_or_off_is_a_state() -> None:
    panels = [{"type": "timeseries", "on": "room sensor", "fields": ["open"]}]
    [board] = grafana_dashboards(spec_with({"panels": panels}), SOURCE)
    [shown] = dashboard_view(board).panels
    assert (shown.kind, shown.soft_minimum, shown.soft_maximum) == ("state", 0.0, 1.0)


def test_of_many_devices_one_is_typed() -> None:
    [board] = grafana_dashboards(spec_with(rooms=100_000), SOURCE)
    choice = dashboard_view(board).choices[0]
    assert (choice.typed, choice.current, choice.options) == (True, "room-01", ("room-01",))


def test_every_question_is_one_that_is_answered() -> None:
    shapes: dict[str, Any] = {"history": HistoryQuery, "state": StateQuery}
    boards = grafana_dashboards(spec_with(), SOURCE) + grafana_dashboards(spec_with(EVERY_PANEL), SOURCE)
    asked = 0
    for board in boards:
        view = dashboard_view(board)
        there = sum(len(each.get("targets", ())) for each in board["panels"])
        for shown in view.panels:
            for question in shown.questions:
                asked += 1
                there -= 1
                body = question.body(view.chosen, START, END)
                msgspec.convert(body, Query)
                if question.kind in shapes:
                    msgspec.convert(body, shapes[question.kind])
                assert len(question.fields) == len(question.labels)
        assert there == 0, "no target is left out"
    assert asked > 20


def test_what_is_not_ours_is_left_to_grafana() -> None:
    view = dashboard_view(
        {"title": "theirs", "panels": [{"type": "heatmap", "targets": [{"expr": "up"}], "gridPos": 3}, "x"]}
    )
    [heatmap] = view.panels
    assert (heatmap.kind, heatmap.questions, heatmap.place) == ("other", (), Place(0, 0, 0, 0))
    assert (view.refresh_s, view.span_s, view.choices) == (None, 900.0, ())
    for data in ("{", '{"kind": "drop"}', "[1]", 3):
        assert question_of({"url_options": {"data": data}}) is None


def test_answers_become_lines() -> None:
    question = Question("history", device="pump-a", fields=("power", "on"), labels=("Power", "On"))
    answer = {
        "fields": ["on", "power", "flow"],
        "points": [[1000, True, 5, 1], [2000, None, 6.5, 1], [3000, False, "x", 1]],
    }
    assert lines_of(question, answer) == [
        Line("Power", ((1.0, 5.0), (2.0, 6.5), (3.0, None))),
        Line("On", ((1.0, 1.0), (2.0, None), (3.0, 0.0))),
    ]
    assert lines_of(question, {}) == []
    power, on = last_values(question, answer)
    assert (power.value, power.at) == ("x", 3.0)
    assert (on.value, on.at) == (False, 3.0)
    assert [each.value for each in last_values(question, {"fields": [], "points": []})] == [None, None]


def test_answers_become_last_values_and_rows() -> None:
    question = Question("state", device="pump-a", fields=("power", "mode"), labels=("power", "mode"))
    entity = {"id": "pump-a", "values": {"power": 3}, "times": {"power": "2026-11-26T08:00:00.000000Z"}}
    power, mode = last_values(question, {"entities": [entity]})
    assert (power.value, power.at, mode.value, mode.at) == (3, START, None, None)
    assert [each.value for each in last_values(question, {"entities": []})] == [None, None]
    rows = list(rows_of(question, {"entities": [entity, {"id": "pump-b", "values": {}, "times": {}}]}))
    assert rows == [("pump-a", [3, None], START), ("pump-b", [None, None], None)]


def test_rates_have_their_labels() -> None:
    [board] = grafana_dashboards(spec_with({"panels": [{"type": "rates"}]}), SOURCE)
    [question] = dashboard_view(board).panels[0].questions
    found = lines_of(question, {"fields": ["messages", "errors"], "points": [[1000, 12.5, 0.0]]})
    assert [(line.label, line.points) for line in found] == [("messages", ((1.0, 12.5),)), ("errors", ((1.0, 0.0),))]
