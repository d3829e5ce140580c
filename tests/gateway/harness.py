"""A gateway with a sink that can be made to fail, and a client that says exactly what a test wants said."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.patience import PATIENCE_S
from twin2multicloud.mqtt.packets import V5, V311, Connack, Connect, Packet, Suback, Subscribe
from twin2multicloud.mqtt.reader import Reader
from twin2multicloud.mqtt.writer import encode
from twin2multicloud.runtime.device_keys import DeviceKeys, device_key
from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import ErrorReport
from twin2multicloud.sandbox.gateway.intake import Intake
from twin2multicloud.sandbox.gateway.mqtt import MqttGateway

SECRET = b"a secret of the tests, 32 bytes!"
TWIN = "house"
DEVICES = tuple(f"sensor-{number}" for number in range(1, 51))


def key(device: str) -> str:
    return device_key(SECRET, device)


INTAKE = ("backlog", "backlog_bytes", "patience_s", "batch", "in_thread")


class Sink:
    """Keeps what it is given. `failure` is raised instead while it is set; `gate` holds the sink's thread back."""

    def __init__(self) -> None:
        self.stored: list[RawMessage] = []
        self.batches: list[int] = []
        self.failure: Exception | None = None
        self.attempts = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, messages: list[RawMessage]) -> None:
        self.attempts += 1
        assert self.gate.wait(10)
        if self.failure is not None:
            raise self.failure
        self.stored += messages
        self.batches.append(len(messages))

    def of(self, kind: str) -> list[tuple[str, bytes]]:
        return [(message.device, message.payload) for message in self.stored if message.kind == kind]


class Reports:
    def __init__(self) -> None:
        self.all: list[ErrorReport] = []

    def report(self, reports: Iterable[ErrorReport]) -> None:
        self.all += reports

    def says(self, text: str) -> bool:
        return any(text in report.message for report in self.all)


class ManualClock:
    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


class Bench:
    """A running gateway and what is around it."""

    def __init__(self, **options: Any) -> None:
        self.sink = Sink()
        self.reports = Reports()
        self.clock = ManualClock()
        self.ready: list[str] = []
        intake_options = {k: options.pop(k) for k in INTAKE if k in options}
        self.intake = Intake(self.sink, reporter=self.reports, **intake_options)
        keys = DeviceKeys(SECRET, DEVICES.__contains__)
        self.gateway = MqttGateway(
            TWIN,
            keys.authenticate,
            self.intake,
            clock=self.clock,
            reporter=self.reports,
            on_ready=self.ready.append,
            **options,
        )
        self.port = 0
        self._clients: list[Client] = []

    async def start(self) -> None:
        self.intake.start()
        self.port = await self.gateway.start()

    async def stop(self) -> None:
        await self.gateway.stop(within_s=1)
        await self.intake.stop(within_s=1)

    async def open(self, version: int = V311) -> Client:
        """A client that has said nothing yet."""
        return self.adopt(*await asyncio.open_connection("127.0.0.1", self.port), version=version)

    def adopt(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: int = V311) -> Client:
        client = Client(reader, writer, version)
        self._clients.append(client)
        return client

    async def close_clients(self) -> None:
        for client in self._clients:
            await client.close()

    async def client(self, device: str = "sensor-1", **options: Any) -> Client:
        """A client whose CONNECT was accepted."""
        client = await self.open(options.get("version", V311))
        client.send(connect(device, **options))
        answer = await client.read()
        assert isinstance(answer, Connack), answer
        assert answer.code == 0
        return client

    async def subscribed(self, device: str = "sensor-1", **options: Any) -> Client:
        client = await self.client(device, **options)
        client.send(Subscribe(1, ((f"dt/{TWIN}/{device}/commands", 1),)))
        answer = await client.read()
        assert isinstance(answer, Suback)
        assert answer.codes == (1,)
        return client


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Bench]:
    bench = Bench(**options)
    await bench.start()
    try:
        yield bench
    finally:
        bench.sink.gate.set()
        await bench.stop()
        await bench.close_clients()


def connect(device: str = "sensor-1", **changes: Any) -> Connect:
    fields: dict[str, Any] = {"username": device, "password": key(device).encode()}
    return Connect(device, **(fields | changes))


class Client:
    """Speaks MQTT packet by packet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: int) -> None:
        self._stream, self.writer, self.version = reader, writer, version
        self._packets = Reader(version)
        self._read: list[Packet] = []

    def send(self, *packets: Packet) -> None:
        self.writer.write(b"".join(encode(packet, self.version) for packet in packets))

    async def read(self, timeout_s: float = PATIENCE_S) -> Packet | None:
        """The next packet; None if the connection ended."""
        while not self._read:
            try:
                data = await asyncio.wait_for(self._stream.read(65_536), timeout_s)
            except ConnectionError:
                return None
            if not data:
                return None
            self._read += self._packets.feed(data)
        return self._read.pop(0)

    async def silent(self, for_s: float = 0.1) -> bool:
        """Whether nothing comes for a while."""
        try:
            packet = await self.read(for_s)
        except TimeoutError:
            return True
        self._read.insert(0, packet)  # type: ignore[arg-type]
        return False

    def lose(self) -> None:
        """Break the connection without a word."""
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


async def until(condition: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Wait until something holds; fail if it does not in time."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


__all__ = ["DEVICES", "SECRET", "TWIN", "V5", "V311", "Bench", "Client", "connect", "key", "running", "until"]
