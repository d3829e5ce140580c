"""Secrets on Key Vault, cached for less than a minute; without a vault, the function app's settings."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from azure.core.exceptions import ResourceNotFoundError

from twin2multicloud.runtime.adapters.azure.calls import calling
from twin2multicloud.runtime.adapters.azure.names import secret_name
from twin2multicloud.runtime.failures import RejectedError

if TYPE_CHECKING:
    from azure.keyvault.secrets import SecretClient

CACHE_S: Final = 55.0
MOST_BYTES: Final = 25_000
"""Key Vault takes values of up to 25 KB."""
UNSET: Final = "unset"
"""What a vault's secret begins with, since rights can be given on a secret only once it exists: it has no value yet."""
SETTING_PREFIX: Final = "T2M_SECRET_"


class VaultSecrets:
    """`Secrets` on a Key Vault. `monotonic` counts seconds, for the cache."""

    def __init__(
        self, client: SecretClient, *, cache_s: float = CACHE_S, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._cache_s = cache_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[float, str]] = {}

    def get(self, name: str) -> str:
        """See `Secrets.get`. One that is missing, or `UNSET`, is not remembered as missing."""
        now = self._monotonic()
        with self._lock:
            read, value = self._cache.get(name, (-math.inf, ""))
        if now - read < self._cache_s:
            return value
        with calling(f"read secret {name}"):
            try:
                found = self._client.get_secret(secret_name(name)).value or ""
            except ResourceNotFoundError:
                raise KeyError(name) from None
        if found == UNSET:
            raise KeyError(name)
        self._remember(name, found)
        return found

    def put(self, name: str, value: str) -> None:
        """See `Secrets.put`."""
        size = len(value.encode())
        if size > MOST_BYTES:
            raise RejectedError(f"secret {name} has {size} bytes; Key Vault takes {MOST_BYTES}")
        with calling(f"write secret {name}"):
            self._client.set_secret(secret_name(name), value)
        self._remember(name, value)

    def _remember(self, name: str, value: str) -> None:
        with self._lock:
            self._cache[name] = (self._monotonic(), value)


class SettingSecrets:
    """`Secrets` in app settings, read only: `T2M_SECRET_` + the name in capitals, other characters as `_`.

    For a function app without a vault; the setting may itself be a reference to one.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings

    def get(self, name: str) -> str:
        """See `Secrets.get`."""
        value = self._settings.get(setting_name(name))
        if value is None:
            raise KeyError(name)
        return value

    def put(self, name: str, value: str) -> None:  # noqa: ARG002 (the port's)
        """Always a `RejectedError`: a function can not change its own settings."""
        raise RejectedError(f"secret {name} is the app setting {setting_name(name)}, which only a deployment changes")


def setting_name(name: str) -> str:
    """The app setting that holds a secret."""
    return SETTING_PREFIX + "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
