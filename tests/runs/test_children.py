"""Children without an engine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.runs.ledger import Ledger, until
from tests.runs.program import alive
from twin2multicloud.app.runs.children import Children, Command, Ended, Manners

PROGRAM = Path(__file__).with_name("program.py")
STAGE = "r:apply:1"
SERVER = """
import sys, threading
from pathlib import Path
from tests.runs.test_children import STAGE, command
from twin2multicloud.app.runs.children import Children
home, wish = Path(sys.argv[1]), sys.argv[2]
for _ in range(8):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
Children(home).run(STAGE, lambda: command(home, wish), threading.Event(), lambda: True)
"""


def command(home: Path, wish: str) -> Command:
    return Command(
        [sys.executable, "-I", "-S", str(PROGRAM), str(home / "ledger"), STAGE], dict(os.environ), wish.encode()
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "ledger").touch()
    return tmp_path


def run(children: Children, home: Path, wish: str, stop: threading.Event | None = None) -> Ended | None:
    return children.run(STAGE, lambda: command(home, wish), stop or threading.Event(), lambda: True)


def soon(stop: threading.Event, home: Path, word: str = "begin") -> None:
    def work() -> None:
        Ledger(home).wait(word, STAGE)
        stop.set()

    threading.Thread(target=work).start()


def test_exit_code_and_output(home: Path) -> None:
    children = Children(home)
    assert run(children, home, '{"says": "hello", "exit": 4}') == Ended(4, "hello\n")
    assert not children.alive(STAGE)


def test_only_the_end_of_much_output_is_kept(home: Path) -> None:
    children = Children(home, Manners(tail_bytes=10, most_bytes=1000))
    script = (
        "for n in range(9000): print(f'{n:09}', flush=n % 100 == 0)\nimport time; time.sleep(0.3); print('the end')"
    )
    ended = children.run(
        STAGE, lambda: Command([sys.executable, "-c", script], dict(os.environ)), threading.Event(), lambda: True
    )
    assert ended == Ended(0, "9\nthe end\n"[-10:])
    assert (home / f"{STAGE}.out").stat().st_size < 2000


def test_a_child_that_was_asked_ends_in_order(home: Path) -> None:
    stop = threading.Event()
    soon(stop, home)
    ended = run(Children(home), home, '{"seconds": 60}', stop)
    assert ended == Ended(130, "\ninterrupted\n")
    assert Ledger(home).count("interrupted", STAGE) == 1


def test_a_deaf_child_and_what_is_below_it_are_ended_by_force(home: Path) -> None:
    stop = threading.Event()
    soon(stop, home)
    children = Children(home, Manners(grace_s=0.3))
    ended = run(children, home, '{"seconds": 60, "deaf": true, "leaves": true}', stop)
    assert ended is not None
    assert (ended.code, ended.forced) == (128 + 9, True)
    until(lambda: not alive(left(home)))


def test_what_a_child_leaves_behind_is_ended(home: Path) -> None:
    assert run(Children(home), home, '{"leaves": true}') == Ended(0, "\n")
    until(lambda: not alive(left(home)))


def test_nothing_is_started_that_is_not_wanted_any_more(home: Path) -> None:
    children = Children(home)
    assert children.run(STAGE, lambda: command(home, "{}"), threading.Event(), lambda: False) is None
    assert Ledger(home).text() == ""
    assert not children.alive(STAGE)


def test_secrets_are_in_no_list_of_processes(home: Path) -> None:
    wish = command(home, '{"key": "hunter2"}')
    assert "hunter2" not in repr(wish)
    stop = threading.Event()
    soon(stop, home)
    thread = threading.Thread(target=run, args=(Children(home), home, '{"seconds": 60, "key": "hunter2"}', stop))
    thread.start()
    process = Ledger(home).wait("begin", STAGE)
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(process)], capture_output=True, text=True).stdout
    thread.join()
    assert "hunter2" not in shown


def test_a_child_ends_in_order_when_its_server_is_killed(home: Path) -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(home), '{"seconds": 60, "ending": 0.3}'])
    ledger = Ledger(home)
    process = ledger.wait("begin", STAGE)
    with server:
        server.kill()
    # The next server waits for its end.
    assert run(Children(home), home, "{}") == Ended(0, "\n")
    assert ledger.count("interrupted", STAGE) == 1
    assert ledger.is_in_order(STAGE)
    assert not alive(process)


def test_a_deaf_child_of_a_killed_server_is_ended_by_force_by_the_next(home: Path) -> None:
    wish = '{"seconds": 60, "deaf": true}'
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(home), wish])
    process = Ledger(home).wait("begin", STAGE)
    with server:
        server.kill()
    began = time.monotonic()
    assert run(Children(home, Manners(grace_s=0.5)), home, "{}") == Ended(0, "\n")
    assert time.monotonic() - began >= 0.5
    assert not alive(process)


def left(home: Path) -> int:
    """The process that the child left behind."""
    words = Ledger(home).text().split()
    return next(int(word.partition(":")[2]) for word in words if word.startswith("left:"))
