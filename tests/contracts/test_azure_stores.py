"""Azure's adapters of stores and memories, on Azurite and the Cosmos DB emulator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.dead_letters import DeadLettersContract
from tests.contracts.hot_store import HotStoreContract
from tests.contracts.nonces import NoncesContract
from tests.contracts.object_store import ObjectStoreContract
from tests.contracts.rule_states import RuleStatesContract
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
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
