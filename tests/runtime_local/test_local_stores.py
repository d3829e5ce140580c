"""What all local stores have in common: gates, private files, versions; and the small stores' own."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime_local.places import OPEN, open_store, write, written
from twin2multicloud.runtime.adapters.local.clock import ManualClock
from twin2multicloud.runtime.adapters.local.commands import LocalCommands
from twin2multicloud.runtime.adapters.local.database import Database
from twin2multicloud.runtime.adapters.local.nonces import LocalNonces
from twin2multicloud.runtime.failures import DeviceOfflineError, StoreError
from twin2multicloud.runtime.ports import Command


@pytest.mark.parametrize("name", OPEN)
def test_a_gate_refuses_before_anything_happens(name: str, tmp_path: Path) -> None:
    asked: list[str] = []
    refused: set[str] = set()

    def gate(operation: str) -> None:
        asked.append(operation)
        if operation in refused:
            raise StoreError("refused", quota=True, retry_after_s=3.0)

    store = open_store(name, tmp_path, gate)
    write(name, store, 0)
    assert written(name, store, 10) == {0}
    operations = set(asked)
    assert all(operation.startswith(f"{name}.") for operation in operations)
    refused |= operations
    with pytest.raises(StoreError, match="refused") as caught:
        write(name, store, 1)
    assert caught.value.retry_after_s == 3.0
    refused.clear()
    assert written(name, store, 10) == {0}
    store.close()


@pytest.mark.parametrize("name", OPEN)
def test_files_are_for_their_owner_only(name: str, tmp_path: Path) -> None:
    place = tmp_path / "cloud"
    store = open_store(name, place)
    write(name, store, 0)
    found = [path for path in place.rglob("*") if path.is_file()]
    assert found
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    directories = [
        store.database.path.parent,
        *(path for path in store.database.path.parent.rglob("*") if path.is_dir()),
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directories} == {0o700}
    store.close()


@pytest.mark.parametrize("name", OPEN)
def test_a_closed_store_refuses(name: str, tmp_path: Path) -> None:
    store = open_store(name, tmp_path)
    write(name, store, 0)
    store.close()
    with pytest.raises(StoreError):
        write(name, store, 1)


def test_a_file_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    Database(path, (("CREATE TABLE a (x)",), ("CREATE TABLE b (x)",))).close()
    with pytest.raises(StoreError, match="has version 2; this release knows up to 1"):
        Database(path, (("CREATE TABLE a (x)",),))
    later = Database(path, (("CREATE TABLE a (x)",), ("CREATE TABLE b (x)",), ("INSERT INTO b VALUES (7)",)))
    assert later.read("read", lambda db: db.execute("SELECT x FROM b").fetchall()) == [(7,)]
    later.close()


def test_what_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Database(path, (("CREATE TABLE a (x)",),))


def test_writers_that_share_a_transaction_do_not_suffer_from_each_other(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db", (("CREATE TABLE a (x INTEGER PRIMARY KEY)",),))
    committed: list[int] = []
    failed: list[int] = []

    def insert(number: int) -> Callable[[sqlite3.Connection], object]:
        # Every third uses a key that is there already, or a value that is none.
        key: object = 0 if number % 6 == 3 else object() if number % 6 == 0 else number
        return lambda db: db.execute("INSERT INTO a VALUES (?)", (key,))

    def act(number: int) -> None:
        try:
            database.write("insert", insert(number), lambda: committed.append(number))
        except StoreError:
            failed.append(number)

    database.write("insert", lambda db: db.execute("INSERT INTO a VALUES (0)"))
    with database.held():  # all of them come while nothing can be committed
        threads = [threading.Thread(target=act, args=(number,)) for number in range(1, 31)]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(30)
    good = [number for number in range(1, 31) if number % 3]
    assert sorted(committed) == good
    assert sorted(failed) == [number for number in range(1, 31) if number % 3 == 0]
    found = database.read("read", lambda db: db.execute("SELECT x FROM a ORDER BY x").fetchall())
    assert [x for (x,) in found] == [0, *good]
    database.close()


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db", (("CREATE TABLE a (x)",),))
    inside, go_on = threading.Event(), threading.Event()

    def work(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO a VALUES (1)")
        inside.set()
        assert go_on.wait(30)

    writer = threading.Thread(target=lambda: database.write("insert", work))
    writer.start()
    assert inside.wait(30)
    count: Callable[[sqlite3.Connection], int] = lambda db: db.execute("SELECT count(*) FROM a").fetchone()[0]  # noqa: E731
    assert database.read("count", count) == 0
    go_on.set()
    writer.join(30)
    assert database.read("count", count) == 1
    assert database.size_bytes() > 0
    database.close()


def test_nonces_are_forgotten_when_their_time_is_over(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    nonces = LocalNonces(tmp_path / "nonces.db", clock=clock)
    assert nonces.first_use("link", "old", 1010.0)
    assert nonces.first_use("link", "new", 2000.0)
    clock.set(1500.0)
    for number in range(1000):
        nonces.first_use("link", f"{number}", 3000.0)
    assert nonces.count() == 1001
    assert not nonces.first_use("link", "new", 2000.0)
    nonces.close()


def test_a_device_that_fetches_nothing_is_named(tmp_path: Path) -> None:
    told: list[str] = []
    commands = LocalCommands(tmp_path / "commands.db", per_device=2, on_send=told.extend)
    sent = [Command(str(number), device, "restart") for device in ("idle", "other") for number in range(2)]
    commands.send(sent)
    commands.send(sent)  # the same again need no more room
    assert told == ["idle", "other"] * 2
    with pytest.raises(DeviceOfflineError, match="idle") as caught:
        commands.send([Command("2", "idle", "restart"), Command("2", "third", "restart")])
    assert "third" not in str(caught.value)
    assert commands.counts() == {"idle": 2, "other": 2, "third": 1}
    assert commands.pending("idle") == sent[:2]
    commands.done("idle", ["0", "never"])
    commands.send([Command("2", "idle", "restart")])
    assert [command.id for command in commands.pending("idle")] == ["1", "2"]
    assert [command.id for command in commands.pending("idle", 1)] == ["1"]
    commands.close()
