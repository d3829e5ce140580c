"""The twin graph of a definition a part at a time, as a store of twins would tell it before any telemetry."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from twin2multicloud.model.spec import Entity, Relationship, TwinSpec

_UNIT: Final = "unit: "
"""Begins the comment of a property of a generated interface (see `twin.generate`)."""


@dataclass(frozen=True)
class ModelWords:
    """A model's name and the units of its properties."""

    name: str
    units: Mapping[str, str]


class GraphIndex:
    """Entities and devices by id. Everything is sorted once, when it is first asked for."""

    def __init__(self, spec: TwinSpec) -> None:
        self._spec = spec

    @cached_property
    def ids(self) -> list[str]:
        """All of them, sorted."""
        return sorted([*self.entities, *self._spec.device_names])

    @cached_property
    def entities(self) -> Mapping[str, Entity]:
        """Twins that are no devices, by id."""
        return {entity.id: entity for entity in self._spec.entities}

    def model(self, twin: str) -> str:
        """The DTMI of a twin's model."""
        if twin in self.entities:
            return self.entities[twin].model
        kind = self._spec.type_of(twin)
        return "" if kind is None else kind.model

    def total(self, model: str = "") -> int:
        """How many twins there are, or of a model."""
        devices = sum(len(group) for group in self._spec.devices if model in ("", self._spec.types[group.type].model))
        return devices + sum(model in ("", entity.model) for entity in self._spec.entities)

    def find(
        self, limit: int, *, after: str = "", search: str = "", model: str = "", of: str = "", roots: bool = False
    ) -> list[str]:
        """Ids beginning after `after`: with `search` in them, whatever its case; of a model; those that relationships
        of a twin lead to; those that none leads to.
        """
        ids = sorted({each.target for each in self.outgoing(of)}) if of else self.ids
        part = search.lower()
        found: Iterable[str] = (ids[place] for place in range(bisect_right(ids, after), len(ids)))
        if part:
            found = (twin for twin in found if part in twin.lower())
        if model:
            found = (twin for twin in found if self.model(twin) == model)
        if roots:
            found = (twin for twin in found if not self.incoming(twin))
        return list(islice(found, limit))

    def outgoing(self, twin: str) -> Sequence[Relationship]:
        """The relationships that leave a twin."""
        return self._out.get(twin, ())

    def incoming(self, twin: str) -> Sequence[Relationship]:
        """The relationships that lead to a twin."""
        return self._into.get(twin, ())

    @cached_property
    def _out(self) -> Mapping[str, Sequence[Relationship]]:
        found: defaultdict[str, list[Relationship]] = defaultdict(list)
        for relation in self._spec.relationships:
            found[relation.source].append(relation)
        return dict(found)

    @cached_property
    def _into(self) -> Mapping[str, Sequence[Relationship]]:
        found: defaultdict[str, list[Relationship]] = defaultdict(list)
        for relation in self._spec.relationships:
            found[relation.target].append(relation)
        return dict(found)

    @cached_property
    def words(self) -> Mapping[str, ModelWords]:
        """How the models are called, and the units of their properties, by DTMI."""
        found = {}
        for interface in self._spec.models:
            model = str(interface.get("@id", ""))
            contents = interface.get("contents")
            found[model] = ModelWords(
                _name(interface, model),
                {
                    str(each.get("name")): str(each["comment"]).removeprefix(_UNIT)
                    for each in (contents if isinstance(contents, list) else ())
                    if isinstance(each, dict) and str(each.get("comment", "")).startswith(_UNIT)
                },
            )
        for kind in self._spec.device_types:
            found[kind.model] = ModelWords(kind.name, {field.name: field.unit for field in kind.fields if field.unit})
        return found


def _name(interface: Mapping[str, object], model: str) -> str:
    shown = interface.get("displayName")
    return shown if isinstance(shown, str) and shown else model.rpartition(":")[2].partition(";")[0]
