"""A provider's schema, in the form that `terraform providers schema -json` prints.

The files in `schemas/` hold it for the types that our modules use. Whoever has the real provider may put its own output
in their place: `T2M_STANDIN_SCHEMAS` names a directory of `<provider>.json` or `<provider>.json.gz`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from twin2multicloud.model.errors import Finding, InvalidInputError

CtyType = str | list[Any]
"""A type as Terraform writes it: `"string"`, `["list", "string"]`, `["object", {"name": "string"}]`."""

Nesting = Literal["single", "group", "list", "set", "map"]

SHIPPED: Final = Path(__file__).with_name("schemas")
"""Where the schemas lie that come with us."""


class Nested(msgspec.Struct, omit_defaults=True):
    """The type of an attribute whose members are attributes again; only newer providers have these."""

    attributes: dict[str, Attribute]
    nesting_mode: Nesting


class Attribute(msgspec.Struct, omit_defaults=True):
    """One argument or one value of a block. Either `type` or `nested_type` says what it holds."""

    type: CtyType = ""
    nested_type: Nested | None = None
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    write_only: bool = False

    @property
    def read_only(self) -> bool:
        """Whether only the cloud sets it."""
        return self.computed and not self.optional

    @property
    def cty(self) -> CtyType:
        """Its type, with nested attributes as an object's."""
        if self.nested_type is None:
            return self.type
        item: CtyType = ["object", {name: inner.cty for name, inner in self.nested_type.attributes.items()}]
        mode = self.nested_type.nesting_mode
        return item if mode in ("single", "group") else [mode, item]


class Block(msgspec.Struct, omit_defaults=True):
    """Attributes and nested blocks."""

    attributes: dict[str, Attribute] = {}
    block_types: dict[str, NestedBlock] = {}


class NestedBlock(msgspec.Struct, omit_defaults=True):
    """A block inside a block; `max_items` 0 means any number."""

    nesting_mode: Nesting
    block: Block
    min_items: int = 0
    max_items: int = 0


class Schema(msgspec.Struct):
    """A resource's, a data source's or a provider's own configuration."""

    block: Block
    version: int = 0


class ProviderSchema(msgspec.Struct, omit_defaults=True):
    """All that one provider knows."""

    provider: Schema
    resource_schemas: dict[str, Schema] = {}
    data_source_schemas: dict[str, Schema] = {}


class Document(msgspec.Struct):
    """The printed document. `provider_versions` is ours: the release that each schema was taken from."""

    format_version: str
    provider_schemas: dict[str, ProviderSchema]
    provider_versions: dict[str, str] = {}


def file_of(provider: str, directory: Path) -> Path:
    """The schema file of a provider; raises `InvalidInputError` if the directory has none."""
    for name in (f"{provider}.json", f"{provider}.json.gz"):
        if (path := directory / name).is_file():
            return path
    known = sorted({path.name.split(".")[0] for path in directory.glob("*.json*")})
    raise InvalidInputError(
        str(directory),
        [
            Finding(
                "provider", f"no schema of {provider!r} here; there is {', '.join(known) or 'none at all'}", provider
            )
        ],
    )


def load(provider: str, directory: Path) -> ProviderSchema:
    """Read a provider's schema; raises `InvalidInputError` if it is missing or is no such document."""
    path = file_of(provider, directory)
    data = path.read_bytes()
    try:
        document = msgspec.json.decode(gzip.decompress(data) if path.suffix == ".gz" else data, type=Document)
    except (msgspec.MsgspecError, OSError, EOFError) as error:
        raise InvalidInputError(str(path), [Finding("", f"not a provider's schema: {error}")]) from error
    return next(iter(document.provider_schemas.values()))


def encode(document: Document) -> bytes:
    """A document as compressed JSON: the same bytes for the same content, whenever it is written."""
    text = json.dumps(msgspec.to_builtins(document), sort_keys=True, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def at(block: Block, path: str) -> Attribute | NestedBlock | None:
    """What a dotted path such as `service_config.uri` names in a block, or inside an attribute that is an object."""
    head, _, rest = path.partition(".")
    if (nested := block.block_types.get(head)) is not None:
        return at(nested.block, rest) if rest else nested
    attribute = block.attributes.get(head)
    if attribute is None or not rest:
        return attribute
    inner = _inside(attribute.cty, rest.split("."))
    return None if inner is None else Attribute(type=inner, computed=attribute.computed, optional=attribute.optional)


def _inside(kind: CtyType, names: list[str]) -> CtyType | None:
    while isinstance(kind, list) and kind[0] in ("list", "set", "map"):
        kind = kind[1]
    if not names:
        return kind
    members: Mapping[str, CtyType] = kind[1] if isinstance(kind, list) and kind[0] == "object" else {}
    return _inside(members[names[0]], names[1:]) if names[0] in members else None


def attributes(block: Block, prefix: str = "") -> Iterator[tuple[str, Attribute]]:
    """Every attribute of a block and of the blocks in it, by dotted path."""
    for name, attribute in block.attributes.items():
        yield prefix + name, attribute
    for name, nested in block.block_types.items():
        yield from attributes(nested.block, f"{prefix}{name}.")
