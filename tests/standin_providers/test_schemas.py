"""The schemas and the overlay that are shipped: complete for our modules, and consistent with each other."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

import pytest

import twin2multicloud
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.standin import overlay, schema
from twin2multicloud.standin.naming import Names, Settings
from twin2multicloud.standin.overlay import Rules
from twin2multicloud.standin.schema import SHIPPED, Attribute, Block, Document, NestedBlock, ProviderSchema, Schema
from twin2multicloud.standin.sources import SOURCES
from twin2multicloud.standin.usage import provider_of, types_in

MODULES = Path(twin2multicloud.__file__).parent / "deployer" / "terraform"
USED = sorted(types_in(MODULES))

PUBLIC = {
    "aws_efs_file_system": {"creation_token"},
    "aws_lambda_permission": {"event_source_token"},
}
"""What is called like a secret and is none."""


def shipped(kind: str) -> Block | None:
    loaded = schema.load(provider_of(kind), SHIPPED)
    schemas = loaded.data_source_schemas if kind.startswith("data.") else loaded.resource_schemas
    found = schemas.get(kind.removeprefix("data."))
    return found.block if found else None


def rules_with_blocks() -> Iterator[tuple[str, Rules, Block]]:
    """The rules of all types that are shipped."""
    for provider in SOURCES:
        if not (SHIPPED / f"{provider}.json.gz").exists():
            continue
        loaded = schema.load(provider, SHIPPED)
        for kind, rules in overlay.load(provider).items():
            schemas = loaded.data_source_schemas if kind.startswith("data.") else loaded.resource_schemas
            if kind == provider:
                yield kind, rules, loaded.provider.block
            elif kind.removeprefix("data.") in schemas:
                yield kind, rules, schemas[kind.removeprefix("data.")].block


def paths_of(rules: Rules) -> set[str]:
    """Every path that rules name."""
    keyed = (rules.values, rules.defaults, rules.enum, rules.pattern, rules.range, rules.required_with)
    listed = (rules.json, rules.force_new, rules.in_place, rules.sensitive)
    grouped: tuple[Iterable[str], ...] = (
        *rules.exactly_one_of,
        *rules.at_least_one_of,
        *rules.conflicts,
        *rules.required_with.values(),
    )
    grouped = (*grouped, *rules.recompute.values(), rules.recompute, rules.protected_by, rules.computed_blocks)
    parents = {parent.by for parent in rules.parents}
    return {path for group in (*keyed, *listed, *grouped) for path in group} | parents


@pytest.mark.parametrize("kind", USED)
def test_every_type_that_a_module_uses_has_its_schema(kind: str) -> None:
    assert shipped(kind) is not None, "run scripts/provider-schemas"


def test_every_type_that_has_rules_is_served() -> None:
    without = [
        kind for provider in SOURCES for kind in overlay.load(provider) if kind != provider and shipped(kind) is None
    ]
    assert without == []


def test_rules_name_only_what_the_schema_has() -> None:
    wrong = [
        (kind, path)
        for kind, rules, block in rules_with_blocks()
        for path in paths_of(rules)
        if schema.at(block, path) is None
    ]
    assert wrong == []


def test_templates_use_only_what_an_object_has() -> None:
    wrong = []
    for kind, rules, block in rules_with_blocks():
        known = Names(Settings(provider_of(kind)), kind, {}).values.keys() | block.attributes.keys()
        for template in (rules.id, rules.key, *(value for value in rules.values.values() if isinstance(value, str))):
            wrong += [(kind, name) for _, name, _, _ in Formatter().parse(template) if name and name not in known]
    assert wrong == []


def test_what_is_answered_is_computed_and_what_is_defaulted_may_be_given() -> None:
    wrong = []
    for kind, rules, block in rules_with_blocks():
        for path in rules.values:
            found = schema.at(block, path)
            if isinstance(found, Attribute) and not found.computed and "." not in path and not kind.startswith("data."):
                wrong.append((kind, path))
        for path in rules.defaults:
            found = schema.at(block, path)
            if not isinstance(found, Attribute) or found.read_only or found.required:
                wrong.append((kind, path))
    assert wrong == []


def test_blocks_that_the_cloud_fills_hold_what_the_schema_has() -> None:
    wrong = []
    for kind, rules, block in rules_with_blocks():
        for path, blocks in rules.computed_blocks.items():
            found = schema.at(block, path)
            if not isinstance(found, NestedBlock):
                wrong.append((kind, path))
                continue
            known = found.block.attributes.keys() | found.block.block_types.keys()
            wrong += [(kind, f"{path}.{name}") for item in blocks for name in item if name not in known]
    assert wrong == []


def test_allowed_values_and_defaults_agree() -> None:
    for kind, rules, _block in rules_with_blocks():
        for path, value in rules.defaults.items():
            assert path not in rules.enum or value in rules.enum[path], (kind, path)
            assert path not in rules.pattern or re.fullmatch(rules.pattern[path], str(value)), (kind, path)


@pytest.mark.parametrize("kind", [kind for kind in USED if not kind.startswith("data.")])
def test_no_secret_of_a_type_in_use_is_overlooked(kind: str) -> None:
    block = shipped(kind)
    assert block is not None
    rules = overlay.load(provider_of(kind)).get(kind)
    assert rules is not None, "a type in use needs rules: at least its id and its secrets"
    called_so = overlay.secrets(block, None)
    assert called_so - set(rules.sensitive) <= PUBLIC.get(kind, set())


def test_schemas_are_written_the_same_whenever() -> None:
    document = Document(
        "1.0", {"registry/x": ProviderSchema(Schema(Block({"b": Attribute("string"), "a": Attribute()})))}
    )
    data = schema.encode(document)
    assert data == schema.encode(document)
    assert data[4:8] == bytes(4)  # gzip's time
    assert gzip.decompress(data).index(b'"a"') < gzip.decompress(data).index(b'"b"')


def test_shipped_schemas_are_of_the_releases_that_the_mirror_claims() -> None:
    for path in SHIPPED.glob("*.json.gz"):
        name = path.name.split(".")[0]
        text = gzip.decompress(path.read_bytes())
        assert f'"provider_versions":{{"{name}":"{SOURCES[name].version}"}}'.encode() in text
        assert SOURCES[name].address.encode() in text


def test_schemas_come_with_their_licence() -> None:
    notice = (SHIPPED / "NOTICE").read_text()
    assert "Mozilla Public License 2.0" in notice


def test_the_output_of_the_real_provider_is_read_too(tmp_path: Path) -> None:
    """Newer providers have attributes of attributes, which bindings do not tell."""
    (tmp_path / "aws.json").write_text(
        '{"format_version": "1.0", "provider_schemas": {"registry.terraform.io/hashicorp/aws": {"provider":'
        ' {"version": 0, "block": {"description_kind": "plain"}}, "resource_schemas": {"aws_x": {"version": 1, "block":'
        ' {"attributes": {"rules": {"nested_type": {"attributes": {"name": {"type": "string", "optional": true}},'
        ' "nesting_mode": "list"}, "optional": true}}}}}}}}'
    )
    block = schema.load("aws", tmp_path).resource_schemas["aws_x"].block
    assert block.attributes["rules"].cty == ["list", ["object", {"name": "string"}]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no schema of 'aws' here; there is none at all"),
        (b"{}", "not a provider's schema: Object missing required"),
    ],
)
def test_a_schema_that_is_missing_or_none_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "aws.json").write_bytes(content)
    with pytest.raises(InvalidInputError, match=re.escape(words)):
        schema.load("aws", tmp_path)


def test_a_type_of_a_provider_without_stand_in_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no stand-in for the provider 'river'"):
        provider_of("river_mill")


def test_types_are_found_in_files_below(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "main.tf").write_text(
        'resource "aws_sqs_queue" "a" {}\ndata "aws_region" "b" {}\n'
        'resource "terraform_data" "c" {}\n# resource "x_y" "z"'
    )
    assert types_in(tmp_path) == {"aws_sqs_queue", "data.aws_region"}
