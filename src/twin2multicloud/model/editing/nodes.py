"""A YAML text as a tree whose parts know where in the text they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin2multicloud.model.parsing import Path

if TYPE_CHECKING:
    import yaml


@dataclass(frozen=True)
class Node:
    """A value in a text: from `start` up to `end`, which are offsets; comments after it are not its own.

    `flow` says that a mapping or list is written with brackets, `style` how a single value is quoted ("" for not).
    `keys` are where the names of a mapping stand; `column` is that of its first name or dash.
    """

    start: int
    end: int
    column: int
    flow: bool = False
    style: str = ""
    keys: tuple[Node, ...] = ()
    names: tuple[str, ...] = ()
    children: tuple[Node, ...] = ()
    is_mapping: bool = False
    is_list: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is a mapping or a list."""
        return self.is_mapping or self.is_list

    def child(self, part: str | int) -> Node | None:
        """What is at a name or an index."""
        if self.is_mapping and part in self.names:
            return self.children[self.names.index(str(part))]
        if self.is_list and isinstance(part, int) and 0 <= part < len(self.children):
            return self.children[part]
        return None

    def at(self, path: Path) -> Node | None:
        """What is at a path."""
        found: Node | None = self
        for part in path:
            found = None if found is None else found.child(part)
        return found


def tree_of(text: str) -> Node | None:
    """The tree of a text that the reader takes; None for an empty one."""
    import yaml  # 15 ms, not needed by those who only read

    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return None if root is None else _node(root, text)


def _node(found: yaml.Node, text: str) -> Node:
    import yaml

    start, end, column = found.start_mark.index, found.end_mark.index, found.start_mark.column
    if isinstance(found, yaml.MappingNode):
        keys = tuple(_node(key, text) for key, _ in found.value)
        children = tuple(_node(value, text) for _, value in found.value)
        flow = bool(found.flow_style)
        # A block ends, for the parser, where the next token begins.
        end = end if flow else max(child.end for child in (*keys, *children))
        names = tuple(str(key.value) for key, _ in found.value)
        return Node(start, end, column, flow, "", keys, names, children, is_mapping=True)
    if isinstance(found, yaml.SequenceNode):
        children = tuple(_node(value, text) for value in found.value)
        flow = bool(found.flow_style)
        end = end if flow else max(child.end for child in children)
        return Node(start, end, column, flow, children=children, is_list=True)
    assert isinstance(found, yaml.ScalarNode)
    style = found.style or ""
    if style in ("|", ">"):
        end = start + len(text[start:end].rstrip())
    return Node(start, end, column, style=style)
