"""The parts of a definition that could be read, for checks that look at several of them.

One bad part must not hide what is wrong with the others, and must not make others look wrong: so every collection
says which of its members were declared but could not be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.names import nearest
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.twin.dashboard_definition import DashboardDefinition
from twin2multicloud.model.twin.device_groups import DeviceGroupDefinition
from twin2multicloud.model.twin.device_types import DeviceTypeDefinition
from twin2multicloud.model.twin.entities import EntityDefinition, EntityModelDefinition, RelationshipDefinition
from twin2multicloud.model.twin.patterns import matcher
from twin2multicloud.model.twin.rule_definition import RuleDefinition
from twin2multicloud.model.workload import Workload

T = TypeVar("T")

MAX_SUGGESTIONS: Final = 30
MAX_COMPARED: Final = 20_000
"""Comparing names is slow: a hostile file must not make it happen millions of times."""

MAX_SCANNED: Final = 20_000_000
"""Names that all patterns of a definition together are held against: seconds, not hours."""


class TooManyPatternsError(Exception):
    """The patterns of a definition would be held against more names than `MAX_SCANNED`."""


@dataclass(frozen=True)
class Problem:
    """Something wrong at a path of the definition, said in one sentence with the remedy."""

    path: Path
    text: str


@dataclass
class Named(Generic[T]):
    """A mapping's readable members, the names of all that were declared, and whether these are all."""

    good: dict[str, T] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    complete: bool = True

    def lacks(self, name: str) -> bool:
        """Whether a name certainly means no member."""
        return self.complete and name not in self.declared


@dataclass
class Listed(Generic[T]):
    """A list's readable members with their indexes, and whether these are all."""

    good: list[tuple[int, T]] = field(default_factory=list)
    complete: bool = True


@dataclass
class Parts:
    """What of a definition could be read."""

    name: str | None = None
    workload: Workload | None = None
    constraints: Constraints | None = None
    device_types: Named[DeviceTypeDefinition] = field(default_factory=Named)
    devices: Listed[DeviceGroupDefinition] = field(default_factory=Listed)
    models: Named[EntityModelDefinition] = field(default_factory=Named)
    entities: Listed[EntityDefinition] = field(default_factory=Listed)
    relationships: Listed[RelationshipDefinition] = field(default_factory=Listed)
    rules: Listed[RuleDefinition] = field(default_factory=Listed)
    dashboards: Listed[DashboardDefinition] = field(default_factory=Listed)
    modules: dict[str, str] = field(default_factory=dict)
    interfaces: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    relationship_names: dict[str, set[str]] = field(default_factory=dict)
    """The relationships of given interfaces, by device type or entity model."""
    _suggestions: int = 0
    _scanned: int = 0

    @cached_property
    def device_types_by_name(self) -> dict[str, str]:
        """The type of each device; the first one where a name is given twice."""
        found: dict[str, str] = {}
        for _, group in self.devices.good:
            for name in group.all_names():
                found.setdefault(name, group.type)
        return found

    @cached_property
    def entity_models(self) -> dict[str, str]:
        """The model of each entity; the first one where an id is given twice."""
        found: dict[str, str] = {}
        for _, entity in self.entities.good:
            for _, id in entity.numbered_ids():
                found.setdefault(id, entity.model)
        return found

    @cached_property
    def _all_twins(self) -> list[str]:
        return [*self.entity_models, *self.device_types_by_name]

    def _scan(self, pattern: str, names: Collection[str]) -> list[str]:
        self._scanned += len(names)
        if self._scanned > MAX_SCANNED:
            raise TooManyPatternsError
        return list(filter(matcher(pattern), names))

    def twins_like(self, pattern: str) -> list[str]:
        """The entities and devices that a name or pattern means."""
        if "*" in pattern:
            return self._scan(pattern, self._all_twins)
        return [pattern] if pattern in self.entity_models or pattern in self.device_types_by_name else []

    def model_of(self, twin: str) -> str:
        """The entity model or device type of an entity or device."""
        return self.entity_models.get(twin) or self.device_types_by_name[twin]

    def relationships_of(self, kind: str) -> set[str]:
        """The relationships that a given interface has, inherited ones included."""
        return self.relationship_names.get(kind, set())

    def suggest(self, name: str, known: Iterable[str]) -> str:
        """`; did you mean 'x'?` where a known name is near, else "". Looks among thousands, a few times only."""
        if self._suggestions >= MAX_SUGGESTIONS:
            return ""
        self._suggestions += 1
        guess = nearest(name, islice(known, MAX_COMPARED))
        return f"; did you mean '{guess}'?" if guess else ""

    def devices_like(self, pattern: str, kind: str | None = None) -> list[str]:
        """The devices (of a type) that a name or pattern means, in order."""
        names = self.device_types_by_name
        if "*" not in pattern:
            return [pattern] if pattern in names and kind in (None, names[pattern]) else []
        return [name for name in self._scan(pattern, names) if kind in (None, names[name])]

    def entities_like(self, pattern: str) -> list[str]:
        """The entities that an id or pattern means, in order."""
        if "*" not in pattern:
            return [pattern] if pattern in self.entity_models else []
        return self._scan(pattern, self.entity_models)
