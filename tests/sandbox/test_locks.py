"""Locks under many who look at once, and ids of processes that have ended."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.held import HeldFile, is_held
from twin2multicloud.sandbox.create import create, stop
from twin2multicloud.sandbox.locks import await_release, holder, signal_holder

LOOKS = 2_000


@contextmanager
def lookers(file: Path, count: int) -> Iterator[None]:
    """So many look at a file, again and again."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            is_held(file)

    threads = [threading.Thread(target=look) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any of it."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def test_who_looks_is_not_taken_for_a_holder(tmp_path: Path) -> None:
    file = tmp_path / "x.lock"
    file.touch()
    with lookers(file, 3):
        assert not any(is_held(file) for _ in range(LOOKS))


def test_who_looks_keeps_nobody_from_taking(tmp_path: Path) -> None:
    file = tmp_path / "x.lock"
    file.touch()
    with lookers(file, 3):
        for _ in range(LOOKS // 10):
            held = HeldFile.take(file)
            assert held is not None
            assert is_held(file)
            held.release()


def test_a_stranger_with_the_id_of_one_that_was_killed_is_left_alone(tmp_path: Path) -> None:
    spec, workload = small_twin(4)
    rig = Rig(tmp_path / "sandbox", spec, workload, placement_of("aws"))
    create(rig.layout, rig.twin)
    locks = [rig.layout.supervisor_lock, rig.layout.cloud_lock("aws")]
    with stranger() as process:
        for lock in locks:
            lock.parent.mkdir(exist_ok=True)
            lock.write_text(str(process.pid))
        with lookers(locks[0], 2), lookers(locks[1], 2):
            for _ in range(100):
                assert stop(rig.layout) is False
                assert not signal_holder(locks[1], 9)
        assert process.poll() is None


def test_whoever_holds_is_killed_after_its_time(tmp_path: Path) -> None:
    file = tmp_path / "x.lock"
    code = "import sys, pathlib; from twin2multicloud.held import HeldFile\n"
    code += "held = HeldFile.take(pathlib.Path(sys.argv[1])); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert holder(file) == process.pid
        assert not await_release(file, 0.05)
        assert process.poll() is None
        assert await_release(file, 0.05, kill=True)
        assert process.wait() == -9
    assert not signal_holder(file, 9)
