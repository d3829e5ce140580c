"""The client's side of `sandbox.moving.calls`: the ports of the stores in another process's cloud."""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from twin2multicloud.moving.move import Store
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import (
    DeadLetter,
    EntityState,
    Relation,
    RuleState,
    StoredObject,
    Update,
)
from twin2multicloud.sandbox.moving.calls import CALLS, PATH
from twin2multicloud.sandbox.opening import store_name

_TIMEOUT_S: Final = 30.0

Key = tuple[str, str]


class Caller:
    """Calls a store's port at `port` of this machine. A cloud that is away is a `StoreError`, as it is with a cloud."""

    def __init__(self, port: int, token: str, store: Store) -> None:
        self._port = port
        self._token = token
        self._kind = store.kind
        self._path = f"{PATH}/{store_name(store)}"

    def __call__(self, method: str, *arguments: Any) -> Any:
        """One call; what it gives, in its type."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        try:
            head = {"authorization": f"Bearer {self._token}"}
            connection.request("POST", f"{self._path}/{method}", msgspec.json.encode(arguments), head)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise StoreError(f"{self._kind.value}: no answer ({error})") from error
        finally:
            connection.close()
        try:
            if response.status == 200:
                return msgspec.json.decode(content, type=CALLS[self._kind][method][1])
            said = msgspec.json.decode(content, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise StoreError(f"{self._kind.value}: an answer that cannot be read ({response.status})") from error
        if response.status == 404:
            raise KeyError(said["error"])
        if response.status == 422:
            raise RejectedError(said["error"])
        raise StoreError(str(said["error"]), quota=bool(said.get("quota")))


class RemoteHotStore:
    """`ports.HotStore` of another process."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def put(self, events: Sequence[Event]) -> None:
        """As the port says."""
        self._call("put", events)

    def last(self, device: str) -> Event | None:
        """As the port says."""
        found: Event | None = self._call("last", device)
        return found

    def history(self, device: str, start: str, end: str, limit: int, *, newest_first: bool = True) -> list[Event]:
        """As the port says."""
        found: list[Event] = self._call("history", device, start, end, limit, newest_first)
        return found

    def earliest(self, devices: Sequence[str], before: str) -> str | None:
        """As the port says."""
        found: str | None = self._call("earliest", devices, before)
        return found

    def between(self, devices: Sequence[str], start: str, end: str) -> list[Event]:
        """As the port says."""
        found: list[Event] = self._call("between", devices, start, end)
        return found

    def delete(self, events: Sequence[Event]) -> None:
        """As the port says."""
        self._call("delete", events)


class RemoteObjectStore:
    """`ports.ObjectStore` of another process."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def create(self, key: str, body: bytes, metadata: Mapping[str, str], storage_class: str) -> bool:
        """As the port says."""
        created: bool = self._call("create", key, body, dict(metadata), storage_class)
        return created

    def get(self, key: str) -> bytes:
        """As the port says."""
        body: bytes = self._call("get", key)
        return body

    def head(self, key: str) -> StoredObject | None:
        """As the port says."""
        found: StoredObject | None = self._call("head", key)
        return found

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[StoredObject]:
        """As the port says."""
        found: list[StoredObject] = self._call("list", prefix, after, limit)
        return found

    def delete(self, key: str) -> None:
        """As the port says."""
        self._call("delete", key)

    def set_class(self, key: str, storage_class: str) -> None:
        """As the port says."""
        self._call("set_class", key, storage_class)


class RemoteTwinGraph:
    """`ports.TwinGraph` of another process."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """As the port says."""
        self._call("define", [dict(model) for model in models])

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """As the port says."""
        self._call("put_entities", entities)

    def relate(self, relations: Sequence[Relation]) -> None:
        """As the port says."""
        self._call("relate", relations)

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """As the port says."""
        self._call("unrelate", relations)

    def update(self, updates: Sequence[Update]) -> None:
        """As the port says."""
        self._call("update", updates)

    def get(self, entity: str) -> EntityState | None:
        """As the port says."""
        found: EntityState | None = self._call("get", entity)
        return found

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """As the port says."""
        found: list[EntityState] = self._call("entities", model, after, limit)
        return found

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """As the port says."""
        found: list[Relation] = self._call("relations", source, name)
        return found

    def delete_entities(self, ids: Sequence[str]) -> None:
        """As the port says."""
        self._call("delete_entities", ids)


class RemoteDeadLetters:
    """`ports.DeadLetters` of another process."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """As the port says."""
        self._call("put", letters)

    def get(self, id: str) -> DeadLetter | None:
        """As the port says."""
        found: DeadLetter | None = self._call("get", id)
        return found

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """As the port says."""
        found: list[DeadLetter] = self._call("list", after, limit)
        return found

    def remove(self, ids: Sequence[str]) -> None:
        """As the port says."""
        self._call("remove", ids)


class RemoteRuleStates:
    """`ports.RuleStates` of another process."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def load(self, keys: Sequence[Key]) -> dict[Key, RuleState]:
        """As the port says."""
        return dict(self._call("load", keys))

    def save(self, changes: Mapping[Key, RuleState]) -> list[Key]:
        """As the port says."""
        lost: list[Key] = self._call("save", list(changes.items()))
        return lost
