"""What lies in what: the groups of entities and devices of a definition as a tree, as far as they can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twin2multicloud.app.ui.new_twin.editor import Editor
from twin2multicloud.model.twin.patterns import matcher, numbered

_DEEPEST = 12


@dataclass
class Node:
    """A group of equal things: what they are, what they are called, how many there are, and what is in them."""

    kind: str
    name: str
    count: int
    device: bool
    within: str = ""
    inner: list[Node] = field(default_factory=list)

    @property
    def samples(self) -> Sequence[str]:
        """Some of the names: the first and the last."""
        return [self._first, numbered(self.name, self.count)] if "{n" in self.name else self.name.split(", ")

    @property
    def _first(self) -> str:
        return numbered(self.name, 1)

    def holds(self, within: str) -> bool:
        """Whether what is `within` that (a name, or a pattern) is in one of these."""
        if any(map(matcher(within), self.samples)):
            return True
        before, _, after = self.name.partition("{n")
        tail = after.partition("}")[2]
        number = within.removeprefix(before).removesuffix(tail)
        return "{n" in self.name and within.startswith(before) and within.endswith(tail) and number.isdigit()


def tree(editor: Editor) -> list[Node]:
    """The outermost groups. What is in something that is not there is outermost, too."""
    nodes = [*_entities(editor), *_devices(editor)]
    roots: list[Node] = []
    for node in nodes:
        holder = next((each for each in nodes if each is not node and not each.device and _in(node, each)), None)
        (roots if holder is None or _reaches(node, holder) else holder.inner).append(node)
    return roots


def _in(node: Node, holder: Node) -> bool:
    return bool(node.within) and holder.holds(node.within)


def _reaches(start: Node, wanted: Node, depth: int = 0) -> bool:
    """Whether `wanted` is already in `start`: two groups that are in each other are a mistake, not a circle."""
    return depth < _DEEPEST and any(each is wanted or _reaches(each, wanted, depth + 1) for each in start.inner)


def _entities(editor: Editor) -> list[Node]:
    found = []
    for index in range(len(editor.items("graph", "entities"))):
        at = ("graph", "entities", index)
        found.append(
            Node(
                editor.text_at(*at, "model"),
                editor.text_at(*at, "id"),
                _count(editor.at(*at, "count", default=1)),
                False,
                editor.text_at(*at, "within"),
            )
        )
    return found


def _devices(editor: Editor) -> list[Node]:
    found = []
    for index in range(len(editor.items("devices"))):
        at = ("devices", index)
        names = [str(each) for each in editor.items(*at, "names")]
        found.append(
            Node(
                editor.text_at(*at, "type"),
                ", ".join(names) or editor.text_at(*at, "name"),
                len(names) or _count(editor.at(*at, "count", default=0)),
                True,
                editor.text_at(*at, "within"),
            )
        )
    return found


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
