"""The acquisition service of a simulated cloud: its MQTT and HTTP gateways, for as long as L1 is here."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import Command
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.devices import CommandDesk
from twin2multicloud.sandbox.gateway.counters import Counters
from twin2multicloud.sandbox.gateway.http import HttpGateway
from twin2multicloud.sandbox.gateway.intake import Intake
from twin2multicloud.sandbox.gateway.mqtt import MqttGateway

_AWAY_S: Final = 1
"""A device that comes to a gateway that is not here (any more) is asked to come again so much later."""


class Acquisition:
    """The gateways of one cloud. `current` gives what the cloud consists of at present."""

    def __init__(self, current: Callable[[], CloudParts], url: str) -> None:
        self._current = current
        self._url = url
        self._intake: Intake | None = None
        self._http: HttpGateway | None = None
        self._desk: CommandDesk | None = None
        self._connected_s = 0.0
        self.counters: Counters | None = None
        self.mqtt: MqttGateway | None = None
        self.address = ""

    async def follow(self, parts: CloudParts) -> None:
        """Open or close as the cloud's parts say."""
        if parts.gateway_open and self.counters is None:
            await self._open(parts)
        elif not parts.gateway_open and self.counters is not None:
            await self.close()
        if self._intake is not None:
            # Messages that were being stored went where they belonged before: whoever drains that counts on them.
            await self._intake.settled()
        if parts.desk is not None and parts.desk is not self._desk:
            parts.desk.attach(asyncio.get_running_loop(), self.mqtt)
            self._desk = parts.desk

    async def _open(self, parts: CloudParts) -> None:
        self.counters = Counters()
        keys = parts.device_keys()
        self._intake = Intake(self._take, reporter=parts.journal)
        self._intake.start()
        self._desk = None
        port = parts.config.clouds[parts.provider.value].mqtt_port
        addresses = [f"{self._url}/devices"]
        if port:
            self.mqtt = MqttGateway(
                parts.spec.name,
                keys.authenticate,
                self._intake,
                clock=parts.clock,
                reporter=parts.journal,
                on_ready=self._ready,
                counters=self.counters,
                message_bytes=parts.spec.message_bytes,
            )
            await self.mqtt.start("127.0.0.1", port)
            addresses.insert(0, f"mqtt://127.0.0.1:{port}")
        self.address = " · ".join(addresses)
        self._http = HttpGateway(
            keys.authenticate,
            self._intake,
            clock=parts.clock,
            reporter=parts.journal,
            pending=self._pending,
            counters=self.counters,
            message_bytes=parts.spec.message_bytes,
        )

    async def close(self) -> None:
        """Take nothing more; what was taken is in its queue."""
        self.count_connected()
        mqtt, intake = self.mqtt, self._intake
        self.counters = self.mqtt = self._intake = self._http = self._desk = None
        self._connected_s, self.address = 0.0, ""
        if mqtt is not None:
            await mqtt.stop()
        if intake is not None:
            await intake.stop()

    def routes(self) -> Sequence[Route]:
        """Where devices post."""
        if self._http is not None:
            return self._http.routes()
        # Not "no such page": where devices belong may just be changing.
        return [Route("/devices/{device}/{what}", _elsewhere, methods=["POST"])]

    def count_connected(self) -> None:
        """Tell the meters for how long devices were connected until now. Called in the event loop."""
        if self.mqtt is not None and self._current().here(Slot.ACQUISITION):
            total = self.mqtt.connected_time.total_s()
            self._current().meters.gateway.connected(max(total - self._connected_s, 0.0))
            self._connected_s = total

    def _take(self, messages: list[RawMessage]) -> None:
        """The gateway's sink: durable in the first queue, then counted."""
        parts = self._current()
        if parts.faults.outage:
            raise StoreError("outage")
        if parts.intake is None:
            raise StoreError("L1 has left this cloud")
        parts.intake.put(messages)
        meter = parts.meters.gateway
        for size, count in Counter(len(m.payload) for m in messages if m.kind == "telemetry").items():
            meter.message(size, count)

    def _ready(self, device: str) -> None:
        if self._desk is not None:
            self._desk.ready(device)

    def _pending(self, device: str) -> Sequence[Command]:
        return () if self._desk is None else self._desk.pending(device)


async def _elsewhere(_: Request) -> Response:
    return Response(b'{"error":"devices do not connect here"}', 503, {"retry-after": str(_AWAY_S)}, "application/json")
