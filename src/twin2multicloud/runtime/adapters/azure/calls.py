"""What all calls of Azure's SDKs share: bounded time and retries, and what each way of failing means to a handler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from azure.core.exceptions import AzureError, HttpResponseError

from twin2multicloud.runtime.failures import RejectedError, StoreError

T = TypeVar("T")
R = TypeVar("R")

CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 20

LIMITS: Final[dict[str, Any]] = {
    "connection_timeout": CONNECT_TIMEOUT_S,
    "read_timeout": READ_TIMEOUT_S,
    "retry_total": 2,
    "retry_connect": 2,
    "retry_read": 1,
    # A bad status goes to the caller at once, with what the service asked for: the queue that feeds a handler waits
    # better than a function that is billed while it sleeps.
    "retry_status": 0,
    "retry_backoff_factor": 0.2,
    "retry_backoff_max": 1,
}
"""Options of every client of azure-core; where an SDK has its own names, its adapter says the same in those."""

STORAGE_RETRY: Final[dict[str, Any]] = {
    "backoff": 1,
    "random_jitter_range": 1,
    "retry_total": 2,
    "retry_connect": 2,
    "retry_read": 1,
    "retry_status": 0,
}
"""The same for the storage SDKs, whose own policy waits 15 s and more between attempts."""

PARALLEL: Final = 8
"""Calls that one port method may have under way at a time."""

_MESSAGE_CHARACTERS: Final = 200
_REFUSED: Final = frozenset({400, 411, 413, 414, 415, 422})
_THROTTLED_CODES: Final = frozenset({"ServerBusy", "TooManyRequests", "QuotaExceeded", "ThrottlingException"})


def retry_after_s(headers: Any) -> float | None:
    """Seconds a service asked to wait: `Retry-After` in either form, or Azure's two headers in milliseconds."""
    lower = {str(key).lower(): str(value) for key, value in dict(headers or {}).items()}
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        try:
            return max(float(lower[name]) / 1000, 0.0)
        except (KeyError, ValueError):
            continue
    text = lower.get("retry-after", "")
    try:
        return max(float(text), 0.0)
    except ValueError:
        pass
    try:
        until, sent = parsedate_to_datetime(text), parsedate_to_datetime(lower["date"])
    except (KeyError, ValueError):
        return None
    return max((until - sent).total_seconds(), 0.0)


def first_line(text: object) -> str:
    """The gist of an SDK's long message."""
    lines = str(text).strip().splitlines()
    return lines[0][:_MESSAGE_CHARACTERS] if lines else ""


def failure(what: str, status: int | None, code: str, message: object, headers: Any) -> StoreError | RejectedError:
    """The runtime's failure for a service's answer; `code` is the service's own error code, "" if it gives none."""
    said = f"{what}: {status or 'no status'} {code} {first_line(message)}".rstrip()
    if status in _REFUSED and code not in _THROTTLED_CODES:
        return RejectedError(said)
    quota = status in (429, 507) or code in _THROTTLED_CODES
    return StoreError(said, quota=quota, retry_after_s=retry_after_s(headers))


def service_code(error: HttpResponseError) -> str:
    """The service's own error code ("BlobNotFound", "ValidationFailed"), "" if there is none."""
    code = getattr(error, "error_code", None) or getattr(getattr(error, "error", None), "code", None)
    return str(getattr(code, "value", code) or "")


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn an SDK's exceptions into the runtime's; `what` says what was tried, as in "write record".

    Callers handle the statuses they expect (not found, exists, precondition failed) inside.
    """
    try:
        yield
    except HttpResponseError as error:
        headers = getattr(getattr(error, "response", None), "headers", None)
        status = error.status_code
        raise failure(what, status, service_code(error), error.message, headers) from error
    except AzureError as error:
        # No answer: connection refused, timed out, no token to be had.
        raise StoreError(f"{what}: {first_line(error.message or type(error).__name__)}") from error


class Pool:
    """A few threads for calls that do not depend on each other. `close` ends them."""

    def __init__(self, size: int = PARALLEL) -> None:
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="t2m-azure")

    def each(self, call: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """`call` of each item, in their order. All are tried; the first failure is raised at the end."""
        if len(items) < 2:
            return [call(item) for item in items]
        futures: list[Future[R]] = [self._threads.submit(call, item) for item in items]
        wait(futures)
        return [future.result() for future in futures]

    def close(self) -> None:
        """Wait for what is under way and end the threads."""
        self._threads.shutdown()
