"""Surfaces that can be pressed."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui.components.pressed import pressable


def test_what_lays_a_surface_out_is_said_of_all_of_it() -> None:
    made = pressable(ft.Text("L1"), "L1: ok", None, col={"xs": 6, "lg": 2}, expand=2, key="L1", padding=4)
    assert (made.col, made.expand, made.key) == ({"xs": 6, "lg": 2}, 2, "L1")
    assert isinstance(made, ft.MergeSemantics)
    inner = made.content
    assert isinstance(inner, ft.Container)
    assert inner.padding == 4
    assert inner.col == 12
