"""The server behind nginx, by the very file that the page about operating has."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgpack
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets import Origin
from websockets.sync.client import connect

from tests.cli.serving import TWIN, Place

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
NAME = "twins.example.org"
PER_MINUTE = 5
_START_S = 10.0


def program() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("no nginx on this machine (`make tools` or `apt-get install nginx` brings one)")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def certificate(directory: Path) -> ssl.SSLContext:
    """A certificate for the name, beside its key, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "twins.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "twins.key").write_bytes(key.private_bytes(*form))
    return ssl.create_default_context(cafile=str(directory / "twins.pem"))


@contextmanager
def nginx(command: str, directory: Path, server: str, port: int) -> Iterator[None]:
    """nginx by the page's file, in which only what is this machine's is replaced."""
    page = (ROOT / "docs" / "operating.md").read_text()
    [file] = re.findall(r"```nginx\n(.*?)```", page, re.S)
    for told, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("http://127.0.0.1:8080", server),
        ("/etc/ssl/twins.pem", str(directory / "twins.pem")),
        ("/etc/ssl/private/twins.key", str(directory / "twins.key")),
    ):
        assert file.count(told) == 1, told
        file = file.replace(told, here)
    kept = "".join(
        f"{kind}_temp_path {directory / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"daemon off; master_process off; pid {directory}/pid; error_log stderr;\nevents {{}}\nhttp {{\n"
    (directory / "nginx.conf").write_text(f"{whole}access_log off;\n{kept}{file}\n}}\n")
    with subprocess.Popen([command, "-p", str(directory), "-e", "stderr", "-c", "nginx.conf"]) as process:
        try:
            deadline = time.monotonic() + _START_S
            while not listens(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield
        finally:
            process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_all_that_the_server_needs_of_a_proxy_comes_through(tmp_path: Path) -> None:
    command, port = program(), free_port()
    trusting = certificate(tmp_path)
    place = Place(
        tmp_path,
        {
            "T2M_PUBLIC_URL": f"https://{NAME}",
            "T2M_TRUSTED_PROXIES": '["127.0.0.1"]',
            "T2M_LIMITS__ANONYMOUS_PER_MINUTE": str(PER_MINUTE),
        },
    )
    served = free_port()
    with place.server("--port", str(served)):
        direct = f"http://127.0.0.1:{served}"
        _check_health(direct)
        with nginx(command, tmp_path, direct, port), _client(trusting, port, "127.0.0.2") as http:
            _check_calls_and_streams(http, place.key)
            _check_socket(trusting, port, place.key)
            _check_front_end(http, trusting, port, place.key)
            _check_addresses(trusting, port)


def _check_health(direct: str) -> None:
    """As the image does, which calls the server by an address."""
    image = (ROOT / "deploy" / "Containerfile").read_text()
    found = re.search(r"HEALTHCHECK .*? CMD (\[.*?\])\n", image, re.S)
    assert found is not None
    python, *arguments = json.loads(found[1].replace("\\\n", ""))
    port = str(urlsplit(direct).port)
    subprocess.run([shutil.which(python) or python, *arguments], env={"T2M_PORT": port}, check=True, timeout=30)


@contextmanager
def _client(trusting: ssl.SSLContext, port: int, address: str) -> Iterator[httpx2.Client]:
    """Somebody who comes from an address, and calls the server by its public name."""
    transport = httpx2.HTTPTransport(verify=trusting, local_address=address)
    headers = {"Host": NAME}
    with httpx2.Client(
        transport=transport, base_url=f"https://127.0.0.1:{port}", headers=headers, timeout=30
    ) as client:
        client.event_hooks = {"request": [_named]}
        yield client


def _named(request: httpx2.Request) -> None:
    request.extensions["sni_hostname"] = NAME


def _check_calls_and_streams(http: httpx2.Client, key: str) -> None:
    keyed = {"Authorization": f"Bearer {key}"}
    me = http.get("/api/v1/me", headers=keyed)
    assert (me.status_code, me.json()["admin"]) == (200, True)
    assert "strict-transport-security" in me.headers
    assert http.get("/api/v1/me", headers={**keyed, "Host": "elsewhere.example"}).status_code == 421
    with http.stream("GET", "/api/v1/events/stream", params={"after": 0}, headers=keyed) as stream:
        # What is told while the stream is open: a proxy that collects would keep it.
        body = {"source": TWIN, "files": {"code/sensor.py": "def process(event, context):\n    return event\n"}}
        assert http.post("/api/v1/twins", json=body, headers=keyed).status_code == 201
        assert any("twin.created" in line for line in stream.iter_lines())
    large = {"source": "x" * (5 << 20)}
    assert http.post("/api/v1/twins", json=large, headers=keyed).status_code == 413


def _check_socket(trusting: ssl.SSLContext, port: int, key: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        headers = {"Authorization": f"Bearer {key}"}
        with connect(f"wss://{NAME}/api/v1/events/socket", sock=raw, ssl=trusting, additional_headers=headers) as (
            told
        ):
            told.send('{"after": 0}')
            assert any("twin.created" in str(message) for message in told)


def _check_front_end(http: httpx2.Client, trusting: ssl.SSLContext, port: int, key: str) -> None:
    """The page, its files as they were compressed, and a window, for a browser that was let in."""
    link = http.post("/api/v1/login/local/link", headers={"Authorization": f"Bearer {key}"}).json()["url"]
    body, origin = {"code": link.partition("#")[2]}, f"https://{NAME}"
    signed_in = http.post("/api/v1/login/local", json=body, headers={"Origin": origin})
    cookies = "; ".join(part.partition(";")[0] for part in signed_in.headers.get_list("set-cookie"))
    page = http.get("/twins", headers={"Cookie": cookies})
    assert "nonce-" in page.headers["content-security-policy"]
    [base] = re.findall(r'data-base="([^"]+)"', page.text)
    font = http.get(f"{base}assets/fonts/Mono.woff2")
    assert "immutable" in font.headers["cache-control"]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        headers = {"Cookie": cookies}
        with connect(
            f"wss://{NAME}/ui/ws", sock=raw, ssl=trusting, origin=Origin(origin), additional_headers=headers
        ) as window:
            asked = {"session_id": "", "page_name": "", "page": {"route": "/twins"}}
            window.send(b"\x00" + msgpack.packb([1, asked]))
            answer = window.recv(timeout=60)
            assert isinstance(answer, bytes)
            assert msgpack.unpackb(answer[1:], strict_map_key=False)[1]["error"] == ""


def _check_addresses(trusting: ssl.SSLContext, port: int) -> None:
    """Whoever comes through the proxy is told apart by where they come from, whatever they say of that themselves."""
    with _client(trusting, port, "127.0.0.3") as somebody, _client(trusting, port, "127.0.0.4") as other:
        asked = [
            somebody.get("/health/live", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
            for number in range(PER_MINUTE + 1)
        ]
        assert asked == [200] * PER_MINUTE + [429]
        assert other.get("/health/live").status_code == 200
