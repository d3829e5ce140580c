"""A process that is killed: `python -m tests.runtime_local.victim WHAT DIRECTORY`.

It works until it dies, and prints a line before it begins something ("begin …") and after that was acknowledged.
"""

from __future__ import annotations

import itertools
import random
import sys
import threading
from pathlib import Path

from tests.contracts.base import at, record
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.queues import Queues
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.ports import EntityState, Update

BATCH = 20
_say_lock = threading.Lock()


def say(*words: object) -> None:
    with _say_lock:
        print(*words, flush=True)


def queue(directory: Path) -> None:
    """Sends numbers in order from one thread; another receives, acknowledges some and gives others back."""
    queues = Queues(directory / "queues.db", kept_bytes=2000, loaded=30)
    intake = queues.queue("intake")
    chance = random.Random(1)

    def consume() -> None:
        while intake.wait(60):
            messages = intake.receive(BATCH)
            share = chance.choice((0.7, 1.0))
            done = [message for message in messages if chance.random() < share]
            say("begin-ack", *(message.body.decode() for message in done))
            intake.ack([message.id for message in done])
            say("ack", *(message.body.decode() for message in done))
            back = [message.id for message in messages if message not in done]
            intake.nack(back[::2])  # the others stay with us

    threading.Thread(target=consume, daemon=True).start()
    for first in itertools.count(0, BATCH):
        intake.send([str(number).encode() for number in range(first, first + BATCH)])
        say("sent", first + BATCH)


def hot_event(writer: int, number: int) -> Event:
    return record(f"device-{writer}-{number % 7}", at(number % 3000), id=f"{number:06d}", data={"n": number / 7})


def hot(directory: Path) -> None:
    """Three threads put batches."""
    store = LocalHotStore(directory / "hot.db", index_every=100)

    def put(writer: int) -> None:
        for first in itertools.count(0, BATCH):
            store.put([hot_event(writer, number) for number in range(first, first + BATCH)])
            say("put", writer, first + BATCH)

    for writer in (1, 2):
        threading.Thread(target=put, args=(writer,), daemon=True).start()
    put(0)


def object_body(number: int) -> bytes:
    return number.to_bytes(4, "big") * 2**20  # large, so that a kill is likely to come while it is written


def objects(directory: Path) -> None:
    """Creates objects and deletes every third."""
    store = LocalObjectStore(directory / "objects")
    for number in itertools.count():
        say("begin-create", number)
        store.create(f"{number:06d}", object_body(number), {}, "cool")
        say("created", number)
        if number % 3 == 0:
            say("begin-delete", number)
            store.delete(f"{number:06d}")
            say("deleted", number)


def graph(directory: Path) -> None:
    """Updates ten twins, all at a time."""
    store = LocalTwinGraph(directory / "graph.db")
    store.put_entities([EntityState(f"room-{room}", "dtmi:x;1", {}, {}) for room in range(10)])
    for step in itertools.count(1):
        store.update([Update(f"room-{room}", {"a": step, "b": step}, f"{step:09d}") for room in range(10)])
        say("updated", step)


if __name__ == "__main__":
    {"queue": queue, "hot": hot, "objects": objects, "graph": graph}[sys.argv[1]](Path(sys.argv[2]))
