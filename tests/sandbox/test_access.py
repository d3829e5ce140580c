"""Who may do what: the control API without its token, links without a signature, bodies without end, secrets."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.cli.conftest import call
from tests.sandbox.rig import Rig, sandbox
from tests.sandbox.twins import ring
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.runtime.links import LINKS_SECRET, MAX_BODY_BYTES, LinksDocument
from twin2multicloud.sandbox.control import control_routes
from twin2multicloud.sandbox.supervisor import address_of
from twin2multicloud.sandbox.verify import Verification

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("one sandbox from outside")]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with sandbox(tmp_path_factory.mktemp("access") / "s", ring(0, 1)) as made:
        assert all(hop.ok for hop in Verification(made.client).run())
        yield made


def ask(
    rig: Rig, cloud: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", rig.layout.config().clouds[cloud].http_port, timeout=10)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def control() -> list[tuple[str, str]]:
    """Method and path of everything under /control."""
    parts = SimpleNamespace(config=SimpleNamespace(token="t"))
    routes = control_routes(cast(Any, SimpleNamespace(parts=parts)))
    found = [
        (method, re.sub(r"\{\w+\}", "x", route.path))
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
    ]
    return sorted((method, path) for method, path in found if path != "/health")


def test_the_control_api_is_all_under_one_roof() -> None:
    assert len(control()) >= 20
    assert all(path.startswith("/control/") for _, path in control())


@pytest.mark.parametrize(("method", "path"), control())
def test_nothing_is_done_without_the_token(rig: Rig, method: str, path: str) -> None:
    token = rig.layout.config().token
    for given in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer no"}, {"authorization": token}):
        status, content, _ = ask(rig, "aws", method, path, b"{}", **given)
        assert status == 401
        assert json.loads(content) == {"error": "the control API wants the sandbox's token"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/control/faults", b"{", 400),
        ("POST", "/control/faults", b'{"kind": "gremlins"}', 400),
        ("POST", "/control/faults", b'{"kind": "drop", "rate": 2}', 400),
        ("POST", "/control/clock", b'{"setting": {"start": 0, "wall": 0, "speed": -1}}', 400),
        ("POST", "/control/clock", b'{"nonsense": 1}', 400),
        ("PUT", "/control/links", b"[]", 400),
        ("POST", "/control/commands", b'{"device": "toaster", "name": "reset"}', 400),
        ("GET", "/control/errors?after=-1", None, 400),
        ("GET", "/control/dead-letters/none", None, 404),
        ("POST", "/control/run/none", b"{}", 404),
        ("GET", "/control/results/none/none", None, 200),
        ("POST", "/control/dead-letters/drop", b'{"ids": ["none"]}', 200),
        ("POST", "/control/faults", b"[" * 500_000, 400),
        ("POST", "/control/faults", b" " * (1 << 20) + b"{}", 413),
    ],
)
def test_what_the_control_api_does_not_take(rig: Rig, method: str, path: str, body: bytes | None, status: int) -> None:
    token = rig.layout.config().token
    found, content, _ = ask(rig, "azure", method, path, body, authorization=f"Bearer {token}")
    assert found == status, content
    assert (status == 200) != ("error" in json.loads(content))


def test_links_want_a_signature(rig: Rig) -> None:
    for cloud in rig.layout.config().clouds:
        into = rig.client.request(cloud, "GET", "/control/links")["into"]
        assert into
        for edge in into:
            assert ask(rig, cloud, "POST", f"/links/{edge}", b"[]")[0] == 401
            forged = {"t2m_link": edge, "t2m_key_id": into[edge][0]["id"], "t2m_timestamp": "1", "t2m_nonce": "n" * 24}
            assert ask(rig, cloud, "POST", f"/links/{edge}", b"[]", **forged, t2m_signature="0" * 64)[0] == 401
        assert ask(rig, cloud, "POST", "/links/nowhere", b"[]")[0] == 404
        assert ask(rig, cloud, "GET", f"/links/{edge}")[0] == 405


def test_bodies_are_bounded(rig: Rig) -> None:
    too_long = {"content_length": str(MAX_BODY_BYTES + 1)}
    receiver = rig.client.cloud_of(Slot.HOT)
    assert ask(rig, receiver, "POST", "/links/persist", b"", **too_long)[0] == 413
    screen = rig.client.cloud_of(Slot.VISUALIZATION)
    assert ask(rig, screen, "POST", "/dashboard/api/query", b" " * 20_000)[0] == 400
    device = rig.spec.device_names[0]
    key = device_key(base64.b64decode(rig.layout.connection().keys["secret"]), device)
    gateway = rig.client.cloud_of(Slot.ACQUISITION)
    headers = {"authorization": f"Bearer {key}", "content_type": "application/json"}
    assert ask(rig, gateway, "POST", f"/devices/{device}/telemetry", b"x" * 300_000, **headers)[0] == 413


def test_devices_want_their_own_key(rig: Rig) -> None:
    first, second = rig.spec.device_names[:2]
    key = device_key(base64.b64decode(rig.layout.connection().keys["secret"]), first)
    gateway = rig.client.cloud_of(Slot.ACQUISITION)
    for device in (second, "toaster"):
        answer = ask(rig, gateway, "POST", f"/devices/{device}/telemetry", b"{}", authorization=f"Bearer {key}")
        assert answer[0] in (401, 403)


def test_pages_are_for_this_machines_name_only(rig: Rig) -> None:
    screen = rig.client.cloud_of(Slot.VISUALIZATION)
    for path in ("/", "/api/status", "/dashboard/", "/dashboard/api/twin"):
        assert ask(rig, screen, "GET", path)[0] == 200
        assert ask(rig, screen, "GET", path, host="rebound.example")[0] == 400


def secrets_of(rig: Rig) -> set[str]:
    config, address = rig.layout.config(), address_of(rig.layout)
    assert address is not None
    found = {config.token, address.token, rig.layout.connection().keys["secret"]}
    for cloud in config.clouds:
        store = LocalSecrets(rig.layout.cloud(cloud) / "secrets.db")
        document = msgspec.json.decode(store.get(LINKS_SECRET), type=LinksDocument)
        store.close()
        found |= {key.secret for keys in document.into.values() for key in keys}
        found |= {key.secret for peer in document.out.values() for key in peer.keys}
    assert len(found) == 3 + 8
    return found


def test_secrets_do_not_show(rig: Rig) -> None:
    shown = [call("sandbox", *arguments, "--dir", str(rig.layout.directory)).out for arguments in SHOWING]
    shown += [ask(rig, cloud, "GET", "/api/status")[1].decode() for cloud in rig.layout.config().clouds]
    shown += [file.read_text() for file in rig.layout.logs.iterdir()]
    shown += [repr(rig.layout.config()), repr(address_of(rig.layout))]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            shown.append((process / "cmdline").read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    assert any("sandbox.cloud" in text for text in shown)
    for secret in secrets_of(rig):
        assert [text[:200] for text in shown if secret in text] == []


SHOWING = (
    ["status"],
    ["status", "--json"],
    ["logs"],
    ["errors", "--json"],
    ["alerts", "--json"],
    ["dead-letters", "list", "--json"],
    ["verify", "--json"],
    ["meters", "--all", "--json"],
)


def test_files_are_their_owners(rig: Rig) -> None:
    directory = rig.layout.directory
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = [file for file in directory.rglob("*") if file.is_file() and "ledger" not in file.name]
    assert len(files) > 20
    assert [str(file) for file in files if file.stat().st_mode & 0o077] == []


def test_only_this_machine_is_listened_to(rig: Rig) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("stand-in missing: /proc/net/tcp")
    config, address = rig.layout.config(), address_of(rig.layout)
    assert address is not None
    ports = {port for cloud in config.clouds.values() for port in (cloud.http_port, cloud.mqtt_port) if port}
    ports |= {address.port}
    listening: dict[int, set[str]] = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            where, port = local.split(":")
            if state == "0A" and int(port, 16) in ports:
                listening.setdefault(int(port, 16), set()).add(where)
    assert listening == {port: {"0100007F"} for port in ports}


def test_the_supervisor_admits_nobody_else(rig: Rig) -> None:
    address = address_of(rig.layout)
    assert address is not None
    for request in (b'{"do": "stop"}\n', b'{"do": "stop", "token": "no"}\n', b"[]\n", b"{\n", b"x" * 100_000 + b"\n"):
        with socket.create_connection(("127.0.0.1", address.port), 5) as connection:
            connection.sendall(request)
            assert connection.recv(1000) in (b'{"error":"not admitted"}\n', b"")
    assert all(process.state == "up" for process in rig.client.status()[0].clouds)
    assert urlsplit(rig.client.status()[0].dashboard_url).hostname == "127.0.0.1"
