"""What pages ask a sandbox about its twin: each question goes to the cloud where the answer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import SandboxError
from twin2multicloud.sandbox.watching.devices import DevicesRequest
from twin2multicloud.sandbox.watching.graph import GraphRequest
from twin2multicloud.sandbox.watching.history import HistoryRequest
from twin2multicloud.sandbox.watching.pulse import Beat

AWAY: Final = (SandboxError, UsageError, OSError, msgspec.MsgspecError)
"""What is raised where a cloud does not answer, or what was asked for is just being moved away."""


class WatchClient:
    """Questions of those who watch. Raises what is in `AWAY`."""

    def __init__(self, client: SandboxClient) -> None:
        self._client = client

    def devices(self, asked: DevicesRequest) -> dict[str, Any]:
        """See `DeviceList.part`; with the twin's time as `now`."""
        return self._ask(Slot.HOT, "devices", asked)

    def connected(self, names: Sequence[str]) -> frozenset[str] | None:
        """Those that are connected; None where devices have no connections."""
        found = self._ask(Slot.ACQUISITION, "connected", {"names": list(names)})["connected"]
        return None if found is None else frozenset(found)

    def history(self, asked: HistoryRequest) -> dict[str, Any] | None:
        """See `history.history`; None for a device that the twin does not have. `refused` says why there is no answer
        to this question.
        """
        found = self._ask(Slot.HOT, "history", asked)
        return found if found["found"] else None

    def states(self, names: Sequence[str]) -> Mapping[str, Any]:
        """The last values of some twins by id: `{"id", "model", "values", "times"}`."""
        found: dict[str, Any] = self._ask(Slot.MANAGEMENT, "states", {"names": list(names)})["states"]
        return found

    def rules(self) -> dict[str, Any]:
        """Of rules that ever fired `{"fired", "last", "active", "devices"}`, by name."""
        cloud = self._client.cloud_of(Slot.PROCESSING)
        found: dict[str, Any] = self._client.request(cloud, "GET", "/control/rules")["rules"]
        return found

    def dashboard_url(self) -> str:
        """The page that draws the dashboards, whose cloud must answer."""
        cloud = self._client.cloud_of(Slot.VISUALIZATION)
        self._client.request(cloud, "GET", "/control/ready")
        return f"{self._client.config.clouds[cloud].url}/dashboard/"

    def graph(self, asked: GraphRequest) -> dict[str, Any]:
        """See `graph_part`."""
        return self._ask(Slot.MANAGEMENT, "graph", asked)

    def rates(self, seconds: int) -> dict[str, list[Beat] | None]:
        """What came per second in the last seconds, cloud by cloud; None from one that does not answer."""
        found: dict[str, list[Beat] | None] = {}
        for cloud in self._client.config.clouds:
            try:
                beats = self._client.request(cloud, "GET", f"/control/rates?seconds={seconds}")["beats"]
                found[cloud] = [Beat(*each) for each in beats]
            except AWAY:
                found[cloud] = None
        return found

    def _ask(self, slot: Slot, what: str, body: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._client.request(self._client.cloud_of(slot), "POST", f"/control/{what}", body)
        return found
