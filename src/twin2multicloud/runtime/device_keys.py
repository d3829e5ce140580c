"""Keys of devices, derived from one secret, so that no list of keys has to be kept or handed around."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable


def device_key(secret: bytes, device: str) -> str:
    """A device's key: HMAC-SHA256 of its name under the twin's secret, in base64url without padding."""
    digest = hmac.digest(secret, device.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class DeviceKeys:
    """Says whether a device shows its own key, in a time that does not tell how much of it was right.

    `known` says whether the twin has a device of that name (`TwinSpec.type_of` is one such question).
    """

    def __init__(self, secret: bytes, known: Callable[[str], object]) -> None:
        self._secret = secret
        self._known = known

    def __repr__(self) -> str:
        return "DeviceKeys(…)"

    def authenticate(self, device: str, key: str | bytes) -> bool:
        """True for a device of the twin with its key."""
        shown = key.encode() if isinstance(key, str) else key
        right = hmac.compare_digest(device_key(self._secret, device).encode(), shown)
        return bool(self._known(device)) and right
