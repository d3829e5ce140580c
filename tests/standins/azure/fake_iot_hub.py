"""A FAKE of Azure IoT Hub, written by us from the behaviour of the official SDKs and the published protocol.

It speaks MQTT 3.1.1 over TLS to devices and the service API over HTTPS to the official azure-iot-hub SDK.
What it does: registry (create, read, delete, a hundred at once, how many there are), SAS tokens on both sides,
device-to-cloud messages with properties, the last will, direct methods, the error codes of devices that are unknown,
away or silent.
Its limits: no X.509 and no provisioning service, no cloud-to-device messages, no device twins, no jobs, no file upload,
no quotas or throttling, no AMQP, one hub named "localhost"; QoS 1 is acknowledged without any durable store behind.
It shows that our adapter speaks the SDK's protocol. It can not show that Azure agrees.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import secrets
import string
import struct
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.standins.azure.rig import TLS_CLOSE_S, Certificates, serving

HOST = "localhost"
POLICY = "service"
_ID_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-:.+%_#*?!(),=@$'")


def sas_token(resource: str, key: str, policy: str = "", lifetime_s: int = 3600) -> str:
    """A shared access signature as a device or a service makes it."""
    where, until = urllib.parse.quote(resource, safe=""), str(int(time.time()) + lifetime_s)
    token = f"SharedAccessSignature sr={where}&sig={urllib.parse.quote(_sign(key, where, until), safe='')}&se={until}"
    return token + (f"&skn={policy}" if policy else "")


def _sign(key: str, where: str, until: str) -> str:
    digest = hmac.new(base64.b64decode(key), f"{where}\n{until}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _accepted(token: str, key: str, resource: str) -> bool:
    fields = dict(part.split("=", 1) for part in token.removeprefix("SharedAccessSignature ").split("&") if "=" in part)
    try:
        where, until, signature = fields["sr"], fields["se"], urllib.parse.unquote(fields["sig"])
    except KeyError:
        return False
    if not urllib.parse.unquote(where).lower().startswith(resource.lower()) or int(until) < time.time():
        return False
    return hmac.compare_digest(_sign(key, where, until), signature)


@dataclass
class Device:
    """A registered device."""

    id: str
    key: str
    session: _Session | None = None
    kind: str = "sas"
    enabled: bool = True


@dataclass
class HubMessage:
    """A device-to-cloud message as the hub's built-in endpoint gives it."""

    device: str
    body: bytes
    properties: dict[str, str]
    sequence: int
    enqueued: float
    source: str = "Telemetry"
    """Whose message it is: a device's, or the hub's own about a device (`deviceConnectionStateEvents`)."""


@dataclass
class FakeIotHub:
    """The hub's state, and where it answers."""

    key: str = field(default_factory=lambda: base64.b64encode(os.urandom(32)).decode())
    devices: dict[str, Device] = field(default_factory=dict)
    messages: list[HubMessage] = field(default_factory=list)
    service_port: int = 0
    mqtt_port: int = 0
    waiting: dict[str, asyncio.Future[tuple[int, Any]]] = field(default_factory=dict)
    refuse: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers of the service API, instead of what it would say; 0 = let it speak."""
    throttle: dict[str, int] = field(default_factory=dict)
    """How often a device of a bulk operation is still throttled."""
    bulks: list[int] = field(default_factory=list)
    """How many devices each bulk operation named."""

    @property
    def connection_string(self) -> str:
        """For the service API."""
        return f"HostName={HOST}:{self.service_port};SharedAccessKeyName={POLICY};SharedAccessKey={self.key}"

    def add_device(self, device: str) -> str:
        """Register a device; its key."""
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.devices[device] = Device(device, key)
        return key

    def keep(self, device: str, body: bytes, properties: dict[str, str]) -> None:
        """Take a device's message."""
        self.messages.append(HubMessage(device, body, properties, len(self.messages) + 1, time.time()))


