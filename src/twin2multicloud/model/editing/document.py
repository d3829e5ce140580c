"""A definition's text, changed value by value: what is not touched stays byte for byte, comments, order and quotes too.

A library that writes a document anew (ruamel.yaml was tried) brings every line that was indented or spaced otherwise
into its own shape. So a change here is made in the text, at the place where the value stands, and then read again by
the reader: a text that does not read as what was wanted is never handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final

from twin2multicloud.model.editing.layout import Layout
from twin2multicloud.model.editing.nodes import tree_of
from twin2multicloud.model.editing.values import NowhereError, changed, plain, same, value_at
from twin2multicloud.model.errors import InvalidInputError, UsageError
from twin2multicloud.model.formats import Format, parse, sniff
from twin2multicloud.model.parsing import Path, field_name

_SOURCE: Final = "definition"
_BOM: Final = "\ufeff"


class Document:
    """A text and what it reads as. It never changes: each change makes another one."""

    def __init__(self, text: str, form: Format, value: Any) -> None:
        self.text = text
        self.format = form
        self._value = value

    @classmethod
    def parse(cls, text: str, form: Format | None = None) -> Document:
        """The document of a text; without `form` its first line tells the format.

        Raises `InvalidInputError` with lines for a text that cannot be read, or repeats a name, `UsageError` for TOML,
        which is changed as text only. Whether it is a sound definition is no business of this.
        """
        chosen = form or sniff(text)
        if chosen == "toml":
            raise UsageError("format: a form changes YAML and JSON; change a definition in TOML as text")
        parsed = parse(text, chosen, _SOURCE)
        if parsed.findings:
            raise InvalidInputError(_SOURCE, parsed.findings)
        return cls(text, chosen, parsed.value)

    # ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────
    def get(self, path: Path, default: Any = None) -> Any:
        """The plain value at a path, for the caller to keep; `default` if nothing is there."""
        try:
            return plain(value_at(self._value, path))
        except NowhereError:
            return default

    def has(self, path: Path) -> bool:
        """Whether something is at a path, were it nothing but a name."""
        try:
            value_at(self._value, path)
        except NowhereError:
            return False
        return True

    # ── Changing ────────────────────────────────────────────────────────────────────────────────────────────
    def set(self, path: Path, value: Any) -> Document:
        """With a value at a path, which need not be there yet: sections around it are made, and the index after a
        list's last one appends. Of a mapping or list only what differs is touched.

        Every change raises `NowhereError` for a path that leads nowhere, and `UsageError` where the text is written in
        a way that only a person can change without losing a comment.
        """
        wanted = plain(value)
        if not self.has(path):
            return self._added(path, wanted)
        before = value_at(self._value, path)
        if same(before, wanted):
            return self
        if isinstance(before, dict) and isinstance(wanted, dict) and before and wanted:
            return self._mapping(path, before, wanted)
        if isinstance(before, list) and isinstance(wanted, list) and before and wanted:
            return self._list(path, before, wanted)
        return self._made(path, changed(self._value, path, wanted), lambda layout: layout.replaced(path, wanted))

    def insert(self, path: Path, value: Any) -> Document:
        """With one more item before the one at an index (or after the last), or with a name that is not there yet."""
        around, part = value_at(self._value, path[:-1]) if path else None, path[-1] if path else ""
        if isinstance(around, list) and isinstance(part, int) and 0 <= part < len(around):
            wanted = plain(value)
            items = [*around[:part], wanted, *around[part:]]
            return self._made(
                path[:-1],
                changed(self._value, path[:-1], items),
                lambda layout: layout.inserted(path[:-1], part, wanted),
            )
        if self.has(path):
            raise NowhereError(f"{field_name(path)} is there already; set it, or choose another name")
        return self.set(path, value)

    def remove(self, path: Path) -> Document:
        """Without what is at a path; comments on lines of their own stay."""
        value_at(self._value, path)
        if not path:
            raise NowhereError("a definition cannot be removed from itself")
        around = value_at(self._value, path[:-1])
        left: Any
        if isinstance(around, dict):
            left = {name: each for name, each in around.items() if name != path[-1]}
        else:
            left = [each for index, each in enumerate(around) if index != path[-1]]
        return self._made(path[:-1], changed(self._value, path[:-1], left), lambda layout: layout.removed(path))

    def rename(self, path: Path, name: str) -> Document:
        """With another name for what is at a path; it stays where it is. What refers to it is not touched."""
        value_at(self._value, path)
        around = value_at(self._value, path[:-1]) if path else None
        if not isinstance(around, dict):
            raise NowhereError(f"{field_name(path) or 'the definition'} has no name; only what is in a mapping has one")
        if name == path[-1]:
            return self
        if name in around:
            raise NowhereError(f"{field_name((*path[:-1], name))} is there already; choose another name")
        renamed = {name if each == path[-1] else each: value for each, value in around.items()}
        return self._made(
            path[:-1], changed(self._value, path[:-1], renamed), lambda layout: layout.renamed(path, name)
        )

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def _layout(self) -> Layout:
        bare = self.text.removeprefix(_BOM)
        return Layout(bare, tree_of(bare), is_json=self.format == "json")

    def _added(self, path: Path, value: Any) -> Document:
        """With something at a path where nothing is: what is around it is made, too."""
        there = next(depth for depth in range(len(path) - 1, -1, -1) if self.has(path[:depth]))
        for part in reversed(path[there + 1 :]):
            if isinstance(part, int):
                raise NowhereError(f"there is no list at {field_name(path[: path.index(part)])}; set it as a whole")
            value = {part: value}
        around, part = value_at(self._value, path[:there]), path[there]
        if around is None and isinstance(part, str):
            grown: Any = {part: value}
            return self._made(
                path[:there],
                changed(self._value, path[:there], grown),
                lambda layout: layout.replaced(path[:there], grown),
            )
        if isinstance(around, dict) and isinstance(part, str):
            grown = {**around, part: value}
        elif isinstance(around, list) and part == len(around):
            grown = [*around, value]
        else:
            raise NowhereError(
                f"{field_name(path[: there + 1])} cannot be set: what is around it has no such name or index"
            )
        return self._made(
            path[:there],
            changed(self._value, path[:there], grown),
            lambda layout: layout.inserted(path[:there], part, value),
        )

    def _mapping(self, path: Path, before: dict[str, Any], wanted: dict[str, Any]) -> Document:
        made = self
        for name, each in wanted.items():
            made = made.set((*path, name), each)
        for name in before:
            if name not in wanted:
                made = made.remove((*path, name))
        return made

    def _list(self, path: Path, before: list[Any], wanted: list[Any]) -> Document:
        shorter = min(len(before), len(wanted))
        ahead = next((n for n in range(shorter) if not same(before[n], wanted[n])), shorter)
        most = shorter - ahead
        behind = next((n for n in range(most) if not same(before[-1 - n], wanted[-1 - n])), most)
        old, new = len(before) - ahead - behind, len(wanted) - ahead - behind
        made = self
        for index in range(ahead, ahead + min(old, new)):
            made = made.set((*path, index), wanted[index])
        for index in range(ahead + old - 1, ahead + new - 1, -1):
            made = made.remove((*path, index))
        for index in range(ahead + old, ahead + new):
            made = made.insert((*path, index), wanted[index])
        return made

    def _made(self, around: Path, wanted: Any, change: Callable[[Layout], Iterator[str]]) -> Document:
        """The first text that reads as what is wanted: the smallest change, or else what is around it written anew, as
        long as no comment is lost by that.
        """
        for text in self._texts(around, wanted, change):
            whole = _BOM + text if self.text.startswith(_BOM) else text
            try:
                parsed = parse(whole, self.format, _SOURCE)
            except InvalidInputError:
                continue
            if not parsed.findings and same(parsed.value, wanted):
                return Document(whole, self.format, parsed.value)
        raise UsageError(
            f"{field_name(around) or 'the definition'}: is written in a way that a form cannot change without losing "
            "comments; change it in the text"
        )

    def _texts(self, around: Path, wanted: Any, change: Callable[[Layout], Iterator[str]]) -> Iterator[str]:
        yield from change(self._layout)
        for depth in range(len(around), -1, -1):
            path = around[:depth]
            if self._layout.has_comment(path):
                return
            yield from self._layout.replaced(path, value_at(wanted, path))
