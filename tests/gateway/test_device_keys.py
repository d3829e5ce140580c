"""Devices' keys are derived as documented, and nothing but the own key of a device of the twin is let in."""

from __future__ import annotations

import base64
import hashlib
import hmac

from tests.gateway.harness import DEVICES, SECRET
from twin2multicloud.runtime.device_keys import DeviceKeys, device_key


def test_a_key_is_the_devices_hmac_in_base64url_without_padding() -> None:
    digest = hmac.new(SECRET, "sensor-é".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(device_key(SECRET, "sensor-é") + "=") == digest
    assert device_key(b"\x01" * 32, "sensor-1") == "7bWNAToeizQg4Y7dRraRMEpcS6zw8IFfWWtsJvPuONI"


def test_only_the_devices_own_key_is_right() -> None:
    keys = DeviceKeys(SECRET, DEVICES.__contains__)
    right = device_key(SECRET, "sensor-1")
    assert keys.authenticate("sensor-1", right)
    assert keys.authenticate("sensor-1", right.encode())
    for wrong in ("", right[:-1], right + "A", right.swapcase(), "é" * 43, device_key(SECRET, "sensor-2")):
        assert not keys.authenticate("sensor-1", wrong)
    assert not keys.authenticate("nobody", device_key(SECRET, "nobody"))
    assert SECRET.decode() not in repr(keys)
