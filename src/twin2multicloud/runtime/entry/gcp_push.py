"""What Pub/Sub and Cloud Scheduler send to a function: pushed messages, and the token that says who sends them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from twin2multicloud.runtime.times import to_epoch

CERTIFICATES_URL: Final = "https://www.googleapis.com/oauth2/v1/certs"
_ISSUERS: Final = ("accounts.google.com", "https://accounts.google.com")
_CERTIFICATES_S: Final = 3600.0
_AGAIN_S: Final = 60.0
_SKEW_S: Final = 30


class Delivery(msgspec.Struct, frozen=True):
    """One delivery of a Pub/Sub message. `id` is the message's, `token` what acknowledges a pulled one, `published` in
    seconds since 1970; `attempts` counts deliveries where the subscription has a dead-letter policy, else it is 0.
    """

    id: str
    data: bytes
    attributes: Mapping[str, str]
    published: float
    attempts: int = 0
    token: str = ""


class _Message(msgspec.Struct, rename="camel"):
    message_id: str
    publish_time: str
    data: bytes = b""
    attributes: dict[str, str] = {}


class _Push(msgspec.Struct, rename="camel"):
    message: _Message
    delivery_attempt: int = 0


_PUSH: Final = msgspec.json.Decoder(_Push)


def pushed(body: bytes) -> Delivery:
    """The message in the body of a push, or of the CloudEvent that Eventarc makes of it; `ValueError` if it is none.

    Read here and not by the functions framework, which refuses messages without data: they would come again for ever.
    """
    push = _PUSH.decode(body)
    message = push.message
    return Delivery(
        message.message_id, message.data, message.attributes, to_epoch(message.publish_time), push.delivery_attempt
    )


class TokenError(Exception):
    """A request does not show the token it must show."""


class TokenCheck:
    """Checks `Authorization: Bearer <OIDC token>`: signed by Google, for `audience`, of service account `account`.

    `fetch` gets Google's certificates by key id, `monotonic` counts their age. They are kept for an hour and asked for
    again, once a minute at most, when a token names one that is not among them.
    """

    def __init__(
        self,
        audience: str,
        account: str,
        *,
        fetch: Callable[[], Mapping[str, str]],
        monotonic: Callable[[], float],
    ) -> None:
        self._audience = audience
        self._account = account
        self._fetch = fetch
        self._monotonic = monotonic
        self._certificates: Mapping[str, str] = {}
        self._fetched = float("-inf")
        self._lock = threading.Lock()

    def __call__(self, authorization: str) -> None:
        """Raise `TokenError` unless the header's value is as it must be."""
        from google.auth import jwt

        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenError("a token of Google's is missing")
        try:
            header = jwt.decode_header(token)  # type: ignore[no-untyped-call]
            certificates = self._certificates_with(str(header.get("kid", "")))
            claims = jwt.decode(  # type: ignore[no-untyped-call]
                token, certs=certificates, audience=self._audience, clock_skew_in_seconds=_SKEW_S
            )
        except ValueError as error:
            raise TokenError("the token is not valid here") from error
        if claims.get("iss") not in _ISSUERS:
            raise TokenError("the token is not Google's")
        if claims.get("email") != self._account or claims.get("email_verified") is not True:
            raise TokenError("the token is somebody else's")

    def _certificates_with(self, key: str) -> Mapping[str, str]:
        with self._lock:
            age = self._monotonic() - self._fetched
            if age >= _CERTIFICATES_S or (key not in self._certificates and age >= _AGAIN_S):
                self._certificates = self._fetch()
                self._fetched = self._monotonic()
            return self._certificates


def google_certificates(url: str = CERTIFICATES_URL) -> Mapping[str, str]:
    """Google's certificates by key id. Raises `OSError` when they cannot be had."""
    from google.auth.exceptions import TransportError
    from google.auth.transport.requests import Request

    try:
        answer = Request()(url, method="GET", timeout=5)
    except TransportError as error:
        raise OSError(f"Google's certificates: {error}") from error
    if answer.status != 200:
        raise OSError(f"Google's certificates: HTTP {answer.status}")
    return msgspec.json.decode(answer.data, type=dict[str, str])
