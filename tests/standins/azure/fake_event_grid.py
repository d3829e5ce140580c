"""A FAKE of Event Grid custom topics, written by us from the official SDK's behaviour and the published rules.

What it does: topics that take CloudEvents 1.0 in batches with an access key, check their required
attributes and the 1 MB limit; webhook subscriptions with the validation handshake and delivery with retries.
Its limits: no Event Grid schema on input, no Entra tokens, no filters, no dead-letter destination, no other handlers
than webhooks, no time to live, retries after fractions of a second where the service takes up to hours; all is
forgotten at the end. It shows that our adapter speaks the SDK's protocol. It can not show that Azure agrees.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.standins.azure.rig import Loop, serving

_MOST_BYTES = 1024 * 1024
_RETRY_S = (0.0, 0.05, 0.2, 0.5)


@dataclass
class FakeEventGrid:
    """Topics, what each received, and who is subscribed."""

    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    received: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    subscribers: dict[str, list[str]] = field(default_factory=dict)
    undelivered: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    loop: Loop | None = None

    def endpoint(self, topic: str) -> str:
        """A topic's endpoint."""
        return f"http://127.0.0.1:{self.port}/{topic}/api/events"

    def subscribe(self, topic: str, url: str) -> None:
        """Subscribe a webhook after the validation handshake; `ValueError` if it does not answer that."""
        assert self.loop is not None
        self.loop.call(self._handshake(url))
        self.subscribers.setdefault(topic, []).append(url)

    async def _handshake(self, url: str) -> None:
        code = uuid.uuid4().hex
        event = {
            "id": uuid.uuid4().hex,
            "topic": "/subscriptions/fake",
            "subject": "",
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "eventTime": "2026-01-01T00:00:00Z",
            "data": {"validationCode": code},
            "dataVersion": "1",
            "metadataVersion": "1",
        }
        headers = {"aeg-event-type": "SubscriptionValidation"}
        async with (
            aiohttp.ClientSession() as client,
            client.post(url, json=[event], headers=headers) as answer,
        ):
            said = (await answer.json(content_type=None) if answer.status == 200 else None) or {}
        if said.get("validationResponse") != code:
            raise ValueError(f"the webhook did not answer the validation handshake: {answer.status}")

    async def deliver(self, url: str, event: dict[str, Any]) -> None:
        """Deliver one event, with retries."""
        headers = {"aeg-event-type": "Notification"}
        async with aiohttp.ClientSession() as client:
            for wait in _RETRY_S:
                await asyncio.sleep(wait)
                try:
                    async with client.post(url, json=[event], headers=headers) as answer:
                        if answer.status < 300:
                            return
                except aiohttp.ClientError:
                    continue
        self.undelivered.append(event)


def _wrong(event: Any) -> str:
    """What the service would refuse in a CloudEvent."""
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        return "specversion must be 1.0"
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            return f"{name} is required"
    if "time" in event and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", event["time"]):
        return "time is no RFC 3339 time"
    odd = [name for name in event if not re.fullmatch(r"[a-z0-9_]{1,20}", name)]
    return f"attribute name {odd[0]}" if odd else ""


@contextmanager
def fake_event_grid() -> Iterator[FakeEventGrid]:
    """Any topic name works; an access key is needed."""
    grid = FakeEventGrid()
    tasks: set[asyncio.Task[None]] = set()

    async def publish(request: web.Request) -> web.Response:
        if request.headers.get("aeg-sas-key") != grid.key:
            return web.json_response({"error": {"code": "Unauthorized", "message": "wrong key"}}, status=401)
        if request.query.get("api-version") != "2018-01-01":
            return web.json_response({"error": {"code": "BadRequest", "message": "api-version"}}, status=400)
        if request.content_type != "application/cloudevents-batch+json":
            return web.json_response({"error": {"code": "BadRequest", "message": request.content_type}}, status=400)
        body = await request.read()
        if len(body) > _MOST_BYTES:
            return web.json_response({"error": {"code": "RequestTooLarge", "message": "1 MB"}}, status=413)
        events = json.loads(body)
        for event in events:
            if wrong := _wrong(event):
                return web.json_response({"error": {"code": "BadRequest", "message": wrong}}, status=400)
        topic = request.match_info["topic"]
        grid.received.setdefault(topic, []).extend(events)
        for url in grid.subscribers.get(topic, []):
            for event in events:
                task = asyncio.get_running_loop().create_task(grid.deliver(url, event))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        return web.Response()

    app = web.Application(client_max_size=4 * _MOST_BYTES)
    app.router.add_post("/{topic}/api/events", publish)
    with serving(app) as (grid.loop, grid.port):
        yield grid
