"""Values as Terraform sends them: MessagePack, in which a value not known before apply is an extension.

A resource's state is a dict by attribute and block name; blocks that repeat are lists. Sets come as lists too, in
Terraform's own order, so comparing two states compares sets rightly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from twin2multicloud.standin.schema import Block, Nesting

State = dict[str, Any]
"""A resource, data source or configuration by attribute name."""

Step = str | int
"""One step of a path to a value: a name, or a list's index."""


class Unknown:
    """The type of `UNKNOWN`: what only the cloud will tell, after apply."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, _memo: object) -> Unknown:
        return self  # compared by identity


UNKNOWN: Final = Unknown()

_WIRE: Final = msgspec.msgpack.Ext(0, b"\x00")
"""An unknown value without hints on what it may become. Terraform's own may carry such hints (extension 12)."""


def _extension(_code: int, _data: memoryview) -> Unknown:
    return UNKNOWN


def _outgoing(value: object) -> msgspec.msgpack.Ext:
    if value is UNKNOWN:
        return _WIRE
    raise TypeError(f"{type(value).__name__} is not a Terraform value")


_decoder: Final = msgspec.msgpack.Decoder(ext_hook=_extension)
_encoder: Final = msgspec.msgpack.Encoder(enc_hook=_outgoing)


def decode(data: bytes) -> Any:
    """A value from its wire form; no bytes mean null."""
    return _decoder.decode(data) if data else None


def encode(value: Any) -> bytes:
    """A value's wire form."""
    return _encoder.encode(value)


def has_unknown(value: Any) -> bool:
    """Whether a value, or any part of it, is unknown."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return value is UNKNOWN


def is_set(value: Any) -> bool:
    """Whether a person wrote it: an attribute left out is null, a block left out an empty list."""
    return value is not None and value != [] and value != {}


def blocks_in(value: Any, nesting: Nesting) -> list[State]:
    """The nested blocks of one kind in a state, whatever their nesting; none while their number is unknown."""
    if value is None or value is UNKNOWN:
        return []
    if nesting in ("single", "group"):
        return [value]
    return [*value.values()] if nesting == "map" else value


def blocks_at(block: Block, state: State, path: str) -> Iterator[tuple[tuple[Step, ...], State]]:
    """Every block that a dotted path leads to, with the steps to it; the state itself for an empty path.

    Elements of a set or map have no address that Terraform understands here, so the steps end at its name.
    """
    head, _, rest = path.partition(".")
    if not head:
        yield (), state
    elif (nested := block.block_types.get(head)) is not None:
        listed = nested.nesting_mode == "list"
        for index, item in enumerate(blocks_in(state.get(head), nested.nesting_mode)):
            for steps, inner in blocks_at(nested.block, item, rest):
                yield ((head, index, *steps) if listed else (head,)), inner


def select(block: Block, state: State, path: str) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Every value that a dotted path names in a state, with the steps that lead to it."""
    prefix, _, name = path.rpartition(".")
    for steps, holder in blocks_at(block, state, prefix):
        addressed = not steps or isinstance(steps[-1], int)
        yield ((*steps, name) if addressed else steps), holder.get(name)


def conform(block: Block, value: State) -> State:
    """A state that has every attribute and block of the schema and no other: null, or none, where nothing is given."""
    state: State = {name: value.get(name) for name in block.attributes}
    for name, nested in block.block_types.items():
        given = value.get(name)
        if nested.nesting_mode in ("single", "group"):
            state[name] = None if given is None else conform(nested.block, given)
        elif nested.nesting_mode == "map":
            state[name] = {key: conform(nested.block, item) for key, item in (given or {}).items()}
        else:
            state[name] = [conform(nested.block, item) for item in given or []]
    return state
