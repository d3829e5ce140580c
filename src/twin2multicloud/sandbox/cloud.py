"""One simulated cloud as a process: `python -m twin2multicloud.sandbox.cloud DIRECTORY PROVIDER`.

It ends with SIGTERM, or when the pipe that is its standard input does: the supervisor's, so no cloud outlives that.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import stat
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

import uvicorn
from starlette.routing import BaseRoute, Mount, Route

from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.control import control_routes
from twin2multicloud.sandbox.gateway.counters import Counters
from twin2multicloud.sandbox.gateway.http import HttpGateway
from twin2multicloud.sandbox.gateway.intake import Intake
from twin2multicloud.sandbox.gateway.mqtt import MqttGateway
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import ProcessLock, SandboxError
from twin2multicloud.sandbox.pages.app import console_app
from twin2multicloud.sandbox.reporting import cloud_status
from twin2multicloud.sandbox.server import LinkEndpoint, cloud_app
from twin2multicloud.sandbox.slots import build
from twin2multicloud.sandbox.status import status_json
from twin2multicloud.sandbox.visualization import Visualization

_ACCOUNT_S: Final = 1.0
_TAKEN_S: Final = 15.0
"""A process before this one may still be ending."""


class CloudServer:
    """The process's servers around a cloud's parts."""

    def __init__(self, parts: CloudParts) -> None:
        self.parts = parts
        self.started = time.monotonic()
        self.counters: Counters | None = None
        self.mqtt: MqttGateway | None = None
        self.gateway_address = ""
        self.dashboard_url = ""
        self.message_rate = 0.0
        self._intake: Intake | None = None
        self._visualization: Visualization | None = None
        self._stop = asyncio.Event()
        self._connected_s = 0.0

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, or the end of standard input."""
        parts = self.parts
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
            loop.add_reader(sys.stdin.fileno(), self._hear, loop)
        routes: list[BaseRoute] = []
        if parts.here(Slot.ACQUISITION):
            routes += await self._gateway()
        routes += control_routes(self)
        if parts.here(Slot.VISUALIZATION):
            self._visualization = Visualization(parts)
            self.dashboard_url = f"{self._url}/dashboard/"
            routes.append(Mount("/dashboard", self._visualization.app()))
        routes.append(Mount("/", console_app(lambda: status_json(cloud_status(self)))))
        config = uvicorn.Config(
            cloud_app(LinkEndpoint(parts, parts.receive()), routes),
            host="127.0.0.1",
            port=parts.config.clouds[parts.provider.value].http_port,
            log_level="warning",
            access_log=False,
            # Nothing stands before it, and who reads these headers with every answer pays for them.
            proxy_headers=False,
            server_header=False,
            date_header=False,
            http="httptools",
            ws="none",
            lifespan="off",
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = loop.create_task(server.serve())
        parts.start()
        if self._visualization is not None:
            self._visualization.start()
        # What is built lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        accounting = loop.create_task(self._account())
        await asyncio.wait({serving, loop.create_task(self._stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        accounting.cancel()
        if self.mqtt is not None:
            await self.mqtt.stop()
        if self._intake is not None:
            await self._intake.stop()
        server.should_exit = True
        await asyncio.wait({serving}, timeout=5.0)
        if self._visualization is not None:
            self._visualization.stop()
        await loop.run_in_executor(None, parts.stop)

    def _hear(self, loop: asyncio.AbstractEventLoop) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            self._stop.set()

    @property
    def _url(self) -> str:
        return self.parts.config.clouds[self.parts.provider.value].url

    async def _gateway(self) -> list[Route]:
        parts = self.parts
        self.counters = Counters()
        keys = parts.device_keys()
        self._intake = Intake(self._take, reporter=parts.journal)
        self._intake.start()
        desk = parts.desk
        assert desk is not None
        port = parts.config.clouds[parts.provider.value].mqtt_port
        addresses = [f"{self._url}/devices"]
        if port:
            self.mqtt = MqttGateway(
                parts.spec.name,
                keys.authenticate,
                self._intake,
                clock=parts.clock,
                reporter=parts.journal,
                on_ready=desk.ready,
                counters=self.counters,
                message_bytes=parts.spec.message_bytes,
            )
            await self.mqtt.start("127.0.0.1", port)
            addresses.insert(0, f"mqtt://127.0.0.1:{port}")
        desk.attach(asyncio.get_running_loop(), self.mqtt)
        self.gateway_address = " · ".join(addresses)
        http = HttpGateway(
            keys.authenticate,
            self._intake,
            clock=parts.clock,
            reporter=parts.journal,
            pending=desk.pending,
            counters=self.counters,
            message_bytes=parts.spec.message_bytes,
        )
        return http.routes()

    def _take(self, messages: list[RawMessage]) -> None:
        """The gateway's sink: durable in the first queue, then counted."""
        parts = self.parts
        if parts.faults.outage:
            raise StoreError("outage")
        assert parts.intake is not None
        parts.intake.put(messages)
        meter = parts.meters.gateway
        for size, count in Counter(len(m.payload) for m in messages if m.kind == "telemetry").items():
            meter.message(size, count)

    def count_connected(self) -> None:
        """Tell the meters for how long devices were connected until now. Called in the event loop."""
        if self.mqtt is not None:
            total = self.mqtt.connected_time.total_s()
            self.parts.meters.gateway.connected(max(total - self._connected_s, 0.0))
            self._connected_s = total

    async def _account(self) -> None:
        loop = asyncio.get_running_loop()
        before, then = 0, time.monotonic()
        while True:
            await asyncio.sleep(_ACCOUNT_S)
            if self.counters is not None:
                now = time.monotonic()
                rate = (self.counters.messages - before) / (now - then)
                self.message_rate += 0.3 * (rate - self.message_rate)
                before, then = self.counters.messages, now
            self.count_connected()
            try:
                await loop.run_in_executor(None, self.parts.account)
            except (StoreError, OSError) as error:
                print(f"accounting: {error}", file=sys.stderr, flush=True)


def main() -> None:
    """Entry point of the process."""
    layout, provider = Layout(Path(sys.argv[1])), Provider(sys.argv[2])
    try:
        with ProcessLock(layout.cloud_lock(provider.value), _TAKEN_S):
            _serve(CloudParts(layout, provider))
    except SandboxError as error:
        print(f"not started: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _serve(parts: CloudParts) -> None:
    build(parts)
    print(f"{parts.provider.label}: {', '.join(slot.value for slot in parts.slots)}", file=sys.stderr, flush=True)
    # Long slices of one thread would hold up the event loop, which acknowledges messages.
    sys.setswitchinterval(0.002)
    try:
        import uvloop
    except ImportError:
        asyncio.run(CloudServer(parts).run())
    else:
        uvloop.run(CloudServer(parts).run())


if __name__ == "__main__":
    main()
