"""How calls to Google Cloud are made: bounded in time, tried again while that may help, their errors in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from requests.exceptions import RequestException

from twin2multicloud.runtime.failures import RejectedError, StoreError

_TOO_LARGE: Final = 413

# google.rpc.Code, as the answers to batches carry them.
OK, INVALID_ARGUMENT, ALREADY_EXISTS, FAILED_PRECONDITION = 0, 3, 6, 9
RESOURCE_EXHAUSTED: Final = 8


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Run calls to a service; `what` names it in errors.

    Throttling and full quotas become a `StoreError` with `quota`, what the service can never accept a
    `RejectedError`, everything else that goes wrong a `StoreError`. `NotFound`, `AlreadyExists` and
    `PreconditionFailed` mean something to the caller and are to be caught inside.
    """
    try:
        yield
    except exceptions.RetryError as error:
        cause = error.cause if error.cause is not None else error
        raise StoreError(f"{what}: gave up after several tries: {_short(cause)}") from error
    except exceptions.GoogleAPICallError as error:
        if isinstance(error, exceptions.TooManyRequests):  # ResourceExhausted is one
            raise StoreError(f"{what}: {_short(error)}", quota=True, retry_after_s=_retry_after(error)) from error
        # Other 400s, such as a missing index, are put right without changing what is sent.
        if type(error) in (exceptions.BadRequest, exceptions.InvalidArgument) or error.code == _TOO_LARGE:
            raise RejectedError(f"{what}: {_short(error)}") from error
        raise StoreError(f"{what}: {_short(error)}") from error
    except (GoogleAuthError, RequestException, ConnectionError, TimeoutError) as error:
        raise StoreError(f"{what}: {_short(error)}") from error


def refused(what: str, code: int, message: str) -> StoreError | RejectedError:
    """The error for one entry of a batch, by its `google.rpc.Code`."""
    if code == INVALID_ARGUMENT:
        return RejectedError(f"{what}: {message[:300]}")
    return StoreError(f"{what}: {message[:300]} (code {code})", quota=code == RESOURCE_EXHAUSTED)


def _short(error: object) -> str:
    # A content that a service refuses may be quoted in full.
    text = str(error) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:299]}…"


def _retry_after(error: exceptions.GoogleAPICallError) -> float | None:
    """Seconds that the service asks to wait: `RetryInfo` over gRPC, `Retry-After` over HTTP."""
    for detail in error.details or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds + delay.nanos / 1e9)
    headers: Mapping[str, str] = getattr(error.response, "headers", None) or {}
    value = str(headers.get("Retry-After", ""))
    return float(value) if value.isascii() and value.isdigit() else None
