"""boto3 clients with bounded retries and time-outs, and what AWS's errors mean for the caller.

The only module that knows botocore. An endpoint override (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`) is
honoured by boto3 itself.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    ParamValidationError,
)

from twin2multicloud.runtime.failures import RejectedError, StoreError

T = TypeVar("T")
R = TypeVar("R")

AwsError: Final = ClientError
"""What a service answered instead of a result; `code_of` names it."""

_ATTEMPTS: Final = 4
_CONNECT_S: Final = 3.0
_READ_S: Final = 10.0
_WORKERS: Final = 8
"""Requests of one call that are under way at the same time."""

_QUOTA: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ItemCollectionSizeLimitExceededException",
        "KMSThrottlingException",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceQuotaExceededException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_REJECTED: Final = frozenset(
    {
        "BatchRequestTooLong",
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "EntityTooLarge",
        "InvalidArgument",
        "InvalidMessageContents",
        "InvalidParameter",
        "InvalidParameterException",
        "InvalidParameterValue",
        "InvalidRequestException",
        "KeyTooLongError",
        "MetadataTooLarge",
        "RequestEntityTooLargeException",
        "ValidationError",
        "ValidationException",
    }
)
_REMEDIES: Final[Mapping[str, str]] = {
    "AccessDenied": "the function's role lacks this permission",
    "AccessDeniedException": "the function's role lacks this permission",
    "ExpiredToken": "the credentials have expired",
    "ExpiredTokenException": "the credentials have expired",
    "InvalidClientTokenId": "the credentials are not known",
    "NoSuchBucket": "create it or correct its name in T2M_CONFIG",
    "ResourceNotFoundException": "create it or correct its name in T2M_CONFIG",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "UnrecognizedClientException": "the credentials are not known",
}


def code_of(error: Exception) -> str:
    """The service's name for an error, such as `ConditionalCheckFailedException`; "" if it is not the service's."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def answer_of(error: Exception) -> Mapping[str, Any]:
    """All that the service said with an error."""
    return error.response if isinstance(error, ClientError) else {}


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn AWS's errors into the ports': `what` says in the message which thing of ours was used, and how."""
    try:
        yield
    except ParamValidationError as error:
        raise RejectedError(f"{what}: {error}") from error
    except ClientError as error:
        raise _meaning(error, what) from error
    except BotoCoreError as error:
        raise StoreError(f"{what}: {error}") from error


def failure(code: str, message: str, what: str, *, sender: bool = False) -> StoreError | RejectedError:
    """The port's error for one entry of a batch that a service did not take; `sender`: it is the content's fault."""
    text = f"{what}: {code}: {message}"
    if code in _QUOTA or "Throughput" in code:
        return StoreError(text, quota=True)
    return RejectedError(text) if sender or code in _REJECTED else StoreError(text)


def _meaning(error: ClientError, what: str) -> StoreError | RejectedError:
    code = code_of(error)
    told = error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    remedy = f" ({_REMEDIES[code]})" if code in _REMEDIES else ""
    text = f"{what}: {code}: {told}{remedy}"
    if code in _QUOTA or status == 429:
        return StoreError(text, quota=True, retry_after_s=_seconds(headers.get("retry-after")))
    if code in _REJECTED and status < 500:
        return RejectedError(text)
    return StoreError(text, retry_after_s=_seconds(headers.get("retry-after")))


def _seconds(value: str | None) -> float | None:
    try:
        return None if value is None else max(0.0, float(value))
    except ValueError:
        return None


class Clients:
    """One boto3 client per service, made when first used, shared by all adapters and threads of a function.

    `attempts` is how often the SDK sends a request that may succeed later; `sleep` and `uniform` pace the repetition
    of what a service took only in part.
    """

    def __init__(
        self,
        region: str = "",
        *,
        session: Any = None,
        attempts: int = _ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._session = session or boto3.session.Session(region_name=region or None)
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._attempts = attempts
        self._sleep = sleep
        self._uniform = uniform
        self._pool = ThreadPoolExecutor(_WORKERS, "aws")

    def get(self, service: str, endpoint: str = "") -> Any:
        """The client of a service; `endpoint` is for services whose address belongs to the account."""
        with self._lock:
            client = self._made.get((service, endpoint))
            if client is None:
                client = self._session.client(
                    service, endpoint_url=endpoint or None, config=_config(service, self._attempts)
                )
                self._made[service, endpoint] = client
            return client

    def each(self, act: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Call `act` for every item, several at a time; results in order, the first failure after all have ended."""
        items = list(items)
        if len(items) < 2:
            return [act(item) for item in items]
        futures = [self._pool.submit(act, item) for item in items]
        failures = [error for future in futures if (error := future.exception()) is not None]
        if failures:
            raise failures[0]
        return [future.result() for future in futures]

    def pause(self, attempt: int) -> None:
        """Wait before repetition number `attempt` (from 1): full jitter, at most about two seconds."""
        self._sleep(self._uniform(0.0, min(2.0, 0.05 * 2.0**attempt)))


def _config(service: str, attempts: int) -> Config:
    overridden = any(os.environ.get(name) for name in _override_names(service))
    return Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=_CONNECT_S,
        read_timeout=_READ_S,
        max_pool_connections=2 * _WORKERS,
        # A service at another address has neither "api." and "data." hosts nor a host per bucket.
        inject_host_prefix=False if overridden else None,
        s3={"addressing_style": "path"} if overridden else None,
    )


def _override_names(service: str) -> tuple[str, str]:
    return "AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
