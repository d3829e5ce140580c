"""Where a deployment's own secrets are kept: its devices' authority, and what their keys are derived from."""

from __future__ import annotations

from typing import Final, Protocol

from twin2multicloud.deployer.documents import Documents

DEVICES: Final = "devices/"
"""What the names of these documents begin with."""


class Kept(Protocol):
    """Secrets of a deployment by name, which are never in Terraform's state. Losing one means new keys for devices."""

    def read(self, name: str) -> bytes | None:
        """A secret, None if there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Set a secret, durably and whole or not at all."""


class KeptDocuments:
    """`Kept` among a deployment's documents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def read(self, name: str) -> bytes | None:
        """As `Kept.read`."""
        return self._documents.read(DEVICES + name)

    def write(self, name: str, content: bytes) -> None:
        """As `Kept.write`."""
        self._documents.write(DEVICES + name, content)
