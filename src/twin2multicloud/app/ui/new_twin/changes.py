"""Changes of a definition that concern several places of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.editor import Editor
from twin2multicloud.model.editing.document import Document
from twin2multicloud.model.parsing import Path

Write = Callable[[float | None], None]
_TYPES: Final[Path] = ("device_types",)


def rename_type(editor: Editor, name: str, new: str) -> str | None:
    """Call a device type otherwise, wherever it is named; why it cannot be, otherwise."""
    why = _taken(editor.mapping(*_TYPES), new)
    if why is not None:
        return why
    places: list[Path] = []
    for section, key in (("devices", "type"), ("rules", "on")):
        places += [(section, index, key) for index, each in enumerate(editor.items(section)) if _has(each, key, name)]
    for number, dashboard in enumerate(editor.items("dashboards")):
        panels = dashboard.get("panels") if isinstance(dashboard, dict) else None
        for index, panel in enumerate(panels if isinstance(panels, list) else []):
            if _has(panel, "on", name):
                places.append(("dashboards", number, "panels", index, "on"))
    _renamed(editor, (*_TYPES, name), new, places)
    return None


def remove_type(editor: Editor, name: str) -> None:
    """Have a device type no more, nor devices of it. Rules and panels of it stay, for somebody to decide on."""
    groups = [index for index, each in enumerate(editor.items("devices")) if _has(each, "type", name)]

    def change(document: Document) -> Document:
        document = document.remove((*_TYPES, name))
        for index in reversed(groups):
            document = document.remove(("devices", index))
        return document

    editor.change(change)


def rename_model(editor: Editor, name: str, new: str) -> str | None:
    """Call a kind of entity otherwise, wherever it is named; why it cannot be, otherwise."""
    models: Path = ("graph", "models")
    why = _taken(editor.mapping(*models), new)
    if why is not None:
        return why
    entities = editor.items("graph", "entities")
    places: list[Path] = [
        ("graph", "entities", index, "model") for index, each in enumerate(entities) if _has(each, "model", name)
    ]
    _renamed(editor, (*models, name), new, places)
    return None


def rename_member(editor: Editor, path: Path, new: str) -> str | None:
    """Call the member at a path otherwise; why it cannot be, otherwise."""
    why = _taken(editor.mapping(*path[:-1]), new)
    if why is None:
        editor.rename(path, new)
    return why


def move(editor: Editor, path: Path, index: int, by: int) -> None:
    """Move an item of the list at a path up or down."""
    items = editor.items(*path)
    if 0 <= index + by < len(items):
        item = items[index]

        def change(document: Document) -> Document:
            return document.remove((*path, index)).insert((*path, index + by), item)

        editor.change(change)


def _renamed(editor: Editor, path: Path, new: str, places: list[Path]) -> None:
    def change(document: Document) -> Document:
        document = document.rename(path, new)
        for each in places:
            document = document.set(each, new)
        return document

    editor.change(change)


def _taken(members: dict[str, Any], name: str) -> str | None:
    if not name:
        return tr("is needed")
    return tr("is there already") if name in members else None


def _has(part: object, key: str, value: str) -> bool:
    return isinstance(part, dict) and part.get(key) == value
