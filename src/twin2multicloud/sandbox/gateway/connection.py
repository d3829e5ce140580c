"""One device's MQTT connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from twin2multicloud.mqtt import fields
from twin2multicloud.mqtt.packets import (
    SUBSCRIPTION_REFUSED,
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Properties,
    ProtocolError,
    Puback,
    Publish,
    Reason,
    Refusal,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    UnsupportedVersionError,
)
from twin2multicloud.mqtt.reader import Reader
from twin2multicloud.mqtt.topics import KINDS, device_topic
from twin2multicloud.mqtt.writer import PINGRESP, encode, puback
from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import StoreError

if TYPE_CHECKING:
    from twin2multicloud.sandbox.gateway.mqtt import MqttGateway

LOST: Final = b'{"connected": false}'
"""The state of a device whose connection was lost, if it left no will of its own."""

_RAW_KINDS: Final = {"telemetry": "telemetry", "results": "result", "state": "state"}
_MOST_COMMANDS: Final = 1000
"""Commands of one device that may wait for their PUBACK."""
_REFUSALS: Final = {
    Reason.CLIENT_ID_NOT_VALID: Refusal.CLIENT_ID_NOT_VALID,
    Reason.BAD_USER_NAME_OR_PASSWORD: Refusal.BAD_USER_NAME_OR_PASSWORD,
    Reason.NOT_AUTHORIZED: Refusal.NOT_AUTHORIZED,
    Reason.SERVER_UNAVAILABLE: Refusal.SERVER_UNAVAILABLE,
}


class DeviceConnection(asyncio.Protocol):
    """Reads a device's packets, holds it to what it may do, and hands its messages to the intake.

    `device` is "" until its CONNECT is accepted.
    """

    def __init__(self, gateway: MqttGateway, time: Callable[[], float]) -> None:
        self._gateway = gateway
        self._time = time
        self._reader = Reader(max_packet_bytes=gateway.packet_bytes)
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._version = V311
        self._kinds: dict[str, str] = {}
        self._commands_topic = ""
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._last_id = 0
        self._cannot_write = False
        self._reading = True
        self._closed = False
        self.device = ""
        self.lost_message = LOST
        self.silent_end = False
        """Whether its end is no news: the device said goodbye, or the gateway ended it for reasons of its own."""
        self.command_qos: int | None = None
        self.keep_alive_s = 0.0
        self.last_seen_s = time()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for CONNECT."""
        self._transport = cast(asyncio.Transport, transport)
        if self._gateway.opened(self):
            self.update_reading()
        else:
            self._close(at_once=True)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  why it was lost makes no difference
        """Tell the gateway, and whoever waits for a PUBACK."""
        self._closed = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the device's connection was lost"))
        self._waiting.clear()
        self._gateway.closed(self)

    def pause_writing(self) -> None:
        """A device that does not take its acknowledgements is not read from either."""
        self._cannot_write = True
        self.update_reading()

    def resume_writing(self) -> None:
        """It takes them again."""
        self._cannot_write = False
        self.update_reading()

    def update_reading(self) -> None:
        """Read, unless the intake is full or the device does not read."""
        wanted = not (self._gateway.paused or self._cannot_write)
        if wanted != self._reading and not (self._closed or self._transport.is_closing()):
            self._reading = wanted
            if wanted:
                self.last_seen_s = self._time()  # it could not make itself heard
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    @property
    def is_read(self) -> bool:
        """Whether its silence is its own."""
        return self._reading

    def data_received(self, data: bytes) -> None:
        """Handle the packets that are complete now."""
        if self.device:  # who has not introduced himself gets no more time for talking
            self.last_seen_s = self._time()
        try:
            for packet in self._reader.feed(data):
                if type(packet) is Publish:
                    self._published(packet)
                else:
                    self._other(packet)
                if self._closed:
                    return
        except UnsupportedVersionError as error:
            self._gateway.counters.refused_connects += 1
            self._write(encode(Connack(Refusal.UNSUPPORTED_VERSION)))
            self._gateway.misbehaved(self, error)
            self._close()
        except ProtocolError as error:
            self._gateway.misbehaved(self, error)
            self.end(error.reason)

    # What a device may do

    def _published(self, packet: Publish) -> None:
        kind = self._kinds.get(packet.topic)
        if kind is None:
            self._refuse_publish(packet)
            return
        gateway = self._gateway
        message = RawMessage(self.device, packet.payload, gateway.clock.now(), kind)
        gateway.count(message, packet.dup)
        gateway.intake.put(message, self if packet.qos else None, packet.id)

    def _refuse_publish(self, packet: Publish) -> None:
        if not self.device:
            raise ProtocolError("PUBLISH before CONNECT", Reason.PROTOCOL_ERROR)
        self._gateway.counters.refused_publishes += 1
        self._gateway.not_allowed(self.device, f"may not publish to '{packet.topic[:200]}'")
        if self._version != V5:  # 3.1.1 has no other way to say no
            self.end(Reason.NOT_AUTHORIZED)
        elif packet.qos:
            self._write(puback(packet.id, Reason.NOT_AUTHORIZED, V5))

    def _other(self, packet: Packet) -> None:
        if isinstance(packet, Connect):
            self._connect(packet)
        elif not self.device:
            raise ProtocolError(f"{type(packet).__name__.upper()} before CONNECT", Reason.PROTOCOL_ERROR)
        elif isinstance(packet, Puback):
            waiting = self._waiting.pop(packet.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
        elif isinstance(packet, Pingreq):
            self._write(PINGRESP)
        elif isinstance(packet, Subscribe):
            self._subscribe(packet)
        elif isinstance(packet, Unsubscribe):
            if self._commands_topic in packet.filters:
                self.command_qos = None
            self._write(encode(Unsuback(packet.id, (0,) * len(packet.filters)), self._version))
        elif isinstance(packet, Disconnect):
            self.silent_end = packet.code != Reason.DISCONNECT_WITH_WILL
            self._close()
        else:
            raise ProtocolError(f"a client does not send {type(packet).__name__.upper()}", Reason.PROTOCOL_ERROR)

    def _connect(self, packet: Connect) -> None:
        if self.device:
            raise ProtocolError("a second CONNECT", Reason.PROTOCOL_ERROR)
        self._version = packet.version
        reason = self._gateway.admit(packet)
        if reason:
            self._gateway.counters.refused_connects += 1
            code = reason if packet.version == V5 else _REFUSALS[reason]
            self._write(encode(Connack(code), packet.version))
            self._close()
            return
        self.device = packet.client_id
        self.last_seen_s = self._time()
        self._kinds = {device_topic(self._gateway.twin, self.device, kind): _RAW_KINDS[kind] for kind in KINDS}
        self._commands_topic = device_topic(self._gateway.twin, self.device, "commands")
        self.keep_alive_s = float(packet.keep_alive_s)
        if packet.will is not None:
            self.lost_message = packet.will.payload
        self._gateway.connected(self)
        offered = _offer(self._gateway.packet_bytes) if packet.version == V5 else ()
        self._write(encode(Connack(properties=offered), packet.version))

    def _subscribe(self, packet: Subscribe) -> None:
        refusal = Reason.NOT_AUTHORIZED if self._version == V5 else SUBSCRIPTION_REFUSED
        codes: list[int] = []
        for name, qos in packet.filters:
            granted = min(qos, 1) if name == self._commands_topic else refusal
            if granted == refusal:
                self._gateway.not_allowed(self.device, f"may not subscribe to '{name[:200]}'")
            else:
                self.command_qos = granted
            codes.append(granted)
        self._write(encode(Suback(packet.id, tuple(codes)), self._version))
        if self._commands_topic in dict(packet.filters):
            self._gateway.ready(self.device)

    # What the intake says (Receiver)

    def stored(self, number: int) -> None:
        """Acknowledge a message."""
        if not self._closed:
            self._gateway.counters.acknowledged += 1
            self._transport.write(b"\x40\x02" + number.to_bytes(2, "big"))

    def refused(self, number: int, error: StoreError) -> None:
        """Have the device send a message again: a client does so when it connects anew (3.1.1 §4.4)."""
        del number
        self._gateway.counters.unacknowledged += 1
        if not self._closed:
            self.silent_end = True
            self.end(Reason.QUOTA_EXCEEDED if error.quota else Reason.SERVER_BUSY)

    # What the gateway asks for

    async def send_command(self, body: bytes, timeout_s: float) -> bool:
        """Publish a command; whether the device has acknowledged it. Its connection must be subscribed."""
        if len(self._waiting) >= _MOST_COMMANDS or self._closed:
            return False
        self._gateway.counters.commands += 1
        if not self.command_qos:
            self._write(encode(Publish(self._commands_topic, body), self._version))
            return True
        number = self._free_id()
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = acknowledged
        self._write(encode(Publish(self._commands_topic, body, 1, number), self._version))
        try:
            # The identifier stays taken until its PUBACK comes, however late.
            await asyncio.wait_for(asyncio.shield(acknowledged), timeout_s)
        except (TimeoutError, ConnectionError):
            acknowledged.cancel()
            return False
        self._gateway.counters.commands_acknowledged += 1
        return True

    def end(self, reason: Reason) -> None:
        """Close the connection, telling an MQTT 5 client why."""
        if self._version == V5 and self.device and not self._closed:
            self._write(encode(Disconnect(reason), V5))
        self._close(at_once=reason is Reason.KEEP_ALIVE_TIMEOUT)

    def _free_id(self) -> int:
        while True:
            self._last_id = self._last_id % 65_535 + 1
            if self._last_id not in self._waiting:
                return self._last_id

    def _write(self, data: bytes) -> None:
        if not self._closed:
            self._transport.write(data)

    def _close(self, *, at_once: bool = False) -> None:
        self._closed = True
        if at_once or self._cannot_write:  # a peer that takes nothing would keep a close waiting
            self._transport.abort()
        else:
            self._transport.close()


def _offer(packet_bytes: int) -> Properties:
    """What an MQTT 5 client is told that this gateway does not do."""
    return (
        (fields.RECEIVE_MAXIMUM, 1000),
        (fields.MAXIMUM_QOS, 1),
        (fields.RETAIN_AVAILABLE, 0),
        (fields.MAXIMUM_PACKET_SIZE, packet_bytes),
        (fields.WILDCARDS_AVAILABLE, 0),
        (fields.SUBSCRIPTION_IDS_AVAILABLE, 0),
        (fields.SHARED_SUBSCRIPTIONS_AVAILABLE, 0),
    )
