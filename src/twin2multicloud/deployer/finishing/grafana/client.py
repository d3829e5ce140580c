"""Grafana's HTTP API over the standard library: JSON both ways, patient with a server that is starting."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

_TIMEOUT_S: Final = 30.0
_MOST_BYTES: Final = 16 * 2**20
_AGAIN: Final = frozenset({429, 502, 503, 504})
_ATTEMPTS: Final = 5
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 20.0


class GrafanaError(Exception):
    """What Grafana said instead of doing it; `status` is None when it did not answer."""

    def __init__(self, status: int | None, message: str) -> None:
        super().__init__(message)
        self.status = status


class Grafana:
    """A Grafana at `url`, which may have a path. `headers` sign in; what they hold appears in no error.

    Requests that may be repeated are: everything we create has a uid of ours, so that a creation which was answered
    too late shows as a conflict. `sleep` and `monotonic` count seconds, `tls` is for stand-ins.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise GrafanaError(None, f"'{url[:200]}' is no address of Grafana")
        self.url = url.rstrip("/")
        self._plain = parts.scheme == "http"
        self._host = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._headers = dict(headers)
        self._tls = tls
        self._sleep = sleep
        self._monotonic = monotonic
        self._connection: http.client.HTTPConnection | None = None

    def __repr__(self) -> str:
        return f"Grafana({self.url!r})"

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def wait(self, seconds: float, told: Callable[[str], None] = lambda _text: None) -> str:
        """Wait until it answers and its database is there; its version. `GrafanaError` if that takes too long."""
        until = self._monotonic() + seconds
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                found = self._once("GET", "/api/health", None, {})
                if found.get("database") == "ok":
                    return str(found.get("version", ""))
                problem = "its database is not ready"
            except GrafanaError as error:
                problem = str(error)
            if self._monotonic() + wait_s > until:
                raise GrafanaError(None, f"{self.url} is not ready after {seconds:.0f} s: {problem}")
            told(f"waiting for {self.url}: {problem}")
            self._sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def get(self, path: str) -> Any:
        """A document, None where there is none (404)."""
        try:
            return self.ask("GET", path)
        except GrafanaError as error:
            if error.status == 404:
                return None
            raise

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """A request's answer; `GrafanaError` for one that refuses."""
        wait_s = _FIRST_WAIT_S
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(method, path, body, headers or {})
            except GrafanaError as error:
                if attempt == _ATTEMPTS or not (error.status is None or error.status in _AGAIN):
                    raise
            self._sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Any, more: Mapping[str, str]) -> Any:
        content = None if body is None else msgspec.json.encode(body)
        headers = {"accept": "application/json", **self._headers, **more}
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            if self._connection is None:
                self._connection = self._open()
            self._connection.request(method, self._path + path, content, headers)
            answer = self._connection.getresponse()
            read = answer.read(_MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise GrafanaError(None, f"{self.url} does not answer: {error or type(error).__name__}") from error
        if answer.will_close or len(read) > _MOST_BYTES:
            self.close()
        if answer.status >= 300:
            raise GrafanaError(answer.status, f"{method} {path.split('?')[0]}: {answer.status}: {_message(read)}")
        try:
            return msgspec.json.decode(read) if read.strip() else {}
        except msgspec.DecodeError as error:
            raise GrafanaError(answer.status, f"{method} {path.split('?')[0]}: the answer is no JSON") from error

    def _open(self) -> http.client.HTTPConnection:
        if self._plain:
            return http.client.HTTPConnection(self._host, timeout=_TIMEOUT_S)
        return http.client.HTTPSConnection(
            self._host, timeout=_TIMEOUT_S, context=self._tls or ssl.create_default_context()
        )


def _message(content: bytes) -> str:
    try:
        found = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return "no reason given"
    return str(found.get("message", "no reason given"))[:300] if isinstance(found, dict) else "no reason given"
