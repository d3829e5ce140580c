"""Asking providers over HTTP: https only, no redirects, answers of bounded size and time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx2

from twin2multicloud.app.errors import SignInRefusedError, UnavailableError
from twin2multicloud.app.settings import LOOPBACK

_MOST_BYTES: Final = 1 << 20
_TIMEOUT_S: Final = 10.0


class _Bounded(httpx2.SyncByteStream):
    def __init__(self, inner: Any, url: str) -> None:
        self._inner = inner
        self._url = url

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        for chunk in self._inner:
            seen += len(chunk)
            if seen > _MOST_BYTES:
                raise UnavailableError(f"{self._url} answers with more than {_MOST_BYTES} bytes")
            yield chunk

    def close(self) -> None:
        self._inner.close()


def _only_secure(request: httpx2.Request) -> None:
    check_url(str(request.url))


def _bound(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UnavailableError(f"{response.url} answers compressed, which was not asked for")
    response.stream = _Bounded(response.stream, str(response.url.copy_with(query=None)))


_OPTIONS: Final[dict[str, Any]] = {
    "timeout": _TIMEOUT_S,
    "follow_redirects": False,
    "event_hooks": {"request": [_only_secure], "response": [_bound]},
}
# Compressed answers could be small on the wire and huge in memory.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


def check_url(url: str) -> str:
    """The same; `UnavailableError` unless it is https, or a provider on this machine."""
    try:
        parts = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise UnavailableError(f"{url[:200]!r} is no address") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.host in LOOPBACK):
        raise UnavailableError(f"{url[:200]} is not https; a provider is asked over https only")
    return url


@contextmanager
def oauth(**options: Any) -> Iterator[Any]:
    """An OAuth client for one exchange (authlib's, over our HTTP client). What goes wrong becomes an error of ours,
    without what was sent: `UnavailableError` for no answer, `SignInRefusedError` for a refusal.
    """
    # Loaded when somebody signs in by a provider, which most processes never see.
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.httpx_client import OAuth2Client

    with telling_errors(), OAuth2Client(**_OPTIONS, **options) as client:
        try:
            yield client
        except OAuthError as error:
            raise SignInRefusedError(
                f"the provider refused the login ({one_word(error.error)}); begin again"
            ) from error


@contextmanager
def telling_errors() -> Iterator[None]:
    """Errors of HTTP as ours."""
    try:
        yield
    except httpx2.HTTPStatusError as error:
        status, where = error.response.status_code, error.request.url.host
        raise UnavailableError(f"{where} answers {status}; try again in a moment") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise UnavailableError(f"the provider does not answer ({type(error).__name__}); try again later") from error
    except ValueError as error:
        raise UnavailableError("the provider's answer cannot be read; try again in a moment") from error


def get_json(url: str, bearer: str | None = None, accept: str = "application/json") -> Any:
    """What a GET answers. `UnavailableError` if that is no JSON."""
    headers = {**_HEADERS, "Accept": accept}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    with telling_errors(), httpx2.Client(**_OPTIONS) as client:
        answer = client.get(url, headers=headers)
        answer.raise_for_status()
        return answer.json()


def one_word(value: Any) -> str:
    """An error code of a provider's, if it looks like one."""
    text = value if isinstance(value, str) else ""
    return text if 0 < len(text) <= 60 and all(c.isalnum() or c in "_-." for c in text) else "unknown_error"
