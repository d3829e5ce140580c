"""A FAKE of Key Vault's secrets, written by us from the official SDK's behaviour.

What it does: the authentication challenge, set and get of the newest version of a secret, names and sizes checked.
Its limits: any bearer token is good, no versions, no soft delete (a real vault refuses a name that was deleted until
it is purged), no expiry, no throttling. It shows that our adapter speaks the SDK's protocol. It can not show that
Azure agrees.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from azure.core.credentials import AccessToken

from tests.standins.azure.rig import Certificates, serving

_MOST_BYTES = 25_600


class AnyToken:
    """A credential whose tokens only a fake accepts."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("fake-token", int(time.time()) + 3600)


@dataclass
class FakeKeyVault:
    """The vault's secrets, how often each was read, and where it answers."""

    secrets: dict[str, str] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    url: str = ""


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


@contextmanager
def fake_key_vault(certificates: Certificates) -> Iterator[FakeKeyVault]:
    """A vault at https://localhost."""
    vault = FakeKeyVault()

    @web.middleware
    async def challenged(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer fake-token":
            answer = _error(401, "Unauthorized", "no token")
            answer.headers["WWW-Authenticate"] = (
                'Bearer authorization="https://login.invalid/tenant", resource="https://vault.azure.net"'
            )
            return answer
        handled: web.StreamResponse = await handler(request)
        return handled

    def shown(name: str) -> web.Response:
        now = int(time.time())
        attributes = {"enabled": True, "created": now, "updated": now, "recoveryLevel": "Purgeable"}
        location = f"{vault.url}/secrets/{name}/{uuid.uuid4().hex}"
        return web.json_response({"value": vault.secrets[name], "id": location, "attributes": attributes})

    async def put(request: web.Request) -> web.Response:
        name, value = request.match_info["name"], (await request.json())["value"]
        if not re.fullmatch(r"[0-9a-zA-Z-]{1,127}", name):
            return _error(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        if len(value.encode()) > _MOST_BYTES:
            return _error(413, "BadParameter", "too long")
        vault.secrets[name] = value
        return shown(name)

    async def get(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        vault.reads.append(name)
        return shown(name) if name in vault.secrets else _error(404, "SecretNotFound", f"no secret {name}")

    app = web.Application(middlewares=[challenged])
    app.router.add_put("/secrets/{name}", put)
    app.router.add_get("/secrets/{name}", get)
    app.router.add_get("/secrets/{name}/", get)
    with serving(app, certificates.context()) as (_, port):
        vault.url = f"https://localhost:{port}"
        yield vault
