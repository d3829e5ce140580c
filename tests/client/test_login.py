"""Getting a key by somebody's agreement in a browser, as RFC 8628 has it."""

from __future__ import annotations

import json

import httpx2
import pytest

from tests.client.test_http import Scripted
from twin2multicloud.app.errors import ForbiddenError, TooManyError
from twin2multicloud.app.schemas.login import DeviceStarted

STARTED = DeviceStarted(
    device_code="device",
    user_code="ABCD-EFGH",
    verification_uri="https://x/device",
    verification_uri_complete="https://x/device?code=ABCD-EFGH",
    expires_in=60,
    interval=5,
)
KEY = {
    "id": "key_1", "name": "command line", "prefix": "t2m_new", "user": "usr_1", "scopes": ["read"], "workspace": None,
    "made_with": None, "created_at": "2026-11-26T08:00:00Z", "expires_at": None, "revoked_at": None,
    "last_used_at": None, "token": "t2m_new",
}  # fmt: skip


def refused(error: str, status: int = 400, name: str = "device-login", **more: object) -> httpx2.Response:
    body = {
        "type": f"urn:twin2multicloud:problem:{name}",
        "title": "",
        "status": status,
        "detail": f"told: {error}",
        "correlation_id": "c0ffee00",
        "details": {"error": error, **more} if error else {},
    }
    return httpx2.Response(status, json=body)


def test_it_asks_as_often_as_it_may_until_somebody_agrees() -> None:
    server = Scripted(
        refused("authorization_pending"), refused("slow_down", interval=11), httpx2.Response(200, json=KEY)
    )
    left: list[float] = []
    assert server.client().login.wait_device(STARTED, left.append).token == "t2m_new"
    assert sum(server.waited) == 5 + 5 + 11
    assert left[:3] == [60, 59, 58]
    assert {json.loads(request.content)["device_code"] for request in server.asked} == {"device"}


@pytest.mark.parametrize("error", ["access_denied", "expired_token"])
def test_whoever_is_turned_away_asks_no_more(error: str) -> None:
    server = Scripted(refused(error))
    with pytest.raises(ForbiddenError, match=f"told: {error}"):
        server.client().login.wait_device(STARTED)
    assert len(server.asked) == 1


def test_nobody_agrees() -> None:
    server = Scripted(*[refused("authorization_pending")] * 30)
    with pytest.raises(ForbiddenError, match="nobody agreed in time"):
        server.client().login.wait_device(STARTED)
    assert len(server.asked) == 12


def test_other_refusals_are_told_as_they_are() -> None:
    server = Scripted(refused("", 429, "too-many-requests"))
    server.answers *= 4
    with pytest.raises(TooManyError):
        server.client().login.wait_device(STARTED)
