"""What the runtime remembers on Firestore between invocations: the states of rules, and the nonces of links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from google.api_core.exceptions import AlreadyExists
from google.cloud import firestore

from twin2multicloud.runtime.adapters.gcp.calls import ALREADY_EXISTS, FAILED_PRECONDITION, calling
from twin2multicloud.runtime.adapters.gcp.firestore import Collection, Write, document_id
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.ports import RuleState

_NOT_FOUND: Final = 5
_MOST_REMEMBERED: Final = 100_000


class FirestoreRuleStates:
    """`RuleStates`. Writes are conditional on the document's update time, so no writer ever waits for another.

    The update times of what was read or written are remembered: a state that is saved after it was loaded is not read
    again, and a state's first write demands that none be there.
    """

    def __init__(self, client: firestore.Client, collection: str, patience: Patience) -> None:
        self._states = Collection(client, collection, patience)
        self._known: dict[str, tuple[int, Any]] = {}

    def load(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RuleState]:
        """A read per key."""
        names = {document_id(*key): key for key in keys}
        found = self._states.read_all(list(names))
        states = {names[name]: _state(document) for name, document in found.items()}
        for name, document in found.items():
            self._remember(name, states[names[name]].version, document.update_time)
        return states

    def save(self, changes: Mapping[tuple[str, str], RuleState]) -> list[tuple[str, str]]:
        """A write per key, and a read for one that was not loaded before."""
        names = {document_id(*key): key for key in changes}
        self.load([key for name, key in names.items() if changes[key].version > 1 and name not in self._known])
        lost, writes = [], []
        for name, key in names.items():
            state = changes[key]
            version, written = self._known.get(name, (0, None))
            if state.version > 1 and version != state.version - 1:
                lost.append(key)
                self._known.pop(name, None)
                continue
            content = {"since": state.since, "fired": state.fired, "seen": state.seen, "version": state.version}
            first = state.version <= 1
            writes.append(Write(name, content, create=first, version=None if first else written))
        written_at: dict[str, Any] = {}
        # Once only: a write that was carried out unseen would look like somebody else's when it is repeated.
        passed = self._states.write(
            writes, ALREADY_EXISTS, FAILED_PRECONDITION, _NOT_FOUND, once=True, written_at=written_at
        )
        for name, _ in passed:
            self._known.pop(name, None)
        for name, moment in written_at.items():
            self._remember(name, changes[names[name]].version, moment)
        return lost + [names[name] for name, _ in passed]

    def _remember(self, name: str, version: int, written: Any) -> None:
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[name] = (version, written)


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
