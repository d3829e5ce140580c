"""The supervisor: starts one process per simulated cloud, starts it again when it dies, and ends them all.

It listens on 127.0.0.1, at a port and with a token that only the sandbox's owner can read, for one JSON request a
connection: `{"do": "status"}`, `{"do": "kill", "cloud": "aws", "seconds": 10}`, `{"do": "stop"}`, and
`{"do": "follow"}` after the sandbox's document gained or lost a cloud.

Each cloud reads from a pipe that the supervisor holds and never writes to: should the supervisor be killed, the pipe
ends, and so do the clouds.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import secrets
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.private_files import write_private
from twin2multicloud.sandbox.layout import Layout, SupervisorAddress
from twin2multicloud.sandbox.locks import ProcessLock, SandboxError

_RESTART_FIRST_S: Final = 0.2
_RESTART_MOST_S: Final = 5.0
_CALM_S: Final = 30.0
_END_S: Final = 10.0
_MOST_REQUEST: Final = 65_536
_TAKEN_S: Final = 2.0


@dataclass
class _Child:
    cloud: str
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    held_until: float = 0.0
    failures: int = 0
    started: float = field(default_factory=time.monotonic)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Keeps a sandbox's processes running until it is told to stop."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._stopping = asyncio.Event()
        self._token = secrets.token_urlsafe(24)
        self._children: dict[str, _Child] = {}

    async def run(self) -> None:
        """Serve until `stop` is asked for, or SIGTERM or SIGINT arrives."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MOST_REQUEST)
        address = SupervisorAddress(server.sockets[0].getsockname()[1], os.getpid(), self._token)
        write_private(self._layout.supervisor_file, msgspec.json.encode(address))
        self._follow()
        async with server:
            await self._stopping.wait()
            for child in self._children.values():
                child.leaving.set()
            await asyncio.gather(*(child.keeper for child in self._children.values() if child.keeper is not None))
        self._layout.supervisor_file.unlink(missing_ok=True)

    def _follow(self) -> None:
        """Keep the clouds that the document names, and let others go."""
        wanted = self._layout.config().clouds
        for name in wanted:
            known = self._children.get(name)
            if known is None or (known.keeper is not None and known.keeper.done()):
                child = self._children[name] = _Child(name)
                child.keeper = asyncio.get_running_loop().create_task(self._keep(child))
        for name, child in self._children.items():
            if name not in wanted:
                child.leaving.set()

    async def _keep(self, child: _Child) -> None:
        while not child.leaving.is_set():
            wait = child.held_until - time.monotonic()
            if child.failures:
                wait = max(wait, min(_RESTART_FIRST_S * 2 ** (child.failures - 1), _RESTART_MOST_S))
            if wait > 0 and await _stops_within(child, wait):
                break
            try:
                await self._spawn(child)
            except OSError as error:
                _say(f"{child.cloud}: cannot be started: {error}")
                child.failures += 1
                continue
            assert child.process is not None
            ended = asyncio.create_task(child.process.wait())
            stop = asyncio.create_task(child.leaving.wait())
            await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if not ended.done():
                await self._end(child)
                break
            calm = time.monotonic() - child.started > _CALM_S or child.held_until > child.started
            child.failures = 0 if calm else child.failures + 1
            child.restarts += 1
            _say(f"{child.cloud}: ended with {child.process.returncode}; starting it again")

    async def _spawn(self, child: _Child) -> None:
        log = self._layout.log(child.cloud)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            child.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # no module of the current directory stands in for one of the standard library's
                "-m",
                "twin2multicloud.sandbox.cloud",
                str(self._layout.directory),
                child.cloud,
                stdin=asyncio.subprocess.PIPE,
                stdout=stream,
                stderr=stream,
            )
        child.started = time.monotonic()

    async def _end(self, child: _Child) -> None:
        process = child.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = msgspec.json.decode(await asyncio.wait_for(reader.readline(), 5.0))
            admitted = isinstance(request, dict) and hmac.compare_digest(str(request.get("token", "")), self._token)
            answer = self._answer(request) if admitted else {"error": "not admitted"}
            writer.write(msgspec.json.encode(answer) + b"\n")
            await writer.drain()
        except (msgspec.DecodeError, TimeoutError, ConnectionError, ValueError) as error:
            _say(f"a request was not understood: {error}")
        finally:
            writer.close()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("do"):
            case "status":
                kept = {name: child for name, child in self._children.items() if not child.leaving.is_set()}
                return {"pid": os.getpid(), "clouds": {name: _state(child) for name, child in kept.items()}}
            case "kill":
                return self._kill(str(request.get("cloud")), float(request.get("seconds", 0)))
            case "follow":
                self._follow()
                return {"clouds": sorted(self._layout.config().clouds)}
            case "stop":
                self._stopping.set()
                return {"stopping": True}
        return {"error": f"unknown request {request.get('do')!r}"}

    def _kill(self, cloud: str, seconds: float) -> dict[str, Any]:
        child = self._children.get(cloud)
        if child is None:
            return {"error": f"no cloud {cloud!r} here; there are {', '.join(self._children)}"}
        child.held_until = time.monotonic() + max(seconds, 0.001)
        if child.process is not None and child.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.process.kill()
        return {"killed": cloud, "seconds": seconds}


async def _stops_within(child: _Child, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.leaving.wait(), seconds)
        return True
    return False


def _state(child: _Child) -> dict[str, Any]:
    held = child.held_until > time.monotonic()  # killed just now, though the system may not have said so yet
    running = child.process is not None and child.process.returncode is None and not held
    return {
        "pid": child.process.pid if running and child.process is not None else None,
        "restarts": child.restarts,
        "held_s": max(child.held_until - time.monotonic(), 0.0) if not running else 0.0,
    }


def address_of(layout: Layout) -> SupervisorAddress | None:
    """Where a sandbox's supervisor says it listens; None if none runs as far as its directory tells."""
    try:
        return msgspec.json.decode(layout.supervisor_file.read_bytes(), type=SupervisorAddress)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def ask(layout: Layout, request: dict[str, Any], timeout_s: float = 5.0) -> dict[str, Any]:
    """One request to the supervisor of a sandbox; `ConnectionError` if none listens."""
    address = address_of(layout)
    if address is None:
        raise ConnectionError("the sandbox is not running")
    try:
        with socket.create_connection(("127.0.0.1", address.port), timeout_s) as connection:
            connection.sendall(msgspec.json.encode({**request, "token": address.token}) + b"\n")
            answer = b""
            while not answer.endswith(b"\n") and (more := connection.recv(65_536)):
                answer += more
        value = msgspec.json.decode(answer)
    except (OSError, msgspec.DecodeError) as error:
        raise ConnectionError(f"the sandbox's supervisor does not answer: {error}") from error
    return value if isinstance(value, dict) else {}


def _say(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


def main() -> None:
    """`python -m twin2multicloud.sandbox.supervisor DIRECTORY [--detach HELD]`; detached, it outlives who started it
    and left it the held lock's descriptor.
    """
    detached = sys.argv[2:3] == ["--detach"]
    if detached:
        if os.fork():
            os._exit(0)
        os.setsid()
    os.umask(0o077)
    layout = Layout(Path(sys.argv[1]))
    try:
        # Never released: it ends with the process, so that nobody takes the sandbox for stopped while this one still is
        # about to end.
        if detached:
            ProcessLock.inherited(layout.supervisor_lock, int(sys.argv[3]))
        else:
            ProcessLock(layout.supervisor_lock, _TAKEN_S)
        asyncio.run(Supervisor(layout).run())
    except SandboxError as error:
        _say(f"not started: {error}")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
