"""What every store of states must do."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twin2multicloud.deployer.state.errors import (
    DocumentError,
    LineageError,
    LockedError,
    LockLostError,
    StaleVersionError,
    StateError,
    UnknownVersionError,
)
from twin2multicloud.deployer.state.records import Holder, LockRequest
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.held import HeldFile
from twin2multicloud.runtime.adapters.local.clock import ManualClock

STACK = "berlin/L3-hot"


def state(serial: int, *names: str, lineage: str = "lineage-1", **fields: Any) -> bytes:
    """A state as Terraform writes it, with these resources."""
    resources = [
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": name,
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [{"schema_version": 0, "attributes": {"id": f"id-of-{name}"}}],
        }
        for name in names
    ]
    document = {"version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": lineage, "outputs": {}}
    return json.dumps({**document, "resources": resources, "check_results": None, **fields}, indent=2).encode()


def holder(run_id: str = "run-1", held: Path | None = None, host: str | None = None) -> Holder:
    return Holder(run_id, host or socket.gethostname(), 4711, str(held) if held else None)


def request(lock_id: str = "lock-1") -> LockRequest:
    return LockRequest(lock_id, "OperationTypeApply", "", "ada@engine", "1.11.4", "2026-11-26T08:00:00Z", "")


class StateStoreContract:
    """Subclass and supply `open_store`."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock(1_700_000_000.0)

    @pytest.fixture
    def open_store(self, clock: ManualClock) -> Callable[[], StateStore]:
        """Opens the store under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def store(self, open_store: Callable[[], StateStore]) -> StateStore:
        return open_store()

    @pytest.fixture
    def locked(self, store: StateStore) -> StateStore:
        store.lock(STACK, request(), holder())
        return store

    def test_a_stack_nobody_deployed_has_nothing(self, store: StateStore) -> None:
        assert store.current(STACK) is None
        assert store.history(STACK) == []
        assert store.stacks() == []
        assert store.lock_of(STACK) is None
        with pytest.raises(UnknownVersionError, match="berlin/L3-hot: no state"):
            store.content(STACK)

    def test_a_state_comes_back_byte_by_byte(self, locked: StateStore, clock: ManualClock) -> None:
        content = state(1, "intake", "dead")
        written = locked.write(STACK, content, lock_id="lock-1", holder=holder("run-7"))
        assert locked.content(STACK) == content
        assert locked.current(STACK) == written
        assert (written.number, written.serial, written.lineage) == (1, 1, "lineage-1")
        assert (written.resources, written.size) == (2, len(content))
        assert written.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
        assert (written.run_id, written.created) == ("run-7", clock.now())

    def test_every_version_is_kept_the_newest_first(self, locked: StateStore, clock: ManualClock) -> None:
        contents = [state(serial, *("q" * count for count in range(1, serial + 1))) for serial in (1, 2, 5)]
        for content in contents:
            clock.advance(60)
            locked.write(STACK, content, lock_id="lock-1", holder=holder())
        assert [version.serial for version in locked.history(STACK)] == [5, 2, 1]
        assert [version.number for version in locked.history(STACK)] == [3, 2, 1]
        assert [locked.content(STACK, number) for number in (1, 2, 3)] == contents
        with pytest.raises(UnknownVersionError, match="no version 4"):
            locked.content(STACK, 4)

    def test_the_same_state_again_adds_no_version(self, locked: StateStore) -> None:
        first = locked.write(STACK, state(1, "a"), lock_id="lock-1", holder=holder())
        assert locked.write(STACK, state(1, "a"), lock_id="lock-1", holder=holder()) == first
        assert len(locked.history(STACK)) == 1

    @pytest.mark.parametrize("serial", [3, 2])
    def test_a_serial_that_does_not_follow_is_refused(self, locked: StateStore, serial: int) -> None:
        locked.write(STACK, state(3, "a"), lock_id="lock-1", holder=holder())
        with pytest.raises(StaleVersionError, match=f"serial {serial} does not follow the stored 3"):
            locked.write(STACK, state(serial, "a", "b"), lock_id="lock-1", holder=holder())
        assert locked.content(STACK) == state(3, "a")

    def test_another_lineage_is_refused(self, locked: StateStore) -> None:
        locked.write(STACK, state(1, "a"), lock_id="lock-1", holder=holder())
        with pytest.raises(LineageError, match="lineage lineage-2 is another history"):
            locked.write(STACK, state(9, "a", lineage="lineage-2"), lock_id="lock-1", holder=holder())

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (b"{", "not a Terraform state"),
            (b'"text"', "not a Terraform state"),
            (state(1, version=3), "version: 3 is not a state format we know"),
            (b'{"version": 4, "serial": "x", "lineage": "l"}', "serial"),
        ],
    )
    def test_what_is_no_state_is_refused(self, locked: StateStore, content: bytes, what: str) -> None:
        with pytest.raises(DocumentError, match=what):
            locked.write(STACK, content, lock_id="lock-1", holder=holder())
        assert locked.history(STACK) == []

    def test_a_state_of_no_history_is_refused(self, locked: StateStore) -> None:
        with pytest.raises(LineageError, match="lineage: empty"):
            locked.write(STACK, state(1, lineage=""), lock_id="lock-1", holder=holder())

    def test_a_write_needs_the_lock(self, store: StateStore) -> None:
        with pytest.raises(LockLostError, match="lock \\(none\\) is not the stack's: nobody has it now"):
            store.write(STACK, state(1), lock_id="", holder=holder())
        store.lock(STACK, request("theirs"), holder("their-run"))
        with pytest.raises(LockLostError, match=r"lock mine is not the stack's: .*run their-run"):
            store.write(STACK, state(1), lock_id="mine", holder=holder())

    def test_a_lock_is_had_by_one_who_is_named(self, locked: StateStore, clock: ManualClock) -> None:
        with pytest.raises(LockedError) as refused:
            locked.lock(STACK, request("lock-2"), holder("run-2"))
        lock = refused.value.lock
        assert lock == locked.lock_of(STACK)
        assert (lock.request, lock.holder.run_id, lock.since) == (request(), "run-1", clock.now())
        for word in ("ada@engine", "run run-1", "process 4711", "2023-11-14 22:13:20 UTC", "lock lock-1"):
            assert word in str(refused.value)
        locked.unlock(STACK, "lock-1")
        locked.lock(STACK, request("lock-2"), holder("run-2"))

    def test_stacks_are_locked_each_for_itself(self, locked: StateStore) -> None:
        locked.lock("berlin/L1", request("lock-2"), holder())
        assert locked.stacks() == ["berlin/L1", STACK]

    def test_a_lock_is_given_back_by_its_id_only(self, locked: StateStore) -> None:
        with pytest.raises(LockLostError, match="lock other is not the stack's"):
            locked.unlock(STACK, "other")
        assert locked.lock_of(STACK) is not None
        locked.unlock(STACK, "lock-1")
        locked.unlock(STACK, "lock-1")
        assert locked.lock_of(STACK) is None

    def test_whoever_lost_a_lock_writes_no_more(self, locked: StateStore) -> None:
        broken = locked.break_lock(STACK)
        assert broken is not None
        assert broken.request.id == "lock-1"
        with pytest.raises(LockLostError, match="nobody has it now"):
            locked.write(STACK, state(1), lock_id="lock-1", holder=holder())
        assert locked.break_lock(STACK) is None

    def test_the_dead_are_told_from_the_living(self, store: StateStore, tmp_path: Path) -> None:
        held = HeldFile.take(tmp_path / "held")
        assert held is not None
        with held:
            store.lock(STACK, request(), holder(held=held.file))
            with pytest.raises(LockedError, match="That run is going on: wait for it"):
                store.lock(STACK, request("lock-2"), holder())
        with pytest.raises(LockedError, match="states unlock berlin/L3-hot lock-1` breaks the lock"):
            store.lock(STACK, request("lock-2"), holder())

    def test_nothing_is_said_of_runs_elsewhere(self, store: StateStore, tmp_path: Path) -> None:
        store.lock(STACK, request(), holder(held=tmp_path / "none", host="elsewhere.example"))
        with pytest.raises(LockedError, match=r"can be seen on elsewhere\.example only"):
            store.lock(STACK, request("lock-2"), holder())

    def test_a_rollback_is_a_new_version(self, locked: StateStore) -> None:
        for content in (state(1, "a"), state(2, "a", "b"), state(6)):
            locked.write(STACK, content, lock_id="lock-1", holder=holder())
        with pytest.raises(LockedError):
            locked.roll_back(STACK, 2, holder("undo"))
        locked.unlock(STACK, "lock-1")
        restored = locked.roll_back(STACK, 2, holder("undo"))
        assert (restored.number, restored.serial, restored.lineage) == (4, 7, "lineage-1")
        assert (restored.restored, restored.run_id, restored.resources) == (2, "undo", 2)
        again = json.loads(locked.content(STACK))
        assert again == json.loads(state(7, "a", "b"))
        assert [version.restored for version in locked.history(STACK)] == [2, None, None, None]
        with pytest.raises(UnknownVersionError, match="no version 9"):
            locked.roll_back(STACK, 9, holder())

    def test_what_was_deleted_can_be_taken_up_again(self, locked: StateStore) -> None:
        locked.write(STACK, state(1, "a"), lock_id="lock-1", holder=holder())
        with pytest.raises(LockedError):
            locked.delete(STACK, lock_id=None, holder=holder())
        locked.delete(STACK, lock_id="lock-1", holder=holder())
        assert locked.current(STACK) is None
        with pytest.raises(UnknownVersionError):
            locked.content(STACK)
        locked.unlock(STACK, "lock-1")
        assert locked.roll_back(STACK, 1, holder()).serial == 2
        assert json.loads(locked.content(STACK)) == json.loads(state(2, "a"))

    def test_a_rollback_stays_in_its_lineage(self, locked: StateStore) -> None:
        locked.write(STACK, state(1, "a"), lock_id="lock-1", holder=holder())
        locked.delete(STACK, lock_id="lock-1", holder=holder())
        locked.write(STACK, state(1, "a", lineage="lineage-2"), lock_id="lock-1", holder=holder())
        locked.unlock(STACK, "lock-1")
        with pytest.raises(LineageError, match="version 1 has another lineage"):
            locked.roll_back(STACK, 1, holder())

    def test_pruning_keeps_the_newest(self, locked: StateStore) -> None:
        for serial in range(1, 6):
            locked.write(STACK, state(serial), lock_id="lock-1", holder=holder())
        assert locked.prune(STACK, keep=2) == 3
        assert [version.number for version in locked.history(STACK)] == [5, 4]
        assert locked.prune(STACK, keep=2) == 0
        assert locked.write(STACK, state(9), lock_id="lock-1", holder=holder()).number == 6
        with pytest.raises(StateError, match="keep: 0"):
            locked.prune(STACK, keep=0)

    def test_others_see_it_at_once(self, open_store: Callable[[], StateStore]) -> None:
        one, other = open_store(), open_store()
        one.lock(STACK, request(), holder())
        with pytest.raises(LockedError):
            other.lock(STACK, request("lock-2"), holder("run-2"))
        one.write(STACK, state(1, "a"), lock_id="lock-1", holder=holder())
        assert other.content(STACK) == state(1, "a")

    def test_of_many_at_once_one_gets_the_lock(self, open_store: Callable[[], StateStore]) -> None:
        stores = [open_store(), open_store()]
        won: list[str] = []
        start = threading.Barrier(8)

        def attempt(number: int) -> None:
            start.wait()
            try:
                stores[number % 2].lock(STACK, request(f"lock-{number}"), holder())
            except LockedError:
                return
            won.append(f"lock-{number}")

        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lock = stores[0].lock_of(STACK)
        assert lock is not None
        assert won == [lock.request.id]
