"""Dead letters, rule states and nonces: one DynamoDB table with keys `k` and `s`, time-to-live attribute `expires`.

A conditional write may reach the table while its answer is lost, and is then repeated by the SDK. So that a writer
does not lose against itself, each carries a mark of its own (`w`) and knows its item by it.
"""

from __future__ import annotations

import math
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from twin2multicloud.runtime.adapters.aws.clients import Clients
from twin2multicloud.runtime.adapters.aws.tables import Item, Table
from twin2multicloud.runtime.ports import DeadLetter, RuleState

STATE_KEYS: Final = ("k", "s")
_LETTERS: Final = "letters"
_PACK_FROM_BYTES: Final = 64 * 1024


def _mark() -> str:
    return secrets.token_hex(8)


class DynamoDeadLetters:
    """Dead letters in one partition, by id. Bodies that are large are packed: an item holds at most 400 KB."""

    def __init__(self, clients: Clients, table: str, *, consistent: bool = True) -> None:
        self._table = Table(clients, table, keys=STATE_KEYS, consistent=consistent)

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """As the port says."""
        unique = {letter.id: letter for letter in letters}
        self._table.write_many({"PutRequest": {"Item": _letter_item(letter)}} for letter in unique.values())

    def get(self, id: str) -> DeadLetter | None:  # the port's name
        """As the port says."""
        item = self._table.get(_LETTERS, id)
        return None if item is None else _letter(item)

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """As the port says."""
        condition = ("s > :after", {":after": after}) if after else ()
        return [_letter(item) for item in self._table.query(_LETTERS, *condition, limit=limit)]

    def remove(self, ids: Sequence[str]) -> None:
        """As the port says."""
        self._table.delete_many((_LETTERS, id) for id in ids)


_TEXTS: Final = ("topic", "reason", "at", "device", "trace", "component")


def _letter_item(letter: DeadLetter) -> Item:
    item: Item = {"k": {"S": _LETTERS}, "s": {"S": letter.id}}
    item |= {name: {"S": text} for name in _TEXTS if (text := getattr(letter, name))}
    packed = zlib.compress(letter.body) if len(letter.body) > _PACK_FROM_BYTES else letter.body
    if len(packed) < len(letter.body):
        item["z"] = {"B": packed}
    else:
        item["body"] = {"B": letter.body}
    return item


def _letter(item: Item) -> DeadLetter:
    body = zlib.decompress(item["z"]["B"]) if "z" in item else bytes(item["body"]["B"])
    texts = {name: item[name]["S"] if name in item else "" for name in _TEXTS}
    return DeadLetter(id=item["s"]["S"], body=body, **texts)


class DynamoRuleStates:
    """What rules remember: one item per (device, rule). Reads are consistent, for versions to be current."""

    def __init__(self, clients: Clients, table: str, *, mark: Callable[[], str] = _mark) -> None:
        self._clients = clients
        self._table = Table(clients, table, keys=STATE_KEYS, consistent=True)
        self._mark = mark

    def load(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RuleState]:
        """As the port says."""
        items = self._table.get_many([self._table.key(f"rule/{device}", rule) for rule, device in dict.fromkeys(keys)])
        return {(item["s"]["S"], item["k"]["S"].removeprefix("rule/")): _rule_state(item) for item in items}

    def save(self, changes: Mapping[tuple[str, str], RuleState]) -> list[tuple[str, str]]:
        """As the port says; one conditional write per state."""
        mark = self._mark()

        def won(change: tuple[tuple[str, str], RuleState]) -> bool:
            (rule, device), state = change
            item: Item = {
                **self._table.key(f"rule/{device}", rule),
                "since": {"S": state.since},
                "fired": {"BOOL": state.fired},
                "seen": {"S": state.seen},
                "v": {"N": str(state.version)},
                "w": {"S": mark},
            }
            if state.version <= 1:
                there = self._table.insert(item)
            else:
                there = self._table.insert(item, "v = :before", {":before": {"N": str(state.version - 1)}})
            return there is None or there.get("w") == {"S": mark}

        results = self._clients.each(won, changes.items())
        return [key for key, kept in zip(changes, results, strict=True) if not kept]


def _rule_state(item: Item) -> RuleState:
    return RuleState(
        since=item["since"]["S"], fired=item["fired"]["BOOL"], seen=item["seen"]["S"], version=int(item["v"]["N"])
    )


class DynamoNonces:
    """Nonces that links have seen. They leave by the table's time-to-live, some time after they may."""

    def __init__(self, clients: Clients, table: str, *, mark: Callable[[], str] = _mark) -> None:
        self._table = Table(clients, table, keys=STATE_KEYS, consistent=True)
        self._mark = mark

    def first_use(self, link: str, nonce: str, until: float) -> bool:
        """As the port says; one conditional write."""
        mark = {"S": self._mark()}
        item: Item = {
            **self._table.key(f"nonce/{nonce}", link),
            "expires": {"N": str(math.ceil(until))},
            "w": mark,
        }
        there = self._table.insert(item)
        return there is None or there.get("w") == mark
