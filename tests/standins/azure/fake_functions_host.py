"""A FAKE of the Azure Functions host, written by us; the library it loads and calls, azure-functions, is the real one.

It loads a real `FunctionApp` of the Python v2 model, reads its triggers as the host does when it indexes an app, and
calls the functions with arguments made by the library's own converters from the data the host sends. Triggers: HTTP
(route, methods, raw body), Storage Queue (from a real queue service, with dequeue counts and the poison queue), Event
Hub (batches with IoT Hub's properties, retried as a retry policy says), Event Grid (webhook with handshake), timer.
Its limits: one process, no cold starts, scaling, leases, time-outs or host keys; queues, event hubs and timers run
when a test says so; visibility time-outs are nought; retry waits are left out. It shows that our entry points fit the
library. It can not show that Azure's host agrees.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import azure.functions as func
from aiohttp import web
from azure.functions.meta import Datum, get_binding_registry
from azure.storage.queue import QueueServiceClient

from tests.standins.azure.fake_iot_hub import HubMessage
from tests.standins.azure.rig import Loop

_ATTEMPTS_OF_A_RETRY_POLICY = 4
"""The real host goes on for ever with -1."""


class HostError(Exception):
    """The app is one the host would not load."""


@dataclass
class FakeFunctionsHost:
    """A loaded app."""

    functions: dict[str, Any]
    host_json: Mapping[str, Any]
    queues: QueueServiceClient | None = None
    port: int = 0
    failures: list[BaseException] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where HTTP triggers answer, the route prefix included."""
        prefix = self._extension("http").get("routePrefix", "api")
        return f"http://127.0.0.1:{self.port}" + (f"/{prefix}" if prefix else "")

    def triggers(self) -> dict[str, dict[str, Any]]:
        """Each function's trigger, as the host sees it."""
        return {name: function.get_trigger().get_dict_repr() for name, function in self.functions.items()}

    def run_queues(self) -> int:
        """Give every message that is there to its function, once; how many were handled."""
        assert self.queues is not None
        limits = self._extension("queues")
        if limits.get("messageEncoding", "base64") != "base64":
            raise HostError("this fake reads base64 only")
        done = 0
        for name, trigger in self.triggers().items():
            if trigger["type"] != "queueTrigger":
                continue
            queue = self.queues.get_queue_client(trigger["queueName"])
            for message in list(queue.receive_messages(messages_per_page=limits.get("batchSize", 16))):
                assert message.inserted_on is not None
                metadata = {
                    "Id": Datum(message.id, "string"),
                    "DequeueCount": Datum(str(message.dequeue_count), "string"),
                    "InsertionTime": Datum(message.inserted_on.isoformat(), "string"),
                    "PopReceipt": Datum(message.pop_receipt, "string"),
                }
                body = base64.b64decode(message.content, validate=True)
                if self._called(name, Datum(body, "bytes"), metadata):
                    queue.delete_message(message)
                    done += 1
                elif message.dequeue_count >= limits.get("maxDequeueCount", 5):
                    self.queues.get_queue_client(f"{trigger['queueName']}-poison").send_message(message.content)
                    queue.delete_message(message)
                else:
                    queue.update_message(message, visibility_timeout=0)
        return done

    def run_event_hub(self, messages: Sequence[HubMessage]) -> bool:
        """Give messages to the function that reads the hub, in batches; whether all were handled.

        A batch that fails is given again as the function's retry policy says, else it is passed over and lost.
        """
        (name,) = (name for name, trigger in self.triggers().items() if trigger["type"] == "eventHubTrigger")
        most = self._extension("eventHubs").get("maxEventBatchSize", 100)
        policy = self.functions[name].get_settings_dict("retry_policy") or {}
        attempts = _ATTEMPTS_OF_A_RETRY_POLICY if policy.get("maxRetryCount", policy.get("max_retry_count")) else 1
        fine = True
        for first in range(0, len(messages), most):
            batch = messages[first : first + most]
            fine &= any(self._called(name, _bodies(batch), _hub_metadata(batch)) for _ in range(attempts))
        return fine

    def run_timer(self, name: str) -> bool:
        """Run a timer's function now."""
        return self._called(name, Datum(json.dumps({"IsPastDue": False, "ScheduleStatus": {}}), "json"), {})

    def call(self, name: str, data: Datum, metadata: Mapping[str, Datum]) -> Any:
        """Call a function as the worker does: its argument by the library's converter."""
        function = self.functions[name]
        trigger = function.get_trigger().get_dict_repr()
        converter: Any = get_binding_registry().get(trigger["type"])  # type: ignore[no-untyped-call]
        argument = converter.decode(data, trigger_metadata=metadata)
        return function.get_user_function()(**{trigger["name"]: argument})

    def _called(self, name: str, data: Datum, metadata: Mapping[str, Datum]) -> bool:
        try:
            self.call(name, data, metadata)
        except Exception as error:  # noqa: BLE001 (a host survives its functions)
            self.failures.append(error)
            return False
        return True

    def _extension(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.host_json.get("extensions", {}).get(name, {})
        return found


def _bodies(messages: Sequence[HubMessage]) -> Datum:
    return Datum(SimpleNamespace(bytes=[message.body for message in messages]), "collection_bytes")


def _hub_metadata(messages: Sequence[HubMessage]) -> dict[str, Datum]:
    def time(message: HubMessage) -> str:
        return datetime.datetime.fromtimestamp(message.enqueued, datetime.UTC).isoformat().replace("+00:00", "Z")

    system = [
        {
            "SequenceNumber": message.sequence,
            "Offset": str(message.sequence * 100),
            "PartitionKey": message.device,
            "EnqueuedTimeUtc": time(message),
            "iothub-connection-device-id": message.device,
            "iothub-connection-auth-method": '{"scope":"device","type":"sas","issuer":"iothub"}',
            "iothub-message-source": message.source,
            "iothub-enqueuedtime": time(message),
        }
        for message in messages
    ]
    return {
        "SystemPropertiesArray": Datum(json.dumps(system), "json"),
        "PropertiesArray": Datum(json.dumps([message.properties for message in messages]), "json"),
    }


def _checked(app: func.FunctionApp) -> dict[str, Any]:
    """What the host checks when it indexes an app."""
    functions = {str(function.get_function_name()): function for function in app.get_functions()}
    routes: set[tuple[str, str]] = set()
    for name, function in functions.items():
        trigger = function.get_trigger()
        if trigger is None:
            raise HostError(f"{name} has no trigger")
        about = trigger.get_dict_repr()
        if about["type"] == "httpTrigger":
            for method in about.get("methods") or ["GET", "POST"]:
                route = (str(getattr(method, "value", method)), str(about.get("route") or name))
                if route in routes:
                    raise HostError(f"two functions answer {route}")
                routes.add(route)
    return functions


def _http(host: FakeFunctionsHost) -> web.Application:
    def endpoint(name: str, trigger: Mapping[str, Any]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            value = {
                "method": Datum(request.method, "string"),
                "url": Datum(str(request.url), "string"),
                "headers": {key: Datum(text, "string") for key, text in request.headers.items()},
                "query": {key: Datum(text, "string") for key, text in request.query.items()},
                "params": {key: Datum(text, "string") for key, text in request.match_info.items()},
                "body": Datum(await request.read(), "bytes"),
            }
            call = asyncio.to_thread(host.call, name, Datum(value, "http"), {})
            try:
                answer: func.HttpResponse = await call
            except Exception as error:  # noqa: BLE001 (a host survives its functions)
                host.failures.append(error)
                return web.Response(status=500)
            headers = {key: text for key, text in answer.headers.items() if key.lower() != "content-type"}
            response = web.Response(
                body=answer.get_body(), status=answer.status_code, content_type=answer.mimetype, headers=headers
            )
            response.force_close()  # callers in this process leave no connection open
            return response

        return handle

    async def event_grid(request: web.Request) -> web.Response:
        name, events = request.query["functionName"], await request.json()
        if request.headers.get("aeg-event-type") == "SubscriptionValidation":
            return web.json_response({"validationResponse": events[0]["data"]["validationCode"]})
        for event in events:
            done = await asyncio.to_thread(host._called, name, Datum(json.dumps(event), "json"), {})
            if not done:
                return web.Response(status=500)
        return web.Response(status=202)

    app = web.Application(client_max_size=100 * 2**20)
    prefix = host._extension("http").get("routePrefix", "api")
    for name, trigger in host.triggers().items():
        if trigger["type"] == "httpTrigger":
            route = "/".join(part for part in ("", prefix, trigger.get("route") or name) if part or part == "")
            for method in trigger.get("methods") or ["GET", "POST"]:
                path = "/" + route.lstrip("/")
                app.router.add_route(str(getattr(method, "value", method)), path, endpoint(name, trigger))
    app.router.add_post("/runtime/webhooks/eventgrid", event_grid)
    return app


@contextmanager
def fake_functions_host(
    app: func.FunctionApp, host_json: Mapping[str, Any], storage_connection_string: str = ""
) -> Iterator[FakeFunctionsHost]:
    """A host with the app loaded, its HTTP triggers served."""
    host = FakeFunctionsHost(_checked(app), host_json)
    loop = Loop()
    # The real host hands bodies over as they were sent: no decompression.
    runner = web.AppRunner(_http(host), shutdown_timeout=0.1, access_log=None, auto_decompress=False)

    async def start() -> asyncio.Server:
        await runner.setup()
        assert runner.server is not None
        return await loop.loop.create_server(runner.server, "127.0.0.1", 0)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        await runner.cleanup()
        await asyncio.sleep(0.01)

    if storage_connection_string:
        host.queues = QueueServiceClient.from_connection_string(storage_connection_string)
    try:
        server = loop.call(start())
        host.port = server.sockets[0].getsockname()[1]
        try:
            yield host
        finally:
            loop.call(stop(server))
    finally:
        loop.close()
        if host.queues is not None:
            host.queues.close()
