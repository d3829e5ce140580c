"""Stages' child processes: one per stage at a time on this machine, none outliving its server for longer than it takes
to end in order.

The child holds the stage's file by a descriptor that it inherits, so the file is held exactly as long as the child
lives, whoever began it and whatever has died since. The server's own hold ends with the child's beginning. A child's
output goes to a file, not to a pipe: a pipe breaks with the server, and whatever the child then says of its orderly
end would kill it.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from twin2multicloud.app.runs import leash
from twin2multicloud.held import HeldFile, is_held

_LOG: Final = logging.getLogger(__name__)
_SIGNALLED: Final = 128
_LOOK_S: Final = 0.05
_LEFT_BEHIND_S: Final = 5.0
"""How long processes that a child left behind in its group may take to end."""


@dataclass(frozen=True)
class Command:
    """How a stage's program is started. Secrets go in by `stdin`, which only the program reads: others on the machine
    see `argv`, and every process below inherits `environment`.
    """

    argv: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    stdin: bytes = field(default=b"", repr=False)
    directory: Path | None = None


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, 128 more than the signal if one ended it; the end of what it printed; whether
    it was ended by force, having been asked in vain.
    """

    code: int
    tail: str
    forced: bool = False


@dataclass(frozen=True)
class Manners:
    """How children are treated. `grace_s` is long because Terraform below them finishes what it is making and saves
    its state, for which it has 300 s itself. Of the output, `tail_bytes` are reported, and no more than `most_bytes`
    kept on disk.
    """

    grace_s: float = 330.0
    tail_bytes: int = 16_384
    most_bytes: int = 1 << 20


class Children:
    """The children of stages, whose files are in `home`. All servers of a machine must use the same directory."""

    def __init__(self, home: Path, manners: Manners | None = None) -> None:
        self._home = home
        self._manners = manners or Manners()

    def run(
        self, stage_id: str, command: Callable[[], Command], stop: threading.Event, wanted: Callable[[], bool]
    ) -> Ended | None:
        """Carry out a command and wait for its end; once `stop` is set, it is interrupted.

        First waits until no other process carries out the same stage; one that goes on for longer than the grace
        period is ended by force, since its server is dead. Then asks `wanted`, and does nothing if the answer is no:
        whoever withdraws a stage and then sees that it is not `alive` can rely on that. None if nothing was started.
        Raises OSError if no process can be started, and what `command` raises.
        """
        held = self._hold(stage_id, stop)
        if held is None:
            return None
        with held:
            if stop.is_set() or not wanted():
                return None
            process, leash_end = self._start(stage_id, held, command())
        return self._wait(stage_id, process, leash_end, stop)

    def alive(self, stage_id: str) -> bool:
        """Whether a process of this machine carries out the stage, or is about to."""
        return is_held(self._lock(stage_id))

    def forget(self, stage_id: str) -> None:
        """Remove the files of a stage that has ended for good."""
        for file in (self._lock(stage_id), self._output(stage_id)):
            file.unlink(missing_ok=True)

    def _hold(self, stage_id: str, stop: threading.Event) -> HeldFile | None:
        file = self._lock(stage_id)
        deadline = time.monotonic() + self._manners.grace_s
        while (held := HeldFile.take(file)) is None:
            if stop.wait(_LOOK_S):
                return None
            if time.monotonic() >= deadline and (group := _group_in(file)) is not None:
                _signal_group(group, signal.SIGKILL)
        return held

    def _start(self, stage_id: str, held: HeldFile, command: Command) -> tuple[subprocess.Popen[bytes], int]:
        # Appended to, so that it can be shortened while the child writes.
        output = os.open(self._output(stage_id), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        theirs, ours = os.pipe()
        try:
            process = subprocess.Popen(  # noqa: S603
                [
                    *(sys.executable, "-I", "-S", leash.__file__, str(held.fileno()), str(theirs)),
                    *command.argv,
                ],
                env=command.environment,
                cwd=command.directory,
                stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(held.fileno(), theirs),
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
            os.close(output)
        if process.stdin is not None:
            threading.Thread(target=_feed, args=(process.stdin, command.stdin), daemon=True).start()
        return process, ours

    def _wait(self, stage_id: str, process: subprocess.Popen[bytes], leash_end: int, stop: threading.Event) -> Ended:
        output = self._output(stage_id)
        deadline: float | None = None
        forced = False
        while (code := process.poll()) is None:
            if deadline is None and stop.is_set():
                # Interrupts the child alone, which stops what is below it in its own way; and once, even if we die.
                os.close(leash_end)
                deadline = time.monotonic() + self._manners.grace_s
            elif deadline is not None and not forced and time.monotonic() >= deadline:
                _LOG.warning("stage %s did not end within %g s and is ended by force", stage_id, self._manners.grace_s)
                _signal_group(process.pid, signal.SIGKILL)
                forced = True
            if output.stat().st_size > self._manners.most_bytes:
                _shorten(output, self._manners.tail_bytes)
            if deadline is None:
                stop.wait(_LOOK_S)
            else:
                time.sleep(_LOOK_S)
        if deadline is None:
            os.close(leash_end)
        _end_left_behind(process.pid)
        tail = _end_of(output, self._manners.tail_bytes).decode(errors="replace")
        return Ended(code if code >= 0 else _SIGNALLED - code, tail, forced)

    def _lock(self, stage_id: str) -> Path:
        return self._home / f"{stage_id}.held"

    def _output(self, stage_id: str) -> Path:
        return self._home / f"{stage_id}.out"


def _feed(pipe: IO[bytes], content: bytes) -> None:
    # A child that has read enough, or is dead, is told about elsewhere.
    with suppress(BrokenPipeError), pipe:
        pipe.write(content)


def _group_in(file: Path) -> int | None:
    """The process group that the child wrote into its file; None if it has not yet, or is gone."""
    try:
        word, _, number = file.read_text().partition(" ")
    except FileNotFoundError:
        return None
    return int(number) if word == "group" and number.isdigit() else None


def _signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; whether there was one. 0 only looks."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # Some systems forbid instead of denying, where all that is left are dead ones that nobody has reaped.
        return False
    return True


def _end_left_behind(group: int) -> None:
    """End what is left of a group whose first process has ended: it is nobody's."""
    if not _signal_group(group, signal.SIGTERM):
        return
    deadline = time.monotonic() + _LEFT_BEHIND_S
    while _lives(group):
        if time.monotonic() >= deadline:
            _signal_group(group, signal.SIGKILL)
            return
        time.sleep(_LOOK_S)


def _lives(group: int) -> bool:
    """Whether a process of the group lives. One that is dead stays in it until it is reaped, which may take a while
    where nobody but a container's first process is there to do it; only Linux tells.
    """
    if not _signal_group(group, 0):
        return False
    processes = list(Path("/proc").glob("[0-9]*/stat"))
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _parent, its_group = process.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return not processes


def _end_of(file: Path, count: int) -> bytes:
    with file.open("rb") as content:
        size = content.seek(0, os.SEEK_END)
        content.seek(max(0, size - count))
        return content.read()


def _shorten(file: Path, count: int) -> None:
    """Keep the end of a file that somebody appends to. What is written at this very moment may be lost."""
    kept = _end_of(file, count)
    with file.open("r+b") as content:
        content.truncate(0)
        content.write(kept)
