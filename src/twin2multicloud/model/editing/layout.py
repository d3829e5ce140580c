"""Where in a text a change goes: each method yields texts to try, the one that touches least first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin2multicloud.model.editing.nodes import Node
from twin2multicloud.model.editing.scalars import entry_lines, flow_text, item_lines, scalar_text, value_lines
from twin2multicloud.model.parsing import Path


class Layout:
    """A text and its tree (None: the text is empty, comments aside)."""

    def __init__(self, text: str, tree: Node | None, *, is_json: bool) -> None:
        self._text = text
        self._tree = tree
        self._is_json = is_json
        self._break = "\r\n" if "\r\n" in text else "\n"

    def has_comment(self, path: Path) -> bool:
        """Whether a comment may be within what is at a path."""
        node = None if self._tree is None else self._tree.at(path)
        return "#" in (self._text if node is None else self._text[node.start : node.end])

    def replaced(self, path: Path, value: Any) -> Iterator[str]:
        """With another value in the place of what is at a path."""
        if self._tree is None:
            yield self._ended() + self._joined(value_lines(value, 0, after_name=False)) + self._break
            return
        node = self._tree.at(path)
        if node is None:
            return
        around = self._tree.at(path[:-1]) if path else None
        if self._is_json or self._within_brackets(path):
            yield self._put(node, self._flow(value, node))
            return
        single = not isinstance(value, dict | list) and not (isinstance(value, str) and "\n" in value)
        if single and not node.holds and node.style not in ("|", ">") and node.start < node.end:
            yield self._put(node, scalar_text(value, node.style))
        if around is None:
            yield self._put(node, self._joined(value_lines(value, 0, after_name=False)))
        elif around.is_mapping:
            yield from self._after_name(node, value_lines(value, around.column, after_name=True))
            yield from self._after_name(node, [flow_text(value)])
        else:
            for lines in (value_lines(value, around.column + 2, after_name=False), [flow_text(value)]):
                before = self._text[: node.start].rstrip(" ")
                begin = self._text[: node.start] if before.endswith("\n") else f"{before} "
                yield begin + self._joined(lines) + self._text[node.end :]

    def inserted(self, path: Path, part: str | int, value: Any) -> Iterator[str]:
        """With a name or an item more in the mapping or list at a path."""
        node = None if self._tree is None else self._tree.at(path)
        if node is None:
            if isinstance(part, str):
                yield from self.replaced((), {part: value})
            return
        if node.flow:
            yield from self._into_brackets(path, node, part, value)
        elif isinstance(part, str):
            # Sections of a definition stand apart.
            apart = self._break if not path and self._break * 2 in self._text else ""
            yield self._below(node.end, node.column, entry_lines(part, value, node.column), apart)
        elif part > 0:
            yield self._below(node.children[part - 1].end, node.column, item_lines(value, node.column))
        else:
            lines = item_lines(value, node.column)
            yield self._with(node.start, node.start, self._joined(lines) + self._break + " " * node.column)

    def removed(self, path: Path) -> Iterator[str]:
        """Without what is at a path."""
        node = None if self._tree is None else self._tree.at(path[:-1])
        if node is None:
            return
        index = node.names.index(str(path[-1])) if node.is_mapping else int(path[-1])
        if len(node.children) == 1:
            yield from self.replaced(path[:-1], {} if node.is_mapping else [])
            return
        child = node.children[index]
        begin = self._begin(node, index)
        last = index == len(node.children) - 1
        if node.flow:
            yield (
                self._with(begin, self._begin(node, index + 1), "")
                if not last
                else self._with(node.children[index - 1].end, child.end, "")
            )
            return
        line, after = self._line(begin), self._next_line(child.end)
        if not self._text[line:begin].strip():
            yield self._with(line, after, "")
        elif not last:
            # The first one of what is within an item shares its line with the dash.
            following = self._begin(node, index + 1)
            if "#" not in self._text[after:following]:
                yield self._with(begin, following, "")
            yield self._text[:begin].rstrip(" ") + self._break + self._text[after:]

    def renamed(self, path: Path, name: str) -> Iterator[str]:
        """With another name for what is at a path."""
        node = None if self._tree is None else self._tree.at(path[:-1])
        if node is not None:
            key = node.keys[node.names.index(str(path[-1]))]
            yield self._put(key, scalar_text(name, key.style, is_json=self._is_json))

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    def _put(self, node: Node, text: str) -> str:
        return self._with(node.start, node.end, text)

    def _with(self, start: int, end: int, text: str) -> str:
        return self._text[:start] + text + self._text[end:]

    def _joined(self, lines: list[str]) -> str:
        return self._break.join(lines)

    def _ended(self) -> str:
        """The text, with its last line ended."""
        return self._text if not self._text or self._text.endswith("\n") else self._text + self._break

    def _line(self, place: int) -> int:
        """Where the line of a place begins."""
        return self._text.rfind("\n", 0, place) + 1

    def _next_line(self, place: int) -> int:
        """Where the line after that of a place begins."""
        found = self._text.find("\n", place)
        return len(self._text) if found < 0 else found + 1

    def _within_brackets(self, path: Path) -> bool:
        assert self._tree is not None
        return any(node is not None and node.flow for node in (self._tree.at(path[:n]) for n in range(len(path))))

    def _flow(self, value: Any, node: Node) -> str:
        if isinstance(value, dict | list):
            return flow_text(value, is_json=self._is_json)
        return scalar_text(value, "" if node.holds else node.style, is_json=self._is_json)

    def _after_name(self, node: Node, lines: list[str]) -> Iterator[str]:
        """A value after its name: on the name's line, or below it."""
        before = self._text[: node.start]
        name = before.rstrip(" \r\n")
        head, *rest = lines
        if name.endswith(":"):
            yield self._joined([f"{name} {head}" if head else name, *rest]) + self._text[node.end :]
        elif head:
            yield before + self._joined(lines) + self._text[node.end :]
        else:
            # A comment stands between the name and what is below it.
            yield before[: self._line(node.start)] + self._joined(rest) + self._text[node.end :]

    def _below(self, end: int, column: int, lines: list[str], apart: str = "") -> str:
        """Lines after the one in which something ends."""
        at = self._next_line(end)
        whole = self._joined([" " * column + lines[0], *lines[1:]])
        if at == len(self._text):
            return self._ended() + apart + whole + (self._break if self._text.endswith("\n") else "")
        return self._with(at, at, apart + whole + self._break)

    def _into_brackets(self, path: Path, node: Node, part: str | int, value: Any) -> Iterator[str]:
        entry = flow_text(value, is_json=self._is_json)
        if isinstance(part, str):
            entry = f"{scalar_text(part, is_json=self._is_json)}: {entry}"
        if not node.children:
            yield from self.replaced(path, {part: value} if isinstance(part, str) else [value])
        elif isinstance(part, int) and part < len(node.children):
            start = node.children[part].start
            yield self._with(start, start, f"{entry}, ")
        else:
            begin, end = self._begin(node, len(node.children) - 1), node.children[-1].end
            alone = not self._text[self._line(begin) : begin].strip()
            between = f",{self._break}{self._text[self._line(begin) : begin]}" if alone else ", "
            yield self._with(end, end, between + entry)

    def _begin(self, node: Node, index: int) -> int:
        """Where an entry begins: with its name, its dash, or itself within brackets."""
        if node.is_mapping:
            return node.keys[index].start
        if node.flow:
            return node.children[index].start
        place = node.children[index].start
        while True:
            line = self._line(place)
            if self._text[line + node.column : line + node.column + 1] == "-" and line + node.column >= node.start:
                return line + node.column
            place = line - 1
