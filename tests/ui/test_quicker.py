"""Comparing widgets in the quicker way comes to what Flet's own way comes to."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import flet as ft
import msgpack
import pytest
from flet.controls import object_patch
from flet.controls.base_control import BaseControl
from flet.messaging.protocol import configure_encode_object_for_msgpack
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.app.ui import quicker

DIGEST = "56851cdf8e30e1d2"
Recipe = tuple[Any, ...]
words = st.sampled_from(["", "a", "b", "twin"])
leaves: st.SearchStrategy[Recipe] = st.one_of(
    st.tuples(st.just("text"), words, st.booleans()),
    st.tuples(st.just("spans"), st.lists(words, max_size=3)),
    st.tuples(st.just("choice"), st.lists(words, max_size=3), st.booleans()),
    st.tuples(st.just("switch"), st.booleans()),
)
recipes: st.SearchStrategy[Recipe] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("row"), st.lists(st.tuples(st.none() | words, inner), max_size=4)),
        st.tuples(st.just("box"), st.none() | inner, st.sampled_from([None, 4, 8]), st.booleans()),
        st.tuples(st.just("button"), inner, words),
        st.tuples(st.just("named"), inner, words),
    ),
    max_leaves=12,
)


def made(recipe: Recipe, key: str | None = None) -> ft.Control:
    match recipe:
        case ("text", words, strong):
            text = ft.Text(words, weight=ft.FontWeight.W_600 if strong else None, key=key)
            text.no_wrap = strong  # set afterwards, as `tables` does
            return text
        case ("spans", parts):
            return ft.Text(
                spans=[ft.TextSpan(each, ft.TextStyle(color="red"), on_click=lambda _: None) for each in parts], key=key
            )
        case ("choice", parts, enabled):
            return ft.Dropdown(options=[ft.DropdownOption(each) for each in parts], disabled=not enabled, key=key)
        case ("switch", on):
            return ft.Switch(value=on, on_change=lambda _: None, key=key)
        case ("row", children):
            return ft.Row([made(child, key) for key, child in children], key=key)
        case ("box", child, padding, pressed):
            content = None if child is None else made(child)
            edges = None if padding is None else ft.Padding.all(padding)
            return ft.Container(content, padding=edges, on_click=(lambda _: None) if pressed else None, key=key)
        case ("button", child, tooltip):
            style = ft.ButtonStyle(padding={ft.ControlState.DEFAULT: ft.Padding.all(2)})
            return ft.TextButton(content=made(child), tooltip=ft.Tooltip(tooltip), style=style, key=key)
        case ("named", child, label):
            return ft.Semantics(label=label, content=made(child), key=key)
    raise AssertionError(recipe)


def compared(builder: type[object_patch.DiffBuilder], turns: list[Recipe], frozen: bool) -> list[Any]:
    """What each turn comes to: the message, what is added and removed, and where all of that belongs."""
    encode = configure_encode_object_for_msgpack(BaseControl)
    first = ft.Text()._i
    root = ft.Column([ft.Text("")])
    msgpack.packb(root, default=encode)  # whose outcome is what changes are told against
    at: list[Any] = []

    def number(control: Any) -> int:
        return int(control._i - first)

    def parent(control: Any) -> int | None:
        found = control._parent() if control._parent is not None else None
        return None if found is None else number(found)

    def compare(source: Any, target: Any) -> None:
        found, added, removed = object_patch.ObjectPatch.from_diff(
            source, target, control_cls=BaseControl, parent=root if frozen else None, frozen=frozen
        )
        packed = msgpack.packb(found.to_message(), default=encode)
        message = msgpack.unpackb(packed, strict_map_key=False)
        here = [(number(each), parent(each), getattr(each, "_initialized", False)) for each in added]
        at.append((renumbered(message, first), here, [number(each) for each in removed]))

    before: ft.Control = ft.Text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(object_patch, "DiffBuilder", builder)
        for recipe in turns:
            after = made(recipe)
            if frozen:
                object.__setattr__(after, "_frozen", True)
                compare({"_b": before}, {"_b": after})
            else:
                root.controls = [after]
                compare(root, root)
                compare(root, root)  # nothing has changed since
            before = after
    return at


def renumbered(value: Any, first: int) -> Any:
    if isinstance(value, dict):
        return {name: inner - first if name == "_i" else renumbered(inner, first) for name, inner in value.items()}
    return [renumbered(each, first) for each in value] if isinstance(value, list) else value


@settings(max_examples=300, deadline=None)
@given(st.lists(recipes, min_size=1, max_size=4), st.booleans())
def test_the_same_is_sent_added_and_removed(turns: list[Recipe], frozen: bool) -> None:
    assert compared(quicker.QuickDiffBuilder, turns, frozen) == compared(quicker.FLETS, turns, frozen)


def test_flet_compares_as_it_did_when_it_was_read() -> None:
    file = Path(object_patch.__file__)
    assert hashlib.sha256(file.read_bytes()).hexdigest()[:16] == DIGEST
