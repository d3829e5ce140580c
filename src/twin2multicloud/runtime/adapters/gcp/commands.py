"""Commands that wait for their device's next message (`gcp.run-gateway`): a Firestore document for each.

A command stays until the device says that it has it. Until then every answer holds it, so an answer that is lost on
the way loses no command. Queries need the composite index (device ↑, at ↑); Firestore's TTL policy on `expires`
forgets the commands of devices that never come back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from twin2multicloud.runtime.adapters.gcp.calls import ALREADY_EXISTS
from twin2multicloud.runtime.adapters.gcp.firestore import DOCUMENT_BYTES, Collection, Write, document_id
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.ports import Command

_KEPT_S: Final = 7 * 86_400.0
_COMMAND: Final = msgspec.json.Decoder(Command)


class PendingCommands:
    """`Commands`, and what the gateway asks of them. `clock` gives seconds since 1970."""

    def __init__(
        self, client: firestore.Client, collection: str, patience: Patience, clock: Callable[[], float]
    ) -> None:
        self._pending = Collection(client, collection, patience)
        self._clock = clock

    def send(self, commands: Sequence[Command]) -> None:
        """A write per command; one that waits already waits once."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        writes: dict[str, Write] = {}
        for number, command in enumerate(commands):
            body = msgspec.json.encode(command).decode()
            if len(body.encode()) > DOCUMENT_BYTES:
                raise RejectedError(f"command {command.id} for {command.device} has over {DOCUMENT_BYTES} bytes")
            content = {
                "device": command.device,
                # Commands of one call keep their order.
                "at": now + timedelta(microseconds=number),
                "body": body,
                "expires": now + timedelta(seconds=_KEPT_S),
            }
            id = document_id(command.device, command.id)
            writes.setdefault(id, Write(id, content, size=len(body) + 300, create=True))
        self._pending.write(writes.values(), ALREADY_EXISTS)

    def pending(self, device: str, limit: int = 20) -> list[Command]:
        """The commands that wait for a device, the oldest first: a read each, and one if there is none."""
        query = self._pending.reference.where(filter=FieldFilter("device", "==", device)).order_by("at").limit(limit)
        return [_COMMAND.decode(found.get("body")) for found in self._pending.query(query)]

    def acknowledge(self, device: str, ids: Sequence[str]) -> None:
        """The device has these commands; ids of others are no error."""
        self._pending.write(Write(id, None) for id in dict.fromkeys(document_id(device, id) for id in ids))
