"""Versions of twins as their running parts would know them: compiled once, and kept as long as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from twin2multicloud.model.device_index import DeviceIndex
from twin2multicloud.model.graph_index import GraphIndex
from twin2multicloud.model.spec import TwinSpec

MOST_DEVICES: Final = 300_000
"""Devices of all that is kept together, some hundred bytes each; what was asked for last always stays."""


@dataclass(frozen=True)
class Defined:
    """A version of a twin, and its devices and graph in order."""

    spec: TwinSpec
    devices: DeviceIndex = field(init=False)
    graph: GraphIndex = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "devices", DeviceIndex(self.spec))
        object.__setattr__(self, "graph", GraphIndex(self.spec))


class Specs:
    """Of each process its own; threads may share it. Versions never change, so nothing in it is ever wrong."""

    def __init__(self, most_devices: int = MOST_DEVICES) -> None:
        self._most = most_devices
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], Defined] = OrderedDict()

    def of(self, twin_id: str, number: int, compiled: Callable[[], TwinSpec]) -> Defined:
        """A version of a twin; `compiled` makes it where it is not kept."""
        key = (twin_id, number)
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        made = Defined(compiled())
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(each.devices.total() for each in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return made
