"""Links: every hop between two places is one signed HTTPS POST, with the same client and receiver for all of them.

What is signed: HMAC-SHA256 with the link's key over protocol version, link, key id, timestamp, nonce, content
encoding, metadata and the SHA-256 of the body as sent. A receiver holds up to two live keys per link, so that keys
can be rotated while running. It refuses what is not signed by one of them, what is older or newer than the replay
window, and a nonce it has seen; none of these has any effect, and a wrong signature does not use up a nonce.

Who talks to whom stands in the *links document* of each cloud, a secret that the wiring step writes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import Nonces, Secrets

REPLAY_WINDOW_S: Final = 300.0
MAX_BODY_BYTES: Final = 6 * 2**20
"""Largest body as sent; functions accept about 6 MB."""
MAX_CONTENT_BYTES: Final = 24 * 2**20
"""Largest body after decompression."""
LINKS_SECRET: Final = "links"  # the document's name in the secret store  # noqa: S105

_VERSION: Final = "t2m1"
LINK, KEY_ID, TIMESTAMP, NONCE, META, SIGNATURE = (
    "t2m-link",
    "t2m-key-id",
    "t2m-timestamp",
    "t2m-nonce",
    "t2m-meta",
    "t2m-signature",
)
_HEADERS: Final = (LINK, KEY_ID, TIMESTAMP, NONCE, META, SIGNATURE, "content-encoding")
_HEADER_CHARACTERS: Final = 2048


class Key(msgspec.Struct, frozen=True):
    """A link's key: `secret` in base64, `created` in seconds since 1970 (wall clock). Its repr keeps the secret."""

    id: str
    secret: str
    created: float

    def __repr__(self) -> str:
        return f"Key({self.id!r})"

    @property
    def bytes(self) -> bytes:
        """The key itself."""
        return base64.b64decode(self.secret)


class Peer(msgspec.Struct, frozen=True):
    """Where a link leads, and the keys to sign with, the newest first."""

    url: str
    keys: tuple[Key, ...]


class LinksDocument(msgspec.Struct, frozen=True):
    """What one cloud knows about its links: `out` by link name, and the keys that `into` it are accepted."""

    out: dict[str, Peer] = {}
    into: dict[str, tuple[Key, ...]] = {}


class LinkRefusedError(Exception):
    """A request that is not accepted: HTTP `status` and a reason that tells an attacker nothing new."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class LinksSource:
    """The links document of the own cloud, read again every `max_age_s` seconds and after `forget`."""

    def __init__(self, secrets: Secrets, clock: Callable[[], float], max_age_s: float = 30.0) -> None:
        self._secrets = secrets
        self._clock = clock
        self._max_age_s = max_age_s
        self._read = -1e300
        self._document = LinksDocument()

    def document(self) -> LinksDocument:
        """The document; an empty one where none has been written yet."""
        now = self._clock()
        if not 0 <= now - self._read < self._max_age_s:
            try:
                self._document = msgspec.json.decode(self._secrets.get(LINKS_SECRET), type=LinksDocument)
            except KeyError:
                self._document = LinksDocument()
            except msgspec.DecodeError as error:
                raise StoreError(
                    f"secret '{LINKS_SECRET}' is no links document ({error}); wire the twin again"
                ) from None
            self._read = now
        return self._document

    def forget(self, older_than_s: float = 0.0) -> None:
        """Read the document anew at the next use, if it is older than so many seconds: a peer refused the key, the
        wiring says so, or somebody shows a key that nobody knows (which may be anybody, so not at every request)."""
        if not 0 <= self._clock() - self._read < older_than_s:
            self._read = -1e300


def _signature(key: Key, parts: Sequence[str], body: bytes) -> str:
    text = "\n".join((_VERSION, *parts, hashlib.sha256(body).hexdigest()))
    return hmac.new(key.bytes, text.encode(), hashlib.sha256).hexdigest()


def sign(
    link: str, key: Key, body: bytes, *, now: float, nonce: str, encoding: str = "", meta: str = ""
) -> dict[str, str]:
    """The headers of a POST. `now` is the wall clock, `nonce` unique, `encoding` that of the body."""
    stamp = str(int(now))
    headers = {
        LINK: link,
        KEY_ID: key.id,
        TIMESTAMP: stamp,
        NONCE: nonce,
        SIGNATURE: _signature(key, (link, key.id, stamp, nonce, encoding, meta), body),
    }
    if encoding:
        headers["content-encoding"] = encoding
    if meta:
        headers[META] = meta
    return headers


def verify(
    link: str, headers: Mapping[str, str], body: bytes, keys: Sequence[Key], *, now: float, nonces: Nonces
) -> str:
    """Check a POST to `link` and return its metadata. `headers` in lower case. Raises `LinkRefusedError`."""
    if len(body) > MAX_BODY_BYTES:
        raise LinkRefusedError(413, f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are taken")
    try:
        named, key_id, stamp, nonce, given = (headers[n] for n in (LINK, KEY_ID, TIMESTAMP, NONCE, SIGNATURE))
    except KeyError as error:
        raise LinkRefusedError(401, f"header {error} is missing") from error
    for name in _HEADERS:
        value = headers.get(name, "")
        # Line ends would make one signed text of two requests.
        if len(value) > _HEADER_CHARACTERS or not (value.isascii() and value.isprintable()):
            raise LinkRefusedError(
                400, f"header {name} is not printable ASCII of at most {_HEADER_CHARACTERS} characters"
            )
    meta, encoding = headers.get(META, ""), headers.get("content-encoding", "")
    key = next((key for key in keys if key.id == key_id), None)
    if key is None or named != link:
        raise LinkRefusedError(401, "no such key on this link")
    expected = _signature(key, (link, key_id, stamp, nonce, encoding, meta), body)
    if not hmac.compare_digest(expected, given):
        raise LinkRefusedError(401, "the signature does not match")
    # From here on the sender is known.
    if not stamp.isascii() or not stamp.isdigit() or abs(now - int(stamp[:16])) > REPLAY_WINDOW_S:
        raise LinkRefusedError(401, f"the timestamp is more than {REPLAY_WINDOW_S:.0f} s off")
    if not 16 <= len(nonce) <= 64:
        raise LinkRefusedError(400, "a nonce has 16 to 64 characters")
    if not nonces.first_use(link, nonce, int(stamp) + 2 * REPLAY_WINDOW_S):
        raise LinkRefusedError(409, "this nonce was used before")
    return meta


def compress(content: bytes) -> bytes:
    """Gzip, the same bytes for the same content."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def decompress(body: bytes, encoding: str) -> bytes:
    """The content of a body; a bomb or broken gzip is a `RejectedError` before it takes memory.

    One gzip member and nothing after it: a second one would be lost, or be a bomb.
    """
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise RejectedError(f"content-encoding {encoding[:40]!r} is not taken; use gzip")
    reader = zlib.decompressobj(wbits=31)
    try:
        content = reader.decompress(body, MAX_CONTENT_BYTES + 1)
    except zlib.error as error:
        raise RejectedError(f"the body is not gzip: {error}") from error
    if len(content) > MAX_CONTENT_BYTES:
        raise RejectedError(f"the content is larger than {MAX_CONTENT_BYTES} bytes")
    if not reader.eof:
        raise RejectedError("the gzip body ends too early")
    if reader.unused_data:
        raise RejectedError("something follows the gzip body")
    return content
