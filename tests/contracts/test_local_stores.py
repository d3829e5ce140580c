"""The contracts, over the local stores."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.contracts.dead_letters import DeadLettersContract
from tests.contracts.hot_store import HotStoreContract
from tests.contracts.local_places import opener
from tests.contracts.nonces import NoncesContract
from tests.contracts.object_store import ObjectStoreContract
from tests.contracts.rule_states import RuleStatesContract
from tests.contracts.secrets import SecretsContract
from tests.contracts.twin_graph import TwinGraphContract
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.nonces import LocalNonces
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets


class TestLocalHotStore(HotStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Generator[Callable[[], LocalHotStore], None, None]:
        with opener(lambda: LocalHotStore(tmp_path / "hot.db")) as factory:
            yield factory


class TestLocalObjectStore(ObjectStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Generator[Callable[[], LocalObjectStore], None, None]:
        with opener(lambda: LocalObjectStore(tmp_path / "objects")) as factory:
            yield factory


class TestLocalTwinGraph(TwinGraphContract):
    @pytest.fixture
    def open_graph(self, tmp_path: Path) -> Generator[Callable[[], LocalTwinGraph], None, None]:
        with opener(lambda: LocalTwinGraph(tmp_path / "graph.db")) as factory:
            yield factory


class TestLocalDeadLetters(DeadLettersContract):
    @pytest.fixture
    def open_letters(self, tmp_path: Path) -> Generator[Callable[[], LocalDeadLetters], None, None]:
        with opener(lambda: LocalDeadLetters(tmp_path / "letters.db")) as factory:
            yield factory


class TestLocalRuleStates(RuleStatesContract):
    @pytest.fixture
    def open_states(self, tmp_path: Path) -> Generator[Callable[[], LocalRuleStates], None, None]:
        with opener(lambda: LocalRuleStates(tmp_path / "rules.db")) as factory:
            yield factory


class TestLocalNonces(NoncesContract):
    @pytest.fixture
    def open_nonces(self, tmp_path: Path) -> Generator[Callable[[], LocalNonces], None, None]:
        with opener(lambda: LocalNonces(tmp_path / "nonces.db")) as factory:
            yield factory


class TestLocalSecrets(SecretsContract):
    @pytest.fixture
    def open_secrets(self, tmp_path: Path) -> Generator[Callable[[], LocalSecrets], None, None]:
        with opener(lambda: LocalSecrets(tmp_path / "secrets.db")) as factory:
            yield factory
