"""Posting to webhooks: signed, to public addresses only, nowhere else than where it was sent to.

Whoever owns a workspace chooses where the server posts to, so an address is looked up once, must be public (or within
`webhooks.private_networks`), and is the very one that is connected to: a name that answers differently a moment later
leads nowhere. Redirects are not followed, and proxies of the environment are not used.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import httpx2

from twin2multicloud.app.settings import Webhooks

VERSION: Final = "t2m-notice1"
"""What is signed begins with it, so that a signature holds for nothing else."""
_TIMEOUT_S: Final = 10.0
_LONGEST_WAIT_S: Final = 3_600.0
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
Address = IPv4Address | IPv6Address
Lookup = Callable[[str, int], Sequence[str]]
"""The addresses of a host; OSError where there are none."""


class DeliveryError(Exception):
    """It could not be told now; `retry_after_s` is what the other side asked for. The text holds no secret."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Webhook:
    """Where to post, and what to sign with."""

    url: str
    secret: str

    def __repr__(self) -> str:
        return f"Webhook({shown(self.url)})"


def shown(url: str) -> str:
    """What may be shown of a webhook's address: scheme and host, since the rest is a secret often enough."""
    try:
        parts = httpx2.URL(url)
    except httpx2.InvalidURL:
        return "…"
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.host}{port}/…"


def signature(secret: str, notice: str, timestamp: str, nonce: str, body: bytes) -> str:
    """HMAC-SHA256 over version, notice, time, nonce and the body's hash, each on a line of its own; in hex."""
    text = "\n".join((VERSION, notice, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def looked_up(host: str, port: int) -> Sequence[str]:
    """What the system's resolver knows."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_address(url: str, settings: Webhooks, lookup: Lookup = looked_up) -> str:
    """The address to connect to; `DeliveryError` for one that nothing may be posted to, or a name without one."""
    try:
        parts = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise DeliveryError("it is no address") from error
    if parts.scheme not in ("https", "http") or not parts.host or parts.userinfo:
        raise DeliveryError("it is not https://HOST/PATH without a user's name")
    try:
        found = [ip_address(each.partition("%")[0]) for each in lookup(parts.host, _port(parts))]
    except (OSError, ValueError) as error:
        raise DeliveryError(f"{parts.host} is not known ({type(error).__name__})") from error
    if not found:
        raise DeliveryError(f"{parts.host} has no address")
    allowed = [ip_network(each) for each in settings.private_networks]
    for address in found:
        if any(address in network for network in allowed):
            continue
        if not _is_public(address):
            raise DeliveryError(
                f"{parts.host} is at {address}, which is not a public address; an operator of this server can allow it "
                "by the setting webhooks.private_networks"
            )
        if parts.scheme != "https":
            raise DeliveryError(f"{parts.host} is at a public address, which is told over https:// only")
    return str(found[0])


def post(
    webhook: Webhook,
    notice: str,
    body: bytes,
    nonce: str,
    settings: Webhooks,
    *,
    now: Callable[[], float] = time.time,
    lookup: Lookup = looked_up,
) -> None:
    """Post once; `DeliveryError` unless it was answered with 2xx. `notice` is the same with every attempt, `nonce` is
    not.
    """
    address = check_address(webhook.url, settings, lookup)
    url = httpx2.URL(webhook.url)
    timestamp = str(int(now()))
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "User-Agent": "twin2multicloud",
        "Accept-Encoding": "identity",
        "Idempotency-Key": notice,
        "T2M-Notice": notice,
        "T2M-Timestamp": timestamp,
        "T2M-Nonce": nonce,
        "T2M-Signature": signature(webhook.secret, notice, timestamp, nonce, body),
    }
    try:
        with (
            httpx2.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers=headers,
                extensions={"sni_hostname": url.host},
            ) as answer,
        ):
            status, wait = answer.status_code, _asked_wait_s(answer.headers.get("retry-after"), now())
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise DeliveryError(f"{url.host} does not answer ({type(error).__name__})") from error
    if 300 <= status < 400:
        raise DeliveryError(f"{url.host} answers {status}; redirects are not followed, so write where it leads to")
    if not 200 <= status < 300:
        raise DeliveryError(f"{url.host} answers {status}", wait if status in (_TOO_MANY, _UNAVAILABLE) else None)


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _is_public(address: Address) -> bool:
    """Whether it is of the internet, also what is wrapped in an address of the newer kind."""
    if isinstance(address, IPv6Address):
        for inner in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())):
            if inner is not None:
                return inner.is_global and not inner.is_multicast
        if address in _TRANSLATED:
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast


_TRANSLATED: Final = ip_network("64:ff9b::/96")


def _asked_wait_s(text: str | None, now: float) -> float | None:
    """What `Retry-After` says, as seconds or as a date; an hour at most."""
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(found, 0.0), _LONGEST_WAIT_S)
