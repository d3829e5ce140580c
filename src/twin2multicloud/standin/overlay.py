"""What a schema does not tell about a type: allowed values, conflicts, secrets, what forces replacement, and what the
cloud answers. JSON files in a folder per provider, by type; a data source's name begins with `data.`, and the
provider's own settings stand under its name.

Paths are dotted (`service_config.uri`) and name the attribute in every block they lead through. Texts in braces are
filled from the object's own values, the provider's settings and digests of its name; see `naming.Names`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.standin.schema import Block, attributes

OVERLAYS: Final = Path(__file__).with_name("overlay")


class Parent(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An object that must exist before this one can: its type, and the argument that holds its name, id or ARN.

    Where objects of several types would do, `type` has them all, with | between: a function is a service, too.
    """

    type: str
    by: str
    keeps: bool = False
    """Whether the parent cannot be deleted before this one is."""


class Rules(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The rules of one type."""

    id: str = ""
    """The id's template."""
    key: str = ""
    """What no two objects of the type may share, where that is not the id: a name unique in the whole cloud."""
    upsert: bool = False
    """Whether creating what exists already is no error, as with settings and attachments."""
    values: dict[str, Any] = {}
    """What the cloud answers for values that it computes: a template, or any JSON value."""
    defaults: dict[str, Any] = {}
    """What the provider plans for arguments that were left out."""
    enum: dict[str, tuple[str | int, ...]] = {}
    pattern: dict[str, str] = {}
    """Regular expressions that the whole value must match."""
    range: dict[str, tuple[float, float]] = {}
    """The smallest and the largest number allowed."""
    json: tuple[str, ...] = ()
    """Arguments that hold JSON text."""
    exactly_one_of: tuple[tuple[str, ...], ...] = ()
    at_least_one_of: tuple[tuple[str, ...], ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()
    """Groups of which at most one may be given."""
    required_with: dict[str, tuple[str, ...]] = {}
    """What must be given where the key is."""
    force_new: tuple[str, ...] = ()
    """Arguments whose change replaces the object, beside those that do so for most types (`FORCE_NEW`)."""
    in_place: tuple[str, ...] = ()
    """Those of `FORCE_NEW` that this type changes in place."""
    computed_blocks: dict[str, list[dict[str, Any]]] = {}
    """Blocks that the cloud fills when they are left out, with what it fills them with. The schema knows no such."""
    recompute: dict[str, tuple[str, ...]] = {}
    """Computed values that are unknown again after a change of the key."""
    protected_by: dict[str, Any] = {}
    """Arguments with the value that forbids the deletion; some are there unless a module says otherwise."""
    sensitive: tuple[str, ...] = ()
    """The secrets, all of them: for a type with rules nothing is taken for a secret by its name."""
    must_exist: bool = False
    """Whether a data source fails if the world has no object of its type with the values asked for."""
    parents: tuple[Parent, ...] = ()


FORCE_NEW: Final = frozenset(
    {"name", "name_prefix", "location", "region", "project", "resource_group_name", "bucket", "function_name"}
)
"""Arguments that no cloud changes on an existing object of nearly any type."""

NO_RULES: Final = Rules()

Overlay = dict[str, Rules]


def load(provider: str, directory: Path = OVERLAYS) -> Overlay:
    """A provider's overlay, from all files in its folder; none is an empty one. Raises `InvalidInputError` for a file
    that is no overlay, or a type that two files have."""
    overlay: Overlay = {}
    for path in sorted((directory / provider).glob("*.json")):
        try:
            part = msgspec.json.decode(path.read_bytes(), type=Overlay)
        except msgspec.MsgspecError as error:
            raise InvalidInputError(str(path), [Finding("", f"not an overlay: {error}")]) from error
        if twice := sorted(overlay.keys() & part.keys()):
            raise InvalidInputError(str(path), [Finding(twice[0], "has rules in another file, too")])
        overlay.update(part)
    return overlay


_GUESS: Final = re.compile(
    r"(^|_)(password|secret|private_key|access_key|account_key|connection_string|(primary|secondary)_\w*key|token|"
    r"credentials|certificate_pem|sas|sas_url)$"
)


def secrets(block: Block, rules: Rules | None) -> frozenset[str]:
    """The paths of a type's secrets: those that its rules list, or, without rules, all texts that are called so."""
    if rules is not None:
        return frozenset(rules.sensitive)
    return frozenset(path for path, value in attributes(block) if value.cty == "string" and _GUESS.search(path))
