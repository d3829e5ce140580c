"""A FAKE of a service in trouble: every request is answered with one status, whatever was asked.

It stands for any Azure service that throttles (429) or fails (5xx), and counts the requests, so that a test sees how
often an SDK tries again. Its limit: real services send bodies that name the cause; these say only a code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.standins.azure.rig import Certificates, serving


@dataclass
class FakeOutage:
    """What is answered, and how many requests came."""

    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "Unavailable"
    healthy: dict[str, Any] = field(default_factory=dict)
    """JSON that GETs of these paths are answered with all the same."""
    requests: int = 0
    port: int = 0


@contextmanager
def fake_outage(certificates: Certificates | None = None) -> Iterator[FakeOutage]:
    """A service in trouble, over TLS with certificates."""
    outage = FakeOutage()

    async def refuse(request: web.Request) -> web.Response:
        await request.read()
        if request.method == "GET" and request.path in outage.healthy:
            return web.json_response(outage.healthy[request.path])
        outage.requests += 1
        body = {"error": {"code": outage.code, "message": "in trouble"}, "code": outage.code, "message": "in trouble"}
        return web.json_response(body, status=outage.status, headers=outage.headers)

    app = web.Application(client_max_size=8 * 2**20)
    app.router.add_route("*", "/{path:.*}", refuse)
    with serving(app, certificates.context() if certificates else None) as (_, outage.port):
        yield outage
