"""Reads a provider's schema from its published bindings for CDK Terrain (the wheels `cdktn-provider-*` on PyPI).

The bindings' JavaScript is generated from the provider's schema and has regular lines: every attribute with its flags,
the class behind it if it is a structure, and tables that tell blocks from attributes and lists from sets. So a scan
for those lines gives back most of the schema, without Node.js and without importing anything. It cannot give what the
generator leaves out: secrets, replacement, defaults, allowed values, and counts of blocks beside "one" and "one or
more".
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from twin2multicloud.standin.schema import Attribute, Block, CtyType, NestedBlock, Nesting, ProviderSchema, Schema

_LINE: Final = re.compile(
    r"""
      ^class\ (?P<cls>\w+)\ extends\ cdktn\.(?P<base>\w+)\ \{
    | ^\ {4}static\ tfResourceType\ =\ "(?P<terraform>[\w-]+)"
    | ^\ {4}//\ (?P<member>\w+)\ -\ computed:\ (?P<flags>\w+,\ optional:\ \w+,\ required:\ \w+)$
    | ^\ {4}_\w+\ =\ new\ (?P<holder>[\w.]+)\(this,\ "\w+"(?:,\ (?P<wraps_set>true|false))?\);
    | ^\ {8}return\ (?P<getter>[^;\n]+);
    | ^function\ (?P<table>\w+)ToHclTerraform\(
    | ^\ {4}(?P<own_table>synthesizeHclAttributes)\(\)
    | ^\ {8,12}(?P<entry>\w+):\ \{$
    | ^\ +isBlock:\ (?P<is_block>true|false),
    | ^\ +type:\ "(?P<kind>\w+)",
    | ^\ +storageClassType:\ "(?P<storage>\w+)"
    """,
    re.MULTILINE | re.VERBOSE,
)

_PRIMITIVES: Final = {"string": "string", "number": "number", "boolean": "bool"}

_GETTERS: Final[dict[str, CtyType]] = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "getAnyMapAttribute": ["map", "dynamic"],
}

_DEPTH: Final = 3
"""How often a structure may lie within itself: the bindings fold endless nesting into a loop."""


@dataclass
class _Entry:
    """A row of a table: is it a block, what kind of collection, and of what."""

    is_block: bool
    kind: str = ""
    storage: str = ""


@dataclass
class _Member:
    """An attribute or block of a class."""

    computed: bool
    optional: bool
    required: bool
    holder: str = ""
    wraps_set: bool = False
    getter: str = ""


@dataclass
class _Class:
    """A resource, a data source, a provider, or a structure in one."""

    base: str
    terraform: str = ""
    members: dict[str, _Member] = field(default_factory=dict)
    table: dict[str, _Entry] = field(default_factory=dict)


class _Module:
    """The classes and tables of one resource's folder."""

    def __init__(self, texts: Iterable[str], *, attributes_only: bool) -> None:
        self.classes: dict[str, _Class] = {}
        self._tables: dict[str, dict[str, _Entry]] = {}
        self._attributes_only = attributes_only
        self._open: list[str] = []
        for text in texts:
            self._scan(text)

    def _scan(self, text: str) -> None:
        cls = _Class("")
        table: dict[str, _Entry] = {}
        name, entry = "", _Entry(False)
        member: _Member | None = None
        for match in _LINE.finditer(text):
            found = match.group
            match match.lastgroup:
                case "base":
                    cls = self.classes[found("cls")] = _Class(found("base"))
                    member = None
                case "terraform":
                    cls.terraform = found("terraform")
                case "flags":
                    computed, optional, required = (flag.endswith("true") for flag in found("flags").split(", "))
                    member = cls.members[found("member")] = _Member(computed, optional, required)
                case "holder" | "wraps_set" if member and not member.holder:
                    # Structures of big resources are in files of their own, imported under a prefix.
                    holder = found("holder")
                    member.holder = holder if holder.startswith("cdktn.") else holder.rpartition(".")[2]
                    member.wraps_set = found("wraps_set") == "true"
                case "getter" if member and not member.getter:
                    member.getter = found("getter")
                case "table":
                    table = self._tables[found("table").lower()] = {}
                    member = None
                case "own_table":
                    table = cls.table
                    member = None
                case "entry":
                    name = found("entry")
                case "is_block":  # only a row of a table goes on like this
                    entry = table[name] = _Entry(found("is_block") == "true")
                case "kind":
                    entry.kind = found("kind")
                case "storage":
                    entry.storage = found("storage")

    def schema(self, cls: _Class) -> Schema:
        """A resource's, data source's or provider's schema."""
        return Schema(self._block(cls, cls.table))

    def _structure(self, holder: str) -> tuple[str, Mapping[str, _Entry]]:
        """The class of the elements that a holder such as `FooList` or `FooOutputReference` leads to, and its table."""
        base = re.sub(r"(List|Map|OutputReference)$", "", holder)
        name = f"{base}OutputReference"
        return (name if name in self.classes else holder), self._tables.get(base.lower(), {})

    def _block(self, cls: _Class, table: Mapping[str, _Entry]) -> Block:
        block = Block()
        for name, member in cls.members.items():
            entry = table.get(name)
            if entry and entry.is_block and not member.computed and not self._attributes_only:
                if (nested := self._nested(member, entry)) is not None:
                    block.block_types[name] = nested
                continue
            kind = self._type(member, entry)
            # Where the bindings say only "any", a value inside a block could not be served: sets of such are no type.
            if self._open and "dynamic" in json.dumps(kind):
                continue
            block.attributes[name] = Attribute(
                type=kind,
                required=member.required,
                optional=member.optional,
                computed=member.computed,
                write_only=name.endswith("_wo") and not member.computed,
            )
        return block

    def _nested(self, member: _Member, entry: _Entry) -> NestedBlock | None:
        mode: Nesting = {"struct": "single", "list": "list", "set": "set", "map": "map"}[entry.kind]  # type: ignore[assignment]
        repeats = mode in ("list", "set")
        if not member.holder:  # a provider's own configuration: only the tables tell what is in it
            return NestedBlock(mode, self._from_table(entry.storage), int(member.required and repeats))
        name, table = self._structure(member.holder)
        if self._open.count(name) >= _DEPTH:
            return None
        self._open.append(name)
        block = self._block(self.classes[name], table)
        self._open.pop()
        single = repeats and member.holder.endswith("OutputReference")
        return NestedBlock(mode, block, int(member.required and repeats), int(single))

    def _from_table(self, storage: str) -> Block:
        """A block of which only the table is known, so that everything in it counts as optional."""
        block = Block()
        table = self._tables.get(re.sub(r"(List|Map)$", "", storage).lower(), {})
        for name, entry in table.items():
            if entry.is_block:
                block.block_types[name] = NestedBlock("list", self._from_table(entry.storage))
            else:
                block.attributes[name] = Attribute(type=_stored(entry), optional=True)
        return block

    def _type(self, member: _Member, entry: _Entry | None) -> CtyType:
        if member.holder.startswith("cdktn."):
            return _held(member)
        if member.holder:
            return self._collection(member, entry)
        if entry:
            return _stored(entry)
        call = re.search(r"this\.(get\w+Attribute)\(", member.getter)
        kind = _GETTERS.get(call[1], "dynamic") if call else "dynamic"
        return ["set", kind[1]] if "Fn.tolist" in member.getter and isinstance(kind, list) else kind

    def _collection(self, member: _Member, entry: _Entry | None) -> CtyType:
        name, table = self._structure(member.holder)
        if self._open.count(name) >= _DEPTH:
            return "dynamic"
        self._open.append(name)
        inner = self.classes[name].members
        item: CtyType = ["object", {key: self._type(value, table.get(key)) for key, value in inner.items()}]
        self._open.pop()
        kind = entry.kind if entry else ""
        if member.holder.endswith("OutputReference"):
            return [kind, item] if kind in ("list", "set", "map") else item
        if member.holder.endswith("Map"):
            return ["map", item]
        return ["set" if member.wraps_set or kind == "set" else "list", item]


def _stored(entry: _Entry) -> CtyType:
    """A table's type: `set` of `stringList` is a set of strings, `list` of `stringMapList` a list of maps."""
    first, *wrappers = re.findall(r"[A-Z]?[a-z]+", entry.storage)
    kind: CtyType = _PRIMITIVES.get(first, "dynamic")
    for depth, wrapper in enumerate(wrappers, start=1):
        outermost = depth == len(wrappers) and entry.kind in ("list", "set", "map")
        kind = [entry.kind if outermost else wrapper.lower(), kind]
    return kind


def _held(member: _Member) -> CtyType:
    """The type behind the bindings' own holders, such as `cdktn.StringMapList`."""
    first, *wrappers = re.findall(r"[A-Z][a-z]+", member.holder.removeprefix("cdktn."))
    kind: CtyType = _PRIMITIVES.get(first.lower(), "dynamic")
    for wrapper in wrappers:
        kind = [wrapper.lower(), kind]
    return ["set", kind[1]] if member.wraps_set and kind[0] == "list" else kind


@dataclass(frozen=True)
class Extract:
    """A provider's schema as its bindings have it, and the provider's release."""

    version: str
    schema: ProviderSchema


def read_modules(
    folders: Mapping[str, Iterable[str]], wanted: Callable[[str], bool], *, attributes_only: bool = False
) -> ProviderSchema:
    """The schema of the wanted types, from the JavaScript of each folder. Data sources are asked for as `data.<type>`.

    `attributes_only` is for providers that have no nested blocks, only nested attributes; the bindings do not tell.
    """
    result = ProviderSchema(Schema(Block()))
    for texts in folders.values():
        module = _Module(texts, attributes_only=attributes_only)
        for cls in module.classes.values():
            if cls.base == "TerraformProvider":
                result.provider = module.schema(cls)
            elif cls.base == "TerraformResource" and wanted(cls.terraform):
                result.resource_schemas[cls.terraform] = module.schema(cls)
            elif cls.base == "TerraformDataSource" and wanted(f"data.{cls.terraform}"):
                result.data_source_schemas[cls.terraform] = module.schema(cls)
    return result


def read_wheel(wheel: Path, wanted: Callable[[str], bool], *, attributes_only: bool = False) -> Extract:
    """The schema of the wanted types, from a distribution of bindings."""
    with zipfile.ZipFile(wheel) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        data = archive.read(inner)
    folders: dict[str, list[str]] = defaultdict(list)
    version = ""
    with tarfile.open(fileobj=io.BytesIO(data)) as package:
        for member in package:
            parts = member.name.split("/")
            if member.name == "package/package.json":
                version = json.loads(_text(package, member))["cdktn"]["provider"]["version"]
            elif parts[1] == "lib" and len(parts) > 3 and member.name.endswith(".js"):
                # The map behind the code is half the text and never looked at.
                text = _text(package, member).partition("//# sourceMappingURL")[0]
                if _relevant(text, wanted) or "structs" in member.name or folders.get(parts[2]):
                    folders[parts[2]].append(text)
    return Extract(version, read_modules(folders, wanted, attributes_only=attributes_only))


def _text(package: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = package.extractfile(member)
    return "" if file is None else file.read().decode()


def _relevant(text: str, wanted: Callable[[str], bool]) -> bool:
    names = re.findall(r'static tfResourceType = "([\w-]+)"', text)
    return "extends cdktn.TerraformProvider" in text or any(wanted(n) or wanted(f"data.{n}") for n in names)
