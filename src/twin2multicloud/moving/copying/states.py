"""Copying what rules remember, while no rule is evaluated: so that none forgets, and none fires twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from twin2multicloud.moving.copying.base import Compared, Page, Patience, chunks, json_bytes
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import RuleState, RuleStates

Key = tuple[str, str]

_PAGE: Final = 200


class StateCopier:
    """See `Copier`. `keys` are all that there may be, (rule, device): no port lists them.

    A state's version counts the writes of its store, so it is not copied.
    """

    at_rest = True

    def __init__(
        self, source: RuleStates, target: RuleStates, keys: Sequence[Key], patience: Patience, *, page: int = _PAGE
    ) -> None:
        self._source = source
        self._target = target
        self._keys = keys
        self._call = patience
        self._page = page

    def bulk(self, cursor: Any = None) -> Iterator[Page]:
        """See `Copier.bulk`."""
        first = int(cursor or 0)
        for keys in chunks(self._keys[first:], self._page):
            first += len(keys)
            yield Page(self._bring(keys), 0, first)

    def catch_up(self, since: str) -> Iterator[Page]:  # noqa: ARG002  the versions of two stores say nothing of time
        """See `Copier.catch_up`."""
        return self.bulk()

    def compare(self) -> Iterator[Compared]:
        """See `Copier.compare`."""
        done = Compared()
        for keys in chunks(self._keys, self._page):
            done.late += self._bring(keys)
            states, there = self._call(self._source.load, keys), self._call(self._target.load, keys)
            for key, state in states.items():
                found = there.get(key)
                done.same(" ".join(key), _content(state), None if found is None else _content(found))
            yield done

    def _bring(self, keys: Sequence[Key]) -> int:
        """How many were not at the target as they are at the source."""
        states, there = self._call(self._source.load, keys), self._call(self._target.load, keys)
        none = RuleState()
        changes = {
            key: RuleState(state.since, state.fired, state.seen, there.get(key, none).version + 1)
            for key, state in states.items()
            if key not in there or _content(there[key]) != _content(state)
        }
        if changes:
            lost = self._call(self._target.save, changes)
            # After a failure of which the answer alone was lost, our own first attempt has won the race.
            found = self._call(self._target.load, lost) if lost else {}
            if any(key not in found or _content(found[key]) != _content(changes[key]) for key in lost):
                raise StoreError("somebody else writes rule states at the target; it should be at rest")
        return len(changes)


def _content(state: RuleState) -> bytes:
    return json_bytes([state.since, state.fired, state.seen])
