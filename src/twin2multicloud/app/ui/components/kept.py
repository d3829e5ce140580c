"""A control that is kept while what is around it is made anew."""

from __future__ import annotations

import weakref

import flet as ft


def within(parent: ft.Container, child: ft.Control) -> ft.Container:
    """The parent, with a child that may have been another parent's before. Flet passes over a child that is the very
    same as before, and leaves it with the parent that is gone: whatever is below it then has no page.
    """
    parent.content = child
    object.__setattr__(child, "_parent", weakref.ref(parent))
    return parent
