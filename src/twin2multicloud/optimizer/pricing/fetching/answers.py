"""What answers of a price list mean: whether to ask again, whether a body goes on, whether it is whole."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2

from twin2multicloud.model.errors import PriceError, UsageError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.kept import Begun, KeptAnswer

PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may pass."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Again(Exception):  # noqa: N818 - it is a request rather than an error, and never leaves this package
    """It is worth asking again, after `after_s` at the soonest if the server says so."""

    def __init__(self, problem: str, after_s: float | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.after_s = after_s


def check_origin(provider: Provider, origin: str) -> None:
    """`UsageError` unless the origin is https, or on this machine."""
    parts = urlsplit(origin)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return
    raise UsageError(f"{origin!r} cannot be asked for prices of {provider.label}; name an https:// address")


def on_origin(origin: str, address: str) -> str:
    """The address, whole; `PriceError` if it leads to another origin. To name the usual port makes it no other."""
    there, here = urlsplit(urljoin(origin + "/", address)), urlsplit(origin)
    try:
        same = (there.scheme, there.hostname, _port(there)) == (here.scheme, here.hostname, _port(here))
    except ValueError:
        same = False
    if not same or there.username is not None:
        raise PriceError(f"the price list of {origin} leads to {there.scheme}://{there.netloc}, which is not followed")
    return there._replace(netloc=here.netloc).geturl()


def _port(parts: SplitResult) -> int | None:
    return parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def shown(url: str) -> str:
    """The address without its query, for people."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def advice(status: int) -> str:
    """What to do about a status that does not pass."""
    if status in (401, 403):
        return "; the key or token given for it is missing, wrong, or may not read prices"
    if 300 <= status < 400:
        return "; it leads elsewhere, which is not followed"
    return ""


def size(part: Path) -> int:
    """How many bytes are there."""
    return part.stat().st_size if part.exists() else 0


def conditions(known: KeptAnswer | None, begun: Begun | None, had: int) -> dict[str, str]:
    """Headers that ask for the rest of a body, or for a body only if it is another than the one known."""
    if begun is not None and begun.validator and had:
        return {"Range": f"bytes={had}-", "If-Range": begun.validator}
    if known is None:
        return {}
    if known.etag:
        return {"If-None-Match": known.etag}
    return {"If-Modified-Since": known.last_modified} if known.last_modified else {}


def beginning(answer: httpx2.Response) -> Begun:
    """What the headers of a whole answer tell of its body. Weak tags tell the same content, not the same bytes."""
    headers = answer.headers
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    length = headers.get("content-length", "")
    return Begun(
        validator=etag if etag and not etag.startswith("W/") else modified,
        length=int(length) if length.isdigit() else None,
        digest=_digest(headers),
        etag=etag,
        last_modified=modified,
    )


def continues(answer: httpx2.Response, begun: Begun, part: Path) -> bool:
    """Whether a partial answer is exactly what is missing."""
    unit, _, span = answer.headers.get("content-range", "").partition(" ")
    places, _, total = span.partition("/")
    start = places.partition("-")[0]
    if unit != "bytes" or not start.isdigit() or int(start) != size(part):
        return False
    return begun.length is None or total == "*" or total == str(begun.length)


def check_whole(part: Path, begun: Begun) -> None:
    """`ValueError` unless the body has the length and the checksum that were announced."""
    had = size(part)
    if begun.length is not None and had != begun.length:
        raise ValueError(f"{had} bytes of {begun.length}")
    if begun.digest:
        algorithm, _, expected = begun.digest.partition(":")
        with part.open("rb") as file:
            actual = hashlib.file_digest(file, algorithm).hexdigest()
        if actual != expected:
            raise ValueError(f"its {algorithm} is {actual}, not {expected}")


def retry_after_s(answer: httpx2.Response, now: datetime) -> float | None:
    """The seconds after which the server wants to be asked again: it gives a number of them, or a date."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at - now).total_seconds(), 0.0) if at.tzinfo else None


def _digest(headers: httpx2.Headers) -> str:
    """The checksum of the whole body, if one is stated: RFC 9530's Repr-Digest, or the older Content-MD5."""
    for item in headers.get("repr-digest", "").split(","):
        name, _, value = item.strip().partition("=")
        if name == "sha-256":
            return _hex("sha256", value.strip(":"))
    return _hex("md5", headers.get("content-md5", ""))


def _hex(algorithm: str, encoded: str) -> str:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return f"{algorithm}:{raw.hex()}" if raw else ""
