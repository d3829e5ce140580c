"""Changing a definition's text: what is asked for is read, and all else stays as it was."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thoroughness import often
from twin2multicloud.model.editing.document import Document
from twin2multicloud.model.editing.values import NowhereError, changed, same
from twin2multicloud.model.errors import InvalidInputError, UsageError
from twin2multicloud.model.formats import parse
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.scenarios import scenario_names
from twin2multicloud.model.template import EXAMPLES
from twin2multicloud.model.twin.reader import parse_twin

TEXTS = {name: (EXAMPLES / name / "twin.yaml").read_text("utf-8") for name in scenario_names()}
HOME = TEXTS["smart-home"]
ODD = """\
# odd, but sound
name:   odd     # spaced
workload:
    devices:    3
    sizes: [ 1,2 ,  3 ]   # by hand
    text: |
      two
      lines

    quoted: 'it''s'

nothing:
list:
- a
-   b   # second
# before the third
-
  c: 1

  d: {e: 1, f: }
last: "x\\u00e9"
"""


def lines(before: str, after: str) -> list[str]:
    """What differs, as lines that went and came."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in found if line[0] in "+-" and line[:3] not in ("+++", "---")]


def change(text: str, how: str, *given: Any) -> list[str]:
    """One change; what differs then."""
    before = Document.parse(text, "yaml")
    after = getattr(before, how)(*given)
    assert same(parse(after.text, "yaml", "test").value, after.get(()))
    return lines(text, after.text)


@pytest.mark.parametrize(
    ("how", "given", "differs"),
    [
        (
            "set",
            (("workload", "devices"), 120),
            [
                "-  devices: 100                      # the devices below; may be left out",
                "+  devices: 120                      # the devices below; may be left out",
            ],
        ),
        ("set", (("workload", "peak_factor"), 1.5), ["+  peak_factor: 1.5"]),
        (
            "set",
            (("rules", 0, "actions", 0, "alert"), "{co2} ppm: open a window"),
            ['-      - alert: "{co2} ppm CO2 at {device}"', '+      - alert: "{co2} ppm: open a window"'],
        ),
        (
            "set",
            (("devices", 3, "count"), 30),
            [
                '-  - {type: smart-plug, count: 26, name: "plug-{n:02}", within: "room-*"}',
                '+  - {type: smart-plug, count: 30, name: "plug-{n:02}", within: "room-*"}',
            ],
        ),
        (
            "insert",
            (("devices", 6), {"type": "smart-plug", "names": ["oven"], "within": "house"}),
            ["+  - {type: smart-plug, names: [oven], within: house}"],
        ),
        (
            "insert",
            (("devices", 0), {"type": "smart-plug", "names": ["oven"]}),
            ["+  - {type: smart-plug, names: [oven]}"],
        ),
        (
            "remove",
            (("devices", 2),),
            ["-  - {type: contact-sensor, names: [front-door, garden-door], within: house}"],
        ),
        (
            "remove",
            (("device_types", "climate-sensor", "processor"),),
            ["-    processor: processors/climate.py          # def process(reading, device), called for every message"],
        ),
        (
            "remove",
            (("graph", "relationships"),),
            ["-  relationships:", '-    - {source: ventilation, name: supplies, target: "room-*"}'],
        ),
        ("rename", (("device_types", "smart-plug"), "socket"), ["-  smart-plug:", "+  socket:"]),
        (
            "set",
            (("device_types", "radiator-valve", "commands", "boost"), {"fields": {"minutes": "integer"}}),
            ["+        fields: {minutes: integer}"],
        ),
        (
            "set",
            (("constraints", "residency"), ["EU", "CH"]),
            ["+", "+constraints:", "+  residency: [EU, CH]"],
        ),
        (
            "set",
            (
                ("device_types", "pump"),
                {"fields": {"flow": {"type": "double", "max": 500}, "on": "boolean"}, "processor": "pump.py"},
            ),
            [
                "+  pump:",
                "+    fields:",
                "+      flow: {type: double, max: 500}",
                '+      "on": boolean',
                "+    processor: pump.py",
            ],
        ),
    ],
)
def test_a_change_touches_what_it_changes(how: str, given: tuple[Any, ...], differs: list[str]) -> None:
    assert change(HOME, how, *given) == differs


