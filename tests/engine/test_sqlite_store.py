"""The store in a SQLite file."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.engine.store_contract import STACK, StateStoreContract, holder, request, state
from twin2multicloud.deployer.state.errors import StateError
from twin2multicloud.deployer.state.sqlite import SqliteStateStore
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.runtime.adapters.local.clock import ManualClock


class TestSqliteStore(StateStoreContract):
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "kept" / "states.sqlite"

    @pytest.fixture
    def open_store(self, file: Path, clock: ManualClock) -> Iterator[Callable[[], StateStore]]:
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(SqliteStateStore(file, clock)))

    def test_only_the_owner_reads_it_journals_included(self, file: Path, locked: StateStore) -> None:
        locked.write(STACK, state(1, "a"), lock_id="lock-1", holder=holder())
        files = list(file.parent.iterdir())
        assert len(files) > 1
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700

    def test_it_outlives_its_process(self, file: Path, clock: ManualClock) -> None:
        with closing(SqliteStateStore(file, clock)) as store:
            store.lock(STACK, request(), holder())
            store.write(STACK, state(1, "a"), lock_id="lock-1", holder=holder())
        with closing(SqliteStateStore(file, clock)) as store:
            assert store.content(STACK) == state(1, "a")
            assert store.lock_of(STACK) is not None

    def test_another_file_is_left_alone(self, file: Path, clock: ManualClock) -> None:
        file.parent.mkdir()
        file.write_text("these are no states, but a person's notes, which are longer than a page's header is\n" * 9)
        with pytest.raises(StateError, match=r"states\.sqlite: not a store of states"):
            SqliteStateStore(file, clock)
        assert file.read_text().startswith("these are no states")
