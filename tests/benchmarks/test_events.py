"""The benchmark of events counts what every watcher saw, and notices what one did not."""

from __future__ import annotations

import socket

import pytest
from benchmarks.events import Watcher, measure


@pytest.mark.slow
def test_every_watcher_sees_all() -> None:
    found = measure(3, 200.0, 1.0, 7)
    assert found.events == 196
    assert 0 < found.p50_ms <= found.p99_ms <= found.largest_ms


def test_a_watcher_notices_what_is_missing_and_what_is_cut_in_two() -> None:
    ours, theirs = socket.socketpair()
    watcher = Watcher.__new__(Watcher)
    watcher.socket, watcher.last, watcher.taken, watcher._rest = ours, 0, [], b""
    expected = [b"1", b"2", b"3", b"4"]
    theirs.sendall(b"17\r\nid: 1\ndata: {}\n\n\r\n17\r\nid: 2\nda")
    watcher.take(expected)
    assert watcher.last == 1
    theirs.sendall(b"ta: {}\n\n")
    watcher.take(expected)
    assert watcher.last == 2
    theirs.sendall(b"id: 4\ndata: {}\n\n")
    with pytest.raises(SystemExit, match="after event 2"):
        watcher.take(expected)
    ours.close()
    theirs.close()
