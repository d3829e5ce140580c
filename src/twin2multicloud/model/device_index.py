"""The devices of a twin in the order of their names, a part at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from twin2multicloud.model.spec import TwinSpec


@dataclass(frozen=True)
class Wanted:
    """Which devices: `search` is part of a name, whatever its case; `type` a device type. Empty: any."""

    search: str = ""
    type: str = ""


class DeviceIndex:
    """Devices by name. Names are sorted once, when they are first asked for; parts begin after a name."""

    def __init__(self, spec: TwinSpec) -> None:
        self._spec = spec

    @cached_property
    def names(self) -> list[str]:
        """All of them, sorted."""
        return sorted(self._spec.device_names)

    def total(self, type_: str = "") -> int:
        """How many devices there are, or how many of a type."""
        return sum(len(group) for group in self._spec.devices if type_ in ("", group.type))

    def keeps(self, device: str, wanted: Wanted) -> bool:
        """Whether a device of the twin is wanted; False for a name that the twin does not have (any more)."""
        if wanted.search and wanted.search.lower() not in device.lower():
            return False
        kind = self._spec.type_of(device)
        return kind is not None and wanted.type in ("", kind.name)

    def part(self, wanted: Wanted, limit: int, after: str | None = None, *, backwards: bool = False) -> list[str]:
        """At most `limit` wanted devices, beginning after one of them (None: with the first; backwards the last)."""
        return list(islice(self.each(wanted, after, backwards=backwards), limit))

    def each(self, wanted: Wanted, after: str | None = None, *, backwards: bool = False) -> Iterator[str]:
        """All that are wanted, beginning after one of them."""
        names = self.names
        places: Iterable[int]
        if backwards:
            places = range((len(names) if after is None else bisect_left(names, after)) - 1, -1, -1)
        else:
            places = range(0 if after is None else bisect_right(names, after), len(names))
        return (names[place] for place in places if self.keeps(names[place], wanted))
