"""A device's MQTT connection: QoS 1, a last will, resending whatever was not acknowledged."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import Final, cast

from twin2multicloud.mqtt.fields import text_field
from twin2multicloud.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Packet,
    ProtocolError,
    Puback,
    Publish,
    Refusal,
    Suback,
    Subscribe,
    Will,
)
from twin2multicloud.mqtt.reader import Reader
from twin2multicloud.mqtt.writer import PINGREQ, encode, puback, publish_frame
from twin2multicloud.simulator.agenda import Agenda
from twin2multicloud.simulator.dialect import Dialect
from twin2multicloud.simulator.link import (
    ANSWER_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    Backoff,
    KeyOf,
    Outgoing,
    Owner,
    Target,
    read_command,
)

_WINDOW: Final = 100
"""Messages of one device that are on their way at once."""
_SUBSCRIBE_ID: Final = 65_535
"""Never used for messages, so that a SUBACK is told from a PUBACK that is late."""
_PER_ADDRESS: Final = 20_000
_DIALS: Final = 64
"""Connections that are being made at once."""
_REFUSED: Final = {
    Refusal.UNSUPPORTED_VERSION: "it does not speak MQTT 3.1.1",
    Refusal.CLIENT_ID_NOT_VALID: "it does not accept the device's name as a client id",
    Refusal.BAD_USER_NAME_OR_PASSWORD: "unknown device or wrong key",
    Refusal.NOT_AUTHORIZED: "the device is not authorized",
}


class Dialer:
    """Makes connections, not too many at a time."""

    def __init__(self, target: Target, dialect: Dialect) -> None:
        self.target = target
        self.dialect = dialect
        self._made = 0
        self._queue: deque[MqttLink] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def dial(self, link: MqttLink) -> None:
        """Connect a link as soon as it is its turn."""
        self._queue.append(link)
        self._next()

    def stop(self) -> None:
        """Make no more connections."""
        self._queue.clear()
        for task in self._tasks:
            task.cancel()

    def _next(self) -> None:
        while self._queue and len(self._tasks) < _DIALS:
            task = asyncio.get_running_loop().create_task(self._dial(self._queue.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._next()

    def _local_address(self) -> tuple[str, int] | None:
        """Where to connect from. One address has some 28,000 ports, which a large twin uses up; a machine that talks
        to itself has more addresses (on Linux)."""
        self._made += 1
        further = self._made // _PER_ADDRESS % 200
        if not further or self.target.host not in ("127.0.0.1", "localhost") or sys.platform != "linux":
            return None
        return f"127.0.0.{1 + further}", 0

    async def _dial(self, link: MqttLink) -> None:
        loop = asyncio.get_running_loop()
        try:
            tls = self.dialect.tls(link.device) if self.dialect.tls is not None else None
        except ValueError as error:
            link.refuse(str(error))
            return
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await loop.create_connection(
                    lambda: link, self.target.host, self.target.port, local_addr=self._local_address(), ssl=tls
                )
        except OSError:  # a time-out is one, too
            link.connection_lost(None)


class MqttLink(asyncio.Protocol):
    """The client's side of MQTT 3.1.1 for one device; see `Link`.

    The session is one that lasts (clean session off): message identifiers are kept over reconnects, and what is sent
    again is marked as such, as 3.1.1 §4.4 asks.
    """

    def __init__(
        self, owner: Owner, key_of: KeyOf, dialer: Dialer, agenda: Agenda, *, seed: int, keep_alive_s: int
    ) -> None:
        dialect, name = dialer.dialect, owner.name
        self._owner = owner
        self._key_of = key_of
        self._dialer = dialer
        self._agenda = agenda
        self._keep_alive_s = keep_alive_s
        self._backoff = Backoff(seed, name)
        self._telemetry = text_field(dialect.topic_of(name, "telemetry"))
        self._results = text_field(dialect.topic_of(name, "results"))
        self._commands = dialect.topic_of(name, "commands")
        self._state = dialect.topic_of(name, "state")
        self._transport: asyncio.Transport | None = None
        self._reader = Reader()
        self._sent: dict[int, Outgoing] = {}
        self._waiting: deque[Outgoing] = deque()
        self._last_id = 0
        self._online = False
        self._was_online = False
        self._closed = False
        self._back_after_s: float | None = None
        self._heard_s = self._spoke_s = self._asked_s = 0.0

    @property
    def device(self) -> str:
        """The device's name."""
        return self._owner.name

    @property
    def unacked(self) -> int:
        """As `Link.unacked`."""
        return len(self._sent) + len(self._waiting)

    def open(self) -> None:
        """As `Link.open`."""
        if not self._closed:
            self._dialer.dial(self)

    def send(self, message: Outgoing) -> None:
        """As `Link.send`."""
        if self._online and not self._waiting and len(self._sent) < _WINDOW:
            self._publish(message)
        else:
            self._waiting.append(message)

    def drop(self, back_after_s: float) -> None:
        """As `Link.drop`."""
        if self._transport is not None:
            self._back_after_s = back_after_s
            self._transport.abort()

    def check(self, now_s: float) -> None:
        """As `Link.check`."""
        if self._transport is None:
            return
        silent_s = now_s - self._heard_s
        if not self._online:
            if silent_s > CONNECT_TIMEOUT_S:
                self._transport.abort()
        elif self._is_overdue(now_s, silent_s):
            self._transport.abort()
        elif self._keep_alive_s and now_s - self._spoke_s > 0.7 * self._keep_alive_s:
            self._write(PINGREQ)

    def _is_overdue(self, now_s: float, silent_s: float) -> bool:
        """Whether the gateway owes an answer, to a message or a ping, for longer than is waited for."""
        if self._sent and min(silent_s, now_s - self._asked_s) > ANSWER_TIMEOUT_S:
            return True
        return bool(self._keep_alive_s) and silent_s > self._keep_alive_s + ANSWER_TIMEOUT_S

    def leave(self) -> list[Outgoing]:
        """As `Link.leave`."""
        left = [*self._sent.values(), *self._waiting]
        self._sent.clear()
        self._waiting.clear()
        self._online = False
        self.close()
        return left

    def close(self) -> None:
        """As `Link.close`."""
        self._closed = True
        if self._transport is not None:
            self._write(encode(Disconnect()))
            self._transport.close()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce the device."""
        self._transport = cast(asyncio.Transport, transport)
        self._reader = Reader()
        self._heard_s = self._agenda.now()
        name = self._owner.name
        if self._closed:
            self._transport.abort()
            return
        dialect = self._dialer.dialect
        hello = Connect(
            dialect.client_of(name),
            username=name if dialect.keyed else None,
            password=self._key_of(name).encode() if dialect.keyed else None,
            keep_alive_s=self._keep_alive_s,
            clean=False,
            will=Will(self._state, b'{"connected": false}', qos=1),
        )
        self._write(encode(hello))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the reason makes no difference
        """Come back after a while."""
        self._transport = None
        self._online = False
        if not self._closed:
            delay_s, self._back_after_s = self._back_after_s, None
            self._agenda.after(self._backoff.next_s() if delay_s is None else delay_s, self.open)

    def data_received(self, data: bytes) -> None:
        """Handle what the gateway says."""
        self._heard_s = self._agenda.now()
        try:
            for packet in self._reader.feed(data):
                if type(packet) is Puback:
                    self._acknowledged(packet.id)
                else:
                    self._other(packet)
        except ProtocolError:
            if self._transport is not None:
                self._transport.abort()

    def _acknowledged(self, number: int) -> None:
        message = self._sent.pop(number, None)
        if message is not None:
            self._owner.acked(message)
        while self._waiting and self._online and len(self._sent) < _WINDOW:
            self._publish(self._waiting.popleft())

    def _other(self, packet: Packet) -> None:
        if isinstance(packet, Publish):
            if packet.qos:
                self._write(puback(packet.id))
            command = read_command(packet.payload) if packet.topic == self._commands else None
            if command is not None:
                self._owner.command(command)
        elif isinstance(packet, Connack):
            self._connected(packet.code)
        elif isinstance(packet, Suback) and packet.codes[:1] not in ((0,), (1,)):
            raise ProtocolError("the gateway refuses the subscription to commands")

    def refuse(self, why: str) -> None:
        """The device will never be let in."""
        self._closed = True
        self._owner.refused(why)

    def _connected(self, code: int) -> None:
        if code:
            if code != Refusal.SERVER_UNAVAILABLE:
                self.refuse(_REFUSED.get(Refusal(code), f"return code {code}") if code in _REFUSED else f"{code}")
            if self._transport is not None:
                self._transport.close()
            return
        self._online = True
        self._backoff.succeeded()
        self._write(encode(Subscribe(_SUBSCRIBE_ID, ((self._commands, 1),))))
        for number, message in self._sent.items():
            self._write(self._frame(message, number, dup=True))
        if self._sent:
            self._owner.resent(len(self._sent))
        self._owner.online(self._was_online)
        self._was_online = True
        while self._waiting and len(self._sent) < _WINDOW:
            self._publish(self._waiting.popleft())

    def _publish(self, message: Outgoing) -> None:
        number = self._last_id % (_SUBSCRIBE_ID - 1) + 1
        while number in self._sent:
            number = number % (_SUBSCRIBE_ID - 1) + 1
        self._last_id = number
        if not self._sent:
            self._asked_s = self._agenda.now()
        self._sent[number] = message
        self._write(self._frame(message, number))

    def _frame(self, message: Outgoing, number: int, *, dup: bool = False) -> bytes:
        topic = self._results if message.is_result else self._telemetry
        return publish_frame(topic, message.payload, number, dup=dup)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._spoke_s = self._agenda.now()
            self._transport.write(data)


class MqttLinks:
    """See `Links`."""

    def __init__(
        self,
        target: Target,
        key_of: KeyOf,
        agenda: Agenda,
        *,
        seed: int,
        keep_alive_s: int,
        dialect: Dialect | None = None,
    ) -> None:
        self._dialer = Dialer(target, dialect or Dialect(target.twin))
        self._key_of = key_of
        self._agenda = agenda
        self._seed = seed
        self._keep_alive_s = keep_alive_s

    def make(self, owner: Owner) -> MqttLink:
        """As `Links.make`."""
        key, agenda = self._key_of, self._agenda
        return MqttLink(owner, key, self._dialer, agenda, seed=self._seed, keep_alive_s=self._keep_alive_s)

    def check(self, now_s: float) -> None:
        """Nothing is shared but the dialer, which has time-outs of its own."""

    def stop(self) -> None:
        """As `Links.stop`."""
        self._dialer.stop()
