"""Plausible data behind the pages, without a sandbox: `python -m tests.pages.demo_data` serves them to look at."""

from __future__ import annotations

import asyncio
import math
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from twin2multicloud.dashboards.build import grafana_dashboards
from twin2multicloud.dashboards.source import ReadSource
from twin2multicloud.model.spec import (
    DeviceGroup,
    DeviceType,
    Field,
    Retention,
    Rule,
    TwinSpec,
)
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.times import to_epoch, to_time
from twin2multicloud.sandbox.pages import console_app, dashboard_app
from twin2multicloud.sandbox.status import (
    ClassStatus,
    ClockStatus,
    CloudStatus,
    FaultStatus,
    FoldedError,
    FunctionStatus,
    GatewayStatus,
    GraphStatus,
    LinkStatus,
    MeterStatus,
    QueueStatus,
    StoreStatus,
    status_json,
)

MARKUP = '<img src=x onerror="window.hacked=1"><b>bold</b>'
"""A name that would run a script in a page that does not escape."""


def demo_spec() -> TwinSpec:
    """A smart building: rooms with climate sensors, energy meters, one weather station."""
    climate = DeviceType(
        "climate",
        "dtmi:example:climate;1",
        (
            Field("temperature", "double", "°C", -40, 85),
            Field("humidity", "double", "%", 0, 100),
            Field("co2", "integer", "ppm", 0, 5000),
            Field("occupied", "boolean"),
        ),
    )
    meter = DeviceType(
        "meter", "dtmi:example:meter;1", (Field("power", "double", "W", 0, 20000), Field("energy", "double", "kWh"))
    )
    weather = DeviceType(
        "weather", "dtmi:example:weather;1", (Field("wind", "double", "m/s", 0, 60), Field("state", "string"))
    )
    return TwinSpec(
        "smart-building",
        (climate, meter, weather),
        (
            DeviceGroup("climate", prefix="room-", width=3, count=36),
            DeviceGroup("meter", names=("meter-north", "meter-south", "meter-roof")),
            DeviceGroup("weather", names=("weather-1",)),
        ),
        Retention(30 * 86400, 90 * 86400, 365 * 86400),
        rules=(
            Rule("too-warm", "climate", "temperature > 25.5"),
            Rule("frost", "climate", "temperature < 8", severity="error"),
            Rule("stale-air", "climate", "co2 >= 1000"),
            Rule("bad-air", "climate", "co2 >= 1500", severity="critical"),
            Rule("peak", "meter", "power > 9000", severity="error"),
        ),
    )


