"""What a provider refuses before anything is done, beside what Terraform's core reads off the schema.

Every check passes what is not known yet: it is checked again on apply, when it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twin2multicloud.standin.overlay import Rules
from twin2multicloud.standin.schema import Block
from twin2multicloud.standin.values import UNKNOWN, State, Step, blocks_at, blocks_in, has_unknown, is_set, select


@dataclass(frozen=True)
class Problem:
    """An error as Terraform shows it: one sentence, details, and the steps to the argument that it is about."""

    summary: str
    detail: str = ""
    steps: tuple[Step, ...] = ()


def check(block: Block, rules: Rules, config: State) -> list[Problem]:
    """All that is wrong with a resource's or data source's configuration."""
    return [
        *_read_only(block, config),
        *_values(block, rules, config),
        *_json(block, rules, config),
        *_groups(block, rules, config),
    ]


def _read_only(block: Block, config: State, steps: tuple[Step, ...] = ()) -> Iterator[Problem]:
    for name, attribute in block.attributes.items():
        if attribute.read_only and config.get(name) is not None:
            yield Problem(
                "Value for unconfigurable attribute",
                f'Can\'t configure a value for "{name}": its value will be decided automatically based on the result '
                "of applying this configuration.",
                (*steps, name),
            )
    for name, nested in block.block_types.items():
        listed = nested.nesting_mode == "list"
        for index, item in enumerate(blocks_in(config.get(name), nested.nesting_mode)):
            if listed:
                yield from _read_only(nested.block, item, (*steps, name, index))
            else:
                yield from (Problem(p.summary, p.detail, (*steps, name)) for p in _read_only(nested.block, item))


def _known(block: Block, config: State, path: str) -> Iterator[tuple[tuple[Step, ...], Any]]:
    for steps, value in select(block, config, path):
        items = value if isinstance(value, list) else [value]
        for item in items:
            if item is not None and item is not UNKNOWN:
                yield steps, item


def _values(block: Block, rules: Rules, config: State) -> Iterator[Problem]:
    for path, allowed in rules.enum.items():
        for steps, value in _known(block, config, path):
            if value not in allowed:
                listed = " ".join(f'"{word}"' for word in allowed)
                yield Problem(f"expected {path} to be one of [{listed}], got {value}", "", steps)
    for path, pattern in rules.pattern.items():
        for steps, value in _known(block, config, path):
            if not re.fullmatch(pattern, str(value)):
                yield Problem(f'invalid value for {path}: "{value}" must match {pattern}', "", steps)
    for path, (least, most) in rules.range.items():
        for steps, value in _known(block, config, path):
            if not least <= float(value) <= most:
                yield Problem(f"expected {path} to be in the range ({least:g} - {most:g}), got {value:g}", "", steps)


def _json(block: Block, rules: Rules, config: State) -> Iterator[Problem]:
    for path in rules.json:
        for steps, value in _known(block, config, path):
            try:
                json.loads(value)
            except ValueError as error:
                yield Problem(f'"{path}" contains an invalid JSON policy: {error}', "", steps)


def _holders(block: Block, config: State, group: Sequence[str]) -> Iterator[tuple[tuple[Step, ...], State, list[str]]]:
    """Where a group of paths is to be judged: in every block that its members share."""
    prefixes = {path.rpartition(".")[0] for path in group}
    prefix = prefixes.pop() if len(prefixes) == 1 else ""
    names = [path.rpartition(".")[2] for path in group] if prefix else list(group)
    for steps, holder in blocks_at(block, config, prefix):
        yield steps, holder, names


def _groups(block: Block, rules: Rules, config: State) -> Iterator[Problem]:
    judged = (
        [(group, "exactly") for group in rules.exactly_one_of]
        + [(group, "at least") for group in rules.at_least_one_of]
        + [(group, "at most") for group in rules.conflicts]
    )
    for group, amount in judged:
        for steps, holder, names in _holders(block, config, group):
            given = [name for name in names if is_set(holder.get(name))]
            unsure = any(has_unknown(holder.get(name)) for name in given)
            listed = ",".join(names)
            if amount != "at most" and not given:
                yield Problem(f"one of `{listed}` must be specified", "", steps)
            elif amount == "exactly" and len(given) > 1 and not unsure:
                yield Problem(
                    f"only one of `{listed}` can be specified, but `{','.join(given)}` were specified.", "", steps
                )
            elif amount == "at most" and len(given) > 1 and not unsure:
                yield Problem(f'"{given[0]}": conflicts with {given[1]}', "", steps or (given[0],))
    for path, others in rules.required_with.items():
        for steps, holder, names in _holders(block, config, (path, *others)):
            missing = [name for name in names[1:] if not is_set(holder.get(name))]
            if is_set(holder.get(names[0])) and missing:
                yield Problem(f'"{names[0]}": all of `{",".join(names)}` must be specified', "", steps)
