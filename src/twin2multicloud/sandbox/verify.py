"""Verifying a running sandbox: one marked message through every hop, and a command back to the device."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.envelope import event_id
from twin2multicloud.runtime.handlers.process import twin_fields
from twin2multicloud.runtime.times import normal_time, to_epoch
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.dashboards import DashboardClient
from twin2multicloud.sandbox.probe import Probe, connect
from twin2multicloud.simulator.messages import Messages

_PATIENCE_S: Final = 10.0
_POLL_S: Final = 0.02
_SPECIAL: Final = 3


class Hop(msgspec.Struct, frozen=True):
    """One hop: what was checked, where, whether it held; milliseconds since the message was sent, and what was seen."""

    name: str
    cloud: str
    ok: bool
    ms: float | None
    detail: str = ""


class Verification:
    """Sends as `device` (default: the twin's first one). Safe while telemetry flows: the message is a valid one."""

    def __init__(self, client: SandboxClient, device: str | None = None) -> None:
        self._client = client
        self._spec = client.layout.spec()
        self._device = device or self._spec.device_names[0]
        kind = self._spec.type_of(self._device)
        if kind is None:
            raise UsageError(f"--device: the twin has no device '{self._device[:64]}'")
        self._kind = kind
        self._page = DashboardClient(client)

    def run(self) -> list[Hop]:
        """Every hop in order; after one that fails, what cannot be checked any more is not there."""
        now = self._twin_now()
        waveforms = self._client.layout.waveforms()
        message = Messages(self._spec, seed=time.time_ns(), waveforms=waveforms).message(self._device, _SPECIAL, now)
        payload = json.dumps(message).encode()
        time_text = normal_time(message["time"])
        id = event_id(self._device, time_text, payload)
        for cloud in self._client.config.clouds:
            self._client.request(cloud, "PUT", f"/control/watch/{id}")
        hops: list[Hop] = []
        first = self._client.cloud_of(Slot.ACQUISITION)
        began = time.time()
        try:
            probe = connect(self._client.layout.connection(), self._device)
        except OSError as error:
            return [Hop("device → L1", first, False, None, str(error))]
        try:
            try:
                sent = time.time()
                probe.send(payload)
            except OSError as error:
                return [Hop("device → L1", first, False, None, str(error))]
            connected = f"connected in {(sent - began) * 1000:.0f} ms"
            hops.append(Hop("device → L1", first, True, (time.time() - sent) * 1000, connected))
            hops += self._stores(id, time_text, message, sent)
            hops += self._command(probe)
        finally:
            probe.close()
        return hops

    def _twin_now(self) -> float:
        for cloud in self._client.config.clouds:
            clock = self._client.cloud_status(cloud).clock
            if clock is not None:
                return clock.now
        return time.time()

    def _stores(self, id: str, time_text: str, message: dict[str, Any], sent: float) -> list[Hop]:
        def passed() -> float | None:
            at: dict[str, float] = self._client.request(processing, "GET", f"/control/watch/{id}")["seen"]
            return at.get("process")

        def stored() -> float | None:
            start = to_epoch(time_text)
            points = self._page.history(self._device, start - 0.001, start + 0.001)
            return time.time() if points else None

        def updated() -> float | None:
            state = self._page.state(self._device)
            fields = [name for name in twin_fields(self._kind) if message.get(name) is not None]
            newest = max((state.get("times", {}).get(name, "") for name in fields), default="")
            return time.time() if newest >= time_text else None

        def shown() -> float | None:
            page = self._page.page()
            return time.time() if page and self._page.charts(self._device) else None

        processing = self._client.cloud_of(Slot.PROCESSING)
        first = self._wait("L1 → L2 processed", processing, sent, passed)
        if not first.ok:
            return [msgspec.structs.replace(first, detail=self._set_aside(id) or first.detail)]
        return [
            first,
            self._wait("L2 → L3 stored", self._client.cloud_of(Slot.HOT), sent, stored),
            self._wait("L2 → L4 twin updated", self._client.cloud_of(Slot.MANAGEMENT), sent, updated),
            self._wait("L3, L4 → L5 shown", self._client.cloud_of(Slot.VISUALIZATION), sent, shown),
        ]

    def _wait(self, name: str, cloud: str, sent: float, look: Callable[[], float | None]) -> Hop:
        deadline = time.monotonic() + _PATIENCE_S
        problem = ""
        while time.monotonic() < deadline:
            try:
                at = look()
            except UsageError as error:
                at, problem = None, str(error)
            if at is not None:
                return Hop(name, cloud, True, max(at - sent, 0.0) * 1000)
            time.sleep(_POLL_S)
        return Hop(name, cloud, False, None, problem or f"not seen within {_PATIENCE_S:g} s")

    def _set_aside(self, id: str) -> str:
        """Why the message is in a dead-letter store, if it is."""
        for _, letter in self._client.dead_letters():
            if letter["id"] == id:
                return f"set aside at {letter['component']}: {letter['reason']}"
        return ""

    def _command(self, probe: Probe) -> list[Hop]:
        processing = self._client.cloud_of(Slot.PROCESSING)
        if not self._kind.commands:
            return [Hop("command → device", processing, True, None, f"{self._kind.name} knows no commands")]
        sent = time.time()
        id = self._client.command(self._device, self._kind.commands[0].name, {})
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            command = probe.command(max(deadline - time.monotonic(), 0.01))
            if command is not None and command.get("id") == id:
                detail = f"{self._kind.commands[0].name}, acknowledged"
                return [Hop("command → device", processing, True, (time.time() - sent) * 1000, detail)]
        return [Hop("command → device", processing, False, None, f"no command within {_PATIENCE_S:g} s")]
