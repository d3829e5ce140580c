"""Signing in by a code that somebody agrees to in a browser (RFC 8628)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final, Protocol

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http, checked_url
from twin2multicloud.app.schemas.keys import NewKey
from twin2multicloud.app.schemas.login import DeviceRequest, DeviceStarted
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

DAYS: Final = 90
"""So long the app stays signed in."""


@dataclass(frozen=True)
class Kept:
    """What an app keeps: which server, and the key for it."""

    server: str
    key: str = field(repr=False)


class Keyring(Protocol):
    """Where an app keeps what must stay secret: the system's own store."""

    async def read(self) -> Kept | None:
        """What is kept, if anything."""
        ...

    async def write(self, kept: Kept) -> None:
        """Keep it, instead of what there is."""
        ...

    async def forget(self) -> None:
        """Keep nothing."""
        ...


class SignIn(Store):
    """A sign-in under way: `started` once there is a code to agree to."""

    def __init__(self, app_name: str, executor: Executor, signed_in: Callable[[Kept], Awaitable[None]]) -> None:
        super().__init__()
        self.server = ""
        self.failure: Failure | None = None
        self.started: DeviceStarted | None = None
        self.busy = False
        self._app_name = app_name
        self._executor = executor
        self._signed_in = signed_in
        self._task: asyncio.Task[None] | None = None

    def begin(self, server: str) -> None:
        """Ask a server for a code, and wait until somebody has agreed to it."""
        self.stop()
        self.server, self.failure, self.busy = server.strip(), None, True
        self.changed()
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Wait no more."""
        if self._task is not None:
            self._task.cancel()
        self._task, self.started, self.busy = None, None, False
        self.changed()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            url = checked_url(self.server)
            with Client(Http(url)) as client:
                asked = DeviceRequest(client_name=self._app_name, days=DAYS)
                self.started = await loop.run_in_executor(self._executor, client.login.begin_device, asked)
                self.changed()
                made = await self._waited(client, self.started)
        except Twin2MultiCloudError as error:
            self.failure, self.started, self.busy = Failure.of(error), None, False
            self.changed()
            return
        await self._signed_in(Kept(url, made.token))

    async def _waited(self, client: Client, started: DeviceStarted) -> NewKey:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, client.login.wait_device, started)
