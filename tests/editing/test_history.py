"""Undoing and doing again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.model.editing.history import History


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def typed(history: History[str], clock: Clock, text: str, field: str | None = "name", pause_s: float = 0.2) -> None:
    """Letter by letter."""
    for letter in text:
        clock.now_s += pause_s
        history.record(history.state + letter, field)


def test_typing_in_a_field_is_one_step() -> None:
    clock = Clock()
    history = History("", clock)
    typed(history, clock, "green")
    typed(history, clock, "house", "description")
    clock.now_s += 5
    typed(history, clock, "!", "description")
    assert [history.undo(), history.undo(), history.undo()] == ["greenhouse", "green", ""]
    assert not history.can_undo
    assert history.undo() == ""
    assert [history.redo(), history.redo(), history.redo()] == ["green", "greenhouse", "greenhouse!"]
    assert not history.can_redo
    assert history.redo() == "greenhouse!"


def test_what_follows_an_undo_is_a_step_of_its_own() -> None:
    clock = Clock()
    history = History("", clock)
    typed(history, clock, "ab")
    clock.now_s += 2
    typed(history, clock, "c")
    assert history.undo() == "ab"
    typed(history, clock, "d")
    assert not history.can_redo
    assert history.undo() == "ab"


def test_no_field_is_no_typing_and_nothing_new_is_no_step() -> None:
    history = History("", Clock())
    for state in ("a", "a", "ab"):
        history.record(state)
    assert history.undo() == "a"
    assert history.undo() == ""


def test_it_is_bounded() -> None:
    history = History(0, Clock(), most=3)
    for state in range(1, 10):
        history.record(state)
    found = []
    while history.can_undo:
        found.append(history.undo())
    assert found == [8, 7, 6]
    with pytest.raises(ValueError, match="1 or more"):
        History(0, Clock(), most=0)


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("record"), st.integers(0, 5), st.sampled_from([None, "a", "b"]), st.floats(0, 3)),
            st.sampled_from([("undo",), ("redo",)]),
        ),
        max_size=40,
    )
)
def test_undo_and_redo_take_each_other_back(steps: list[tuple[object, ...]]) -> None:
    clock = Clock()
    history = History(0, clock, most=10)
    for step in steps:
        if step[0] == "record":
            _, state, field, pause_s = step
            clock.now_s += float(str(pause_s))
            history.record(int(str(state)), None if field is None else str(field))
        elif step[0] == "undo":
            history.undo()
        else:
            history.redo()
        state = history.state
        if history.can_undo:
            history.undo()
            assert history.redo() == state
        if history.can_redo:
            history.redo()
            assert history.undo() == state
