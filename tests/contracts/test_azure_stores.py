"""Azure's adapters of stores and memories, on Azurite and the Cosmos DB emulator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.dead_letters import DeadLettersContract
from tests.contracts.hot_store import HotStoreContract
from tests.contracts.nonces import NoncesContract
from tests.contracts.object_store import ObjectStoreContract
from tests.contracts.rule_states import RuleStatesContract
from tests.standins.azure import emulators
from tests.standins.ports import free_port
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import DeadLetters, HotStore, Nonces, ObjectStore, RuleStates

pytest_plugins = ("tests.standins.azure.fixtures",)

Open = Callable[[], AzurePorts]


class TestCosmosHotStore(HotStoreContract):
    @pytest.fixture
    def open_store(self, cosmos_ports: Open) -> Callable[[], HotStore]:
        return lambda: cosmos_ports().hot


class TestBlobObjectStore(ObjectStoreContract):
    @pytest.fixture
    def open_store(self, storage_ports: Open) -> Callable[[], ObjectStore]:
        return lambda: storage_ports().cool


class TestCosmosDeadLetters(DeadLettersContract):
    @pytest.fixture
    def open_letters(self, cosmos_ports: Open) -> Callable[[], DeadLetters]:
        return lambda: cosmos_ports().dead_letters


class TestCosmosRuleStates(RuleStatesContract):
    @pytest.fixture
    def open_states(self, cosmos_ports: Open) -> Callable[[], RuleStates]:
        return lambda: cosmos_ports().rule_states


class TestCosmosNonces(NoncesContract):
    @pytest.fixture
    def open_nonces(self, cosmos_ports: Open) -> Callable[[], Nonces]:
        return lambda: cosmos_ports().nonces


def test_hot_store_and_graph_may_have_accounts_of_their_own(
    open_ports: Callable[..., AzurePorts], cosmos_ports: Open, cosmos: str
) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"  # where nobody answers
    urls = {"cosmos_url": elsewhere, "hot_url": cosmos, "graph_url": cosmos}
    there = open_ports(**urls, cosmos_database=cosmos_ports().config.cosmos_database, cosmos_key=emulators.COSMOS_KEY)
    assert there.hot.last("nobody") is None
    assert there.graph.get("nobody") is None
    with pytest.raises(StoreError):
        there.dead_letters.get("none")
