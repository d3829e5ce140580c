"""Our JSON reader agrees with the standard library wherever both accept."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.json_text import parse_json
from twin2multicloud.model.parsing import walk
from twin2multicloud.model.yaml_text import parse_yaml

texts = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values, st.sampled_from([None, 2]), st.booleans())
@settings(deadline=None)
def test_reads_what_the_standard_library_writes(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    parsed = parse_json(text, "j")
    assert parsed.value == value
    assert set(parsed.marks) == set(walk(value))
    assert not parsed.findings


@given(st.text(alphabet='{}[]:,"\\ue15-. \nntruals', max_size=20))
@settings(deadline=None, max_examples=500)
def test_refuses_and_accepts_what_the_standard_library_does(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(InvalidInputError):
            parse_json(text, "j")
        return
    parsed = parse_json(text, "j")
    if not parsed.findings:
        assert parsed.value == expected


def test_places_count_lines_and_columns_from_one() -> None:
    parsed = parse_json('{\n  "a": [10,\n    {"b": "x"}]}', "j")
    places = {path: (mark.line, mark.column, mark.text) for path, mark in parsed.marks.items()}
    assert places == {
        (): (1, 1, None),
        ("a",): (2, 3, None),
        ("a", 0): (2, 9, "10"),
        ("a", 1): (3, 5, None),
        ("a", 1, "b"): (3, 6, "'x'"),
    }


def test_long_numbers_become_floats() -> None:
    parsed = parse_json(f"[{'9' * 40}, {'9' * 6000}, -{'1' * 30}]", "j")
    assert parsed.value == [1e40, math.inf, float("-" + "1" * 30)]


@given(values)
@settings(deadline=None)
def test_yaml_reads_ascii_json_alike(value: object) -> None:
    if any(isinstance(part, str) and len(part) > 900 for path in walk(value) for part in path):
        return
    text = json.dumps(value, ensure_ascii=False)
    if not text.isascii() or "Infinity" in text or "\\u" in text:
        return
    assert parse_yaml(text, "y").value == value
