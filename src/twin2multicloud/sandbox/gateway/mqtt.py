"""The MQTT gateway: who may connect, who is connected, what goes in and out.

It is no broker: a device publishes to its own three topics and subscribes to its own commands, and nothing goes from
one device to another. That is what IoT Core with a policy per thing, and IoT Hub by its nature, let devices do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from twin2multicloud.mqtt.packets import Connect, ProtocolError, Reason
from twin2multicloud.mqtt.topics import device_topic
from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport
from twin2multicloud.runtime.ports import Clock, Command, Reporter
from twin2multicloud.sandbox.gateway.commands import command_body
from twin2multicloud.sandbox.gateway.connection import DeviceConnection
from twin2multicloud.sandbox.gateway.counters import ConnectedTime, Counters
from twin2multicloud.sandbox.gateway.intake import Intake

_HEADER_BYTES: Final = 1024
"""What a packet may hold besides its payload: topic, identifier, properties."""
_UNKNOWN: Final = 1000
"""Connections besides those of devices: who has not introduced himself yet, and who is being shown out."""
_SWEEP_S: Final = 1.0
_GRACE: Final = 1.5
"""Keep-alives without a packet after which a device is taken for lost (3.1.1 §3.1.2.10)."""


class Delivery(StrEnum):
    """What became of a command."""

    DELIVERED = "delivered"
    OFFLINE = "offline"  # not connected, or not subscribed to its commands
    UNANSWERED = "unanswered"  # sent, but not acknowledged in time or before the connection was lost


class MqttGateway:
    """An MQTT server for the devices of one twin.

    `authenticate` says whether a device shows its key (client id and user name are its name, the password its key).
    `message_bytes` bounds a payload. `on_ready` hears of a device that can receive commands from now on; it is called
    in the event loop. `clock` gives the receive times and the connected time; keep-alives run on the event loop's.
    """

    def __init__(
        self,
        twin: str,
        authenticate: Callable[[str, bytes], bool],
        intake: Intake,
        *,
        clock: Clock,
        reporter: Reporter,
        on_ready: Callable[[str], None] | None = None,
        counters: Counters | None = None,
        message_bytes: int = 262_144,
        most_connections: int = 50_000,
        connect_within_s: float = 10.0,
        component: str = "gateway",
    ) -> None:
        self.twin = twin
        self.clock = clock
        self.intake = intake
        self.counters = counters or Counters()
        self.connected_time = ConnectedTime(clock.now)
        self.packet_bytes = message_bytes + _HEADER_BYTES
        self._authenticate = authenticate
        self._reporter = reporter
        self._on_ready = on_ready
        self._most = most_connections
        self._connect_within_s = connect_within_s
        self._component = component
        self._all: set[DeviceConnection] = set()
        self._devices: dict[str, DeviceConnection] = {}
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._stopping = False
        intake.on_full.append(self._update_reading)
        intake.on_ready.append(self._update_reading)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; the port (a free one for 0). The intake must have been started."""
        loop = asyncio.get_running_loop()
        self._stopping = False
        self._server = await loop.create_server(
            lambda: DeviceConnection(self, loop.time), host, port, backlog=1024, reuse_address=True
        )
        self._sweep()
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self, within_s: float = 5.0) -> None:
        """Take nothing more, acknowledge what can be stored within `within_s`, and close every connection.

        For devices this is no loss of theirs, so no state message is made of it.
        """
        if self._server is None:
            return
        self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._stopping = True
        self._update_reading()
        await self.intake.drain(within_s)
        for connection in list(self._all):
            connection.silent_end = True
            connection.end(Reason.SERVER_SHUTTING_DOWN)
        # One turn of the loop sends what is written and lets the connections end.
        for _ in range(100):
            if not self._all:
                break
            await asyncio.sleep(0.01)
        self._server = None

    async def deliver(self, command: Command, timeout_s: float = 10.0) -> Delivery:
        """Send a command with QoS 1; what became of it once that is known. A device may see it twice."""
        connection = self._devices.get(command.device)
        if connection is None or connection.command_qos is None:
            return Delivery.OFFLINE
        received = await connection.send_command(command_body(command), timeout_s)
        return Delivery.DELIVERED if received else Delivery.UNANSWERED

    @property
    def connections(self) -> int:
        """Devices that are connected."""
        return len(self._devices)

    def is_connected(self, device: str) -> bool:
        """Whether a device is connected."""
        return device in self._devices

    def connected_seconds(self) -> Mapping[str, float]:
        """For how long each device has been connected so far, by the gateway's clock."""
        return self.connected_time.seconds()

    # What connections ask and tell

    @property
    def paused(self) -> bool:
        """Whether nothing is read from devices at the moment."""
        return self._stopping or self.intake.is_full

    def opened(self, connection: DeviceConnection) -> bool:
        """A client has connected; who it is, is not known yet. False if there are too many already."""
        if len(self._all) >= self._most + _UNKNOWN:
            self.counters.refused_connects += 1
            return False
        self._all.add(connection)
        return True

    def admit(self, packet: Connect) -> Reason:
        """Why a CONNECT is refused; 0 if it is not."""
        device = packet.client_id
        if not device or packet.username != device:
            self.not_allowed(device, "the client id and the user name must both be the device's name")
            return Reason.CLIENT_ID_NOT_VALID
        if not self._authenticate(device, packet.password or b""):
            self.not_allowed(device, "the twin has no such device, or this is not its key")
            return Reason.BAD_USER_NAME_OR_PASSWORD
        if packet.will is not None and packet.will.topic != device_topic(self.twin, device, "state"):
            self.not_allowed(device, f"its will may only go to its own state topic, not '{packet.will.topic[:200]}'")
            return Reason.NOT_AUTHORIZED
        if len(self._devices) >= self._most and device not in self._devices:
            self._report(ErrorKind.QUOTA, device, f"{self._most:,} devices are connected; no more are let in")
            return Reason.SERVER_UNAVAILABLE
        return Reason.SUCCESS

    def connected(self, connection: DeviceConnection) -> None:
        """A device was let in. An earlier connection of it ends: it is the device's own, gone stale."""
        earlier = self._devices.get(connection.device)
        self._devices[connection.device] = connection
        self.counters.connects += 1
        self.connected_time.begin(connection.device)
        if earlier is not None:
            self.counters.takeovers += 1
            earlier.silent_end = True
            earlier.end(Reason.SESSION_TAKEN_OVER)

    def closed(self, connection: DeviceConnection) -> None:
        """A connection has ended; if that is news, a state message tells it."""
        self._all.discard(connection)
        if not connection.device or self._devices.get(connection.device) is not connection:
            return
        del self._devices[connection.device]
        self.connected_time.end(connection.device)
        if not connection.silent_end and not self._stopping:
            self.counters.lost_connections += 1
            message = RawMessage(connection.device, connection.lost_message, self.clock.now(), "state")
            self.count(message, False)
            self.intake.put(message)

    def count(self, message: RawMessage, repeated: bool) -> None:
        """Count a message that is taken."""
        counters = self.counters
        if message.kind == "telemetry":
            counters.messages += 1
        elif message.kind == "result":
            counters.results += 1
        else:
            counters.states += 1
        counters.bytes += len(message.payload)
        counters.duplicates += repeated

    def ready(self, device: str) -> None:
        """A device has subscribed to its commands."""
        if self._on_ready is not None:
            self._on_ready(device)

    def misbehaved(self, connection: DeviceConnection, error: ProtocolError) -> None:
        """A client sent what is no MQTT, or what is not supported."""
        self.counters.protocol_errors += 1
        self._report(ErrorKind.MALFORMED, connection.device, f"connection closed: {error}")

    def not_allowed(self, device: str, why: str) -> None:
        """Report something that was refused."""
        self._report(ErrorKind.UNKNOWN_DEVICE, device, f"refused: {why}")

    def _report(self, kind: ErrorKind, device: str, message: str) -> None:
        report = ErrorReport(
            layer="L1", severity="warning", kind=kind, message=message, component=self._component, device=device[:128]
        )
        self._reporter.report([report])

    def _update_reading(self) -> None:
        for connection in self._all:
            connection.update_reading()

    def _sweep(self) -> None:
        """End connections that are silent for too long."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._all):
            if not connection.is_read:
                continue
            silent_s = now - connection.last_seen_s
            if not connection.device:
                if silent_s > self._connect_within_s:
                    connection.end(Reason.KEEP_ALIVE_TIMEOUT)
            elif connection.keep_alive_s and silent_s > _GRACE * connection.keep_alive_s:
                self.counters.keep_alive_timeouts += 1
                connection.end(Reason.KEEP_ALIVE_TIMEOUT)
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep)
