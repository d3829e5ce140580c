"""What a provider plans and what a cloud answers: pure functions over states.

Terraform's core merges configuration and prior state before it asks; what is left to the provider is to mark what only
the cloud will know, to put in its defaults, to say what must be replaced, and, on apply, to give the marked values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.standin.naming import Names
from twin2multicloud.standin.overlay import FORCE_NEW, Rules
from twin2multicloud.standin.schema import Block, CtyType
from twin2multicloud.standin.values import UNKNOWN, State, blocks_in, conform

MERGED: Final = {
    "tags_all": "tags",
    "effective_labels": "labels",
    "terraform_labels": "labels",
    "effective_annotations": "annotations",
}
"""Attributes that hold the object's own tags or labels together with those that the provider gives to everything."""

_KNOWN_ANYWAY: Final = frozenset(
    {"id", "arn", "name", "region", "location", "project", "zone", "account_id", "self_link", "bucket", "function_name"}
)
"""Optional values that a cloud fills when they are left out; most others it leaves empty."""

_USUAL: Final = {"deletion_policy": "DELETE"}
"""What is answered for an optional value of this name, whatever the type."""


def plan(block: Block, rules: Rules, common: Mapping[str, str], prior: State | None, proposed: State) -> State:
    """What is planned: defaults put in, and computed values unknown as far as they are new or change. `common` are the
    tags or labels that the provider gives to everything."""
    planned = mark(block, prior, merge_tags(block, common, with_defaults(block, rules, proposed)))
    for path in rules.computed_blocks:
        planned = _keep(block, prior, planned, path.split("."))
    if prior is None or planned == prior:
        return planned
    changed = {name for name, value in planned.items() if value != prior.get(name)}
    stale = {target for source, targets in rules.recompute.items() if source in changed for target in targets}
    return {name: UNKNOWN if name in stale else value for name, value in planned.items()}


def merge_tags(block: Block, common: Mapping[str, str], state: State) -> State:
    """A state whose merged tags and labels are worked out: they hold the object's own and those for everything."""
    merged = dict(state)
    for target, source in MERGED.items():
        attribute = block.attributes.get(target)
        if attribute is None or not attribute.computed or source not in block.attributes:
            continue
        own = state.get(source)
        shared = {} if source == "annotations" else common
        merged[target] = UNKNOWN if own is UNKNOWN else {**shared, **(own or {})}
    return merged


def replaced_by(block: Block, rules: Rules, prior: State, planned: State) -> list[str]:
    """The arguments and blocks whose change cannot be made to the existing object."""
    fixed = (FORCE_NEW | set(rules.force_new)) - set(rules.in_place)
    found = []
    for path in sorted(fixed):
        head = path.split(".")[0]
        if head not in found and _at(block, planned, path) != _at(block, prior, path):
            found.append(head)
    return found


def _at(block: Block, state: State, path: str) -> Any:
    """What a path names, through all blocks of a kind."""
    head, _, rest = path.partition(".")
    nested = block.block_types.get(head)
    if not rest or nested is None:
        return state.get(head)
    return [_at(nested.block, item, rest) for item in blocks_in(state.get(head), nested.nesting_mode)]


def with_defaults(block: Block, rules: Rules, state: State) -> State:
    """A state in which arguments left out have what the provider would take for them."""
    for path, value in rules.defaults.items():
        state = _put(block, state, path.split("."), value)
    return state


def _put(block: Block, state: State, steps: list[str], value: Any) -> State:
    head, *rest = steps
    nested = block.block_types.get(head)
    if nested is None or not rest:
        return {**state, head: value} if head in state and state[head] is None else state
    inside = state.get(head)
    if inside is None or inside is UNKNOWN:
        return state
    if isinstance(inside, dict) and nested.nesting_mode in ("single", "group"):
        return {**state, head: _put(nested.block, inside, rest, value)}
    if isinstance(inside, dict):
        return {**state, head: {key: _put(nested.block, item, rest, value) for key, item in inside.items()}}
    return {**state, head: [_put(nested.block, item, rest, value) for item in inside]}


def mark(block: Block, prior: State | None, state: State) -> State:
    """A state in which computed values without a value are unknown, where the object or the block in it is new."""
    marked = dict(state)
    for name, attribute in block.attributes.items():
        if attribute.write_only:
            marked[name] = None  # given to the provider with the configuration, and kept in no plan or state
        elif attribute.computed and marked.get(name) is None and prior is None:
            marked[name] = UNKNOWN
    for name, nested in block.block_types.items():
        mode, value = nested.nesting_mode, marked.get(name)
        if value is None or value is UNKNOWN:
            continue
        before = blocks_in((prior or {}).get(name), mode)
        items = blocks_in(value, mode)
        if mode == "set":
            marked[name] = _mark_set(nested.block, before, items)
        elif mode == "map":
            known = (prior or {}).get(name) or {}
            marked[name] = {key: mark(nested.block, known.get(key), item) for key, item in value.items()}
        else:
            paired = [mark(nested.block, before[i] if i < len(before) else None, x) for i, x in enumerate(items)]
            marked[name] = paired[0] if mode in ("single", "group") else paired
    return marked


