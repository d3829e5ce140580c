"""What the control API of a simulated cloud tells pages that watch the twin."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from twin2multicloud.model.errors import UsageError
from twin2multicloud.runtime.times import to_time
from twin2multicloud.sandbox.server import control_route
from twin2multicloud.sandbox.watching.devices import DeviceList, DevicesRequest
from twin2multicloud.sandbox.watching.graph import GraphRequest, graph_part
from twin2multicloud.sandbox.watching.history import HistoryRequest, history
from twin2multicloud.sandbox.watching.pulse import HOUR_S

if TYPE_CHECKING:
    from twin2multicloud.sandbox.building import CloudParts
    from twin2multicloud.sandbox.cloud import CloudServer

T = TypeVar("T")
_MOST_ACTIVE: Final = 20
"""Devices that are named of those for which a rule holds."""


class NamesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Devices or entities by name."""

    names: Annotated[tuple[str, ...], msgspec.Meta(max_length=500)]


def watching_routes(server: CloudServer) -> list[Route]:
    """All routes for those who watch."""
    token = server.parts.config.token
    watching = _Watching(server)
    return [
        control_route("/control/devices", "POST", token, watching.devices),
        control_route("/control/connected", "POST", token, watching.connected),
        control_route("/control/history", "POST", token, watching.history),
        control_route("/control/rates", "GET", token, watching.rates),
        control_route("/control/rules", "GET", token, watching.rules),
        control_route("/control/graph", "POST", token, watching.graph),
        control_route("/control/states", "POST", token, watching.states),
    ]


class _Watching:
    """For as long as the cloud's parts are these: they are made anew with the routes."""

    def __init__(self, server: CloudServer) -> None:
        self._server = server
        self._parts: CloudParts = server.parts

    @cached_property
    def _list(self) -> DeviceList:
        return DeviceList(self._parts.spec, _there(self._parts.hot, "hot store"))

    async def devices(self, _: Request, body: Any) -> Any:
        """Some of the devices; see `DeviceList.part`."""
        asked = msgspec.convert(body or {}, DevicesRequest)
        found: dict[str, Any] = await _off(lambda: self._list.part(asked))
        return {**found, "now": to_time(self._parts.clock.now())}

    async def connected(self, _: Request, body: Any) -> Any:
        """Which of some devices have a connection; None where devices have none, since they only post."""
        asked = msgspec.convert(body, NamesRequest)
        mqtt = self._server.gateway.mqtt
        return {"connected": None if mqtt is None else [name for name in asked.names if mqtt.is_connected(name)]}

    async def history(self, _: Request, body: Any) -> Any:
        """What a device measured; see `history.history`. `found` is False for a device that the twin does not have, and
        `refused` says what is wrong with the question.
        """
        asked = msgspec.convert(body, HistoryRequest)
        hot, kind = _there(self._parts.hot, "hot store"), self._parts.spec.type_of(asked.device)
        if kind is None:
            return {"found": False}
        try:
            told = await _off(lambda: history(hot, kind, asked, self._parts.clock.now()))
        except UsageError as error:
            return {"found": True, "refused": str(error)}
        units = {field.name: field.unit for field in kind.fields}
        return {"found": True, "device_type": kind.name, "units": units, "now": self._parts.clock.now(), **told}

    async def rates(self, request: Request, _: Any) -> Any:
        """What came per second since a moment of the wall clock: lists as `Beat`."""
        text = request.query_params.get("seconds", "300")
        seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 300
        return {"beats": self._server.pulse.since(time.time() - min(seconds, HOUR_S))}

    async def rules(self, _: Request, __: Any) -> Any:
        """Of each rule how often it fired and when last, for how many devices it holds now, and some of these."""
        states = _there(self._parts.rule_states, "rule")

        def look() -> dict[str, Any]:
            fired, holding = self._parts.journal.fired(), states.firing(_MOST_ACTIVE)
            names = {*fired, *holding}
            return {
                name: {
                    "fired": fired[name].times if name in fired else 0,
                    "last": fired[name].last if name in fired else None,
                    "active": holding[name].total if name in holding else 0,
                    "devices": holding[name].devices if name in holding else [],
                }
                for name in names
            }

        return {"rules": await _off(look)}

    async def graph(self, _: Request, body: Any) -> Any:
        """Some of the twins; see `graph_part`."""
        asked = msgspec.convert(body or {}, GraphRequest)
        graph = _there(self._parts.graph, "twin graph")
        return await _off(lambda: graph_part(graph, asked))

    async def states(self, _: Request, body: Any) -> Any:
        """The last values of some twins, by id."""
        asked = msgspec.convert(body, NamesRequest)
        graph = _there(self._parts.graph, "twin graph")
        found = await _off(lambda: [graph.get(name) for name in asked.names])
        return {"states": {each.id: each for each in found if each is not None}}


def _there(part: T | None, name: str) -> T:
    if part is None:
        raise KeyError(f"no {name} is here")
    return part


async def _off(function: Callable[[], T]) -> T:
    """Run what may block away from the event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, function)
