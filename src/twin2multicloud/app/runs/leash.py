"""`python -I -S leash.py HELD LEASH COMMAND…`: becomes COMMAND, which is interrupted, once, when the leash is let go.

HELD is the descriptor of the stage's held file, LEASH that of a pipe whose other end the server holds. The server lets
go by closing it, and so does its death, however it dies: a process that stays behind then interrupts the command.
Linux's own means (PR_SET_PDEATHSIG) is not used. It goes by the death of the thread that began the command, and when a
server with several threads is killed the command is handed from one dying thread to the next and interrupted by each,
up to four times in a row where it was tried: what cleans up after the first is ended by the second.

This runs before the command so that nothing needs to happen between a threaded server's fork and the start of a
program. Nothing but the standard library is imported: it starts before every command.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

_NOT_STARTED: Final = 127


def main(arguments: list[str]) -> int:
    """Replace this process by the command; returns only if that is not possible."""
    held, leash, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    # A server that a shell put into the background ignores interrupts, and its children would inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    us = os.getpid()
    if os.fork() == 0:
        _hold(leash, held, us)
    os.close(leash)
    # Whoever waits for our end must know whom to end by force. We are the first of our group.
    os.ftruncate(held, 0)
    os.pwrite(held, f"group {us}".encode(), 0)
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}", file=sys.stderr)
        return _NOT_STARTED


def _hold(leash: int, held: int, command: int) -> None:
    """Wait until the leash is let go, interrupt the command if it still lives, and end."""
    # The stage's file is held by the command alone; and what is sent to the group is not for us.
    for descriptor in (held, 0, 1, 2):
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.read(leash, 1)
    if os.getppid() == command:
        os.kill(command, signal.SIGINT)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
