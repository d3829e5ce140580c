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
from pathlib import Path
from typing import Final

import uvicorn
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.struct_types import prepare_structs
from twin2multicloud.sandbox.acquisition import Acquisition
from twin2multicloud.sandbox.base import CloudBase
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.control import control_routes
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import ProcessLock, SandboxError
from twin2multicloud.sandbox.moving.serving import move_routes
from twin2multicloud.sandbox.pages.app import console_app
from twin2multicloud.sandbox.reporting import cloud_status
from twin2multicloud.sandbox.server import LinkEndpoint, cloud_app
from twin2multicloud.sandbox.slots import build
from twin2multicloud.sandbox.status import status_json
from twin2multicloud.sandbox.visualization import Visualization
from twin2multicloud.sandbox.watching.pulse import Counted, Pulse
from twin2multicloud.sandbox.watching.routes import watching_routes

_ACCOUNT_S: Final = 1.0
_TAKEN_S: Final = 15.0
"""A process before this one may still be ending."""


class CloudServer:
    """The process's servers around a cloud's parts, which may be built anew while it runs (`reload`)."""

    def __init__(self, base: CloudBase) -> None:
        self.base = base
        self.parts = _built(base)
        self.started = time.monotonic()
        self.message_rate = 0.0
        self.pulse = Pulse()
        self.gateway = Acquisition(lambda: self.parts, self._url)
        self._links = LinkEndpoint(self.parts, self.parts.receive())
        self._visualization: Visualization | None = None
        self._app: ASGIApp = self._links
        self._turn = asyncio.Lock()
        self._stop = asyncio.Event()
        self._replaced: list[CloudParts] = []

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, or the end of standard input."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
            loop.add_reader(sys.stdin.fileno(), self._hear, loop)
        await self._begin()
        config = uvicorn.Config(
            self._serve,
            host="127.0.0.1",
            port=self.parts.config.clouds[self.base.provider.value].http_port,
            log_level="warning",
            access_log=False,
            # Nothing stands before it, and who reads these headers with every answer pays for them.
            proxy_headers=False,
            server_header=False,
            date_header=False,
            http="httptools",
            ws="none",
            interface="asgi3",
            lifespan="off",
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = loop.create_task(server.serve())
        # What is built lives as long as the process, mostly: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        accounting = loop.create_task(self._account())
        await asyncio.wait({serving, loop.create_task(self._stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        accounting.cancel()
        await self.gateway.close()
        server.should_exit = True
        await asyncio.wait({serving}, timeout=5.0)
        if self._visualization is not None:
            self._visualization.stop()
        await loop.run_in_executor(None, self._end)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def reload(self, *, count_anew: bool = False) -> None:
        """Build what the documents say now, on the same stores and queues, while devices and peers are served."""
        async with self._turn:
            self.base.links.forget()
            if self.base.layout.revision() == self.parts.revision and not count_anew:
                return
            loop = asyncio.get_running_loop()
            self.parts.revision = ""  # should this fail, they have stopped all the same
            parts = await loop.run_in_executor(None, self._rebuild, count_anew)
            self._replaced = [*(old for old in self._replaced if old.busy), self.parts]
            self.parts = parts
            await self._begin()
            await loop.run_in_executor(None, parts.replace)

    def _rebuild(self, count_anew: bool) -> CloudParts:
        self.parts.rest()
        self.parts.account()
        if count_anew:
            self.base.count_anew()
        return _built(self.base)

    async def _begin(self) -> None:
        """Let the parts work, and serve what they have."""
        parts = self.parts
        self._links.lead_to(parts, parts.receive())
        parts.start()
        await self.gateway.follow(parts)
        routes: list[BaseRoute] = [*self.gateway.routes(), *control_routes(self), *watching_routes(self)]
        routes += move_routes(self)
        if parts.here(Slot.VISUALIZATION):
            if self._visualization is None:
                self._visualization = Visualization(lambda: self.parts)
                self._visualization.start()
            self._visualization.count_people()
            routes.append(Mount("/dashboard", self._visualization.app()))
        elif self._visualization is not None:
            gone, self._visualization = self._visualization, None
            await asyncio.get_running_loop().run_in_executor(None, gone.stop)
        routes.append(Mount("/", console_app(lambda: status_json(cloud_status(self)))))
        self._app = cloud_app(self._links, routes)

    @property
    def busy(self) -> int:
        """Functions of the parts before these that have not ended yet, and requests that are being put away."""
        return self._links.busy + sum(old.busy for old in self._replaced)

    @property
    def dashboard_url(self) -> str:
        """Where the twin's dashboards are, if here."""
        return f"{self._url}/dashboard/" if self._visualization is not None else ""

    def _end(self) -> None:
        self.parts.rest()
        self.parts.account()
        self.base.close()

    def _hear(self, loop: asyncio.AbstractEventLoop) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            self._stop.set()

    @property
    def _url(self) -> str:
        return self.parts.config.clouds[self.base.provider.value].url

    async def _account(self) -> None:
        loop = asyncio.get_running_loop()
        before, then = 0, time.monotonic()
        while True:
            await asyncio.sleep(_ACCOUNT_S)
            counters = self.gateway.counters
            if counters is None:
                before, self.message_rate = 0, 0.0
            else:
                now = time.monotonic()
                rate = max(counters.messages - before, 0) / (now - then)
                self.message_rate += 0.3 * (rate - self.message_rate)
                before, then = counters.messages, now
            self.pulse.sample(time.time(), self._counted())
            self.gateway.count_connected()
            try:
                async with self._turn:
                    await loop.run_in_executor(None, self.parts.account)
            except (StoreError, OSError) as error:
                print(f"accounting: {error}", file=sys.stderr, flush=True)

    def _counted(self) -> Counted:
        counters = self.gateway.counters
        over_links = sum(stats.messages for stats in self.parts.receiver_stats.values())
        return Counted(0 if counters is None else counters.messages, over_links, self.parts.journal.reported)


def main() -> None:
    """Entry point of the process."""
    layout, provider = Layout(Path(sys.argv[1])), Provider(sys.argv[2])
    try:
        # Never released: it ends with the process.
        ProcessLock(layout.cloud_lock(provider.value), _TAKEN_S)
        _serve(layout, provider)
    except SandboxError as error:
        print(f"not started: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _built(base: CloudBase) -> CloudParts:
    parts = CloudParts(base)
    build(parts)
    return parts


def _serve(layout: Layout, provider: Provider) -> None:
    # Long slices of one thread would hold up the event loop, which acknowledges messages.
    sys.setswitchinterval(0.002)
    try:
        import uvloop
    except ImportError:
        asyncio.run(_run(layout, provider))
    else:
        uvloop.run(_run(layout, provider))


async def _run(layout: Layout, provider: Provider) -> None:
    server = CloudServer(CloudBase(layout, provider))
    prepare_structs()  # what is asked for is worked on in threads
    slots = ", ".join(slot.value for slot in server.parts.slots)
    print(f"{provider.label}: {slots}", file=sys.stderr, flush=True)
    await server.run()


if __name__ == "__main__":
    main()
