"""Commands by IoT Hub's direct methods.

Why not cloud-to-device messages: the service takes those by AMQP only, which costs a function a connection set-up
per instance and a native library. A direct method is one HTTPS request of the service API that the SDK speaks; it
says at once whether the device has the command; the price is that nothing waits for a device that is away.

The method's name is the command's, its payload `{"id", "name", "payload", "trace"?}` as on every other way to a
device. Any status the device answers means that it has the command; its result comes as a message of its own.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import requests.exceptions
from msrest.exceptions import ClientRequestError, HttpOperationError

from twin2multicloud.runtime.adapters.azure.calls import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, Pool, failure
from twin2multicloud.runtime.failures import DeviceOfflineError, RejectedError, StoreError
from twin2multicloud.runtime.ports import Command

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.iot.hub import IoTHubRegistryManager  # type: ignore[import-untyped]

RESPONSE_TIMEOUT_S: Final = 10
CONNECT_WAIT_S: Final = 0
"""How long the hub waits for a device to connect."""

_NO_SUCH_DEVICE: Final = frozenset({"404001", "DeviceNotFound"})
_OFFLINE_STATUSES: Final = frozenset({404, 504})
_THROTTLED: Final = frozenset({"429001", "429002", "429003", "ThrottlingException", "403002", "IotHubQuotaExceeded"})


def hub_client(
    host: str, credential: TokenCredential | None, connection_string: str = "", verify: str = ""
) -> IoTHubRegistryManager:
    """A client of a hub's service API, by managed identity or (emulators) by connection string."""
    from azure.iot.hub import IoTHubRegistryManager

    if connection_string:
        hub = IoTHubRegistryManager.from_connection_string(connection_string)
    else:
        hub = IoTHubRegistryManager.from_token_credential(host, credential)
    settings = hub.protocol.config
    settings.connection.timeout = CONNECT_TIMEOUT_S + READ_TIMEOUT_S
    settings.retry_policy.retries = 0
    if verify:
        settings.connection.verify = verify
    return hub


class HubCommands:
    """`Commands` by direct methods. `hub` makes the client at its first use.

    `response_timeout_s` is how long the hub waits for a connected device's answer (it takes 5 to 300).
    """

    def __init__(
        self, hub: Callable[[], IoTHubRegistryManager], pool: Pool, *, response_timeout_s: int = RESPONSE_TIMEOUT_S
    ) -> None:
        self._make = hub
        self._pool = pool
        self._response_timeout_s = response_timeout_s
        self._lock = threading.Lock()
        self._hub: IoTHubRegistryManager | None = None

    def send(self, commands: Sequence[Command]) -> None:
        """See `Commands.send`. Devices are served side by side, each with its commands in order.

        The first command that a device can not take ends its turn. What the hub could not do is raised before
        what devices were not there for, so that a caller that sends again meets those again.
        """
        turns: dict[str, list[Command]] = {}
        for command in commands:
            turns.setdefault(command.device, []).append(command)
        failures = [error for error in self._pool.each(self._serve, list(turns.values())) if error is not None]
        for kind in (StoreError, RejectedError):
            for error in failures:
                if isinstance(error, kind):
                    raise error
        if failures:
            raise DeviceOfflineError(", ".join(str(error) for error in failures))

    def _serve(self, commands: Sequence[Command]) -> Exception | None:
        try:
            for command in commands:
                self._invoke(command)
        except (DeviceOfflineError, RejectedError, StoreError) as error:
            return error
        return None

    def _invoke(self, command: Command) -> None:
        from azure.iot.hub.models import CloudToDeviceMethod  # type: ignore[import-untyped]

        method = CloudToDeviceMethod(
            method_name=command.name,
            payload=_payload(command),
            response_timeout_in_seconds=self._response_timeout_s,
            connect_timeout_in_seconds=CONNECT_WAIT_S,
        )
        try:
            self._client().invoke_device_method(command.device, method)
        except HttpOperationError as error:
            response = error.response
            status = response.status_code
            code = _hub_code(response)
            if status in _OFFLINE_STATUSES:
                unknown = " (the hub does not know it)" if code in _NO_SUCH_DEVICE else ""
                raise DeviceOfflineError(command.device + unknown) from None
            told = failure(f"command {command.name} to {command.device}", status, code, "", response.headers)
            if code in _THROTTLED and isinstance(told, StoreError):
                told.quota = True
            raise told from error
        except (ClientRequestError, requests.exceptions.RequestException) as error:
            raise StoreError(f"the hub can not be reached: {type(error).__name__}") from error

    def _client(self) -> IoTHubRegistryManager:
        with self._lock:
            if self._hub is None:
                self._hub = self._make()
            return self._hub


def _payload(command: Command) -> dict[str, Any]:
    payload: dict[str, Any] = {"id": command.id, "name": command.name, "payload": command.payload}
    if command.trace:
        payload["trace"] = command.trace
    return payload


class _Said(msgspec.Struct):
    """An error's body: the hub puts JSON text in `Message`, or writes `ErrorCode:Name;…` there."""

    message: str = msgspec.field(default="", name="Message")


def _hub_code(response: Any) -> str:
    """The hub's number for an error ("404103"), or its name where it gives no number."""
    try:
        message = msgspec.json.decode(response.content, type=_Said).message
    except msgspec.DecodeError:
        return ""
    named = re.match(r"ErrorCode:(\w+)", message)
    if named:
        return named[1]
    try:
        return str(msgspec.json.decode(message, type=dict[str, Any]).get("errorCode", ""))
    except msgspec.DecodeError:
        return ""
