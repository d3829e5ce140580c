"""A full disk is a `StoreError` with `quota`, and leaves what was acknowledged intact."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.runtime_local.places import OPEN, open_store, write, written
from twin2multicloud.runtime.failures import StoreError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", OPEN)
def test_a_store_that_reached_its_limit_says_so_and_goes_on_once_it_has_room(name: str, tmp_path: Path) -> None:
    store = open_store(name, tmp_path)
    write(name, store, 0)
    store.database.limit(70_000 if name == "objects" else 200_000)
    number, refusal = 1, None
    while refusal is None and number < 10_000:
        try:
            write(name, store, number)
            number += 1
        except StoreError as error:
            refusal = error
    assert refusal is not None
    assert refusal.quota
    assert "full" in str(refusal)
    assert number > 5
    assert written(name, store, 10_000) == set(range(number)), "what was acknowledged is there, and can be read"
    if name == "objects":
        assert len(list((tmp_path / "objects" / "files").glob("*/*"))) == number, "no file of a refused object is left"
    store.database.limit(None)
    write(name, store, number)
    store.close()
    again = open_store(name, tmp_path)
    assert written(name, again, 10_000) == set(range(number + 1))
    again.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[tuple[Path, int], None, None]:
    """A directory on a disk of 1 MB, if this machine lets us mount one; else one where files of that size fail."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0:
        try:
            yield place, 0
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
    else:
        yield place, 2**20


def fill(name: str, place: Path, limit: int) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "tests.runtime_local.fill", name, str(place), str(limit)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stderr
    number, quota, error = said.stdout.split(" ", 2)
    return int(number), quota, error


@pytest.mark.parametrize("name", ["hot", "objects", "queues", "graph"])
def test_a_disk_that_is_full(name: str, small_disk: tuple[Path, int]) -> None:
    place, limit = small_disk
    if limit and name == "objects":
        limit = 3000  # no single object reaches the limit of the index
    number, quota, error = fill(name, place, limit)
    assert quota == "True", error
    if not limit:
        assert number > 20
    store = open_store(name, place)
    assert written(name, store, 10_000) == set(range(number)), "after a restart, too"
    store.close()


def test_a_file_that_may_grow_no_more(tmp_path: Path) -> None:
    number, _, error = fill("hot", tmp_path, 2**19)
    assert number > 20
    assert "hot.put failed" in error
    store = open_store("hot", tmp_path)
    assert written("hot", store, 10_000) == set(range(number))
    write("hot", store, number)
    store.close()


def test_a_queue_can_be_drained_though_others_have_filled_the_disk(small_disk: tuple[Path, int]) -> None:
    place, limit = small_disk
    if limit:
        pytest.skip("stand-in missing: a small disk, which only root may mount")
    queues = open_store("queues", place)
    for number in range(40):
        write("queues", queues, number)
    queues.close()
    queues = open_store("queues", place)
    queue = queues.queue("intake")
    messages = queue.receive(40)
    for message in messages[:10]:
        queue.ack([message.id])
    with (place / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
        ballast.writelines(itertools.repeat(b"x" * 512))
    for message in messages[10:]:
        queue.ack([message.id])
    assert queue.depth() == 0
    queues.close()
