"""What a schema does not tell about a type: allowed values, conflicts, secrets, what forces replacement, and what the
cloud answers. One JSON file per provider in `overlay/`, by type; a data source's name begins with `data.`.

Paths are dotted (`service_config.uri`) and name the attribute in every block they lead through. Texts in braces are
filled from the object's own values, the provider's settings and digests of its name; see `naming.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.model.errors import Finding, InvalidInputError

OVERLAYS: Final = Path(__file__).with_name("overlay")


class Parent(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An object that must exist before another can: its type and, as a template, its id or key."""

    type: str
    key: str


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
    enum: dict[str, tuple[str, ...]] = {}
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
    recompute: dict[str, tuple[str, ...]] = {}
    """Computed values that are unknown again after a change of the key."""
    sensitive: tuple[str, ...] = ()
    parents: tuple[Parent, ...] = ()


FORCE_NEW: Final = frozenset(
    {"name", "name_prefix", "location", "region", "project", "resource_group_name", "bucket", "function_name"}
)
"""Arguments that no cloud changes on an existing object of nearly any type."""

NO_RULES: Final = Rules()

Overlay = dict[str, Rules]


def load(provider: str, directory: Path = OVERLAYS) -> Overlay:
    """A provider's overlay; none is an empty one. Raises `InvalidInputError` for a file that is no overlay."""
    path = directory / f"{provider}.json"
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=Overlay)
    except msgspec.MsgspecError as error:
        raise InvalidInputError(str(path), [Finding("", f"not an overlay: {error}")]) from error
