"""`python -I -S supervise.py ENDING_S FORCE_S COMMAND…`: stands between the engine and Terraform.

The engine holds the other end of this process's standard input. When that closes, the engine is dead, however it died:
Terraform is then interrupted, given ENDING_S to finish what it is making and to save the state, then told to end, and
FORCE_S later ended by force. What it prints goes through here, since a program whose output nobody reads any more is
ended by the system on its next line. Nothing but the standard library is imported: this starts before every command.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

_DRAIN_S: Final = 1.0
"""How long output may still come once the command has ended: from children that it left behind."""
_CHUNK: Final = 1 << 16
_FORWARDED: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


def main(arguments: list[str]) -> int:
    """Run the command until it ends; its exit code, 128 more than the signal if one ended it."""
    ending_s, force_s, command = float(arguments[0]), float(arguments[1]), arguments[2:]
    wake, wakened = os.pipe()
    os.set_blocking(wakened, False)
    signal.set_wakeup_fd(wakened)
    # A handler, other than ignoring, is not inherited by the command.
    for number in (*_FORWARDED, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603
    _watch(child, wake, ((0.0, signal.SIGINT), (ending_s, signal.SIGTERM), (force_s, signal.SIGKILL)))
    code = child.wait()
    # What is left of the group now is nobody's: plugins of a Terraform that was killed. We have a handler, they end.
    os.killpg(0, signal.SIGTERM)
    return code if code >= 0 else 128 - code


def _watch(child: subprocess.Popen[bytes], wake: int, ending: Sequence[tuple[float, signal.Signals]]) -> None:
    assert child.stdout is not None
    assert child.stderr is not None
    relays = {child.stdout.fileno(): 1, child.stderr.fileno(): 2}
    # What is sent once the engine is gone, and how long after what was sent before.
    steps = list(ending)
    due: float | None = None
    drained: float | None = None
    with selectors.DefaultSelector() as selector:
        for descriptor in (0, wake, *relays):
            selector.register(descriptor, selectors.EVENT_READ)
        while relays and (drained is None or time.monotonic() < drained):
            times = [moment for moment in (due, drained) if moment is not None]
            for key, _ in selector.select(max(0.0, min(times) - time.monotonic()) if times else None):
                chunk = os.read(key.fd, _CHUNK)
                if key.fd in relays:
                    _relay(relays, key.fd, chunk, selector)
                elif key.fd == wake:
                    for number in set(chunk) & _FORWARDED:
                        _send(child, number)
                elif not chunk:
                    selector.unregister(0)
                    due = time.monotonic()
            if due is not None and time.monotonic() >= due:
                _send(child, steps.pop(0)[1])
                due = time.monotonic() + steps[0][0] if steps else None
            if drained is None and child.poll() is not None:
                drained = time.monotonic() + _DRAIN_S


def _send(child: subprocess.Popen[bytes], number: int) -> None:
    """Requests go to Terraform alone, which stops its providers in its own way; force goes to all, and to us."""
    if number == signal.SIGKILL:
        os.killpg(0, signal.SIGKILL)
    child.send_signal(number)


def _relay(relays: dict[int, int], source: int, chunk: bytes, selector: selectors.BaseSelector) -> None:
    if not chunk:
        selector.unregister(source)
        del relays[source]
        return
    view = memoryview(chunk)
    try:
        while view:
            view = view[os.write(relays[source], view) :]
    except BrokenPipeError:
        # The engine is dead: what is printed from now on is only kept from blocking Terraform.
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
