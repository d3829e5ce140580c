"""What each word of a function's `grants` means on Google Cloud: roles on single resources.

Google grants roles, not actions. Each word has the narrowest predefined role, on the narrowest resource that takes a
policy of its own; only Firestore has none below the project, where a condition names the database instead. Firestore
knows no rights by collection: whoever may write one collection of the site's database may write them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from twin2multicloud.model.errors import UsageError


class On(StrEnum):
    """What a role is granted on."""

    TOPIC = "topic"
    SUBSCRIPTION = "subscription"
    BUCKET = "bucket"
    SECRET = "secret"  # noqa: S105  a kind of resource
    DATABASE = "database"
    TABLE = "table"


@dataclass(frozen=True, order=True)
class Right:
    """A role on a resource, whose `name` may have fields of `Resources` in braces."""

    role: str
    on: On
    name: str


PUBLISH: Final = "roles/pubsub.publisher"
SUBSCRIBE: Final = "roles/pubsub.subscriber"
ACCESS: Final = "roles/secretmanager.secretAccessor"
READ_DOCUMENTS: Final = "roles/datastore.viewer"
WRITE_DOCUMENTS: Final = "roles/datastore.user"
READ_ROWS: Final = "roles/bigtable.reader"
WRITE_ROWS: Final = "roles/bigtable.user"
READ_OBJECTS: Final = "roles/storage.objectViewer"
CREATE_OBJECTS: Final = "roles/storage.objectCreator"
CHANGE_OBJECTS: Final = "roles/storage.objectUser"
"""The narrowest predefined role that may delete objects; it may also create, read and change them."""

_DATABASE: Final = "{database}"
_TABLE: Final = "{bigtable}/hot"
_WRITE: Final = (Right(WRITE_DOCUMENTS, On.DATABASE, _DATABASE),)
_READ: Final = (Right(READ_DOCUMENTS, On.DATABASE, _DATABASE),)

RIGHTS: Final[Mapping[str, tuple[Right, ...]]] = MappingProxyType(
    {
        "hot.write": _WRITE,
        "hot.read": _READ,
        "hot.delete": _WRITE,
        "hot.write@bigtable": (Right(WRITE_ROWS, On.TABLE, _TABLE),),
        "hot.read@bigtable": (Right(READ_ROWS, On.TABLE, _TABLE),),
        "hot.delete@bigtable": (Right(WRITE_ROWS, On.TABLE, _TABLE),),
        "graph.update": _WRITE,
        "graph.read": _READ,
        "cool.write": (Right(CREATE_OBJECTS, On.BUCKET, "{cool}"),),
        "cool.read": (Right(READ_OBJECTS, On.BUCKET, "{cool}"),),
        "cool.delete": (Right(CHANGE_OBJECTS, On.BUCKET, "{cool}"),),
        "archive.write": (Right(CREATE_OBJECTS, On.BUCKET, "{archive}"),),
        "archive.read": (Right(READ_OBJECTS, On.BUCKET, "{archive}"),),
        "pending-commands": _WRITE,
        "commands@pending": _WRITE,
        # A topic per device, made after Terraform is done: whoever makes them grants the right on each of them.
        "commands@topics": (),
        "nonces": _WRITE,
        "rule-states": _WRITE,
        "dead-letters": _WRITE,
        "errors": (Right(PUBLISH, On.TOPIC, "{prefix}errors"),),
        "secret:links": (Right(ACCESS, On.SECRET, "{prefix}links"),),
        "secret:read-key": (Right(ACCESS, On.SECRET, "{prefix}read-key"),),
        "secret:device-keys": (Right(ACCESS, On.SECRET, "{prefix}device-keys"),),
        # Pub/Sub calls the function as the site's caller, so the function itself needs no right to its messages.
        "consume@push": (),
        "consume@pull": (Right(SUBSCRIBE, On.SUBSCRIPTION, "{subscription}"),),
        # The worker's right to a subscription next door is granted there, where the subscription is made.
        "consume@next-door": (),
    }
)
"""Roles by word. What differs by offer has its variant behind `@`; `publish:<topic>` and `secret:webhooks`, of which
there are many, are made by `rights_of`."""

_WIDER: Final = {READ_DOCUMENTS: WRITE_DOCUMENTS, READ_ROWS: WRITE_ROWS}
_WIDEST_OF_OBJECTS: Final = frozenset({READ_OBJECTS, CREATE_OBJECTS})


@dataclass(frozen=True)
class Resources:
    """The names that rights are about. `topics` are those whose name is not `prefix` and the word's topic, `variants`
    what stands behind `@` for words that have one.
    """

    prefix: str
    database: str
    bigtable: str = ""
    cool: str = ""
    archive: str = ""
    subscription: str = ""
    topics: Mapping[str, str] = field(default_factory=dict)
    webhooks: tuple[str, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)


def rights_of(grants: Iterable[str], resources: Resources) -> tuple[Right, ...]:
    """The roles that a function gets for its grants, each once, without those that a wider one contains."""
    found = {right for word in grants for right in _rights(word, resources)}
    return tuple(sorted(right for right in found if not _contained(right, found)))


def _rights(word: str, resources: Resources) -> tuple[Right, ...]:
    verb, _, thing = word.partition(":")
    if verb == "publish":
        return (Right(PUBLISH, On.TOPIC, resources.topics.get(thing, f"{resources.prefix}{thing}")),)
    if word == "secret:webhooks":
        return tuple(Right(ACCESS, On.SECRET, f"{resources.prefix}{name}") for name in resources.webhooks)
    # `hot.read` has the variants of `hot`, `consume:intake` those of `consume`.
    name = verb if verb == "consume" else word
    variant = resources.variants.get(name.partition(".")[0], "")
    key = f"{name}@{variant}" if variant else name
    if key not in RIGHTS:
        raise UsageError(f"no right of Google Cloud is known for '{word}'; add it to {__name__}")
    return tuple(Right(right.role, right.on, right.name.format_map(vars(resources))) for right in RIGHTS[key])


def _contained(right: Right, others: set[Right]) -> bool:
    def also(role: str) -> bool:
        return Right(role, right.on, right.name) in others

    wider = _WIDER.get(right.role)
    return (wider is not None and also(wider)) or (right.role in _WIDEST_OF_OBJECTS and also(CHANGE_OBJECTS))
