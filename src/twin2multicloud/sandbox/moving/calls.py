"""The stores of a simulated cloud as another process reaches them while a slot moves: one POST for each call of a port.

    POST /control/stores/{kind}/{owner}/{method}     a JSON array of the arguments → a JSON value

Like a cloud's own storage API it wants a credential (the sandbox's token), refuses what faults refuse, and is away when
its cloud is. What no port of `runtime.ports` has, is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.moving.move import StoreKind
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.ports import DeadLetter, EntityState, Relation, RuleState, StoredObject, Update

PATH: Final = "/control/stores"
MOST_BYTES: Final = 64 << 20
"""Of one request or answer: an object of the largest size, in base64, and more."""

Keys = list[tuple[str, str]]
States = list[tuple[tuple[str, str], RuleState]]
"""What rules remember, as pairs: JSON has no keys that are tuples."""

CALLS: Final[Mapping[StoreKind, Mapping[str, tuple[Any, Any]]]] = {
    StoreKind.HOT: {
        "put": (tuple[list[Event]], None),
        "earliest": (tuple[list[str], str], str | None),
        "between": (tuple[list[str], str, str], list[Event]),
        "last": (tuple[str], Event | None),
        "history": (tuple[str, str, str, int, bool], list[Event]),
        "delete": (tuple[list[Event]], None),
    },
    StoreKind.OBJECTS: {
        "create": (tuple[str, bytes, dict[str, str], str], bool),
        "get": (tuple[str], bytes),
        "head": (tuple[str], StoredObject | None),
        "list": (tuple[str, str, int], list[StoredObject]),
        "delete": (tuple[str], None),
        "set_class": (tuple[str, str], None),
    },
    StoreKind.GRAPH: {
        "define": (tuple[list[dict[str, Any]]], None),
        "put_entities": (tuple[list[EntityState]], None),
        "relate": (tuple[list[Relation]], None),
        "unrelate": (tuple[list[Relation]], None),
        "update": (tuple[list[Update]], None),
        "get": (tuple[str], EntityState | None),
        "entities": (tuple[str, str, int], list[EntityState]),
        "relations": (tuple[str, str], list[Relation]),
        "delete_entities": (tuple[list[str]], None),
    },
    StoreKind.LETTERS: {
        "put": (tuple[list[DeadLetter]], None),
        "get": (tuple[str], DeadLetter | None),
        "list": (tuple[str, int], list[DeadLetter]),
        "remove": (tuple[list[str]], None),
    },
    StoreKind.STATES: {
        "load": (tuple[Keys], States),
        "save": (tuple[States], Keys),
    },
}
"""For each kind of store its methods, with the types of their arguments and of what they give."""