def _keep(block: Block, prior: State | None, state: State, steps: list[str]) -> State:
    """A state in which a block that was left out is what it was before, and unknown in a new object."""
    head, *rest = steps
    value, before = state.get(head), (prior or {}).get(head)
    if not rest:
        left_out = value is None or value == []
        return {**state, head: UNKNOWN if prior is None else before} if left_out else state
    nested = block.block_types[head]
    olds = blocks_in(before, nested.nesting_mode)
    items = [
        _keep(nested.block, olds[i] if i < len(olds) else None, item, rest)
        for i, item in enumerate(blocks_in(value, nested.nesting_mode))
    ]
    return {**state, head: items} if items else state


def _mark_set(block: Block, before: list[State], items: list[State]) -> list[State]:
    """A set's blocks: those that were there with all their values, in the order they had, and then the new ones.

    Terraform recognises a block of a set only by what is configured. One whose defaults we put in looks new to it, so
    its computed values come without a value, although the block is the same.
    """
    kept: list[State] = []
    rest = list(items)
    for old in before:
        if (same := next((item for item in rest if _is_same(block, old, item)), None)) is not None:
            rest.remove(same)
            kept.append(old)
    return kept + [mark(block, None, item) for item in rest]


def _is_same(block: Block, old: State, item: State) -> bool:
    """Whether a configured block is the old one: they differ in nothing but computed values that it does not give."""
    for name, value in item.items():
        if value == old.get(name):
            continue
        attribute = block.attributes.get(name)
        if attribute is None or not attribute.computed or value is not None:
            return False
    return True


def answer(block: Block, rules: Rules, names: Names, state: State, prefix: str = "") -> State:
    """A state in which nothing is unknown: what the cloud answers for it."""
    known: State = dict(state)
    # An id is part of other values, so it comes first.
    for name in sorted(block.attributes, key=lambda name: (name != "id", name)):
        attribute = block.attributes[name]
        path = prefix + name
        value = known.get(name)
        if value is UNKNOWN and path == "id" and rules.id:
            value = names.fill(rules.id)
        elif value is UNKNOWN and path in rules.values:
            value = names.fill(rules.values[path])
        elif value is UNKNOWN and attribute.optional and name not in _KNOWN_ANYWAY:
            value = _USUAL.get(name, _empty(attribute.cty))
        else:
            value = _complete(attribute.cty, value, path, names, rules)
        known[name] = None if attribute.write_only else value
        if not prefix:
            names.learn({name: known[name]})
    for name, nested in block.block_types.items():
        value, mode = known.get(name), nested.nesting_mode
        if value is UNKNOWN:
            filled = rules.computed_blocks.get(f"{prefix}{name}", [])
            known[name] = [conform(nested.block, names.fill(item)) for item in filled]
        elif isinstance(value, list):
            known[name] = [answer(nested.block, rules, names, item, f"{prefix}{name}.") for item in value]
        elif isinstance(value, dict) and mode == "map":
            known[name] = {k: answer(nested.block, rules, names, item, f"{prefix}{name}.") for k, item in value.items()}
        elif isinstance(value, dict):
            known[name] = answer(nested.block, rules, names, value, f"{prefix}{name}.")
    return known


def _empty(kind: CtyType) -> Any:
    if isinstance(kind, list):
        return {} if kind[0] == "map" else None if kind[0] in ("object", "tuple") else []
    return {"string": "", "number": 0, "bool": False}.get(kind)


def _complete(kind: CtyType, value: Any, path: str, names: Names, rules: Rules) -> Any:
    """A value without unknown parts."""
    if value is UNKNOWN:
        return _invent(kind, path, names, rules)
    if isinstance(kind, list) and isinstance(value, list):
        return [_complete(kind[1], item, path, names, rules) for item in value]
    if isinstance(kind, list) and isinstance(value, dict):
        inner = kind[1]
        return {
            key: _complete(
                inner[key] if kind[0] == "object" else inner,
                item,
                f"{path}.{key}" if kind[0] == "object" else path,
                names,
                rules,
            )
            for key, item in value.items()
        }
    return value


def _invent(kind: CtyType, path: str, names: Names, rules: Rules) -> Any:
    if path in rules.values:
        return names.fill(rules.values[path])
    if isinstance(kind, str):
        return {"string": names.text(path), "number": 1, "bool": False}.get(kind)
    shape, inner = kind[0], kind[1]
    if shape == "object":
        return {name: _invent(member, f"{path}.{name}", names, rules) for name, member in inner.items()}
    return {} if shape == "map" else [_invent(inner, path, names, rules)]
