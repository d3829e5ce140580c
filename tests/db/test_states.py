"""States in the database keep the contract of those in a file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.db.opening import database, open_states
from tests.engine.store_contract import STACK, StateStoreContract, holder, request, state
from twin2multicloud.app.db.tables import StateVersion
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.runtime.adapters.local.clock import ManualClock


class TestDatabaseStates(StateStoreContract):
    @pytest.fixture
    def open_store(self, twin_url: str, clock: ManualClock) -> Callable[[], StateStore]:
        return lambda: open_states(twin_url, clock)

    def test_targets_are_apart_and_nothing_is_in_clear(
        self, twin_url: str, store: StateStore, clock: ManualClock
    ) -> None:
        store.lock(STACK, request(), holder())
        store.write(STACK, state(1, "secret"), lock_id=request().id, holder=holder())
        assert open_states(twin_url, clock, "rehearsal").stacks() == []
        with database(twin_url).read() as session:
            (row,) = session.scalars(select(StateVersion)).all()
        assert b"secret" not in row.sealed
