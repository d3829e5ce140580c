"""The stores on AWS, held to their contracts on ministack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.dead_letters import DeadLettersContract
from tests.contracts.hot_store import HotStoreContract
from tests.contracts.nonces import NoncesContract
from tests.contracts.object_store import ObjectStoreContract
from tests.contracts.rule_states import RuleStatesContract
from tests.contracts.secrets import SecretsContract
from tests.contracts.twin_graph import TwinGraphContract
from tests.standins.aws.places import shared_bucket, shared_table
from tests.standins.aws.server import ministack
from twin2multicloud.runtime.adapters.aws.hot import DynamoHotStore
from twin2multicloud.runtime.adapters.aws.objects import S3ObjectStore
from twin2multicloud.runtime.adapters.aws.own_graph import DynamoTwinGraph
from twin2multicloud.runtime.adapters.aws.secret_store import SecretsManager
from twin2multicloud.runtime.adapters.aws.state import (
    STATE_KEYS,
    DynamoDeadLetters,
    DynamoNonces,
    DynamoRuleStates,
)
from twin2multicloud.runtime.ports import DeadLetters, HotStore, Nonces, ObjectStore, RuleStates, Secrets, TwinGraph


class TestHotStore(HotStoreContract):
    @pytest.fixture
    def open_store(self) -> Callable[[], HotStore]:
        clients, table = ministack().clients, shared_table("hot", ("device", "t"))
        return lambda: DynamoHotStore(clients, table, "contract", consistent=True)


class TestObjectStore(ObjectStoreContract):
    @pytest.fixture
    def open_store(self) -> Callable[[], ObjectStore]:
        clients, bucket = ministack().clients, shared_bucket("objects")
        return lambda: S3ObjectStore(clients, bucket, prefix="twin/")


class TestOwnGraph(TwinGraphContract):
    @pytest.fixture
    def open_graph(self) -> Callable[[], TwinGraph]:
        clients, table = ministack().clients, shared_table("graph", ("k", "s"))
        return lambda: DynamoTwinGraph(clients, table, consistent=True)


class TestDeadLetters(DeadLettersContract):
    @pytest.fixture
    def open_letters(self) -> Callable[[], DeadLetters]:
        clients, table = ministack().clients, shared_table("state", STATE_KEYS)
        return lambda: DynamoDeadLetters(clients, table)


class TestRuleStates(RuleStatesContract):
    @pytest.fixture
    def open_states(self) -> Callable[[], RuleStates]:
        clients, table = ministack().clients, shared_table("state", STATE_KEYS)
        return lambda: DynamoRuleStates(clients, table)


class TestNonces(NoncesContract):
    @pytest.fixture
    def open_nonces(self) -> Callable[[], Nonces]:
        clients, table = ministack().clients, shared_table("state", STATE_KEYS)
        return lambda: DynamoNonces(clients, table)


class TestSecrets(SecretsContract):
    @pytest.fixture
    def open_secrets(self) -> Callable[[], Secrets]:
        clients = ministack().clients
        return lambda: SecretsManager(clients, "twin/")
