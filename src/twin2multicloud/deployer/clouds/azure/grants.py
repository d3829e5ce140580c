"""What each word of a function's grants is on Azure: which actions, by which role, on which resource.

Azure hands out roles. Where a built-in role holds more than a word asks for, it is the narrowest there is, and `wider`
says what it holds besides. Cosmos DB has roles of its own, which our stacks define action by action. Scopes are
patterns: `{name}` is filled in from the tables of names (`scopes.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_COSMOS: Final = "Microsoft.DocumentDB/databaseAccounts"
_ITEMS: Final = f"{_COSMOS}/sqlDatabases/containers/items"
_METADATA: Final = f"{_COSMOS}/readMetadata"
_QUERY: Final = f"{_COSMOS}/sqlDatabases/containers/executeQuery"
_BLOB: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_MESSAGE: Final = "Microsoft.Storage/storageAccounts/queueServices/queues/messages"


@dataclass(frozen=True)
class Right:
    """A role on a resource. `store` is set for roles of Cosmos DB: the word of the role that its stack defines.

    `actions` are the data actions that the handler needs of it.
    """

    role: str
    scope: str
    actions: tuple[str, ...]
    wider: str = ""
    store: str = ""


def _stored(word: str, account: str, container: str, *actions: str) -> tuple[Right, ...]:
    scope = f"{account}/dbs/{{database}}/colls/{container}"
    return (Right(f"{container} {word}", scope, (_METADATA, *actions), store=word),)


def _role(role: str, scope: str, *actions: str, wider: str = "") -> tuple[Right, ...]:
    return (Right(role, scope, actions, wider),)


_GET_VALUE: Final = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
_SECRETS_USER: Final = "Key Vault Secrets User"
_BLOB_CONTRIBUTOR: Final = "Storage Blob Data Contributor"

_RIGHTS: Final[dict[str, tuple[Right, ...]]] = {
    "hot.write": _stored("write", "{hot}", "hot", f"{_ITEMS}/create"),
    "hot.read": _stored("read", "{hot}", "hot", f"{_ITEMS}/read", _QUERY),
    "hot.delete": _stored("delete", "{hot}", "hot", f"{_ITEMS}/delete"),
    "dead-letters": _stored("put", "{states}", "dead-letters", f"{_ITEMS}/upsert"),
    "rule-states": _stored("keep", "{states}", "rules", f"{_ITEMS}/create", f"{_ITEMS}/read", f"{_ITEMS}/replace"),
    "nonces": _stored("remember", "{states}", "nonces", f"{_ITEMS}/create"),
    "cool.write": _role(_BLOB_CONTRIBUTOR, "{cool}", f"{_BLOB}/write", f"{_BLOB}/add/action", wider="read, delete"),
    "cool.read": _role("Storage Blob Data Reader", "{cool}", f"{_BLOB}/read"),
    "cool.delete": _role(_BLOB_CONTRIBUTOR, "{cool}", f"{_BLOB}/delete", wider="read, write"),
    "archive.write": _role(
        _BLOB_CONTRIBUTOR, "{archive}", f"{_BLOB}/write", f"{_BLOB}/add/action", wider="read, delete"
    ),
    "archive.read": _role("Storage Blob Data Reader", "{archive}", f"{_BLOB}/read"),
    "commands": _role(
        "IoT Hub Data Contributor",
        "{hub}",
        "Microsoft.Devices/IotHubs/directMethods/invoke/action",
        wider="the registry; no built-in role has direct methods alone",
    ),
    "errors": _role("EventGrid Data Sender", "{topic:errors}", "Microsoft.EventGrid/events/send/action"),
    "publish:alerts": _role("EventGrid Data Sender", "{topic:alerts}", "Microsoft.EventGrid/events/send/action"),
    "consume:devices": _role(
        _SECRETS_USER, "{secret:hub}", _GET_VALUE, wider="the hub's endpoint takes keys only; the key is a secret"
    ),
    "secret:links": _role(_SECRETS_USER, "{secret:links}", _GET_VALUE),
    "secret:read-key": _role(_SECRETS_USER, "{secret:read-key}", _GET_VALUE),
    "secret:webhooks": _role(_SECRETS_USER, "{secret:*webhooks}", _GET_VALUE),
}

_GRAPHS: Final[dict[str, dict[str, tuple[Right, ...]]]] = {
    "azure.own-graph": {
        "graph.update": _stored("update", "{graph}", "graph", f"{_ITEMS}/read", f"{_ITEMS}/replace"),
        "graph.read": _stored("read", "{graph}", "graph", f"{_ITEMS}/read", _QUERY),
    },
    "azure.digital-twins": {
        "graph.update": _role(
            "Azure Digital Twins Data Owner",
            "{graph}",
            "Microsoft.DigitalTwins/digitaltwins/read",
            "Microsoft.DigitalTwins/digitaltwins/write",
            wider="models, relationships, deleting; the other built-in role only reads",
        ),
        "graph.read": _role(
            "Azure Digital Twins Data Reader",
            "{graph}",
            "Microsoft.DigitalTwins/digitaltwins/read",
            "Microsoft.DigitalTwins/query/action",
        ),
    },
}

GRANTS: Final[Mapping[str, tuple[Right, ...]]] = MappingProxyType(_RIGHTS)
"""Words that mean the same whatever the offers are. Those of the graph depend on L4's offer: see `rights_of`."""

HOST_RIGHTS: Final[tuple[Right, ...]] = (
    Right(
        "Storage Blob Data Owner",
        "{host}",
        (f"{_BLOB}/read", f"{_BLOB}/write", f"{_BLOB}/delete"),
        "ownership; what the Functions host asks for on its own account",
    ),
    Right("Storage Blob Data Reader", "{packages}", (f"{_BLOB}/read",)),
    Right("Monitoring Metrics Publisher", "{insights}", ("Microsoft.Insights/telemetry/write",)),
)
"""What every function needs for its host: its state, its package, its own log."""


def rights_of(word: str, graph_offer: str) -> tuple[Right, ...]:
    """The rights that a word of `FunctionPlan.grants` is; an unknown word is a `KeyError` (and a defect)."""
    if word in GRANTS:
        return GRANTS[word]
    if word in _GRAPHS["azure.own-graph"]:
        return _GRAPHS[graph_offer][word]
    verb, _, queue = word.partition(":")
    if verb == "publish":
        return _role("Storage Queue Data Message Sender", f"{{queue:{queue}}}", f"{_MESSAGE}/add/action")
    if verb == "consume":
        scope = f"{{queue:{queue}}}"
        return (
            *_role("Storage Queue Data Message Processor", scope, f"{_MESSAGE}/read", f"{_MESSAGE}/process/action"),
            # The host looks at the queue's length to scale.
            *_role("Storage Queue Data Reader", scope, f"{_MESSAGE}/read"),
        )
    raise KeyError(word)


def every_right() -> tuple[Right, ...]:
    """All rights that any word of any deployment is, and those of the host."""
    words = (*GRANTS.values(), *(rights for graph in _GRAPHS.values() for rights in graph.values()))
    queues = (*rights_of("publish:any", ""), *rights_of("consume:any", ""))
    return (*(right for rights in words for right in rights), *queues, *HOST_RIGHTS)


def store_roles(container: str) -> dict[str, tuple[str, ...]]:
    """The roles that the stack of a Cosmos DB container defines: word → data actions."""
    rights = [right for right in every_right() if right.store and right.scope.endswith(f"/colls/{container}")]
    return {right.store: right.actions for right in rights}
