"""What a receiver refuses, without any effect: nothing is stored, and a request that is not ours uses no nonce up."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.runtime.parts import NOW, Link, Reports, key
from twin2multicloud.runtime.envelope import TELEMETRY, Event, encode_batch
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.handlers.receive import Receive, Response
from twin2multicloud.runtime.links import (
    LINKS_SECRET,
    MAX_BODY_BYTES,
    MAX_CONTENT_BYTES,
    REPLAY_WINDOW_S,
    Key,
    LinksDocument,
    Peer,
    compress,
    decompress,
    sign,
)

EVENTS = [Event(f"id-{n}", "/x", TELEMETRY, "meter-1", f"2026-11-25T12:00:0{n}.000000Z", {"t": n}) for n in range(3)]
NONCE = "0123456789abcdef01234567"
Headers = dict[str, str]


class Receiver:
    """A receiver of one link that keeps what gets through."""

    def __init__(self, directory: Path) -> None:
        self.link = Link(directory, "persist")
        self.kept: list[Event] = []
        self.reports = Reports()
        self.receive = Receive(
            links=self.link.source,
            nonces=self.link.nonces,
            reporter=self.reports,
            now=lambda: self.link.now,
            hands={"persist": self.kept.extend},
            queries={"history": lambda query: query},
        )

    def post(self, headers: Headers, body: bytes, edge: str = "persist") -> Response:
        return self.receive(edge, headers, body)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path)
    yield made
    made.link.close()


def signed(
    body: bytes | None = None, *, by: Key | None = None, now: float = NOW, nonce: str = NONCE, **more: str
) -> tuple[Headers, bytes]:
    """A request that is right in every way, but for what a test says."""
    content = compress(encode_batch(EVENTS)) if body is None else body
    more.setdefault("encoding", "gzip")
    return sign(more.pop("link", "persist"), by or key(), content, now=now, nonce=nonce, **more), content


def test_a_signed_batch_is_taken_once(receiver: Receiver) -> None:
    headers, body = signed()
    assert receiver.post(headers, body).status == 202
    assert receiver.kept == EVENTS
    again = receiver.post(headers, body)
    assert (again.status, again.value["error"]) == (409, "this nonce was used before")
    assert receiver.kept == EVENTS
    assert receiver.reports.kinds == ["link-refused"]


def without(name: str) -> Callable[[Headers, bytes], tuple[Headers, bytes]]:
    return lambda headers, body: ({k: v for k, v in headers.items() if k != name}, body)


def changed(**values: str) -> Callable[[Headers, bytes], tuple[Headers, bytes]]:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return lambda headers, body: ({**headers, **named}, body)


TAMPERED = {
    "altered body": lambda headers, body: (headers, body[:-1] + bytes([body[-1] ^ 1])),
    "another body": lambda headers, _body: (headers, compress(encode_batch(EVENTS[:1]))),
    "longer body": lambda headers, body: (headers, body + b"\0"),
    "no body": lambda headers, _body: (headers, b""),
    "metadata added": changed(t2m_meta="{}"),
    "metadata altered": changed(t2m_meta='{"count":2}'),
    "encoding taken away": without("content-encoding"),
    "encoding altered": changed(content_encoding="identity"),
    "encoding in capitals": changed(content_encoding="GZIP"),
    "another link": changed(t2m_link="telemetry"),
    "unknown key": changed(t2m_key_id="key-9"),
    "no key": changed(t2m_key_id=""),
    "later timestamp": changed(t2m_timestamp=str(int(NOW) + 1)),
    "timestamp of 5000 digits": changed(t2m_timestamp="9" * 5000),
    "timestamp in words": changed(t2m_timestamp="now"),
    "timestamp in other digits": changed(t2m_timestamp="１７９００００００００"),
    "another nonce": changed(t2m_nonce="f" * 24),
    "no signature": changed(t2m_signature=""),
    "short signature": lambda headers, body: ({**headers, "t2m-signature": headers["t2m-signature"][:-1]}, body),
    "signature in capitals": lambda h, body: ({**h, "t2m-signature": h["t2m-signature"].upper()}, body),
    "signature not ASCII": changed(t2m_signature="ä" * 64),
    "signature of surrogates": changed(t2m_signature="\ud800" * 64),
    "link not ASCII": changed(t2m_link="persist\u2028"),
    "a line end in the metadata": changed(t2m_meta="a\nb"),
    "metadata without end": changed(t2m_meta="a" * 10_000),
    **{f"without {name}": without(f"t2m-{name}") for name in ("link", "key-id", "timestamp", "nonce", "signature")},
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_what_is_not_signed_so_has_no_effect(
    receiver: Receiver, tamper: Callable[[Headers, bytes], tuple[Headers, bytes]]
) -> None:
    headers, body = signed(meta='{"count":3}')
    answer = receiver.post(*tamper(headers, body))
    assert answer.status in (400, 401)
    assert receiver.kept == []
    assert receiver.reports.kinds == ["link-refused"]
    assert receiver.link.nonces.count() == 0, "a request that is not ours uses no nonce up"
    assert receiver.post(headers, body).status == 202, "the real one still counts"


def test_a_wrong_key_of_the_right_name(receiver: Receiver) -> None:
    headers, body = signed(by=replace_secret(key(), key(7)))
    assert receiver.post(headers, body).status == 401
    assert (receiver.kept, receiver.link.nonces.count()) == ([], 0)


def replace_secret(one: Key, other: Key) -> Key:
    return Key(one.id, other.secret, one.created)


@pytest.mark.parametrize(("off_s", "taken"), [(0, True), (299, True), (-299, True), (302, False), (-302, False)])
def test_the_replay_window(receiver: Receiver, off_s: float, taken: bool) -> None:
    headers, body = signed(now=NOW + off_s)
    assert (receiver.post(headers, body).status == 202) is taken
    assert (receiver.kept == EVENTS) is taken
    assert receiver.link.nonces.count() == taken


def test_a_nonce_is_remembered_as_long_as_its_timestamp_counts(receiver: Receiver) -> None:
    headers, body = signed(now=NOW + REPLAY_WINDOW_S - 1)  # from a sender whose clock is ahead
    assert receiver.post(headers, body).status == 202
    for later in (1.0, REPLAY_WINDOW_S, 2 * REPLAY_WINDOW_S - 2):
        receiver.link.now = NOW + later
        assert receiver.post(headers, body).status == 409
    receiver.link.now = NOW + 2 * REPLAY_WINDOW_S + 1
    assert receiver.post(headers, body).status == 401
    assert receiver.kept == EVENTS


@pytest.mark.parametrize(("nonce", "status"), [("0" * 15, 400), ("0" * 65, 400), ("", 400), ("0" * 16, 202)])
def test_a_nonces_length(receiver: Receiver, nonce: str, status: int) -> None:
    assert receiver.post(*signed(nonce=nonce)).status == status
    assert bool(receiver.kept) is (status == 202)


def test_a_link_that_does_not_end_here(receiver: Receiver) -> None:
    headers, body = signed(link="commands")
    assert receiver.post(headers, body, "commands").status == 404
    assert receiver.post(headers, body, "persist").status == 401, "signed for another link, with a key of this one"
    assert receiver.kept == []


# ── Bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────
MEMBER = gzip.compress(b"[]")
BODIES = {
    "bomb": (gzip.compress(b" " * (MAX_CONTENT_BYTES + 1)), 422),
    "bomb of many members": (MEMBER * 1000, 422),
    "second member": (compress(encode_batch(EVENTS[:1])) + compress(encode_batch(EVENTS[1:])), 422),
    "bomb behind a harmless member": (MEMBER + gzip.compress(b" " * (MAX_CONTENT_BYTES + 1)), 422),
    "gzip in gzip": (gzip.compress(gzip.compress(encode_batch(EVENTS))), 422),
    "cut off": (compress(encode_batch(EVENTS))[:-9], 422),
    "cut off in the check sum": (compress(encode_batch(EVENTS))[:-1], 422),
    "wrong check sum": (compress(encode_batch(EVENTS))[:-8] + b"\0" * 8, 422),
    "zlib, not gzip": (zlib.compress(encode_batch(EVENTS)), 422),
    "not compressed": (encode_batch(EVENTS), 422),
    "oversized": (b"\0" * (MAX_BODY_BYTES + 1), 413),
    "no JSON": (compress(b"hello"), 422),
    "no batch": (compress(b"{}"), 422),
    "not UTF-8": (compress(b'[{"specversion":"1.0","id":"\xff"}]'), 422),
    "no events": (compress(b'[{"id":"a"}]'), 422),
    "another version": (compress(encode_batch(EVENTS).replace(b'"1.0"', b'"2.0"')), 422),
    "nested without end": (compress(encode_batch(EVENTS[:1]).replace(b'{"t":0}', b"[" * 5000 + b"]" * 5000)), 422),
    "too many": (compress(encode_batch(EVENTS[:1] * 20_001)), 422),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_bodies_that_cannot_be_taken(receiver: Receiver, body: bytes, status: int) -> None:
    headers, _ = signed(body)
    assert receiver.post(headers, body).status == status
    assert receiver.kept == []
    assert receiver.reports.kinds == ["link-refused"]
    assert receiver.reports.all[0].link == "persist"


def test_an_unknown_encoding(receiver: Receiver) -> None:
    assert receiver.post(*signed(encoding="br")).status == 422
    assert receiver.kept == []


def test_content_of_just_the_largest_size_is_taken() -> None:
    assert len(decompress(compress(b" " * MAX_CONTENT_BYTES), "gzip")) == MAX_CONTENT_BYTES
    with pytest.raises(RejectedError, match="larger"):
        decompress(compress(b" " * (MAX_CONTENT_BYTES + 1)), "gzip")


def test_a_bomb_takes_no_memory() -> None:
    import tracemalloc

    bomb = gzip.compress(gzip.compress(b"\0" * 2**28, 9), 9)  # 256 MiB in some hundred bytes, twice packed
    inner = gzip.decompress(bomb)
    tracemalloc.start()
    with pytest.raises(RejectedError):
        decompress(inner, "gzip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_CONTENT_BYTES


# ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_two_live_keys_and_then_one(receiver: Receiver) -> None:
    old, new = key(1), key(2)
    receiver.link.write(new, old)
    receiver.link.source.forget()
    for number, each in enumerate((old, new)):
        assert receiver.post(*signed(by=each, nonce=f"{number:024}")).status == 202
    receiver.link.write(new)
    receiver.link.source.forget()
    assert receiver.post(*signed(by=old, nonce="9" * 24)).status == 401
    assert receiver.post(*signed(by=new, nonce="8" * 24)).status == 202


def test_a_new_key_is_looked_for_but_not_at_every_bogus_request(receiver: Receiver) -> None:
    assert receiver.post(*signed(nonce="1" * 24)).status == 202
    receiver.link.write(key(2), key(1))
    for _ in range(20):  # the clock of the links document ticks a tenth of a second at each look
        receiver.post(*signed(by=key(9), nonce="2" * 24))
    assert receiver.post(*signed(by=key(2), nonce="3" * 24)).status == 202
    reads: list[str] = []
    secrets = receiver.link.source._secrets

    class Counting:
        def get(self, name: str) -> str:
            reads.append(name)
            return secrets.get(name)

        def put(self, name: str, value: str) -> None:
            raise AssertionError

    receiver.link.source._secrets = Counting()
    for _ in range(200):
        assert receiver.post(*signed(by=key(9), nonce="4" * 24)).status == 401
    assert 0 < len(reads) <= 100, "strangers do not make the secret store work at each request"


def test_no_document_yet_and_a_broken_one(receiver: Receiver) -> None:
    receiver.link.secrets.put(LINKS_SECRET, "{")
    receiver.link.source.forget()
    answer = receiver.post(*signed())
    assert answer.status == 503, "the sender keeps its batch: nothing is wrong with it"
    with pytest.raises(StoreError, match="wire the twin again"):
        receiver.link.source.document()
    receiver.link.secrets.put(LINKS_SECRET, "{}")
    receiver.link.source.forget()
    assert receiver.post(*signed()).status == 401
    assert receiver.kept == []


def test_secrets_show_up_nowhere(receiver: Receiver) -> None:
    one = key(3)
    peer = Peer("https://example.org", (one,))
    shown = [repr(one), str(one), repr(peer), repr(LinksDocument({"persist": peer}, {"persist": (one,)}))]
    shown += [repr(receiver.link.source), repr(receiver.receive)]
    shown += [str(vars(answer)) for answer in (receiver.post(*signed(by=one)), receiver.post({}, b""))]
    shown += [str(msgspec.to_builtins(report)) for report in receiver.reports.all]
    for text in shown:
        assert one.secret not in text
        assert one.bytes.hex() not in text
        assert repr(one.bytes) not in text


# ── What stands behind ──────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("quota", [False, True])
def test_a_store_that_fails_makes_the_sender_come_again(receiver: Receiver, quota: bool) -> None:
    failing: list[Any] = [StoreError("no", quota=quota, retry_after_s=7.2)]

    def hand(events: Any) -> None:
        if failing:
            raise failing.pop()
        receiver.kept.extend(events)

    receiver.receive._hands["persist"] = hand
    answer = receiver.post(*signed())
    assert (answer.status, answer.headers) == (503, {"retry-after": "7"})
    (report,) = receiver.reports.all
    assert (report.layer, report.kind) == ("L3", "quota" if quota else "write-failed")
    assert receiver.post(*signed(nonce="5" * 24)).status == 202
    assert receiver.kept == EVENTS


def test_queries(receiver: Receiver) -> None:
    receiver.link.write(key(), signing=key())
    document = LinksDocument({}, {"history": (key(),)})
    receiver.link.secrets.put(LINKS_SECRET, msgspec.json.encode(document).decode())
    receiver.link.source.forget()
    for number, (content, status) in enumerate([(b'{"a":1}', 200), (b"[]", 422), (b"{", 422), (b"\xff", 422)]):
        headers, body = signed(compress(content), link="history", nonce=f"{number:024}")
        assert receiver.post(headers, body, "history").status == status

    def fails(_query: Any) -> Any:
        raise StoreError("down")

    receiver.receive._queries["history"] = fails
    headers, body = signed(compress(b"{}"), link="history", nonce="7" * 24)
    assert receiver.post(headers, body, "history").status == 503
    report = receiver.reports.all[-1]
    assert (report.layer, report.kind) == ("L5", "read-failed")
