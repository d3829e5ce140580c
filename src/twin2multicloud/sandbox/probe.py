"""A device of one's own: connects as a device of the twin, sends one message, waits for commands. For verifying."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from twin2multicloud.mqtt.packets import Connack, Connect, Packet, Puback, Publish, Suback, Subscribe
from twin2multicloud.mqtt.reader import Reader
from twin2multicloud.mqtt.topics import device_topic
from twin2multicloud.mqtt.writer import encode
from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.sandbox.layout import Connection

_TIMEOUT_S: Final = 10.0
_CLOSED: Final = 0
"""In place of an acknowledgement: there will be none, as the connection is closed."""


class Probe(Protocol):
    """A connected device."""

    def send(self, payload: bytes) -> None:
        """Send telemetry; returns once the gateway has acknowledged it. `OSError` if it does not."""

    def command(self, timeout_s: float, status: str = "ok", message: str = "") -> Mapping[str, Any] | None:
        """The next command, answered with this status; None if none came in time."""

    def close(self) -> None:
        """Disconnect."""


def connect(connection: Connection, device: str) -> Probe:
    """Connect as a device, by MQTT where the gateway speaks it. `OSError` with the reason if that fails."""
    key = device_key(base64.b64decode(connection.keys["secret"]), device)
    if connection.mqtt is not None:
        return _MqttProbe(connection.twin, connection.mqtt, device, key)
    assert connection.http is not None
    return _HttpProbe(connection.http, device, key)


def _result(command: Mapping[str, Any], status: str, message: str) -> bytes:
    return json.dumps({"id": command.get("id"), "status": status, "message": message}).encode()


class _MqttProbe:
    def __init__(self, twin: str, url: str, device: str, key: str) -> None:
        self._twin, self._device = twin, device
        where = urlsplit(url)
        self._socket = socket.create_connection((where.hostname or "", where.port or 1883), _TIMEOUT_S)
        self._reader = Reader()
        self._commands: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._acks: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._ids = 0
        try:
            self._greet(twin, device, key)
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(None)  # commands may be long in coming
        self._thread = threading.Thread(target=self._listen, name="probe", daemon=True)
        self._thread.start()

    def _greet(self, twin: str, device: str, key: str) -> None:
        self._socket.sendall(encode(Connect(device, device, key.encode(), keep_alive_s=60)))
        # One stream from here on: what comes along with an answer must not get lost.
        self._incoming = self._packets()
        answer = next(self._incoming)
        if not isinstance(answer, Connack) or answer.code:
            raise ConnectionError(f"the gateway does not let '{device}' in")
        self._socket.sendall(encode(Subscribe(1, ((device_topic(twin, device, "commands"), 1),))))
        while not isinstance(packet := next(self._incoming), Suback):
            self._take(packet)

    def _packets(self) -> Iterator[Packet]:
        while True:
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionError("the gateway closed the connection")
            yield from self._reader.feed(data)

    def _listen(self) -> None:
        try:
            for packet in self._incoming:
                self._take(packet)
        except (OSError, ValueError):
            self._acks.put(_CLOSED)

    def _take(self, packet: Packet) -> None:
        if isinstance(packet, Puback):
            self._acks.put(packet.id)
        elif isinstance(packet, Publish):
            self._socket.sendall(encode(Puback(packet.id)))
            self._commands.put(json.loads(packet.payload))

    def send(self, payload: bytes) -> None:
        """See `Probe.send`."""
        self._publish("telemetry", payload)

    def _publish(self, kind: str, payload: bytes) -> None:
        self._ids += 1
        topic = device_topic(self._twin, self._device, kind)
        self._socket.sendall(encode(Publish(topic, payload, qos=1, id=self._ids)))
        try:
            answer = self._acks.get(timeout=_TIMEOUT_S)
        except queue.Empty as error:
            raise TimeoutError(f"no acknowledgement within {_TIMEOUT_S:g} s") from error
        if answer == _CLOSED:
            self._acks.put(_CLOSED)  # for whoever tries again
            raise ConnectionError("the gateway closed the connection")

    def command(self, timeout_s: float, status: str = "ok", message: str = "") -> Mapping[str, Any] | None:
        """See `Probe.command`."""
        try:
            command = self._commands.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self._publish("results", _result(command, status, message))
        return command

    def close(self) -> None:
        """See `Probe.close`."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"\xe0\x00")  # DISCONNECT, so that no last will is published
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the listener
        self._thread.join(_TIMEOUT_S)
        self._socket.close()


class _HttpProbe:
    def __init__(self, url: str, device: str, key: str) -> None:
        self._netloc, self._device, self._key = urlsplit(url).netloc, device, key
        self._waiting: list[Mapping[str, Any]] = []
        self._last = b"[]"

    def send(self, payload: bytes) -> None:
        """See `Probe.send`."""
        self._last = payload
        self._waiting += self._post("telemetry", payload).get("commands", [])

    def _post(self, kind: str, payload: bytes) -> Any:
        connection = http.client.HTTPConnection(self._netloc, timeout=_TIMEOUT_S)
        try:
            headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
            connection.request("POST", f"/devices/{self._device}/{kind}", payload, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != 202:
            raise ConnectionError(f"the gateway answered {response.status}: {content[:200].decode('utf-8', 'replace')}")
        return json.loads(content or b"{}")

    def command(self, timeout_s: float, status: str = "ok", message: str = "") -> Mapping[str, Any] | None:
        """See `Probe.command`; such a device is told its commands when it sends, so it sends its message again."""
        deadline = time.monotonic() + timeout_s
        while not self._waiting:
            if time.monotonic() > deadline:
                return None
            time.sleep(0.05)
            self.send(self._last)
        command = self._waiting.pop(0)
        self._post("results", _result(command, status, message))
        return command

    def close(self) -> None:
        """See `Probe.close`; nothing is open."""
