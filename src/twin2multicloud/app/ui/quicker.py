"""Flet's comparing of widgets, without looking at what cannot hold any.

Flet keeps of a widget's properties those that somebody set, and compares just these. Where widgets come and go, though,
it looks at all forty to sixty that a widget may have, which is most of the time that showing a list takes.
`tests/ui/test_quicker.py` holds what is here to what Flet's own way comes to, and fails if that changes.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Final

from flet.controls import object_patch
from flet.controls.base_control import BaseControl

FLETS: Final = object_patch.DiffBuilder
"""Flet's own."""
_BARE: Final = (str, int, float, bool, type(None))


class QuickDiffBuilder(object_patch.DiffBuilder):
    """Flet's, which walks through properties that were set."""

    def _configure_dataclass(
        self, item: Any, parent: Any, frozen: bool, configure_setattr_only: bool = False
    ) -> Iterator[Any]:
        if isinstance(item, _BARE):
            return
        if configure_setattr_only or not isinstance(item, BaseControl):
            yield from super()._configure_dataclass(item, parent, frozen, configure_setattr_only)
            return
        if parent is not None and parent is not item:
            item._parent = weakref.ref(parent)  # type: ignore[attr-defined]  # it has
        if hasattr(item, "_frozen"):
            frozen = item._frozen
        elif frozen:
            item._frozen = frozen
        item.build()
        item._before_update_safe()
        object.__setattr__(item, "_initialized", True)
        yield item
        for value in _held(item):
            if not isinstance(value, _BARE):
                yield from self._configure_dataclass(value, item, frozen)
        if not frozen:
            item._dirty.clear()

    def _removed_controls(self, item: Any, recurse: bool) -> Iterator[Any]:
        if not recurse or not isinstance(item, BaseControl) or hasattr(item, "__prev_lists"):
            yield from super()._removed_controls(item, recurse)
            return
        for value in _held(item):
            if not isinstance(value, _BARE):
                yield from self._removed_controls(value, recurse)
        yield item


def _held(item: BaseControl) -> list[Any]:
    structural: frozenset[str] = type(item)._structural_fields  # type: ignore[attr-defined]  # set as classes are made
    return [*item._values.values(), *(getattr(item, name) for name in structural)]


def install() -> None:
    """Have Flet compare so."""
    object_patch.DiffBuilder = QuickDiffBuilder  # type: ignore[misc]  # it is meant to be another
