"""A child process with its output read line by line, and an end that can be asked for."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from twin2multicloud.deployer.engine import supervise

_CHUNK: Final = 1 << 16
_SIGNALLED: Final = 128
FAILED: Final = 1
"""The code of a command that did not do what it was to do, be it that it was not begun."""
_MOST_BYTES: Final = 256 << 20


class Force(IntEnum):
    """What it took to end a command."""

    NONE = 0  # it ended by itself
    INTERRUPT = 1  # it was asked to, finished what it was doing and saved the state
    TERMINATE = 2  # it was told to, and may have left something behind
    KILL = 3  # it was ended by the system: what it was doing is lost to the state


class Stop:
    """A request to stop, which anybody may make once and everybody may wait for. `reason` is for the report."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason = ""

    def request(self, reason: str) -> None:
        """Ask everything that watches this to end gracefully; the first reason counts."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Return once somebody has asked."""
        await self._event.wait()


@dataclass(frozen=True)
class Patience:
    """How long a command may run, how long it may take to end gracefully once it was asked to, and how long once it
    was told to, before it is ended by force; in seconds.

    The second is long, since a cloud takes its time, and what is being made when Terraform is killed is lost to the
    state: nobody would know of it any more.
    """

    command_s: float | None = None
    ending_s: float = 300.0
    force_s: float = 10.0


@dataclass(frozen=True)
class Ended:
    """How a command ended. `reason` says why it was made to, if it was. A `code` above 128 is that plus a signal's."""

    code: int
    force: Force = Force.NONE
    reason: str = ""

    @property
    def killed(self) -> bool:
        """Whether it had no time to save anything: we ended it by force, or somebody else, such as the system for
        want of memory, did.
        """
        return self.force is Force.KILL or self.code > _SIGNALLED


async def run_process(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    on_line: Callable[[bytes], None],
    on_error_line: Callable[[bytes], None],
    held: Sequence[int],
    stop: Stop,
    patience: Patience,
) -> Ended:
    """Run a command to its end. Each line of its output is handed over as soon as it is there.

    A request to stop, the end of its time, the cancellation of this task, or an error in `on_line` interrupt it; its
    end is waited for before any of them takes effect here. `held` are descriptors that the supervising process keeps
    open as long as the command lives. A command is not begun after a request to stop.
    """
    if stop.requested():
        return Ended(FAILED, Force.NONE, stop.reason)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", supervise.__file__, str(patience.ending_s), str(patience.force_s), *command),
        cwd=directory,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=tuple(held),
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    own = Stop()
    faults: list[Exception] = []
    work = asyncio.ensure_future(
        asyncio.gather(
            process.wait(),
            _read(process.stdout, on_line, own, faults),
            _read(process.stderr, on_error_line, own, faults),
        )
    )
    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(own.wait())]
    watched: set[asyncio.Future[Any]] = {work, *waits}
    cancelled: asyncio.CancelledError | None = None
    force, reason = Force.NONE, ""
    try:
        await asyncio.wait(watched, timeout=patience.command_s, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError as error:
        cancelled, reason = error, "the task was cancelled"
    if not work.done():
        reason = reason or stop.reason or own.reason or f"it took longer than {patience.command_s:g} s"
        ending = asyncio.ensure_future(_end(process.pid, work, patience))
        while not ending.done():
            # Whoever cancels again waits with us: the state matters more, and patience has an end.
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError as error:
                cancelled = error
        force = ending.result()
    for wait in waits:
        wait.cancel()
    if cancelled is not None:
        raise cancelled
    if faults:
        raise faults[0]
    return Ended(work.result()[0], force, reason)


async def _end(supervisor: int, work: asyncio.Future[tuple[int, None, None]], patience: Patience) -> Force:
    """End a command, from mild to hard. Its supervisor passes requests on; by force the whole group is ended."""
    for force, send, number, wait_s in (
        (Force.INTERRUPT, os.kill, signal.SIGINT, patience.ending_s),
        (Force.TERMINATE, os.kill, signal.SIGTERM, patience.force_s),
        (Force.KILL, os.killpg, signal.SIGKILL, None),
    ):
        with suppress(ProcessLookupError):
            send(supervisor, number)
        await asyncio.wait({work}, timeout=wait_s)
        if work.done():
            return force
    raise AssertionError("waiting without a limit ended early")


async def _read(
    stream: asyncio.StreamReader, on_line: Callable[[bytes], None], own: Stop, faults: list[Exception]
) -> None:
    """Hand over line by line. An error there ends the command, but what it prints is read to the end all the same:
    a full pipe would stop it before it saves the state.
    """

    def hand_over(lines: Sequence[bytes]) -> None:
        try:
            for line in lines:
                on_line(line)
        except Exception as error:  # noqa: BLE001 (raised again once the command has ended)
            faults.append(error)
            own.request("its events could not be handled")

    rest = bytearray()
    while chunk := await stream.read(_CHUNK):
        if faults:
            continue
        rest += chunk
        if b"\n" in chunk:
            *lines, tail = bytes(rest).split(b"\n")
            rest = bytearray(tail)
            hand_over(lines)
        elif len(rest) > _MOST_BYTES:
            faults.append(ValueError(f"the command printed a line of more than {_MOST_BYTES} bytes"))
            own.request("a line that it printed has no end")
    if rest and not faults:
        hand_over([bytes(rest)])
