"""A process killed with SIGKILL at any moment loses nothing that it acknowledged, and leaves nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.contracts.base import at
from tests.runtime_local.victim import BATCH, hot_event, object_body
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.queues import Queues

ROOT = Path(__file__).parents[2]


def kill_after(what: str, directory: Path, lines: int) -> list[list[str]]:
    """Let a process work, kill it after so many lines, and return all that it had said, in words."""
    command = [sys.executable, "-m", "tests.runtime_local.victim", what, str(directory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        assert process.wait() == -signal.SIGKILL
    # The last line may have been cut.
    return [line.split() for line in said if line.endswith("\n")]


@pytest.mark.parametrize("lines", [1, 40, 301])
def test_a_queue_delivers_again_what_was_not_acknowledged_and_only_that(tmp_path: Path, lines: int) -> None:
    said = kill_after("queue", tmp_path, lines)
    sent = max((int(words[1]) for words in said if words[0] == "sent"), default=0)
    begun = {int(word) for words in said if words[0] == "begin-ack" for word in words[1:]}
    acknowledged = {int(word) for words in said if words[0] == "ack" for word in words[1:]}
    queues = Queues(tmp_path / "queues.db", kept_bytes=2000, loaded=30)
    queue = queues.queue("intake")
    found: list[int] = []
    while messages := queue.receive(50):
        found += [int(message.body) for message in messages]
        assert all(message.attempts >= 0 for message in messages)
    assert found == sorted(set(found)), "in order, each once"
    assert not acknowledged & set(found)
    assert set(range(sent)) - begun <= set(found)
    # The receiver may have been quicker with the last batch than the sender was to say that it had sent it.
    beyond = {number for number in {*found, *begun} if number >= sent}
    assert len(beyond) % BATCH == 0, "a batch that was not acknowledged is there whole, or not"
    assert queue.depth() == queue.in_flight() == len(found)
    queue.ack(range(10**6))
    assert queue.depth() == 0
    queues.close()


@pytest.mark.parametrize("lines", [3, 400])
def test_a_hot_store_has_every_acknowledged_record_once(tmp_path: Path, lines: int) -> None:
    said = kill_after("hot", tmp_path, lines)
    store = LocalHotStore(tmp_path / "hot.db")
    total = 0
    for writer in range(3):
        acknowledged = max((int(words[2]) for words in said if words[:2] == ["put", str(writer)]), default=0)
        devices = [f"device-{writer}-{n}" for n in range(7)]
        found = store.between(devices, at(0), at(3599))
        assert len(found) in (acknowledged, acknowledged + BATCH), "a batch is there whole, or not"
        expected = [hot_event(writer, number) for number in range(len(found))]
        assert found == sorted(expected, key=lambda event: (event.time, event.subject, event.id))
        by_device = [event for device in devices for event in store.history(device, at(0), at(3599), 10**6)]
        assert len(by_device) == len(found)
        total += len(found)
    assert store.count() == total
    assert sum(store.count_by_device().values()) == total
    store.close()


def test_an_object_store_shows_whole_objects_only(tmp_path: Path) -> None:
    # Each time just as one begins to be created, on what the process before left.
    for lines in (1, 5, 7, 13, 15, 21, 23):
        said = kill_after("objects", tmp_path, lines)
        created = {int(words[1]) for words in said if words[0] == "created"}
        begun = {int(words[1]) for words in said if words[0] == "begin-delete"}
        deleted = {int(words[1]) for words in said if words[0] == "deleted"}
        store = LocalObjectStore(tmp_path / "objects")
        listed = {int(each.key): each for each in store.list("")}
        for number, each in listed.items():
            assert store.get(each.key) == object_body(number)
        assert created - begun <= listed.keys()
        assert not deleted & listed.keys()
        # A retry finds what is there, and writes what is not.
        for number in range(3):
            assert store.create(f"{number:06d}", object_body(number), {}, "cool") is (number not in listed)
        store.close()


def test_what_a_killed_writer_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path / "objects")
    store.create("kept", b"1", {}, "cool")
    store.close()
    (kept,) = (tmp_path / "objects" / "files").glob("*/*")
    left, young = kept.with_name("left"), kept.with_name("young")
    for path in (left, young):
        path.write_bytes(b"half")
    for path in (left, kept):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    store = LocalObjectStore(tmp_path / "objects")
    assert not left.exists()
    assert young.exists(), "another process may be about to finish it"
    assert store.get("kept") == b"1"
    store.close()


def test_a_graph_has_every_acknowledged_update_whole(tmp_path: Path) -> None:
    said = kill_after("graph", tmp_path, 200)
    acknowledged = max(int(words[1]) for words in said)
    store = LocalTwinGraph(tmp_path / "graph.db")
    values = [(each.values["a"], each.values["b"]) for each in store.entities()]
    assert values[0] in [(step, step) for step in (acknowledged, acknowledged + 1)]
    assert values == [values[0]] * 10
    store.close()
