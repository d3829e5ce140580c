"""Both twin graphs of Azure: our own on the Cosmos DB emulator, and Digital Twins on a fake."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.base import at, unique
from tests.contracts.twin_graph import ROOM, TwinGraphContract, interface
from tests.standins.azure.fake_digital_twins import FakeDigitalTwins
from tests.standins.azure.rig import Certificates
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.ports import EntityState, TwinGraph, Update

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


@pytest.mark.parametrize("kind", ["own", "digital_twins"])
def test_a_twin_that_others_made_anew_takes_older_values(kind: str, request: pytest.FixtureRequest) -> None:
    if kind == "own":
        open_ports = request.getfixturevalue("cosmos_ports")
        one, other = open_ports().graph, open_ports().graph
    else:
        url, authority = request.getfixturevalue("digital_twins").url, request.getfixturevalue("certificates").authority
        made = request.getfixturevalue("open_ports")
        settings = {"graph": kind, "digital_twins_url": url, "authority": str(authority), "any_token": True}
        one, other = made(**settings).graph, made(**settings).graph
    room = unique("room")
    one.define([interface(ROOM)])
    one.put_entities([EntityState(room, ROOM, {}, {})])
    one.update([Update(room, {"people": 5}, at(5))])
    other.delete_entities([room])
    other.put_entities([EntityState(room, ROOM, {}, {})])
    one.update([Update(room, {"people": 3}, at(3))])
    assert other.get(room) == EntityState(room, ROOM, {"people": 3}, {"people": at(3)})
    other.update([Update(room, {"people": 4}, at(4))])
    one.update([Update(room, {"people": 6, "label": "a"}, at(6))])
    assert other.get(room) == EntityState(room, ROOM, {"people": 6, "label": "a"}, {"people": at(6), "label": at(6)})
    other.delete_entities([room])
    with pytest.raises(RejectedError, match=room):
        one.update([Update(room, {"people": 7}, at(7))])
