"""How devices introduce themselves to an MQTT gateway, and on which topics they speak.

Ours takes a device's name with its key. A cloud's own wants names with a prefix, certificates, other topics.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from twin2multicloud.mqtt.topics import KINDS, device_topic

DEVICE: Final = "{device}"
"""Stands for a device's name."""

ContextOf = Callable[[str], ssl.SSLContext]
"""The TLS of a device's connection, with the certificate that it shows."""


@dataclass(frozen=True)
class Dialect:
    """Texts in which `{device}` stands for a device's name. `topics` are by kind (`mqtt.topics.KINDS`, "commands");
    those that are missing are ours. `keyed`: a device shows its name and key as user name and password.
    """

    twin: str
    client_id: str = DEVICE
    topics: dict[str, str] = field(default_factory=dict)
    keyed: bool = True
    tls: ContextOf | None = None

    def client_of(self, device: str) -> str:
        """A device's client identifier."""
        return self.client_id.replace(DEVICE, device)

    def topic_of(self, device: str, kind: str) -> str:
        """A device's topic."""
        named = self.topics.get(kind)
        return device_topic(self.twin, device, kind) if named is None else named.replace(DEVICE, device)


def certificates_in(directory: Path, authority: Path | None = None) -> ContextOf:
    """TLS with the certificates in `<device>.pem` (chain and key), towards servers that the machine's authorities vouch
    for, or `authority` alone. A device without a usable certificate is a `ValueError`.
    """

    def context(device: str) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=None if authority is None else str(authority))
        file = directory / f"{device}.pem"
        try:
            made.load_cert_chain(file)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ValueError(f"device '{device[:64]}': '{file}' is no certificate with its key: {reason}") from None
        return made

    return context


def check_topics(topics: dict[str, str]) -> None:
    """`ValueError` for a kind of topic that devices do not have, or one that does not name the device."""
    for kind, topic in topics.items():
        if kind not in (*KINDS, "commands"):
            raise ValueError(f"topics has '{kind[:40]}'; devices have {', '.join(KINDS)} and commands")
        if DEVICE not in topic:
            raise ValueError(f"topics.{kind} lacks {DEVICE}, which stands for the device's name")
