"""What a form does to a definition's text, without a page."""

from __future__ import annotations

from importlib import resources

import pytest

from twin2multicloud.app.ui.new_twin import changes
from twin2multicloud.app.ui.new_twin.containment import Node, tree
from twin2multicloud.app.ui.new_twin.editor import Editor, Written
from twin2multicloud.app.ui.new_twin.fleet import scaled, total
from twin2multicloud.app.ui.new_twin.quantities import FIELDS, groups, scale
from twin2multicloud.app.ui.new_twin.spelling import listed, number_of, spelled
from twin2multicloud.model.scenarios import scenario_names
from twin2multicloud.model.twin.reader import twin_of_scenario

TEXT = """\
# A greenhouse.
name: greenhouse
workload: {message_interval_s: 10, message_size_bytes: 150}   # measured
device_types:
  sensor:
    fields:
      temperature: double   # short
devices:
  - {type: sensor, count: 3, name: "sensor-{n}", within: house}
graph:
  models: {House: {}}
  entities: [{id: house, model: House}]
rules:
  - {name: hot, on: sensor, when: temperature > 30, actions: [{command: reboot}, alert]}
dashboards:
  - {title: All, panels: [{kind: timeseries, on: sensor, fields: [temperature]}]}
"""


class Clock:
    """Seconds that a test lets pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def editor(text: str = TEXT, clock: Clock | None = None) -> Editor:
    return Editor(Written(text, {}, "yaml"), clock or Clock())


def test_a_change_keeps_every_other_line_and_its_comments() -> None:
    written = editor()
    written.set(("workload", "message_size_bytes"), 200)
    before, after = TEXT.splitlines(), written.written.text.splitlines()
    assert [one for one, other in zip(before, after, strict=True) if one != other] == [before[2]]
    assert after[2] == "workload: {message_interval_s: 10, message_size_bytes: 200}   # measured"


def test_typing_in_one_field_is_undone_at_once_and_done_again() -> None:
    clock = Clock()
    written = editor(clock=clock)
    for number in (2, 20, 200):
        clock.now += 0.3
        written.set(("workload", "message_size_bytes"), number, typed=True)
    written.undo()
    assert written.at("workload", "message_size_bytes") == 150
    assert not written.can_undo
    written.redo()
    assert written.at("workload", "message_size_bytes") == 200


def test_a_short_form_is_read_and_written_in_full_when_more_is_said() -> None:
    written = editor()
    assert written.text_at("device_types", "sensor", "fields", "temperature", "type") == "double"
    written.put(("device_types", "sensor", "fields", "temperature", "unit"), "°C")
    assert written.at("device_types", "sensor", "fields", "temperature") == {"type": "double", "unit": "°C"}
    written.put(("rules", 0, "actions", 0, "command", "device"), "sensor-1")
    assert written.at("rules", 0, "actions", 0, "command") == {"name": "reboot", "device": "sensor-1"}


def test_renaming_a_type_renames_it_wherever_it_is_named() -> None:
    written = editor()
    assert changes.rename_type(written, "sensor", "probe") is None
    assert list(written.mapping("device_types")) == ["probe"]
    assert written.text_at("devices", 0, "type") == "probe"
    assert written.text_at("rules", 0, "on") == "probe"
    assert written.text_at("dashboards", 0, "panels", 0, "on") == "probe"
    written.undo()
    assert written.written.text == TEXT


def test_a_name_that_is_taken_is_refused() -> None:
    written = editor()
    written.set(("device_types", "other"), {"fields": {"open": "boolean"}})
    assert changes.rename_type(written, "sensor", "other") == "is there already"
    assert "sensor" in written.mapping("device_types")


def test_removing_a_type_removes_its_devices() -> None:
    written = editor()
    changes.remove_type(written, "sensor")
    assert written.mapping("device_types") == {}
    assert written.items("devices") == []


def test_the_last_of_a_list_takes_the_list_with_it() -> None:
    written = editor()
    written.remove(("rules", 0))
    assert "rules" not in written.value


def test_a_text_that_cannot_be_read_keeps_the_last_values_and_says_where() -> None:
    written = editor()
    written.write("name: [greenhouse")
    assert not written.readable
    assert written.unreadable[0].line is not None
    assert written.name == "greenhouse"
    written.set(("name",), "other")
    assert written.written.text == "name: [greenhouse"
    written.undo()
    assert written.readable


def test_toml_becomes_yaml_with_the_same_values() -> None:
    written = Editor(Written('name = "mill"\n[workload]\ndevices = 5\n', {}, "toml"), Clock())
    assert [written.readable] == [False]
    written.write_yaml()
    assert written.readable
    assert written.written.format == "yaml"
    assert written.value == {"name": "mill", "workload": {"devices": 5}}


def test_what_the_form_cannot_change_is_said_and_nothing_is_changed() -> None:
    written = editor("name: mill\nworkload: nothing\n")
    written.set(("workload", "devices"), 5)
    assert "workload" in written.refused
    assert written.written.text == "name: mill\nworkload: nothing\n"


# ── Devices ─────────────────────────────────────────────────────────────────────────────────────────────────
GROUPS = [
    {"type": "a", "count": 30, "name": "a-{n}"},
    {"type": "b", "count": 10, "name": "b-{n}"},
    {"names": ["x", "y"]},
]


@pytest.mark.parametrize("wanted", [4, 5, 42, 43, 82, 1_000, 99_999])
def test_a_fleet_grows_and_shrinks_to_what_is_wanted(wanted: int) -> None:
    counts = scaled(GROUPS, wanted)
    assert sum(counts.values()) + 2 == wanted
    assert min(counts.values()) >= 1


def test_a_fleet_keeps_its_proportions_and_one_of_each() -> None:
    assert scaled(GROUPS, 82) == {0: 60, 1: 20}
    assert scaled(GROUPS, 1) == {0: 1, 1: 1}
    assert scaled([{"names": ["x"]}], 10) == {}
    assert total([*GROUPS, "nonsense", {"count": "many"}]) == 42


# ── Quantities ──────────────────────────────────────────────────────────────────────────────────────────────
def test_every_quantity_of_a_workload_is_shown_once() -> None:
    shown = [field for group in groups() for field in group.fields]
    assert sorted(shown) == sorted(FIELDS)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_slider_reaches_both_ends_and_never_leaves_what_is_allowed(name: str) -> None:
    field, of = FIELDS[name], scale(FIELDS[name])
    assert of.value(0) == pytest.approx(field.low or 0)
    assert of.value(1) == field.high
    positions = [step / 50 for step in range(51)]
    values = [of.value(position) for position in positions]
    assert values == sorted(values)
    assert all(isinstance(value, int) for value in values if field.whole)
    for value in values:
        assert of.value(of.position(value)) == pytest.approx(value, rel=0.1, abs=1 if field.whole else 1e-9)


@pytest.mark.parametrize(("text", "number"), [("1,200", 1200), ("1e3", 1000), ("0.5", 0.5), (" 7 ", 7), ("", None)])
def test_numbers_are_read_as_people_type_them(text: str, number: float | None) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["abc", "1,2", "nan", "inf", "1..2"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        number_of(text)


def test_half_a_device_is_refused() -> None:
    with pytest.raises(ValueError, match="whole"):
        number_of("1.5", whole=True)


def test_words_are_listed_and_spelled() -> None:
    assert listed("a, b,, c ,") == ["a", "b", "c"]
    assert (spelled(True), spelled(2.0), spelled(None), spelled(1e-5)) == ("true", "2", "", "1e-05")


# ── What lies in what ───────────────────────────────────────────────────────────────────────────────────────
def counted(nodes: list[Node]) -> int:
    return sum((node.count if node.device else 0) + counted(node.inner) for node in nodes)


@pytest.mark.parametrize("name", scenario_names())
def test_every_example_is_one_tree_with_all_its_devices(name: str) -> None:
    directory = resources.files("twin2multicloud.model.twin.examples") / name
    text = (directory / "twin.yaml").read_text(encoding="utf-8")
    roots = tree(editor(text))
    assert [node.device for node in roots] == [False]
    assert counted(roots) == twin_of_scenario(name).device_count


def test_groups_that_lie_in_each_other_are_no_endless_tree() -> None:
    text = 'graph:\n  entities: [{id: a, model: M, within: b}, {id: b, model: M, within: a}, {id: c, within: "c"}]\n'
    assert counted(tree(editor(text))) == 0