def test_what_is_set_as_a_whole_is_changed_where_it_differs() -> None:
    document = Document.parse(HOME)
    workload = {**document.get(("workload",)), "editors": 3}
    del workload["viewers"]
    assert lines(HOME, document.set(("workload",), workload).text) == [
        "-  editors: 2",
        "-  viewers: 0",
        "+  editors: 3",
    ]
    rules = document.get(("rules",))
    rules[1]["severity"] = "error"
    assert lines(HOME, document.set(("rules",), [rules[0], rules[1]]).text)[-1].startswith("-      - function:")
    assert document.set(("rules",), document.get(("rules",))) is document


@pytest.mark.parametrize(
    ("how", "given", "differs"),
    [
        ("set", (("name",), "even"), ["-name:   odd     # spaced", "+name:   even     # spaced"]),
        (
            "set",
            (("workload", "sizes"), [1, 2, 3, 4]),
            ["-    sizes: [ 1,2 ,  3 ]   # by hand", "+    sizes: [ 1,2 ,  3, 4 ]   # by hand"],
        ),
        (
            "remove",
            (("workload", "sizes", 1),),
            ["-    sizes: [ 1,2 ,  3 ]   # by hand", "+    sizes: [ 1,3 ]   # by hand"],
        ),
        ("set", (("workload", "quoted"), "he's"), ["-    quoted: 'it''s'", "+    quoted: 'he''s'"]),
        ("set", (("workload", "text"), "one\ntwo\n"), ["+      one", "-      lines"]),
        ("remove", (("workload", "text"),), ["-    text: |", "-      two", "-      lines"]),
        ("set", (("nothing",), {"a": {"b": 1}}), ["+  a: {b: 1}"]),
        ("set", (("nothing", "a", "b"), 1), ["+  a: {b: 1}"]),
        ("insert", (("list", 1), "x"), ["+- x"]),
        ("remove", (("list", 1),), ["-- b   # second".replace("- b", "-   b")]),
        ("set", (("list", 3), None), ["+- null"]),
        ("remove", (("list", 2, "c"),), ["-  c: 1"]),
        ("set", (("list", 2, "d", "f"), True), ["-  d: {e: 1, f: }", "+  d: {e: 1, f: true}"]),
        ("remove", (("list", 2, "d", "e"),), ["-  d: {e: 1, f: }", "+  d: {f: }"]),
        ("set", (("last",), "y"), ['-last: "x\\u00e9"', '+last: "y"']),
        ("remove", (("last",),), ['-last: "x\\u00e9"']),
    ],
)
def test_oddly_written_texts_keep_their_oddness(how: str, given: tuple[Any, ...], differs: list[str]) -> None:
    assert change(ODD, how, *given) == differs


def test_what_stands_first_in_an_item_leaves_its_dash() -> None:
    text = "rules:\n  - name: a  # first\n    # of what\n    on: b\n  - name: c\n    on: d\n"
    document = Document.parse(text)
    assert document.remove(("rules", 1, "name")).text.endswith("  - on: d\n")
    assert document.remove(("rules", 0, "name")).text == text.replace("- name: a  # first\n", "-\n")
    assert document.remove(("rules", 0)).get(("rules",)) == [{"name": "c", "on": "d"}]
    assert document.remove(("rules", 0)).remove(("rules", 0)).text == "rules: []\n"


