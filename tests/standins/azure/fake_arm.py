"""A FAKE of three requests of Azure's Resource Manager: for the key of a hub's access policy, and for function apps to
read their settings again and to look for their triggers.

It knows one hub with one policy, any app, and takes any token. It shows that we ask as documented.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web
from azure.core.credentials import AccessToken

from tests.standins.azure.rig import Certificates, serving
from twin2multicloud.deployer.credentials.arm import Arm

HUB_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Devices/IotHubs/house"


@dataclass
class FakeArm:
    """Its hub's key, the status it refuses with, if it does, and what apps were told."""

    key: str = "a2V5LW9mLXRoZS1odWI="
    refuse: int = 0
    told: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        async def keys(request: web.Request) -> web.Response:
            assert request.headers["Authorization"] == "Bearer any"
            assert "api-version" in request.query
            if self.refuse:
                said = {"error": {"code": "AuthorizationFailed", "message": "by the fake"}}
                return web.json_response(said, status=self.refuse)
            return web.json_response({"keyName": "reader", "primaryKey": self.key, "secondaryKey": "b"})

        async def sites(request: web.Request) -> web.Response:
            assert "api-version" in request.query
            self.told.append(request.path)
            return web.Response(status=204)

        app = web.Application()
        app.router.add_post("/sites/{path:.*}", sites)
        app.router.add_post(f"{HUB_ID}/IotHubKeys/reader/listkeys", keys)
        return app


class AnyToken:
    """A credential that needs nobody."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken("any", int(time.time()) + 3600)


@contextmanager
def fake_arm(certificates: Certificates) -> Iterator[tuple[FakeArm, Arm]]:
    """The fake, and a client of it."""
    fake = FakeArm()
    with serving(fake.app(), certificates.context()) as (_loop, port):
        arm = Arm(AnyToken(), endpoint=f"https://localhost:{port}", verify=str(certificates.authority), attempts=1)
        yield fake, arm
        arm.close()
