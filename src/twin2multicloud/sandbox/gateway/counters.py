"""What a gateway counts: for the console, and for metering."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Counts since the gateway was made. Bytes are payload bytes. Publishes count as they come, repeats included."""

    messages: int = 0
    bytes: int = 0
    results: int = 0
    states: int = 0
    """State messages: published by devices, or made when a connection was lost."""
    duplicates: int = 0
    """Publishes that devices marked as sent again."""
    acknowledged: int = 0
    unacknowledged: int = 0
    """Publishes given up because the sink refused them for too long."""
    connects: int = 0
    refused_connects: int = 0
    refused_publishes: int = 0
    refused_requests: int = 0
    protocol_errors: int = 0
    takeovers: int = 0
    keep_alive_timeouts: int = 0
    lost_connections: int = 0
    requests: int = 0
    """HTTPS requests that were let in."""
    commands: int = 0
    """Commands sent to devices, repeats included."""
    commands_acknowledged: int = 0

    @property
    def refused(self) -> int:
        """Connections, publishes and requests that were not allowed."""
        return self.refused_connects + self.refused_publishes + self.refused_requests


class ConnectedTime:
    """For how long each device has been connected, in seconds of the clock that is given.

    A clock that is set back while a device is connected takes nothing away.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}
        self._spent: dict[str, float] = {}

    def begin(self, device: str) -> None:
        """The device is connected from now on."""
        self._since.setdefault(device, self._clock())

    def end(self, device: str) -> None:
        """The device is not connected any more."""
        since = self._since.pop(device, None)
        if since is not None:
            self._spent[device] = self._spent.get(device, 0.0) + max(0.0, self._clock() - since)

    def seconds(self) -> Mapping[str, float]:
        """Each device's time until now, those that are still connected included."""
        return dict(self._each())

    def total_s(self) -> float:
        """All devices' time until now."""
        return sum(seconds for _, seconds in self._each())

    def _each(self) -> Iterator[tuple[str, float]]:
        now = self._clock()
        for device, spent in self._spent.items():
            if device not in self._since:
                yield device, spent
        for device, since in self._since.items():
            yield device, self._spent.get(device, 0.0) + max(0.0, now - since)