def test_empty_texts_and_texts_without_an_end() -> None:
    assert Document.parse("").set(("name",), "x").text == "name: x\n"
    assert Document.parse("# mine\n").set(("workload", "devices"), 1).text == "# mine\nworkload:\n  devices: 1\n"
    assert Document.parse("a: 1").set(("b",), 2).text == "a: 1\nb: 2"
    assert Document.parse("a: 1").set((), {"c": 1}).text == "c: 1"
    assert Document.parse("a: 1\r\nb: 2\r\n").set(("c", "d"), [1]).text == "a: 1\r\nb: 2\r\nc:\r\n  d: [1]\r\n"
    assert Document.parse("\ufeffa: 1\n").set(("a",), 2).text == "\ufeffa: 2\n"


def test_json_stays_json() -> None:
    text = '{\n    "name": "x",\n    "devices": [{"type": "a", "count": 1}]\n}\n'
    document = Document.parse(text)
    assert document.format == "json"
    made = (
        document.set(("devices", 0, "count"), 2).set(("description",), 'a "b" é').insert(("devices", 1), {"type": "c"})
    )
    assert made.text == (
        '{\n    "name": "x",\n    "devices": [{"type": "a", "count": 2}, {"type": "c"}],\n'
        '    "description": "a \\"b\\" é"\n}\n'
    )
    assert made.remove(("name",)).text.startswith('{\n    "devices"')
    assert made.rename(("name",), "title").get(("title",)) == "x"


def test_what_cannot_be_changed_is_said() -> None:
    document = Document.parse(HOME)
    for act in (
        lambda: document.remove(("nowhere",)),
        lambda: document.remove(()),
        lambda: document.set(("rules", 9, "on"), "x"),
        lambda: document.set(("name", "x"), 1),
        lambda: document.insert(("name",), "x"),
        lambda: document.rename(("devices", 0), "x"),
        lambda: document.rename(("device_types", "smart-plug"), "climate-sensor"),
    ):
        with pytest.raises(NowhereError):
            act()  # type: ignore[no-untyped-call]
    assert document.get(("nowhere",), 7) == 7
    assert document.has(("device_types", "radiator-valve", "commands", "boost"))
    with pytest.raises(UsageError, match="TOML"):
        Document.parse('name = "x"\n')
    with pytest.raises(InvalidInputError) as twice:
        Document.parse("a: 1\na: 2\n")
    assert twice.value.findings[0].line == 2
    with pytest.raises(InvalidInputError):
        Document.parse("a: [1\n")


def test_a_comment_is_never_lost_by_what_cannot_be_written_otherwise() -> None:
    text = "a: {b, # a name alone\n  c: 1}\n"
    with pytest.raises(UsageError, match="change it in the text"):
        Document.parse(text).set(("a", "b"), "x")
    assert Document.parse("a: {b, c: 1}\n").set(("a", "b"), "x").get(("a",)) == {"b": "x", "c": 1}


# ── Properties ──────────────────────────────────────────────────────────────────────────────────────────────
WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "yes",
            "on",
            "null",
            "~",
            "1e3",
            "010",
            "1_0",
            "12:30",
            "2024-01-01",
            "- a",
            "a: b",
            "a #b",
            "#",
            "{n}",
            "room-*",
        ]
    ),
    st.text(alphabet="ab:#-{}[],&*!|>'\"%@`\\ \n\t°é\u0085\u2028\u00a0", max_size=12),
).filter(lambda text: not any(0xD800 <= ord(letter) <= 0xDFFF or ord(letter) in (0xFFFE, 0xFFFF) for letter in text))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    WORDS,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(WORDS.filter(lambda name: "\n" not in name), inner, max_size=3),
    ),
    max_leaves=8,
)


def paths_of(value: Any, here: Path = ()) -> list[Path]:
    """All paths in a value."""
    found = [here] if here else []
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += paths_of(each, (*here, key))
    return found


PATHS = {name: paths_of(Document.parse(text).get(())) for name, text in {**TEXTS, "odd": ODD}.items()}
ALL = {**TEXTS, "odd": ODD}


@st.composite
def places(draw: st.DrawFn) -> tuple[str, Path]:
    """A text and a path in it."""
    name = draw(st.sampled_from(sorted(ALL)))
    return name, draw(st.sampled_from(PATHS[name]))


