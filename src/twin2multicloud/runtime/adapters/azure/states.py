"""What rules and receivers remember, on Cosmos DB."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.azure.calls import Pool
from twin2multicloud.runtime.adapters.azure.cosmos import Container
from twin2multicloud.runtime.adapters.azure.names import cosmos_id
from twin2multicloud.runtime.ports import Clock, RuleState

Key = tuple[str, str]

RULES_PARTITION: Final = "device"
NONCES_PARTITION: Final = "link"


class CosmosRuleStates:
    """`RuleStates` on one container with partition key /device; an item's id is the rule's name."""

    def __init__(self, container: Container, pool: Pool) -> None:
        self._container = container
        self._pool = pool

    def load(self, keys: Sequence[Key]) -> dict[Key, RuleState]:
        """See `RuleStates.load`: a point read per key."""
        wanted = list(dict.fromkeys(keys))
        found = self._pool.each(self._read, wanted)
        return {key: stored[0] for key, stored in zip(wanted, found, strict=True) if stored is not None}

    def save(self, changes: Mapping[Key, RuleState]) -> list[Key]:
        """See `RuleStates.save`: first versions are created, later ones replace the item they follow."""

        def write(change: tuple[Key, RuleState]) -> bool:
            (rule, device), state = change
            item = {"id": cosmos_id(rule), RULES_PARTITION: device, "state": msgspec.to_builtins(state)}
            if state.version == 1:
                return self._container.create(item)
            stored = self._read((rule, device))
            if stored is None or stored[0].version != state.version - 1:
                return False
            return self._container.replace(item, stored[1]) is not None

        kept = self._pool.each(write, list(changes.items()))
        return [key for key, written in zip(changes, kept, strict=True) if not written]

    def _read(self, key: Key) -> tuple[RuleState, str] | None:
        rule, device = key
        item = self._container.read(device, cosmos_id(rule))
        return None if item is None else (msgspec.convert(item["state"], RuleState), item["_etag"])


class CosmosNonces:
    """`Nonces` on one container with partition key /link and time to live switched on (no default).

    `clock` is the wall clock: signatures use it too.
    """

    def __init__(self, container: Container, clock: Clock) -> None:
        self._container = container
        self._clock = clock

    def first_use(self, link: str, nonce: str, until: float) -> bool:
        """See `Nonces.first_use`: a create, which the second use finds taken."""
        ttl = max(math.ceil(until - self._clock.now()), 1)
        return self._container.create({"id": cosmos_id(nonce), NONCES_PARTITION: link, "ttl": ttl})
