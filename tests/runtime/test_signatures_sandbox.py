"""The same refusals by a running cloud, over its socket; and its logs know no secret when all is over."""

from __future__ import annotations

import base64
import gzip
import http.client
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.runtime.parts import key as another_key
from tests.sandbox.rig import Rig, sandbox
from tests.sandbox.twins import ring
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.local.nonces import LocalNonces
from twin2multicloud.runtime.envelope import TELEMETRY, Event, encode_batch
from twin2multicloud.runtime.links import MAX_BODY_BYTES, MAX_CONTENT_BYTES, Key, LinksDocument, compress, sign

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("one sandbox's links")]

CLOUD = ring(0, 1)[Slot.HOT]
EVENT = Event("intruder", "/x", TELEMETRY, "meter-001", "2026-11-25T12:00:00.000000Z", {"temperature": 1.0})
BODY = compress(encode_batch([EVENT]))
GUEST = compress(encode_batch([msgspec.structs.replace(EVENT, id="guest")]))


class Door:
    """The socket of the cloud that holds the hot store, and the key of the link that ends there."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.documents = {
            name: msgspec.convert(rig.client.request(name, "GET", "/control/links"), LinksDocument)
            for name in rig.client.config.clouds
        }
        (self.key,) = self.documents[CLOUD].into["persist"]
        self.port = rig.client.config.clouds[CLOUD].http_port

    def headers(self, body: bytes = BODY, *, by: Key | None = None, off_s: float = 0.0, **more: str) -> dict[str, str]:
        more.setdefault("nonce", secrets.token_hex(12))
        more.setdefault("encoding", "gzip")
        return sign(more.pop("link", "persist"), by or self.key, body, now=time.time() + off_s, **more)

    def post(self, headers: dict[str, str], body: bytes = BODY, edge: str = "persist") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", f"/links/{edge}", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def records(self) -> int:
        return sum(c.records for s in self.rig.client.cloud_status(CLOUD).stores for c in s.classes)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with sandbox(tmp_path_factory.mktemp("door") / "s", ring(0, 1), devices=4) as rig:
        yield Door(rig)


def refused(door: Door, right: dict[str, str]) -> dict[str, tuple[dict[str, str], bytes, int]]:
    """Headers and bodies that are not let in, and what they are answered; `right` is what would be."""
    wrong = another_key()
    zeros = b"\0" * (MAX_BODY_BYTES + 1)
    bomb, members = gzip.compress(b" " * (MAX_CONTENT_BYTES + 1)), BODY + BODY
    return {
        "wrong key": (door.headers(by=Key(door.key.id, wrong.secret, 0.0)), BODY, 401),
        "unknown key": (door.headers(by=wrong), BODY, 401),
        "key of another link": (door.headers(link="to-cool"), BODY, 401),
        "altered body": (right, BODY[:-1] + b"x", 401),
        "altered metadata": ({**right, "t2m-meta": "{}"}, BODY, 401),
        "altered encoding": ({**right, "content-encoding": "identity"}, BODY, 401),
        "not ASCII": ({**right, "t2m-nonce": "ä" * 24}, BODY, 400),
        "old": (door.headers(off_s=-310), BODY, 401),
        "from the future": (door.headers(off_s=310), BODY, 401),
        "short nonce": (door.headers(nonce="123"), BODY, 400),
        "no headers": ({}, BODY, 401),
        "too large": (door.headers(zeros), zeros, 413),
        "bomb": (door.headers(bomb), bomb, 422),
        "two members": (door.headers(members), members, 422),
        "cut off": (door.headers(BODY[:-4]), BODY[:-4], 422),
    }


def refuse_all(door: Door, right: dict[str, str]) -> None:
    for what, (headers, body, status) in refused(door, right).items():
        try:
            found = door.post(headers, body)
        except (BrokenPipeError, ConnectionResetError):
            found = 413  # it did not even listen to the end
        assert found == status, what


def test_refused_over_a_real_socket_with_no_effect(door: Door) -> None:
    right, before = door.headers(), door.records()
    refuse_all(door, right)
    assert door.post(door.headers(link="telemetry"), edge="telemetry") == 404
    assert door.post(door.headers(link="../control/links"), edge="..%2Fcontrol%2Flinks") == 404
    assert door.records() == before
    # The real one is still good, once.
    assert door.post(right) == 202
    assert door.post(right) == 409
    assert door.records() == before + 1
    kinds = {error.kind for _, error in door.rig.client.errors()[0]}
    assert kinds == {"link-refused"}


def test_a_body_that_never_ends_is_cut_off(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as raw:
        raw.sendall(b"POST /links/persist HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
        answer = b""
        try:
            for _ in range(20):
                raw.sendall(chunk)
            answer = raw.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert answer == b"" or b" 413 " in answer


def test_two_keys_live_while_they_are_rotated(door: Door) -> None:
    new = another_key(9)
    document = door.documents[CLOUD]
    both = LinksDocument(document.out, {**document.into, "persist": (new, door.key)})
    door.rig.client.request(CLOUD, "PUT", "/control/links", both)
    assert door.post(door.headers(GUEST, by=new), GUEST) == 202
    assert door.post(door.headers(GUEST), GUEST) == 202
    door.rig.client.request(CLOUD, "PUT", "/control/links", LinksDocument(both.out, {**both.into, "persist": (new,)}))
    assert door.post(door.headers(GUEST, by=new), GUEST) == 202
    assert door.post(door.headers(GUEST), GUEST) == 401
    door.rig.client.request(CLOUD, "PUT", "/control/links", document)


def test_no_secret_in_any_log_or_error(tmp_path: Path) -> None:
    """After refusals, a rotation and a run of devices, when all is down."""
    with sandbox(tmp_path / "s", ring(0, 1), devices=4) as rig:
        _no_secret_shows(Door(rig))


def _no_secret_shows(door: Door) -> None:
    rig = door.rig
    refuse_all(door, door.headers())
    rig.client.rotate_keys(sleep=lambda _s: None)
    rig.run(messages=3, interval_s=0.05)
    rig.settle(12)
    door.post(door.headers())
    canaries = {key.secret for d in door.documents.values() for keys in d.into.values() for key in keys}
    for name in rig.client.config.clouds:
        now = msgspec.convert(rig.client.request(name, "GET", "/control/links"), LinksDocument)
        canaries |= {key.secret for keys in now.into.values() for key in keys}
    canaries |= {rig.layout.connection().keys["secret"], rig.client.config.token}
    canaries |= {base64.b64decode(c).hex() for c in canaries if len(c) == 44}
    assert len(canaries) > 20
    errors = msgspec.json.encode([error for _, error in rig.client.errors()[0]]).decode()
    status = "".join(str(rig.client.request(name, "GET", "/control/status")) for name in rig.client.config.clouds)
    rig.down()
    logs = {path.name: path.read_text("utf-8", "replace") for path in rig.layout.logs.iterdir()}
    assert {f"{name}.log" for name in rig.client.config.clouds} <= logs.keys()
    for canary in canaries:
        for where, text in {**logs, "errors": errors, "status": status}.items():
            assert canary not in text, where
    nonces = LocalNonces(rig.layout.cloud(CLOUD) / "nonces.db")
    assert nonces.count() > 0
    nonces.close()
    journals = [rig.layout.cloud(name) / "journal.db" for name in rig.client.config.clouds]
    for file in journals:
        content = file.read_bytes()
        assert not any(canary.encode() in content for canary in canaries)
    assert Path(rig.layout.connection_file).stat().st_mode & 0o077 == 0
