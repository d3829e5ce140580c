"""The sections of the editor, and which one a field of the definition is in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from twin2multicloud.app.schemas.problems import FieldProblem
from twin2multicloud.app.ui.language import tr


class Section(StrEnum):
    """A part of the editor, as the address names it."""

    WORKLOAD = "workload"
    DEVICES = "devices"
    RULES = "rules"
    PROCESSORS = "processors"
    GRAPH = "graph"
    DASHBOARDS = "dashboards"
    CONSTRAINTS = "constraints"
    TEXT = "text"

    @classmethod
    def read(cls, word: str) -> Section:
        """From an address; the first one where it makes no sense."""
        return next((each for each in cls if each.value == word), cls.WORKLOAD)

    @property
    def label(self) -> str:
        """What it is called."""
        return {
            Section.WORKLOAD: tr("Workload"),
            Section.DEVICES: tr("Devices"),
            Section.RULES: tr("Rules"),
            Section.PROCESSORS: tr("Processors"),
            Section.GRAPH: tr("Graph"),
            Section.DASHBOARDS: tr("Dashboards"),
            Section.CONSTRAINTS: tr("Constraints"),
            Section.TEXT: tr("Text"),
        }[self]


_BY_KEY: Final = {
    "name": Section.WORKLOAD,
    "description": Section.WORKLOAD,
    "workload": Section.WORKLOAD,
    "device_types": Section.DEVICES,
    "devices": Section.DEVICES,
    "rules": Section.RULES,
    "graph": Section.GRAPH,
    "dashboards": Section.DASHBOARDS,
    "constraints": Section.CONSTRAINTS,
}
_CODE: Final = re.compile(r"(\.processor|\.function)$")


def section_of(field: str) -> Section:
    """The section in which a field is changed: by its path, such as `rules[0].when`."""
    if _CODE.search(field):
        return Section.PROCESSORS
    return _BY_KEY.get(re.split(r"[.\[]", field, maxsplit=1)[0], Section.TEXT)


def items_wrong(findings: Sequence[FieldProblem], section: Section, items: Sequence[str]) -> frozenset[str]:
    """The parts of a section in which something is wrong."""
    wrong = {item_of(each.field) for each in findings if section_of(each.field) is section}
    return frozenset(wrong & set(items))


def item_of(field: str) -> str:
    """What of its section a field belongs to, as the address says it: a device type's name, a rule's number."""
    found = re.match(r"(?:device_types|graph\.models)\.([^.\[]+)|\w+\[(\d+)\]|graph\.\w+\[(\d+)\]", field)
    return next((each for each in found.groups() if each is not None), "") if found else ""
