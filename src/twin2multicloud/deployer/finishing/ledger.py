"""What we made in a graph or registry, so that what left the definition can be removed, and nothing else.

People and user code put things of their own beside ours. Hence nothing is removed for not being in the definition:
only what a definition had that was loaded before. Before anything is made the ledger names it, and what an earlier
definition had stays in it until a load has come to its end, so a load that is killed anywhere forgets nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from twin2multicloud.deployer.devices.kept import Kept
from twin2multicloud.model.spec import DeviceGroup, Entity, Relationship, TwinSpec

_MOST: Final = 50
"""Definitions that a ledger holds; after so many loads that failed in a row the oldest are forgotten."""


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a definition puts into graph and registry: groups of devices, entities, relationships. `models` are the
    DTMIs of the device types.
    """

    devices: tuple[DeviceGroup, ...] = ()
    models: dict[str, str] = {}
    entities: tuple[Entity, ...] = ()
    relationships: tuple[Relationship, ...] = ()

    @classmethod
    def of(cls, spec: TwinSpec) -> Content:
        """A twin's."""
        models = {name: kind.model for name, kind in spec.types.items()}
        return cls(spec.devices, models, spec.entities, spec.relationships)

    def names(self) -> Iterator[str]:
        """Every device."""
        for group in self.devices:
            yield from group

    def device_models(self) -> Iterator[tuple[str, str]]:
        """Every device with its model."""
        for group in self.devices:
            model = self.models.get(group.type, "")
            for name in group:
                yield name, model


class Ledger:
    """The contents that were loaded into one store, kept with the deployment under `name`."""

    def __init__(self, kept: Kept, name: str) -> None:
        self._kept = kept
        self._name = f"loaded-{name}.json"

    def former(self) -> tuple[Content, ...]:
        """What may be there of our making, the latest last."""
        content = self._kept.read(self._name)
        return () if content is None else msgspec.json.decode(content, type=tuple[Content, ...])

    def begin(self, content: Content) -> None:
        """This is about to be loaded."""
        former = self.former()
        if not former or former[-1] != content:
            self._write((*former, content)[-_MOST:])

    def end(self, content: Content) -> None:
        """This is loaded, and nothing of what came before it is left."""
        if self.former() != (content,):
            self._write((content,))

    def forget(self) -> None:
        """The store is gone with all that was in it."""
        self._write(())

    def _write(self, contents: tuple[Content, ...]) -> None:
        self._kept.write(self._name, msgspec.json.encode(contents))
