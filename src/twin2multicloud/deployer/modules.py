"""Which of our modules a function needs: those that its entry file imports, and what those import, and so on.

Imports are read from the source and never run, wherever in a module they stand, except those for type checkers.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from twin2multicloud.model.errors import Twin2MultiCloudError

ROOT: Final = "twin2multicloud"
LAYERS: Final = (f"{ROOT}.model", f"{ROOT}.runtime")
"""The packages of ours that functions may use."""
_MOST_TEXTS: Final = 512
"""How many texts' imports are kept: our runtime has fewer modules."""


class PackageError(Twin2MultiCloudError):
    """A function's package cannot be built: a defect of ours, not of the twin."""


class SourceTree:
    """Our own source, as it lies in `directory` (which holds `twin2multicloud`). What was read once is kept."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or Path(__file__).parents[2]
        self._imports: dict[str, tuple[str, tuple[str, ...]]] = {}

    def path(self, module: str) -> str | None:
        """A module's file relative to the directory, None if there is no such module."""
        base = module.replace(".", "/")
        for candidate in (f"{base}.py", f"{base}/__init__.py"):
            if (self.directory / candidate).is_file():
                return candidate
        return None

    def text(self, path: str) -> str:
        """A file's text; line ends are those of Unix wherever it was checked out."""
        return (self.directory / path).read_text(encoding="utf-8").replace("\r\n", "\n")

    def read(self, module: str, path: str) -> tuple[str, tuple[str, ...]]:
        """A module's text, and what it imports."""
        if path not in self._imports:
            text = self.text(path)
            self._imports[path] = text, tuple(_imports(text, self, module))
        return self._imports[path]


def needed(entry: str, source: SourceTree, others: frozenset[str]) -> dict[str, str]:
    """The files, by path, of our modules that the source text `entry` needs.

    `others` are the packages beside the standard library that a function may import. Raises `PackageError` for any
    other import, and for one from a layer that functions do not have.
    """
    files: dict[str, str] = {}
    seen: set[str] = set()
    queue: deque[tuple[str, str]] = deque((name, "its entry file") for name in _imports(entry, source, "entry"))
    while queue:
        module, by = queue.popleft()
        top = module.split(".", 1)[0]
        if module in seen:
            continue
        seen.add(module)
        if top != ROOT:
            if top not in others and top not in sys.stdlib_module_names:
                raise PackageError(f"a function must not import {module}, which {by} does")
            continue
        if module != ROOT and not module.startswith(LAYERS):
            raise PackageError(f"a function has no {module}, which {by} imports")
        path = source.path(module)
        if path is None:
            raise PackageError(f"there is no module {module}, which {by} imports")
        files[path], imports = source.read(module, path)
        package = module.rpartition(".")[0]
        if package:
            queue.append((package, module))
        queue.extend((name, module) for name in imports)
    return files


def _imports(text: str, source: SourceTree, module: str) -> Iterator[str]:
    for statement in _statements(text):
        if statement.relative:
            raise PackageError(f"{module}: line {statement.line} is a relative import; ours are absolute")
        yield statement.module
        if statement.module.split(".", 1)[0] == ROOT:
            names = (f"{statement.module}.{name}" for name in statement.names)
            yield from (name for name in names if source.path(name) is not None)


class _Statement(NamedTuple):
    """What is imported, `names` of it if they were named, and the line that does it."""

    module: str
    names: tuple[str, ...]
    line: int
    relative: bool


@lru_cache(_MOST_TEXTS)
def _statements(text: str) -> tuple[_Statement, ...]:
    """The imports of a text: to parse it takes far longer than to read it, and many packages need the same modules."""
    found: list[_Statement] = []
    for node in _run(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [_Statement(alias.name, (), node.lineno, relative=False) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            relative = bool(node.level) or node.module is None
            found.append(_Statement(node.module or "", names, node.lineno, relative))
    return tuple(found)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes that may be executed: not the branch that only a type checker sees."""
    yield node
    unseen = isinstance(node, ast.If) and _for_type_checkers(node.test)
    children = node.orelse if unseen and isinstance(node, ast.If) else ast.iter_child_nodes(node)
    for child in children:
        yield from _run(child)


def _for_type_checkers(test: ast.expr) -> bool:
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return name == "TYPE_CHECKING"
