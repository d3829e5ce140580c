"""Interim: a definition's text, changed value by value."""

from __future__ import annotations

import copy
import json
from typing import Any, Self

import yaml

from twin2multicloud.model.formats import Format, parse, sniff
from twin2multicloud.model.parsing import Path


class Document:
    def __init__(self, value: Any, text: str, form: Format) -> None:
        self.value, self.text, self.format = value, text, form

    @classmethod
    def parse(cls, text: str, form: Format | None = None) -> Self:
        form = form or sniff(text)
        return cls(parse(text, form, "definition").value or {}, text, form)

    def set(self, path: Path, value: Any) -> None:
        parent = self._parent(path)
        parent[path[-1]] = value
        self._write()

    def remove(self, path: Path) -> None:
        del self._parent(path)[path[-1]]
        self._write()

    def insert(self, path: Path, value: Any) -> None:
        self._parent(path).insert(path[-1], value)
        self._write()

    def rename(self, path: Path, name: str) -> None:
        parent = self._parent(path)
        items = [(name if key == path[-1] else key, item) for key, item in parent.items()]
        parent.clear()
        parent.update(items)
        self._write()

    def _parent(self, path: Path) -> Any:
        self.value = copy.deepcopy(self.value)
        node: Any = self.value
        for part, following in zip(path[:-1], path[1:], strict=True):
            if isinstance(node, dict) and not isinstance(node.get(part), dict | list):
                node[part] = [] if isinstance(following, int) else {}
            node = node[part]
        return node

    def _write(self) -> None:
        self.format = "json" if self.format == "json" else "yaml"
        if self.format == "json":
            self.text = json.dumps(self.value, indent=2, ensure_ascii=False)
        else:
            self.text = yaml.safe_dump(self.value, sort_keys=False, allow_unicode=True, width=120)
