"""What the runtime remembers on Firestore between invocations: the states of rules, and the nonces of links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from google.api_core.exceptions import AlreadyExists
from google.cloud import firestore

from twin2multicloud.runtime.adapters.gcp.calls import ALREADY_EXISTS, FAILED_PRECONDITION, Patience, calling
from twin2multicloud.runtime.adapters.gcp.firestore import Collection, Write, document_id
from twin2multicloud.runtime.ports import RuleState

_NOT_FOUND: Final = 5


class FirestoreRuleStates:
    """`RuleStates`. Writes are conditional on the document's update time, so no writer ever waits for another."""

    def __init__(self, client: firestore.Client, collection: str, patience: Patience) -> None:
        self._states = Collection(client, collection, patience)

    def load(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RuleState]:
        """A read per key."""
        names = {document_id(*key): key for key in keys}
        return {names[id]: _state(found) for id, found in self._states.read_all(list(names)).items()}

    def save(self, changes: Mapping[tuple[str, str], RuleState]) -> list[tuple[str, str]]:
        """A read and a write per key."""
        names = {document_id(*key): key for key in changes}
        stored = self._states.read_all(list(names))
        lost, writes = [], []
        for name, key in names.items():
            state, before = changes[key], stored.get(name)
            if (0 if before is None else _state(before).version) != state.version - 1:
                lost.append(key)
                continue
            content = {"since": state.since, "fired": state.fired, "seen": state.seen, "version": state.version}
            version = None if before is None else before.update_time
            writes.append(Write(name, content, create=before is None, version=version))
        # Once only: a write that was carried out unseen would look like somebody else's when it is repeated.
        passed = self._states.write(writes, ALREADY_EXISTS, FAILED_PRECONDITION, _NOT_FOUND, once=True)
        return lost + [names[name] for name, _ in passed]


class FirestoreNonces:
    """`Nonces`. Firestore's TTL policy on `expires` forgets them, within a day after `until`.

    `token` makes a random text: it tells the own first write from another's when an answer was lost.
    """

    def __init__(self, client: firestore.Client, collection: str, patience: Patience, token: Callable[[], str]) -> None:
        self._nonces = Collection(client, collection, patience)
        self._token = token

    def first_use(self, link: str, nonce: str, until: float) -> bool:
        """One write; for a nonce that was used, a read too."""
        token = self._token()
        id = document_id(link, nonce)
        with calling(self._nonces.what):
            try:
                self._nonces.document(id).create(
                    {"expires": datetime.fromtimestamp(until, UTC), "by": token}, **self._nonces.patience.again()
                )
            except AlreadyExists:
                found = self._nonces.read(id)
                return bool(found.exists and found.get("by") == token)
        return True


def _state(document: Any) -> RuleState:
    return RuleState(document.get("since"), document.get("fired"), document.get("seen"), document.get("version"))
