"""The file that says where a twin's devices connect, and what their keys are."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Final

import msgspec

from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.simulator.dialect import Dialect, certificates_in, check_topics
from twin2multicloud.simulator.link import KeyOf, Target

_MOST_BYTES: Final = 64 << 20
_LEAST_SECRET: Final = 16


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either the `secret` (base64) all keys derive from (`runtime.device_keys`), or the key of each device by name."""

    secret: str = ""
    devices: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Keys(…)"


class Connection(msgspec.Struct):
    """A `connection.json`: the twin's name, its gateways' URLs as far as it has them, and keys or certificates.

    `certificates` is a directory with a `<device>.pem` (chain and key) for each device, `authority` the file of the one
    authority that servers are to have; both relative to the file. `client_id` and `topics` are as in `Dialect`.
    """

    twin: str
    keys: Keys = Keys()
    mqtt: str | None = None
    http: str | None = None
    certificates: str = ""
    authority: str = ""
    client_id: str = "{device}"
    topics: dict[str, str] = {}

    def dialect(self, directory: Path) -> Dialect:
        """How its devices speak MQTT; `directory` is the file's. `ValueError` if that makes no sense."""
        check_topics(self.topics)
        if not self.certificates:
            return Dialect(self.twin, self.client_id, self.topics)
        authority = directory / self.authority if self.authority else None
        tls = certificates_in(directory / self.certificates, authority)
        return Dialect(self.twin, self.client_id, self.topics, keyed=False, tls=tls)

    def key_of(self) -> KeyOf:
        """What gives a device's key; `ValueError` if there is nothing to derive keys from."""
        if self.keys.secret:
            try:
                secret = base64.b64decode(self.keys.secret, validate=True)
            except (binascii.Error, ValueError):
                raise ValueError("keys.secret is no base64") from None
            if len(secret) < _LEAST_SECRET:
                raise ValueError(f"keys.secret is shorter than {_LEAST_SECRET} bytes")
            return lambda device: device_key(secret, device)
        if not self.keys.devices and not self.certificates:
            raise ValueError("keys has neither a secret nor devices")
        given = self.keys.devices
        return lambda device: given.get(device, "")


def target_of(connection: Connection) -> Target:
    """Where devices connect, by MQTT if they can; `ValueError` if the file names no address."""
    url = connection.mqtt or connection.http
    if url is None:
        raise ValueError("the file names no address where devices connect")
    return Target.parse(connection.twin, url)


class Following:
    """Says where devices connect by now: a file is read again when it has changed, None as long as it has not."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = 0

    def __call__(self) -> Target | None:
        """See `roaming.Where`."""
        try:
            changed = self._path.stat().st_mtime_ns
            if changed == self._seen:
                return None
            target = target_of(read_connection(self._path))
        except (OSError, ValueError):
            return None  # it is being replaced; the next look is soon
        self._seen = changed
        return target


def read_connection(path: Path) -> Connection:
    """The document in a file; `ValueError` says what is wrong, and never shows a key."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"'{path}' cannot be read: {error.strerror or error}") from error
    if len(content) > _MOST_BYTES:
        raise ValueError(f"'{path}' is larger than {_MOST_BYTES >> 20} MiB")
    try:
        return msgspec.json.decode(content, type=Connection)
    except ValueError as error:
        raise ValueError(f"'{path}' is no connection file: {error}") from None
