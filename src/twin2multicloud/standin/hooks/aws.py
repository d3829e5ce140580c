"""AWS: the checks of a DynamoDB table's keys and a Kinesis stream's shards, and policy documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from twin2multicloud.standin.checks import Problem
from twin2multicloud.standin.values import UNKNOWN, State, has_unknown


def dynamodb_keys(config: State) -> Iterator[Problem]:
    """Attributes are declared if and only if the table or an index has them as a key."""
    declared = config.get("attribute")
    if not isinstance(declared, list) or has_unknown(declared):
        return
    names = {item["name"] for item in declared}
    indexes = [*(config.get("global_secondary_index") or []), *(config.get("local_secondary_index") or [])]
    holders = [config, *indexes, *(key for index in indexes for key in index.get("key_schema") or [])]
    keys = {holder.get(key) for holder in holders for key in ("hash_key", "range_key", "attribute_name")}
    if UNKNOWN in keys:
        return
    keys -= {None, ""}
    if unused := sorted(names - keys):
        listed = " ".join(f'"{name}"' for name in unused)
        yield Problem("all attributes must be indexed. Unused attributes: [" + listed + "]", "", ("attribute",))
    if missing := sorted(keys - names):
        listed = " ".join(f'"{name}"' for name in missing)
        yield Problem("all indexes must match a defined attribute. Unmatched indexes: [" + listed + "]", "", ())


def kinesis_shards(config: State) -> Iterator[Problem]:
    """A stream has shards if and only if they are provisioned."""
    modes = config.get("stream_mode_details")
    shards = config.get("shard_count")
    if has_unknown(modes) or shards is UNKNOWN:
        return
    mode = modes[0]["stream_mode"] if modes else "PROVISIONED"
    if mode == "PROVISIONED" and not shards:
        yield Problem("shard_count must be at least 1 when stream_mode is PROVISIONED", "", ("shard_count",))
    elif mode == "ON_DEMAND" and shards:
        yield Problem("shard_count must not be set when stream_mode is ON_DEMAND", "", ("shard_count",))


def _one_or_many(values: Any) -> Any:
    """A list as a policy writes it: one element stands alone, more are sorted in reverse, as the provider does."""
    ordered = sorted(values, reverse=True)
    return ordered[0] if len(ordered) == 1 else ordered


def _principals(blocks: list[State]) -> Any:
    if any(block["type"] == "*" and block["identifiers"] == ["*"] for block in blocks):
        return "*"
    merged: dict[str, list[str]] = {}
    for block in blocks:
        merged.setdefault(block["type"], []).extend(block["identifiers"])
    return {kind: _one_or_many(identifiers) for kind, identifiers in sorted(merged.items())}


def _statement(block: State) -> dict[str, Any]:
    statement: dict[str, Any] = {}
    if block.get("sid"):
        statement["Sid"] = block["sid"]
    statement["Effect"] = block.get("effect") or "Allow"
    for key, argument in (
        ("Action", "actions"),
        ("NotAction", "not_actions"),
        ("Resource", "resources"),
        ("NotResource", "not_resources"),
    ):
        if block.get(argument):
            statement[key] = _one_or_many(block[argument])
    for key, argument in (("Principal", "principals"), ("NotPrincipal", "not_principals")):
        if block.get(argument):
            statement[key] = _principals(block[argument])
    conditions: dict[str, dict[str, Any]] = {}
    for condition in block.get("condition") or []:
        conditions.setdefault(condition["test"], {})[condition["variable"]] = _one_or_many(condition["values"])
    if conditions:
        statement["Condition"] = conditions
    return statement


def policy_document(config: State) -> State:
    """The JSON of a policy written as blocks: sources first, own statements, overrides by `sid` last."""
    statements: list[dict[str, Any]] = []
    for source in config.get("source_policy_documents") or []:
        statements.extend(_statements_of(source))
    statements.extend(_statement(block) for block in config.get("statement") or [])
    for source in config.get("override_policy_documents") or []:
        for statement in _statements_of(source):
            same = [i for i, own in enumerate(statements) if own.get("Sid") and own.get("Sid") == statement.get("Sid")]
            if same:
                statements[same[0]] = statement
            else:
                statements.append(statement)
    version = config.get("version")
    document: dict[str, Any] = {"Version": version if isinstance(version, str) and version else "2012-10-17"}
    if config.get("policy_id"):
        document["Id"] = config["policy_id"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    return {"json": text, "minified_json": json.dumps(document, separators=(",", ":")), "version": document["Version"]}


def _statements_of(text: str) -> list[dict[str, Any]]:
    statements = json.loads(text).get("Statement", []) if text else []
    return statements if isinstance(statements, list) else [statements]


CHECKS: Final[Mapping[str, Callable[[State], Iterator[Problem]]]] = {
    "aws_dynamodb_table": dynamodb_keys,
    "aws_kinesis_stream": kinesis_shards,
}
READERS: Final[Mapping[str, Callable[[State], State]]] = {"aws_iam_policy_document": policy_document}