@pytest.mark.slow
@settings(deadline=None, max_examples=often(50))
@given(place=places(), value=VALUES)
def test_what_is_set_is_what_is_read(place: tuple[str, Path], value: Any) -> None:
    name, path = place
    before = Document.parse(ALL[name], "yaml")
    after = before.set(path, value)
    read = parse(after.text, "yaml", "test")
    assert not read.findings
    assert same(read.value, changed(before.get(()), path, value))
    assert same(after.get(path), value)


@pytest.mark.slow
@settings(deadline=None, max_examples=often(50))
@given(place=places(), value=SCALARS.filter(lambda value: not isinstance(value, str) or "\n" not in value))
def test_untouched_lines_stay_byte_for_byte(place: tuple[str, Path], value: Any) -> None:
    """A single value that takes the place of another touches the line of that one, and no other."""
    name, path = place
    before = Document.parse(ALL[name], "yaml")
    if isinstance(before.get(path), dict | list | type(None)) or "\n" in str(before.get(path)):
        return
    after = before.set(path, value)
    assert len(lines(ALL[name], after.text)) in (0, 2)
    assert len(after.text.splitlines()) == len(ALL[name].splitlines())


@pytest.mark.slow
@settings(deadline=None, max_examples=often(40))
@given(place=places())
def test_what_is_removed_takes_nothing_else_along(place: tuple[str, Path]) -> None:
    name, path = place
    after = Document.parse(ALL[name], "yaml").remove(path)
    went = lines(ALL[name], after.text)
    assert [line for line in went if line[0] == "-"]
    comments = [line for line in ALL[name].splitlines() if line.lstrip().startswith("#")]
    left = [line for line in after.text.splitlines() if line.lstrip().startswith("#")]
    within = [line[1:] for line in went if line[0] == "-" and line[1:].lstrip().startswith("#")]
    assert len(left) == len(comments) - len(within)


@pytest.mark.slow
@settings(deadline=None, max_examples=often(40))
@given(place=places(), value=VALUES)
def test_what_is_inserted_moves_nothing(place: tuple[str, Path], value: Any) -> None:
    name, path = place
    before = Document.parse(ALL[name], "yaml")
    around = before.get(path[:-1])
    part: str | int = path[-1] if isinstance(around, list) else "brand-new"
    after = before.insert((*path[:-1], part), value)
    assert same(after.get((*path[:-1], part)), value)
    left = after.remove((*path[:-1], part))
    assert same(left.get(()), before.get(()))


@pytest.mark.slow
@settings(deadline=None, max_examples=often(40))
@given(place=places(), value=VALUES)
def test_json_is_changed_in_the_same_way(place: tuple[str, Path], value: Any) -> None:
    name, path = place
    text = json.dumps(Document.parse(ALL[name], "yaml").get(()), ensure_ascii=False, indent=4)
    before = Document.parse(text, "json")
    after = before.set(path, value)
    assert same(json.loads(after.text), changed(before.get(()), path, value))
    left = before.remove(path)
    assert same(json.loads(left.text), left.get(()))
    assert len(left.get(path[:-1])) == len(before.get(path[:-1])) - 1


@pytest.mark.parametrize("name", scenario_names())
def test_a_form_changes_a_twin_that_the_reader_takes(name: str) -> None:
    files = {path.name: path.read_text() for path in (EXAMPLES / name).rglob("*.py")}
    given = {f"processors/{path}": text for path, text in files.items()}
    document = Document.parse(TEXTS[name])
    document = (
        document.set(("name",), "my-twin").remove(("workload", "devices")).set(("description",), "Mine: all of it")
    )
    document = document.set(("constraints", "residency"), ["EU"]).set(("workload", "peak_factor"), 2)
    twin = parse_twin(document.text, "test", "yaml", files=given)
    assert (twin.name, twin.description, twin.workload.peak_factor) == ("my-twin", "Mine: all of it", 2)
    assert twin.constraints is not None
    assert twin.workload.devices == twin.device_count
