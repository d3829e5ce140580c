"""A gateway for simulated devices: MQTT and HTTP on real sockets, keeping what it acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from tests.gateway.harness import SECRET, ManualClock, Reports, Sink
from tests.simulator.twins import SPEC, TWIN
from twin2multicloud.runtime.device_keys import DeviceKeys, device_key
from twin2multicloud.runtime.handlers.ingest import ingest
from twin2multicloud.runtime.handlers.validate import problems
from twin2multicloud.runtime.ports import Command
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.sandbox.gateway.http import HttpGateway
from twin2multicloud.sandbox.gateway.intake import Intake
from twin2multicloud.sandbox.gateway.mqtt import MqttGateway
from twin2multicloud.simulator.ledger import Ledger, LedgerEntry, data_digest, read_ledger
from twin2multicloud.simulator.link import Target
from twin2multicloud.simulator.report import Report
from twin2multicloud.simulator.simulation import Plan, Simulation

NOW = to_epoch("2026-11-25T12:00:00Z")


class Site:
    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.sink, self.reports, self.clock = Sink(), Reports(), ManualClock(NOW)
        self.ready: list[str] = []
        self.waiting: list[Command] = []
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def target(self) -> Target:
        return Target(TWIN, self.scheme, "127.0.0.1", self.port)

    async def start(self) -> None:
        """Start, or start again on the same port."""
        self.intake = Intake(self.sink, reporter=self.reports, patience_s=0.3)
        self.intake.start()
        authenticate = DeviceKeys(SECRET, SPEC.type_of).authenticate
        common: dict[str, Any] = {"clock": self.clock, "reporter": self.reports}
        self.mqtt = MqttGateway(TWIN, authenticate, self.intake, on_ready=self.ready.append, **common)
        self.http = HttpGateway(authenticate, self.intake, pending=self._pending, **common)
        if self.scheme == "mqtt":
            self.port = await self.mqtt.start(port=self.port)
            return
        listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            Starlette(routes=self.http.routes()), log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve([listener]))

    def _pending(self, device: str) -> list[Command]:
        found = [command for command in self.waiting if command.device == device]
        self.waiting = [command for command in self.waiting if command.device != device]
        return found

    async def stop(self) -> None:
        self.sink.gate.set()
        await self.mqtt.stop(within_s=1)
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        await self.intake.stop(within_s=1)

    def events(self) -> dict[str, tuple[str, str, str]]:
        """What a store would hold: id → device, time, digest of every valid telemetry message, each once."""
        telemetry = [message for message in self.sink.stored if message.kind == "telemetry"]
        found = {}
        for event in ingest(telemetry, SPEC, "test", "intake").events:
            kind = SPEC.type_of(event.subject)
            assert kind is not None
            if not problems(event.data, kind):
                found[event.id] = (event.subject, event.time, data_digest(event.data))
        return found

    async def simulate(
        self, plan: Plan, *, ledger: Path | None = None, rows: Any = None, meanwhile: Any = None, **options: Any
    ) -> Report:
        """A run with this site as its target; `meanwhile` is a coroutine function that is given the simulation."""
        with Ledger(ledger) as kept:
            options = {"clock": self.clock} | options
            key_of = options.pop("key_of", lambda device: device_key(SECRET, device))
            simulation = Simulation(SPEC, self.target, key_of, plan, ledger=kept, rows=rows, **options)
            other = None if meanwhile is None else asyncio.create_task(meanwhile(simulation))
            report = await asyncio.wait_for(simulation.run(), 60)
            if other is not None:
                await other
        return report

    def agrees(self, path: Path) -> bool:
        """Whether the stores hold exactly what the ledger says."""
        entries: list[LedgerEntry] = read_ledger(path)
        assert len({entry.id for entry in entries}) == len(entries)
        return {entry.id: (entry.device, entry.time, entry.digest) for entry in entries} == self.events()


@contextlib.asynccontextmanager
async def site(scheme: str) -> AsyncIterator[Site]:
    running = Site(scheme)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()