class _Session:
    """One device's MQTT connection."""

    def __init__(self, hub: FakeIotHub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._hub = hub
        self._reader = reader
        self._writer = writer
        self._device: Device | None = None
        self._will: tuple[str, bytes] | None = None
        self.methods = False

    async def run(self) -> None:
        try:
            await self._serve()
        except (asyncio.IncompleteReadError, ConnectionError, struct.error, IndexError):
            pass
        finally:
            if self._device is not None:
                if self._device.session is self:
                    self._device.session = None
                if self._will is not None:
                    topic, body = self._will
                    self._hub.keep(self._device.id, body, {**_properties(topic), "iothub-MessageType": "Will"})
            self._writer.close()
            with suppress(ConnectionError, OSError):
                await self._writer.wait_closed()

    def send(self, topic: str, body: bytes) -> None:
        """Publish to the device with QoS 0."""
        self._writer.write(_packet(0x30, _text(topic) + body))

    async def _serve(self) -> None:
        head, body = await self._read()
        if head >> 4 != 1 or not self._connect(body):
            self._writer.write(_packet(0x20, b"\0\5"))  # not authorized
            await self._writer.drain()
            return
        self._writer.write(_packet(0x20, b"\0\0"))
        while True:
            await self._writer.drain()
            head, body = await self._read()
            kind = head >> 4
            if kind == 3:
                if not self._published(head, body):
                    return  # the hub closes the connection on a topic it does not know
            elif kind == 8:
                self._writer.write(_packet(0x90, body[:2] + self._subscribe(body)))
            elif kind == 10:
                self._writer.write(_packet(0xB0, body[:2]))
            elif kind == 12:
                self._writer.write(b"\xd0\0")
            elif kind == 14:
                self._will = None
                return

    def _connect(self, body: bytes) -> bool:
        _, at = _read_text(body, 0)
        flags, at = body[at + 1], at + 4
        client, at = _read_text(body, at)
        if flags & 4:
            topic, at = _read_text(body, at)
            will, at = _read_text(body, at)
            self._will = (topic.decode(), will)
        user, at = _read_text(body, at) if flags & 128 else (b"", at)
        password, at = _read_text(body, at) if flags & 64 else (b"", at)
        device = self._hub.devices.get(client.decode())
        if device is None or not device.enabled or not user.decode().startswith(f"{HOST}/{device.id}/"):
            return False
        if not _accepted(password.decode(), device.key, f"{HOST}/devices/{device.id}"):
            return False
        if device.session is not None:
            device.session._writer.close()  # the hub keeps the newer connection of a device
        self._device, device.session = device, self
        return True

    def _published(self, head: int, body: bytes) -> bool:
        assert self._device is not None
        raw, at = _read_text(body, 0)
        topic, quality = raw.decode(), head >> 1 & 3
        identifier = body[at : at + 2] if quality else b""
        at += len(identifier)
        if topic.startswith(f"devices/{self._device.id}/messages/events/"):
            self._hub.keep(self._device.id, body[at:], _properties(topic))
        elif topic.startswith("$iothub/methods/res/"):
            _, _, _, status, query = topic.split("/", 4)
            waiting = self._hub.waiting.pop(urllib.parse.parse_qs(query.lstrip("?"))["$rid"][0], None)
            if waiting is not None and not waiting.done():
                waiting.set_result((int(status), json.loads(body[at:] or b"null")))
        else:
            return False
        if identifier:
            self._writer.write(_packet(0x40, identifier))  # only what is kept is acknowledged
        return True

    def _subscribe(self, body: bytes) -> bytes:
        at, granted = 2, b""
        while at < len(body):
            topic, at = _read_text(body, at)
            self.methods |= topic == b"$iothub/methods/POST/#"
            granted += bytes([min(body[at], 1)])
            at += 1
        return granted

    async def _read(self) -> tuple[int, bytes]:
        head = (await self._reader.readexactly(1))[0]
        size = shift = 0
        while True:
            byte = (await self._reader.readexactly(1))[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return head, await self._reader.readexactly(size)


def _properties(topic: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(topic.partition("/messages/events/")[2], keep_blank_values=True))


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def _read_text(body: bytes, at: int) -> tuple[bytes, int]:
    size = struct.unpack_from(">H", body, at)[0]
    return body[at + 2 : at + 2 + size], at + 2 + size


def _packet(head: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while True:
        size, byte = divmod(size, 128)
        length += bytes([byte | (128 if size else 0)])
        if not size:
            return bytes([head]) + length + body


def _error(status: int, code: int, message: str) -> web.Response:
    said = json.dumps({"errorCode": code, "trackingId": uuid.uuid4().hex, "message": message})
    return web.json_response({"Message": said, "ExceptionMessage": ""}, status=status)


def _one_of_many(hub: FakeIotHub, asked: dict[str, Any]) -> dict[str, Any] | None:
    """Do one part of a bulk operation; the error it ends with."""

    def error(code: str) -> dict[str, Any]:
        return {"deviceId": asked["id"], "errorCode": code, "errorStatus": "by the fake"}

    known = hub.devices.get(asked["id"])
    if hub.throttle.get(asked["id"], 0) > 0:
        hub.throttle[asked["id"]] -= 1
        return error("ThrottlingException")
    if not set(asked["id"]) <= _ID_CHARACTERS or len(asked["id"]) > 128:
        return error("InvalidDeviceId")
    if asked["importMode"] == "delete":
        return None if hub.devices.pop(asked["id"], None) else error("DeviceNotFound")
    if asked["importMode"] not in ("create", "update"):
        return error("ArgumentInvalid")
    if (known is not None) != (asked["importMode"] == "update"):
        return error("DeviceAlreadyExists" if known else "DeviceNotFound")
    how = asked["authentication"]
    if how["type"] not in ("sas", "certificateAuthority"):
        return error("ArgumentInvalid")
    if how["type"] == "sas" and not 16 <= len(base64.b64decode(how["symmetricKey"]["primaryKey"])) <= 64:
        return error("InvalidKey")
    if known is None:
        hub.add_device(asked["id"])
    device = hub.devices[asked["id"]]
    device.kind = how["type"]
    device.enabled = asked.get("status", "enabled") == "enabled"
    if how["type"] == "sas":
        device.key = how["symmetricKey"]["primaryKey"]
    if not device.enabled and device.session is not None:
        device.session._writer.close()
    return None


def _service(hub: FakeIotHub) -> web.Application:
    @web.middleware
    async def authorized(request: web.Request, handler: Any) -> web.StreamResponse:
        if not _accepted(request.headers.get("Authorization", ""), hub.key, HOST):
            return _error(401, 401003, "the token is not accepted")
        if hub.refuse:
            status, headers = hub.refuse.pop(0)
            if status:
                return web.json_response({"Message": "ErrorCode:Refused;by the test"}, status=status, headers=headers)
        answer: web.StreamResponse = await handler(request)
        return answer

    def found(device: Device) -> web.Response:
        keys = {"primaryKey": device.key, "secondaryKey": device.key}
        return web.json_response(
            {
                "deviceId": device.id,
                "etag": "AAAA",
                "status": "enabled",
                "connectionState": "Connected" if device.session else "Disconnected",
                "authentication": {"type": "sas", "symmetricKey": keys},
            }
        )

    async def put(request: web.Request) -> web.Response:
        device = request.match_info["device"]
        given = ((await request.json()).get("authentication") or {}).get("symmetricKey") or {}
        hub.add_device(device)
        if given.get("primaryKey"):
            hub.devices[device].key = given["primaryKey"]
        return found(hub.devices[device])

    async def get(request: web.Request) -> web.Response:
        device = hub.devices.get(request.match_info["device"])
        return found(device) if device else _error(404, 404001, "no such device")

    async def delete(request: web.Request) -> web.Response:
        gone = hub.devices.pop(request.match_info["device"], None)
        return web.Response(status=204) if gone else _error(404, 404001, "no such device")

    async def bulk(request: web.Request) -> web.Response:
        asked = await request.json()
        hub.bulks.append(len(asked))
        if len(asked) > 100 or len({one["id"] for one in asked}) < len(asked):
            return _error(400, 400000, "a bulk operation names at most 100 devices, each once")
        errors = [error for one in asked if (error := _one_of_many(hub, one)) is not None]
        body = {"isSuccessful": not errors, "errors": errors, "warnings": []}
        return web.json_response(body, status=400 if errors else 200)

    async def statistics(request: web.Request) -> web.Response:
        enabled = sum(device.enabled for device in hub.devices.values())
        count = len(hub.devices)
        return web.json_response(
            {"totalDeviceCount": count, "enabledDeviceCount": enabled, "disabledDeviceCount": count - enabled}
        )

    async def method(request: web.Request) -> web.Response:
        called = await request.json()
        device = hub.devices.get(request.match_info["device"])
        if device is None:
            return _error(404, 404001, "no such device")
        if device.session is None or not device.session.methods:
            return _error(404, 404103, "the device is not online")
        request_id = uuid.uuid4().hex
        answer = hub.waiting[request_id] = asyncio.get_running_loop().create_future()
        name = urllib.parse.quote(called["methodName"], safe="")
        body = json.dumps(called.get("payload")).encode()
        device.session.send(f"$iothub/methods/POST/{name}/?$rid={request_id}", body)
        try:
            status, payload = await asyncio.wait_for(answer, called.get("responseTimeoutInSeconds") or 30)
        except TimeoutError:
            return _error(504, 504101, "the device did not answer")
        return web.json_response({"status": status, "payload": payload})

    app = web.Application(middlewares=[authorized])
    app.router.add_put("/devices/{device}", put)
    app.router.add_get("/devices/{device}", get)
    app.router.add_delete("/devices/{device}", delete)
    app.router.add_post("/twins/{device}/methods", method)
    app.router.add_post("/devices", bulk)
    app.router.add_get("/statistics/devices", statistics)
    return app


@contextmanager
def fake_iot_hub(certificates: Certificates, mqtt_port: int = 0) -> Iterator[FakeIotHub]:
    """A hub; `mqtt_port` 0 is any free one (the official device SDK insists on 8883)."""
    hub = FakeIotHub()
    with serving(_service(hub), certificates.context()) as (loop, hub.service_port):
        server = loop.call(_listen(hub, certificates, mqtt_port))
        hub.mqtt_port = server.sockets[0].getsockname()[1]
        try:
            yield hub
        finally:
            loop.call(_close(server, hub))


async def _listen(hub: FakeIotHub, certificates: Certificates, port: int) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Session(hub, reader, writer).run()

    return await asyncio.start_server(
        serve, "127.0.0.1", port, ssl=certificates.context(), ssl_shutdown_timeout=TLS_CLOSE_S
    )


async def _close(server: asyncio.Server, hub: FakeIotHub) -> None:
    server.close()
    for device in hub.devices.values():
        if device.session is not None:
            device.session._writer.close()
    await asyncio.sleep(2 * TLS_CLOSE_S)