class Demo:
    """Answers as a sandbox would. `now` is the twin's time; `broken` makes every query fail with its text,
    `newest_only` gives more records than are asked for at once."""

    def __init__(self, spec: TwinSpec, now: Callable[[], float] = time.time) -> None:
        self.spec = spec
        self.now = now
        self.broken = ""
        self.empty = False
        self.newest_only = False
        self.names: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []

    async def query(self, query: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(query)
        await asyncio.sleep(0)
        if self.broken:
            raise StoreError(self.broken)
        kind = query["kind"]
        if kind == "state":
            return {"entities": [] if self.empty else list(self._entities(query))}
        start, end = to_epoch(str(query["start"])), to_epoch(str(query["end"]))
        if kind == "rates":
            fields: list[str] = ["messages", "errors"]
            return {"fields": fields, "points": self._points("all", fields, start, end, max(2.0, (end - start) / 900))}
        fields = list(query["fields"])
        step = max(5.0, (end - start) / 900) if not self.newest_only else (end - start) / 20_000
        start = start if not self.newest_only else end - (end - start) * 0.3
        points = self._points(query["device"], fields, start, end, step)
        return {"device": query["device"], "fields": fields, "points": points[-query["limit"] :]}

    def _points(self, device: str, fields: list[str], start: float, end: float, step: float) -> list[list[Any]]:
        if self.empty:
            return []
        first = math.ceil(start / step) * step
        times = [first + i * step for i in range(int(max(0.0, min(end, self.now()) - first) / step) + 1)]
        # A quarter of the way in, the device was silent for a while.
        quiet = (start + (end - start) * 0.25, start + (end - start) * 0.32)
        return [
            [t * 1000, *(self._value(device, field, t) for field in fields)]
            for t in times
            if t < end and not (quiet[0] < t < quiet[1] and device != "all")
        ]

    def _value(self, device: str, field: str, at: float) -> Any:
        shift = sum(map(ord, device)) % 97 / 97
        noise = random.Random(f"{device}{field}{int(at)}").gauss(0, 1)
        slow, daily = math.sin(at / 150 + shift * 6), math.sin(at / 86400 * math.tau + shift)
        return {  # type: ignore[no-untyped-call]
            "temperature": lambda: round(22.5 + 2.6 * slow + 1.2 * daily + 0.12 * noise + 1.5 * shift, 2),
            "humidity": lambda: round(46 + 7 * math.cos(at / 190 + shift) + 0.6 * noise, 1),
            "co2": lambda: int(760 + 260 * slow + 20 * noise + 200 * shift),
            "occupied": lambda: slow > -0.2,
            "power": lambda: round(3800 + 2600 * max(-0.9, slow) + 90 * noise + 2500 * shift, 1),
            "energy": lambda: round(at / 3600 % 5000 + 4 * shift, 2),
            "wind": lambda: round(abs(5 + 3 * slow + 0.8 * noise), 1),
            "state": lambda: "partly cloudy",
            "messages": lambda: round(1180 + 90 * slow + 14 * noise, 1),
            "errors": lambda: max(0.0, round(1.6 * slow + 0.4 * noise, 2)),
        }[field]()

    def _entities(self, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        now = self.now()
        names = [query["entity"]] if query.get("entity") else self.spec.device_names
        for name in names:
            kind = self.spec.type_of(name)
            if kind is None or query.get("model") not in (None, kind.model):
                continue
            at = now - sum(map(ord, name)) % 9
            values = {field.name: self._value(name, field.name, at) for field in kind.fields}
            shown = self.names.get(name, name)
            yield {"id": shown, "model": kind.model, "values": values, "times": dict.fromkeys(values, to_time(at))}

    def alerts(self) -> list[dict[str, Any]]:
        now = self.now()
        listed = [
            ("too-warm", "room-014", "warning", "26.1 °C in room-014", 42, True),
            ("peak", "meter-north", "error", "9,412 W at meter-north for 2 min", 190, True),
            ("stale-air", "room-003", "warning", "1,084 ppm in room-003: open a window", 400, False),
            ("too-warm", "room-029", "warning", "25.8 °C in room-029", 610, False),
            ("frost", "room-021", "error", "7.2 °C in room-021", 760, False),
        ]
        return [
            {
                "id": f"a{i}",
                "rule": rule,
                "device": self.names.get(device, device),
                "severity": severity,
                "message": message.replace(device, self.names.get(device, device)),
                "time": to_time(now - ago),
                "active": active,
            }
            for i, (rule, device, severity, message, ago, active) in enumerate(listed)
            if not self.empty
        ]

    def twin(self) -> dict[str, Any]:
        return {"name": self.spec.name, "time": self.now(), "speed": 1}


def demo_status(at: float, *, hostile: bool = False, calm: bool = False) -> CloudStatus:
    """A cloud in the middle of a day's work: one link fails, a fault is injected (unless `calm`)."""
    name = MARKUP if hostile else "room-021"
    wave = math.sin(at / 7)
    backlog = 0 if calm else int(340 + 120 * wave)
    beat = int(at)
    there = at + 3 * 86_400  # what time it is in the twin
    return CloudStatus(
        cloud="aws",
        state="up" if calm else "degraded",
        at=at,
        twin="smart-building",
        regions=("eu-central-1",),
        slots=("L1", "L2", "L5"),
        missing=("L3.archive",),
        uptime_s=8043.0,
        pid=41_230,
        memory_bytes=91_400_000,
        clock=ClockStatus(now=there, speed=1.0),
        functions=(
            FunctionStatus(
                "process", "process", "L2", 401_882 + beat % 1000, 12, 4_018_000, 3.4 + 0.2 * wave, 11.8, 2, at - 0.3
            ),
            FunctionStatus(
                "persist-send", "send", "L2", 20_110, 341 if not calm else 0, 402_000, 41.2, 188.4, 1, at - 0.6
            ),
            FunctionStatus("twin-updates-send", "send", "L2", 20_094, 0, 401_900, 38.0, 121.0, 1, at - 0.5),
            FunctionStatus("commands-receive", "receive", "L1", 213, 0, 214, 2.1, 6.0, 1, at - 47),
            FunctionStatus("read-history", "read", "L5", 0, 0, None),
        ),
        queues=(
            QueueStatus("intake", 14 + int(6 * wave), 0.4, 1204.0 + 30 * wave, 1203.1 + 28 * wave, 20),
            QueueStatus("persist-outbox", backlog, None if calm else 8.2, 1203.1, 1203.1 if calm else 1163.0, 40),
            QueueStatus("twin-updates-outbox", 18, 0.3, 1203.1, 1203.6, 20),
            QueueStatus("commands", 0, None, 0.1, 0.1),
        ),
        stores=(
            StoreStatus(
                "telemetry",
                "hot",
                (ClassStatus("standard", 36_288_112, 5_644_812_288),),
                oldest=there - 30 * 86400,
                newest=there,
            ),
            StoreStatus(
                "cool",
                "cool",
                (ClassStatus("cool", 71_488_220, 1_933_211_000, 4_320),),
                there - 120 * 86400,
                at - 30 * 86400,
            ),
        ),
        graph=GraphStatus(1_240, 1_239, 9, 1_204_882, 37, there - 0.4),
        links=(
            LinkStatus(
                "persist",
                "azure",
                "out",
                20_110,
                402_118,
                88_412_118,
                0 if calm else 412,
                0,
                ("k7", "k6"),
                5_220.0,
                at - (0.6 if calm else 9.0),
                "" if calm else "503 Service Unavailable: outage injected",
                None if calm else at - 0.7,
                not calm,
            ),
            LinkStatus("twin-updates", "gcp", "out", 20_094, 401_900, 61_884_000, 3, 0, ("k7",), 5_220.0, at - 0.5),
            LinkStatus("commands", "gcp", "in", 213, 214, 98_112, 0, 2, ("k3",), 9_220.0, at - 47),
        ),
        gateway=GatewayStatus("mqtt://127.0.0.1:41883", 1_204, 4_018_000, 1204.0 + 30 * wave, 214, 0.1, 3),
        meters=(
            MeterStatus("aws.iot-core.messages", 4_018_000, "messages"),
            MeterStatus("aws.lambda.requests", 442_299, "requests"),
            MeterStatus("aws.lambda.arm64.duration", 71_204.5, "GB-s"),
            MeterStatus("aws.sqs.requests", 1_206_112, "requests"),
            MeterStatus("aws.egress.internet", 150_296_118, "B"),
        ),
        faults=()
        if calm
        else (
            FaultStatus("answer 503", "azure", "20 % of link requests", at - 31, at + 29),
            FaultStatus("delay", name, "2 s"),
        ),
        errors=()
        if calm
        else (
            FoldedError(
                "e1",
                "L2",
                "error",
                "link-timeout",
                "azure answered 503 to persist: outage injected",
                "persist-send",
                "",
                "persist",
                412,
                at - 31,
                at - 0.7,
            ),
            FoldedError(
                "e2",
                "L1",
                "warning",
                "malformed",
                f"payload of {name} is no JSON object",
                "gateway",
                name,
                "",
                3,
                at - 4000,
                at - 340,
            ),
        ),
        dead_letters=0 if calm else 15,
        peers={"azure": "http://127.0.0.1:4002/", "gcp": "http://127.0.0.1:4003/"},
        dashboard_url="http://127.0.0.1:4001/dashboard/",
    )


def demo_site(demo: Demo, status: Callable[[], dict[str, Any]]) -> Starlette:
    """Both pages below one server, as a simulated cloud serves them."""
    boards = grafana_dashboards(demo.spec, ReadSource("http://127.0.0.1/read", "http://127.0.0.1/graph"))
    return Starlette(
        routes=[
            Mount("/dashboard", dashboard_app(lambda: boards, demo.query, demo.alerts, demo.twin)),
            Mount("/console", console_app(status)),
        ]
    )


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The app on a free port of the loopback interface, in a thread; yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


if __name__ == "__main__":
    site = demo_site(Demo(demo_spec()), lambda: status_json(demo_status(time.time(), calm="calm" in sys.argv)))
    with served(site) as url:
        print(f"{url}/dashboard/\n{url}/console/", flush=True)
        threading.Event().wait()
