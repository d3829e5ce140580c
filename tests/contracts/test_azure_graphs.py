"""Both twin graphs of Azure: our own on the Cosmos DB emulator, and Digital Twins on a fake."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.twin_graph import TwinGraphContract
from tests.standins.azure.fake_digital_twins import FakeDigitalTwins
from tests.standins.azure.rig import Certificates
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.ports import TwinGraph

pytest_plugins = ("tests.standins.azure.fixtures",)


class TestCosmosTwinGraph(TwinGraphContract):
    @pytest.fixture
    def open_graph(self, cosmos_ports: Callable[[], AzurePorts]) -> Callable[[], TwinGraph]:
        return lambda: cosmos_ports().graph


class TestDigitalTwinsGraph(TwinGraphContract):
    json_values = False

    @pytest.fixture
    def open_graph(
        self, open_ports: Callable[..., AzurePorts], digital_twins: FakeDigitalTwins, certificates: Certificates
    ) -> Callable[[], TwinGraph]:
        return lambda: (
            open_ports(
                graph="digital_twins",
                digital_twins_url=digital_twins.url,
                authority=str(certificates.authority),
                any_token=True,
            ).graph
        )
