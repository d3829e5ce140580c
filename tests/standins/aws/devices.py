"""Devices at ministack's broker: real MQTT over mutual TLS, a certificate each."""

from __future__ import annotations

import atexit
import json
import ssl
import threading
import time
import urllib.request
import uuid
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.standins.aws.server import Ministack
from twin2multicloud.runtime.ports import Command

_WAIT_S = 60


class MqttDevices:
    """The other end of commands, with persistent sessions as our devices have them."""

    def __init__(self, server: Ministack, twin: str) -> None:
        self._server = server
        self._twin = twin
        self._clients: dict[str, mqtt.Client] = {}
        self._received: dict[str, list[Command]] = {}
        self._authority = server.home / "ca.pem"
        with urllib.request.urlopen(f"{server.endpoint}/_ministack/iot/ca.pem", timeout=10) as answer:
            self._authority.write_bytes(answer.read())
        # One certificate for all: what ministack checks is that it issued it.
        keys = server.clients.get("iot").create_keys_and_certificate(setAsActive=True)
        self._certificate, self._key = server.home / "device.crt", server.home / "device.key"
        self._certificate.write_text(keys["certificatePem"])
        self._key.write_text(keys["keyPair"]["PrivateKey"])
        server.await_broker()
        atexit.register(self.close)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self._authority))
        context.load_cert_chain(self._certificate, self._key)
        return context

    def online(self) -> str:
        """A new device that is connected and has subscribed to its commands."""
        device = f"device-{uuid.uuid4().hex[:10]}"
        self.connect(device)
        return device

    def offline(self) -> str:
        """A device that was there and has gone; its session stays."""
        device = self.online()
        client = self._clients.pop(device)
        client.disconnect()
        client.loop_stop()
        time.sleep(0.1)
        return device

    def connect(self, device: str) -> None:
        """Connect, subscribe, and wait for both."""
        client = self.client(device)
        subscribed = threading.Event()
        client.on_subscribe = lambda *_: subscribed.set()
        client.subscribe(f"dt/{self._twin}/{device}/commands", qos=1)
        assert subscribed.wait(_WAIT_S), f"{device} could not subscribe"

    def received(self, device: str) -> list[Command]:
        """What has arrived."""
        return list(self._received.get(device, []))

    def publish(self, device: str, kind: str, payload: bytes) -> None:
        """A message of a connected device, acknowledged by the broker."""
        self._clients[device].publish(f"dt/{self._twin}/{device}/{kind}", payload, qos=1).wait_for_publish(_WAIT_S)

    def client(self, device: str) -> mqtt.Client:
        """A connected client."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device, clean_session=False)
        client.tls_set_context(self._context())
        connected = threading.Event()
        client.on_connect = lambda *_: connected.set()
        client.on_message = self._on_message
        client.connect_timeout = _WAIT_S
        client.connect("localhost", self._server.mqtt_port)
        client.loop_start()
        self._clients[device] = client
        assert connected.wait(_WAIT_S), f"{device} could not connect"
        return client

    def close(self) -> None:
        """Disconnect everybody."""
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()
        self._clients.clear()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        device = message.topic.split("/")[2]
        content = msgspec.json.decode(message.payload)
        found = Command(content["id"], device, content["name"], content["payload"], content.get("trace", ""))
        self._received.setdefault(device, []).append(found)
        result = json.dumps({"id": found.id, "status": "ok"}).encode()
        _client.publish(f"dt/{self._twin}/{device}/results", result, qos=1)
