"""A definition that is being written: its text and files, read as values for the form, with undo and redo.

The text is what there is; the form reads values from it and writes them into it, so that what somebody wrote by hand
(comments, order, spelling) stays as it is everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from twin2multicloud.app.schemas.drafts import DraftPatch
from twin2multicloud.app.ui.new_twin.spelling import spelled
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.editing.document import Document
from twin2multicloud.model.editing.history import History
from twin2multicloud.model.errors import Finding, InvalidInputError, UsageError
from twin2multicloud.model.formats import Format, parse, sniff
from twin2multicloud.model.parsing import Path, field_name

_MISSING = object()


@dataclass(frozen=True)
class Written:
    """All that is written: the definition's text and the files that it names."""

    text: str
    files: Mapping[str, str]
    format: Format | None = None


class Editor(Store):
    """What is written now. While its text cannot be read (`unreadable` says why), `value` is as it was before.
    `refused` says why the last change was not made.
    """

    def __init__(self, written: Written, clock: Callable[[], float]) -> None:
        super().__init__()
        self._history = History(written, clock)
        self._document: Document | None = None
        self.value: dict[str, Any] = {}
        self.unreadable: tuple[Finding, ...] = ()
        self.refused = ""
        self._read()

    # ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def written(self) -> Written:
        """The text and the files."""
        return self._history.state

    @property
    def readable(self) -> bool:
        """Whether the form can show, and change, what is written."""
        return self._document is not None

    @property
    def name(self) -> str:
        """The twin's name so far."""
        return self.text_at("name")

    @property
    def title(self) -> str:
        """The name as a draft can have it."""
        return "".join(each for each in self.name if each.isprintable())[:100]

    def at(self, *path: str | int, default: Any = None) -> Any:
        """The value at a path."""
        node: Any = self.value
        for place, part in enumerate(path):
            if isinstance(node, str) and part == short_key(path[:place]):
                continue
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                return default
        return node

    def text_at(self, *path: str | int) -> str:
        """The text at a path; empty where there is none."""
        found = self.at(*path)
        return spelled(found)

    def mapping(self, *path: str | int) -> dict[str, Any]:
        """The mapping at a path; empty where there is none."""
        found = self.at(*path)
        return found if isinstance(found, dict) else {}

    def items(self, *path: str | int) -> list[Any]:
        """The list at a path; empty where there is none."""
        found = self.at(*path)
        return found if isinstance(found, list) else []

    # ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def set(self, path: Path, value: Any, *, typed: bool = False) -> None:
        """Have `value` at a path. What is `typed` letter by letter, or dragged, is undone at once."""
        if self.at(*path, default=_MISSING) == value and type(self.at(*path)) is type(value):
            return
        whole = self.at(*path[:-1])
        short = short_key(path[:-1]) if isinstance(whole, str) else None
        if short is not None and short != path[-1]:
            path, value = path[:-1], {short: whole, str(path[-1]): value}
        elif short is not None:
            path = path[:-1]
        self.change(lambda document: document.set(path, value), field_name(path) if typed else None)

    def put(self, path: Path, value: Any, *, typed: bool = False) -> None:
        """Have `value` at a path; nothing there where it is empty."""
        if value in (None, "", [], {}):
            self.remove(path, typed=typed)
        else:
            self.set(path, value, typed=typed)

    def remove(self, path: Path, *, typed: bool = False) -> None:
        """Have nothing at a path."""
        around = self.at(*path[:-1])
        if self.at(*path, default=_MISSING) is _MISSING or isinstance(around, str):
            return
        if isinstance(around, list) and len(around) == 1 and len(path) > 1:
            path = path[:-1]  # an empty list says nothing, or is not allowed
        self.change(lambda document: document.remove(path), field_name(path) if typed else None)

    def append(self, path: Path, value: Any) -> int:
        """Add to the list at a path; the index of what was added."""
        count = len(self.items(*path))
        if count:
            self.change(lambda document: document.insert((*path, count), value))
        else:
            self.set(path, [value])
        return count

    def rename(self, path: Path, name: str) -> None:
        """Call the member at a path otherwise, where it is; nothing happens if that name is taken or empty."""
        if name and name != path[-1] and name not in self.mapping(*path[:-1]):
            self.change(lambda document: document.rename(path, name))

    def write(self, text: str) -> None:
        """Have another text."""
        if text != self.written.text:
            self._put(replace(self.written, text=text), "text")

    def write_file(self, path: str, text: str) -> None:
        """Have another text in one of the files, or a new file."""
        if self.written.files.get(path) != text:
            self._put(replace(self.written, files={**self.written.files, path: text}), f"file {path}")

    def rename_file(self, path: str, new: str) -> None:
        """Call a file otherwise, where it is."""
        files = {new if name == path else name: text for name, text in self.written.files.items()}
        self._put(replace(self.written, files=files), None)

    def remove_file(self, path: str) -> None:
        """Have no such file."""
        rest = {name: text for name, text in self.written.files.items() if name != path}
        self._put(replace(self.written, files=rest), None)

    def become(self, written: Written) -> None:
        """Have all of it otherwise, which can be undone."""
        self._put(written, None)

    # ── Undoing ─────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return self._history.can_redo

    def undo(self) -> None:
        """Have it as before the last change."""
        self._history.undo()
        self._read()
        self.changed()

    def redo(self) -> None:
        """Have it as before the last undo."""
        self._history.redo()
        self._read()
        self.changed()

    def change(self, change: Callable[[Document], Document], field: str | None = None) -> None:
        """Change several values at once. Changes of one `field` in a row are undone at once."""
        if self._document is None:
            return
        try:
            changed = change(self._document)
        except UsageError as error:
            self.refused = str(error)
            self.changed()
            return
        self._take(changed)
        self._history.record(replace(self.written, text=changed.text, format=changed.format), field)
        self._told()

    def write_yaml(self) -> None:
        """Have what is written in another format as YAML. Comments are lost."""
        text, form = self.written.text, self.written.format
        value = parse(text, form or sniff(text), "definition").value
        made = Document.parse("name: twin", "yaml").set((), value)
        self._put(replace(self.written, text=made.text, format="yaml"), None)

    def _put(self, written: Written, field: str | None) -> None:
        self._history.record(written, field)
        self._read()
        self._told()

    def _told(self) -> None:
        self.refused = ""
        self.changed()

    def _take(self, document: Document) -> None:
        value = document.get(())
        self._document, self.unreadable = document, ()
        self.value = value if isinstance(value, dict) else {}

    def _read(self) -> None:
        try:
            document = Document.parse(self.written.text, self.written.format)
        except InvalidInputError as error:
            self._document, self.unreadable = None, error.findings
        except UsageError as error:
            self._document, self.unreadable = None, (Finding("", str(error)),)
        else:
            self._take(document)
            if not isinstance(document.get(()), dict | None):
                self._document = None
                self.unreadable = (Finding("", "is not a mapping; write name: value pairs"),)

    def patch(self, since: Written) -> DraftPatch | None:
        """What a draft must be told that has `since`; None where that is nothing."""
        changes: dict[str, Any] = {}
        if self.written.text != since.text:
            changes |= {"source": self.written.text, "title": self.title}
        if self.written.files != since.files:
            changes["files"] = dict(self.written.files)
        if self.written.format != since.format:
            changes["format"] = self.written.format
        return DraftPatch.model_validate(changes) if changes else None


def short_key(path: Path) -> str | None:
    """What a text stands for where a mapping may be: `temperature: double` is `temperature: {type: double}`."""
    if len(path) >= 2 and path[-2] in ("fields", "properties") and path[0] in ("device_types", "graph"):
        return "type"
    return {"webhook": "url", "command": "name"}.get(str(path[-1])) if path and path[0] == "rules" else None
