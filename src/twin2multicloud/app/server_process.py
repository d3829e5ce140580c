"""A server in a process of its own, with data of its own: what the demo shows its twin with, and what screens are
tested, pictured and measured with.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import DisconnectedError, Http
from twin2multicloud.app.data_directory import KEY_FILE, sandbox_directory
from twin2multicloud.app.schemas.runs import ENDED, Run, RunInput
from twin2multicloud.app.schemas.twins import Twin, TwinInput
from twin2multicloud.app.serving import served
from twin2multicloud.optimizer.bill.as_json import placement_json
from twin2multicloud.sandbox.create import stop
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import SandboxError

if TYPE_CHECKING:
    from twin2multicloud.model.placement import Placement

T = TypeVar("T")
_START_S: Final = 30.0
_DEPLOY_S: Final = 120.0
_END_S: Final = 20.0
_POLL_S: Final = 0.1
_TOLD_LINES: Final = 20


class ServerProcess:
    """A server over `data`, until its context ends. What it deployed in sandboxes goes on running, as it does with any
    server: see `end_sandboxes`. `client` is the local user's, `port` where it listens (0: where that is free).
    `settings` are variables of its environment, such as `T2M_STANDIN_SCENARIO`.
    """

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = 0
        self._settings = dict(settings or {})
        self._log = data / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.client: Client

    def __enter__(self) -> Self:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Settings of whoever starts it, such as a database of theirs, are not its own.
        own = {name: value for name, value in os.environ.items() if not name.startswith("T2M_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "twin2multicloud", "serve"],
                env={**own, **self._settings, "T2M_DATA": str(self.data), "T2M_PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        found = self._awaited(lambda: served(self.data), _START_S, "the server did not start")
        self.client = Client(Http(found.url, key=(self.data / KEY_FILE).read_text().strip()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if hasattr(self, "client"):
            self.client.http.close()
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None, "it is entered"
        return self._process.pid

    def keep(self, definition: TwinInput, placement: Placement) -> Twin:
        """A twin that is kept and placed."""
        from twin2multicloud.app.schemas.placements import PlacementInput

        twin = self.client.twins.create(definition)
        chosen = PlacementInput(placement=placement_json(placement))
        return self.client.twins.place(twin.id, chosen, twin.version).twin

    def deploy(self, twin: str, devices: int) -> Layout:
        """The twin's sandbox, which runs; `SandboxError` if it does not come up."""
        asked = RunInput(kind="deploy", target="sandbox", approve=True, devices=devices)
        run = self.client.runs.create(twin, asked)

        def ended() -> Run | None:
            now = self.client.runs.get(run.id)
            return now if now.status in ENDED else None

        found = self._awaited(ended, _DEPLOY_S, "the twin was not deployed")
        if found.status != "succeeded":
            raise SandboxError(f"the twin was not deployed: {found.problem or found.status}")
        return Layout(sandbox_directory(self.data, twin))

    def end_sandboxes(self) -> None:
        """End all that was deployed in sandboxes."""
        for each in sandbox_directory(self.data, "").glob("*"):
            stop(Layout(each))

    def link(self) -> str:
        """An address that signs a browser on this machine in, once."""
        return self.client.login.local_link().url

    def _awaited(self, look: Callable[[], T | None], patience_s: float, problem: str) -> T:
        assert self._process is not None
        deadline = time.monotonic() + patience_s
        while True:
            with suppress(DisconnectedError):  # one that has ended is told of by how it ended
                if (found := look()) is not None:
                    return found
            code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                ended = "" if code is None else f" (the server ended with {code})"
                told = self._log.read_text(errors="replace").strip().splitlines()[-_TOLD_LINES:]
                raise SandboxError(f"{problem}{ended}; it said: {' '.join(told) or 'nothing'}")
            time.sleep(_POLL_S)
