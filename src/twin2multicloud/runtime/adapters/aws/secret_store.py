"""Secrets in AWS Secrets Manager, among them the links document."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from twin2multicloud.runtime.adapters.aws.clients import AwsError, Clients, calling, code_of

MAX_AGE_S: Final = 60.0


class SecretsManager:
    """Secrets named prefix + name, cached for at most `max_age_s`. `clock` is monotonic seconds."""

    def __init__(
        self,
        clients: Clients,
        prefix: str,
        *,
        max_age_s: float = MAX_AGE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._prefix = prefix
        self._max_age_s = max_age_s
        self._clock = clock
        self._cache: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"SecretsManager({self._prefix!r})"

    @property
    def _api(self) -> Any:
        return self._clients.get("secretsmanager")

    def get(self, name: str) -> str:
        """As the port says."""
        now = self._clock()
        with self._lock:
            read, value = self._cache.get(name, (None, ""))
        if read is not None and 0 <= now - read < self._max_age_s:
            return value
        with calling(f"reading secret {self._prefix}{name}"):
            try:
                found: str = self._api.get_secret_value(SecretId=self._prefix + name)["SecretString"]
            except AwsError as error:
                if code_of(error) == "ResourceNotFoundException":
                    raise KeyError(name) from None
                raise
        self._keep(name, now, found)
        return found

    def put(self, name: str, value: str) -> None:
        """As the port says."""
        with calling(f"writing secret {self._prefix}{name}"):
            try:
                self._api.put_secret_value(SecretId=self._prefix + name, SecretString=value)
            except AwsError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                self._create(name, value)
        self._keep(name, self._clock(), value)

    def _create(self, name: str, value: str) -> None:
        try:
            self._api.create_secret(Name=self._prefix + name, SecretString=value)
        except AwsError as error:
            if code_of(error) != "ResourceExistsException":
                raise
            # Somebody created it a moment ago.
            self._api.put_secret_value(SecretId=self._prefix + name, SecretString=value)

    def _keep(self, name: str, now: float, value: str) -> None:
        with self._lock:
            self._cache[name] = (now, value)
