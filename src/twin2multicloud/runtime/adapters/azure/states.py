"""What rules and receivers remember, on Cosmos DB."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.azure.calls import Pool
from twin2multicloud.runtime.adapters.azure.cosmos import Container
from twin2multicloud.runtime.adapters.azure.names import cosmos_id, digest
from twin2multicloud.runtime.adapters.azure.remembered import Remembered
from twin2multicloud.runtime.ports import Clock, RuleState

Key = tuple[str, str]

RULES_PARTITION: Final = "device"
NONCES_PARTITION: Final = "link"


class CosmosRuleStates:
    """`RuleStates` on one container with partition key /device; an item's id is the rule's name.

    The etags of what was loaded or written last are remembered, so that a write needs no read before it.
    """

    def __init__(self, container: Container, pool: Pool) -> None:
        self._container = container
        self._pool = pool
        self._known: Remembered[tuple[int, str]] = Remembered()

    def load(self, keys: Sequence[Key]) -> dict[Key, RuleState]:
        """See `RuleStates.load`: a point read per key."""
        wanted = list(dict.fromkeys(keys))
        found = self._pool.each(self._read, wanted)
        return {key: state for key, state in zip(wanted, found, strict=True) if state is not None}

    def save(self, changes: Mapping[Key, RuleState]) -> list[Key]:
        """See `RuleStates.save`: first versions are created, later ones replace the item they follow."""
        kept = self._pool.each(self._write, list(changes.items()))
        return [key for key, written in zip(changes, kept, strict=True) if not written]

    def _write(self, change: tuple[Key, RuleState]) -> bool:
        key, state = change
        rule, device = key
        item = {"id": cosmos_id(rule), RULES_PARTITION: device, "state": msgspec.to_builtins(state)}
        if state.version == 1:
            return self._container.create(item)
        known = self._known.get(_name(key))
        if known is None or known[0] != state.version - 1:
            self._read(key)
            known = self._known.get(_name(key))
        if known is None or known[0] != state.version - 1:
            return False
        etag = self._container.replace(item, known[1])
        self._known.set(_name(key), (state.version, etag) if etag else None)
        return etag is not None

    def _read(self, key: Key) -> RuleState | None:
        rule, device = key
        item = self._container.read(device, cosmos_id(rule))
        if item is None:
            self._known.set(_name(key), None)
            return None
        state = msgspec.convert(item["state"], RuleState)
        self._known.set(_name(key), (state.version, item["_etag"]))
        return state


def _name(key: Key) -> str:
    return digest(*key)


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
