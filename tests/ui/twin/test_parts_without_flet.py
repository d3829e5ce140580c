"""What the twin's page decides without Flet: addresses, forms, scales, layouts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.app.schemas.costs import CostMeter
from twin2multicloud.app.schemas.operating import LinkHealth
from twin2multicloud.app.schemas.watching import DeviceHistory, HistorySeries
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import scales
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.trail import BEGINNING, Trail
from twin2multicloud.app.ui.twin.commands.state import Draft
from twin2multicloud.app.ui.twin.cost.state import by_cloud, chosen
from twin2multicloud.app.ui.twin.dashboards.state import Showing, Stretch, bands, stretches, thinned
from twin2multicloud.app.ui.twin.devices.state import Listed, drawn
from twin2multicloud.app.ui.twin.errors.fault_state import KINDS, Choice
from twin2multicloud.app.ui.twin.graph.state import Viewed
from twin2multicloud.app.ui.twin.letters.state import pretty
from twin2multicloud.app.ui.twin.overview.links import apart
from twin2multicloud.app.ui.twin.specification import state as specification
from twin2multicloud.app.ui.twin.state import TABS, Look
from twin2multicloud.dashboards.layout import Place as Rectangle
from twin2multicloud.dashboards.questions import Line
from twin2multicloud.dashboards.rendering import PanelView
from twin2multicloud.model.twin.device_types import CommandDefinition


def back(look: Look) -> Look:
    """A look, read again from its own address."""
    place = Place.of(look.path)
    _, _, twin, tab = place.path.split("/")
    return Look.read(twin, tab, place.query)


@pytest.mark.parametrize("tab", TABS)
def test_an_address_says_all_there_is_to_a_look(tab: str) -> None:
    look = Look("twn_1").tabbed(tab).on("clouds").asking(device="a/b ~ü", range="1h")
    assert back(look) == look
    assert back(look.asking(range=None)).query == {"device": "a/b ~ü"}


def test_an_address_that_makes_no_sense_is_the_overview() -> None:
    look = Look.read("twn_1", "nonsense", {"target": "moon"})
    assert (look.tab, look.target, look.query) == ("overview", None, {})
    assert look.path == places.twin("twn_1")


def test_links_within_a_cloud_stand_apart_from_those_between_clouds() -> None:
    ways = {"history": ("aws", "aws"), "persist": ("gcp", "aws"), "state": ("gcp", "gcp"), "telemetry": ("aws", "gcp")}
    facts = {"health": "ok", "problem": "", "checked_at": "2026-11-26T08:00:00Z", "since": None, "last_success": None}
    links = [
        LinkHealth.model_validate({"edge": edge, "source": a, "target": b, "messages": 1, "retries": 0, **facts})
        for edge, (a, b) in ways.items()
    ]
    told = {where: [link.edge for link in found] for where, found in apart(links).items()}
    assert told == {
        "Links between clouds": ["telemetry", "persist"],
        "Within AWS": ["history"],
        "Within GCP": ["state"],
    }
    assert next(iter(told)) == "Links between clouds"


def test_parts_of_a_list_lead_on_and_back() -> None:
    look = Look("twn_1", "devices")
    third = Listed.of(look).trail.on("WyJh").on("WyJi")
    assert (str(third), third.cursor, third.start(25)) == ("WyJh~WyJi", "WyJi", 50)
    assert Listed.of(back(look.asking(at=str(third)))).trail == third
    assert third.back().back() == BEGINNING
    assert (BEGINNING.cursor, bool(BEGINNING), bool(third)) == (None, False, True)
    assert Trail.read("~~" + "x" * 501) == BEGINNING
    assert Listed.of(Look("t", "devices", None, {"sort": "colour"})).sort == "name"


def test_parts_of_what_the_only_root_leads_to_are_inside_it() -> None:
    look = Look("twn_1", "graph")
    second = Viewed.of(look).turned(look, BEGINNING.on("WyJh"), "house")
    assert (Viewed.of(second).path, Viewed.of(second).trail.cursor) == (("house",), "WyJh")
    assert back(second) == second


def test_the_way_through_the_graph_is_in_the_address() -> None:
    look = Look("twn_1", "graph")
    room = Viewed.of(look).into(look, "room-1", "house")
    assert Viewed.of(room).path == ("house", "room-1")
    assert Viewed.of(Viewed.of(room).to(room, "house")).path == ("house",)
    assert Viewed.of(Viewed.of(room).to(room, "shed")).path == ("shed",)
    assert Viewed.of(Viewed.of(room).up_to(room, 0)).inside == ""


def test_a_specification_is_of_a_version() -> None:
    viewed = specification.Viewed.of(
        Look("t", "specification", None, {"part": "versions", "before": "2", "after": "x"})
    )
    assert (viewed.part, viewed.before, viewed.after, viewed.number) == ("versions", 2, None, None)


COMMAND = CommandDefinition.model_validate(
    {
        "fields": {
            "celsius": {"type": "double", "min": 5, "max": 30},
            "steps": {"type": "integer", "required": False},
            "mode": {"type": "string", "allowed": ["eco", "boost"]},
            "now": "boolean",
            "plan": {"type": "object", "required": False},
        }
    }
)


def test_a_command_is_filled_in_by_its_definition() -> None:
    draft = Draft("heat", COMMAND)
    assert draft.payload() is None
    assert draft.problems == {"celsius": "is needed"}, "what may be left out is, and what is chosen has a value"
    for typed, problem in (("warm", "is a number, such as 21.5"), ("31", "is 5 to 30")):
        draft.write("celsius", typed)
        assert draft.payload() is None
        assert draft.problems == {"celsius": problem}
    draft.write("celsius", " 21.5 ")
    draft.write("steps", "1.5")
    draft.write("plan", "[1]")
    assert draft.payload() is None
    assert set(draft.problems) == {"steps", "plan"}
    draft.write("steps", "3")
    draft.write("plan", '{"a": 1}')
    draft.write("now", "false")
    assert draft.payload() == {"celsius": 21.5, "steps": 3, "mode": "eco", "now": False, "plan": {"a": 1}}


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_can_be_asked_for_as_it_is_offered(kind: str) -> None:
    choice = Choice().of(kind, ["aws", "gcp"])
    assert choice.problems() == {}
    assert choice.target in choice.targets([("history", "history queries")], ["aws", "gcp"])
    wanted = choice.wanted()
    assert wanted.kind == kind
    assert (wanted.duration_s is None) == (kind in ("kill", "clock-jump"))


def test_what_is_wrong_with_a_fault_is_said_at_its_field() -> None:
    choice = Choice("delay").typed(percent="0", seconds="4000", duration_s="soon")
    assert set(choice.problems()) == {"percent", "seconds", "duration_s"}
    assert Choice("delay").typed(duration_s=" ").wanted().duration_s is None, "until it is switched off"
    assert Choice("clock-jump").typed(seconds="-86400").problems() == {}


def meter(cloud: str, verdict: str, predicted: float, metered: float, name: str = "m") -> CostMeter:
    return CostMeter.model_validate(
        {
            "cloud": cloud,
            "meter": name,
            "region": "r",
            "service": "s",
            "dimension": "d",
            "unit": "GB",
            "predicted": 1,
            "metered": 1,
            "ratio": 1,
            "usd_predicted": predicted,
            "usd_metered": metered,
            "usd_per_unit": 1,
            "to_date": 0,
            "usd_to_date": 0,
            "usd_forecast": 0,
            "verdict": verdict,
            "projected": False,
            "planned": False,
        }
    )


def test_meters_are_chosen_by_their_verdict_the_dearest_first() -> None:
    meters = [
        meter("aws", "agrees", 1, 1, "a"),
        meter("gcp", "deviates", 2, 9, "b"),
        meter("aws", "deviates", 5, 0, "c"),
    ]
    assert [each.meter for each in chosen(meters, "")] == ["b", "c", "a"]
    assert [each.meter for each in chosen(meters, "deviates")] == ["b", "c"]
    assert [(each.cloud, each.usd_predicted, each.usd_metered) for each in by_cloud(meters)] == [
        ("aws", 6, 1),
        ("gcp", 2, 9),
    ]


def test_a_message_is_laid_out_if_it_can_be_read() -> None:
    assert pretty('{"a":{"ü":1}}') == '{\n  "a": {\n    "ü": 1\n  }\n}'
    assert pretty("not JSON {") == "not JSON {"


def panel(number: int, x: int, y: int, width: int, height: int) -> PanelView:
    return PanelView(number, "stat", "", "", Rectangle(x, y, width, height), "", (), (), False, False, None, None, "")


def test_panels_lie_as_on_the_grid() -> None:
    tall, above, below, wide = panel(1, 0, 0, 8, 8), panel(2, 8, 0, 16, 4), panel(3, 8, 4, 16, 4), panel(4, 0, 8, 24, 6)
    found = bands([wide, below, tall, above])
    assert [[(width, [each.id for each in column]) for width, column in band.columns] for band in found] == [
        [(8, [1]), (16, [2, 3])],
        [(24, [4])],
    ]
    assert bands([]) == []


def test_what_is_on_and_off_covers_the_whole_range() -> None:
    line = Line("open", ((100.0, 0.0), (110.0, 0.0), (125.0, 1.0), (150.0, None)))
    assert stretches(line, 90.0, 190.0) == [
        Stretch(0.1, None),
        Stretch(0.25, 0.0),
        Stretch(0.25, 1.0),
        Stretch(0.4, None),
    ]
    assert stretches(Line("open", ()), 0.0, 10.0) == [Stretch(1.0, None)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=2_000), st.integers(10, 300))
def test_thinning_keeps_the_highest_spike(values: list[float], most: int) -> None:
    quiet = [0.0] * 500
    spike = 1e7
    points = tuple((float(number), value) for number, value in enumerate([*values, *quiet, spike, *quiet]))
    kept = thinned(Line("power", points), most)
    assert len(kept) <= most or len(points) <= most
    assert any(value == spike for _, value in kept)


def test_a_dashboard_remembers_what_is_chosen() -> None:
    look = Showing().choosing(Look("t", "dashboards"), "sensor", "sensor 2")
    assert Showing.of(back(look)).chosen == (("sensor", "sensor 2"),)
    assert Showing.of(Look("t", "dashboards", None, {"range": "a year"})).range == ""


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.booleans())
def test_a_scale_holds_what_it_is_for_and_its_marks_differ(one: float, other: float, from_zero: bool) -> None:
    least, most = min(one, other), max(one, other)
    scale = scales.numbers(least, most, from_zero=from_zero)
    slack = scale.step * 1e-6
    assert scale.least <= least + slack
    assert scale.most >= most - slack
    if from_zero:
        assert scale.least <= 0 <= scale.most
    said = [figures.mark(mark * scale.step, scale.step) for mark in scale.marks]
    assert 2 <= len(said) <= 12
    if scale.step > abs(scale.most) * 1e-3:  # finer ones cannot be told apart in a few digits
        assert len(set(said)) == len(said)


@pytest.mark.parametrize("span_s", [60, 900, 86_400, 30 * 86_400, 10 * 365 * 86_400])
def test_times_have_a_few_round_marks(span_s: float) -> None:
    scale = scales.times(1_795_000_123.0, 1_795_000_123.0 + span_s)
    assert 1 <= len(scale.marks) <= 11
    assert all(scale.least <= mark * scale.step <= scale.most for mark in scale.marks)


def test_a_line_is_broken_where_nothing_was() -> None:
    assert scales.pieces([(1, None), (2, 5.0), (3, 6.0), (4, None), (5, 7.0)]) == [[(2, 5.0), (3, 6.0)], [(5, 7.0)]]


def test_what_devices_send_is_written_with_digits_that_matter() -> None:
    said = [figures.measured(value, "W") for value in (0.0, 0.1234, 12.345, 171.64, 12345.6, 3)]
    assert said == ["0 W", "0.123 W", "12.35 W", "171.6 W", "12,346 W", "3 W"]
    assert [figures.measured(value) for value in (True, "on", None, math.nan)] == ["yes", "on", figures.NONE, "nan"]


def test_only_what_can_be_drawn_is() -> None:
    series = [
        HistorySeries(field=kind, unit="", type=kind, points=[]) for kind in ("double", "string", "boolean", "object")
    ]
    history = DeviceHistory(live=True, device="d", type="t", series=series)
    assert [each.field for each in drawn(history)] == ["double", "boolean"]
