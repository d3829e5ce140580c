"""Copying a twin graph: models, twins with the times of their values, relationships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from twin2multicloud.moving.copying.base import Compared, Page, Patience, json_bytes
from twin2multicloud.runtime.ports import EntityState, Relation, TwinGraph, Update

_PAGE: Final = 200


class GraphCopier:
    """See `Copier`. `models` are the definition's DTDL interfaces, which no port lists."""

    at_rest = False

    def __init__(
        self,
        source: TwinGraph,
        target: TwinGraph,
        models: Sequence[Mapping[str, Any]],
        patience: Patience,
        *,
        page: int = _PAGE,
    ) -> None:
        self._source = source
        self._target = target
        self._models = models
        self._call = patience
        self._page = page

    def bulk(self, cursor: Any = None) -> Iterator[Page]:
        """See `Copier.bulk`. First all twins, then what relates them."""
        part, after = cursor or ("twins", "")
        if part == "twins":
            self._call(self._target.define, self._models)
            for states in self._pages(after):
                yield self._bring(states, ["twins", states[-1].id])
            after = ""
        for states in self._pages(after):
            yield self._relate(states, ["relationships", states[-1].id])

    def catch_up(self, since: str) -> Iterator[Page]:
        """See `Copier.catch_up`. Relationships are the definition's, which no message changes."""
        for states in self._pages(""):
            changed = [state for state in states if max(state.times.values(), default="") >= since]
            if changed:
                yield self._bring(changed)

    def compare(self) -> Iterator[Compared]:
        """See `Copier.compare`. Values at the target may be newer by now."""
        done = Compared()
        for states in self._pages(""):
            there = self._there(states)
            late = [state for state in states if not _covers(there.get(state.id), state)]
            if late:
                self._bring(late)
                done.late += len(late)
                there = self._there(states)
            for state in states:
                source, found = json_bytes(_sorted(state)), there.get(state.id)
                if found is None or not _covers(found, state):
                    done.same(state.id, source, None if found is None else json_bytes(_sorted(found)))
                else:
                    # What is newer at the target replaced what was here, and counts as the same.
                    done.same(state.id, source, source)
            yield done
        for states in self._pages(""):
            for relation in self._relations(states):
                known = self._call(self._target.relations, relation.source, relation.name)
                if relation not in known:
                    self._call(self._target.relate, [relation])
                    done.late += 1
                    known = self._call(self._target.relations, relation.source, relation.name)
                name = f"{relation.source} {relation.name} {relation.target}"
                done.same(name, name.encode(), name.encode() if relation in known else None)
            yield done

    def _pages(self, after: str) -> Iterator[list[EntityState]]:
        while page := self._call(self._source.entities, "", after, self._page):
            yield page
            after = page[-1].id

    def _bring(self, states: Sequence[EntityState], cursor: Any = None) -> Page:
        """Twins as they are at the source; values that are newer at the target stay."""
        self._call(self._target.put_entities, states)
        there = self._there(states)
        updates = [update for state in states for update in _newer(state, there.get(state.id))]
        if updates:
            self._call(self._target.update, updates)
        return Page(len(states), len(json_bytes(list(states))), cursor)

    def _there(self, states: Sequence[EntityState]) -> dict[str, EntityState]:
        """The target's twins of the same names. Once both hold the same twins, one listing gives them all."""
        ids = sorted(state.id for state in states)
        before = ids[0][:-1]  # sorts before the first, and little lies between them
        listed = self._call(self._target.entities, "", before, 2 * len(ids)) if len(ids) > 1 else []
        found = {state.id: state for state in listed}
        for id in ids:
            if id not in found and (state := self._call(self._target.get, id)) is not None:
                found[id] = state
        return {id: found[id] for id in ids if id in found}

    def _relate(self, states: Sequence[EntityState], cursor: Any) -> Page:
        relations = self._relations(states)
        if relations:
            self._call(self._target.relate, relations)
        return Page(len(relations), len(json_bytes(relations)), cursor)

    def _relations(self, states: Sequence[EntityState]) -> list[Relation]:
        return [relation for state in states for relation in self._call(self._source.relations, state.id)]


def _newer(state: EntityState, there: EntityState | None) -> Iterator[Update]:
    """What the target lacks of a twin, by the times of its values."""
    known = {} if there is None else there.times
    late = sorted((time, name) for name, time in state.times.items() if time > known.get(name, ""))
    for time, names in groupby(late, key=lambda pair: pair[0]):
        yield Update(state.id, {name: state.values[name] for _, name in names}, time)


def _covers(there: EntityState | None, state: EntityState) -> bool:
    """Whether the target's twin has all that the source's has, or what came later."""
    if there is None or there.model != state.model:
        return False
    for name, value in state.values.items():
        at, known = state.times.get(name, ""), there.times.get(name, "")
        if name not in there.values or known < at:
            return False
        if known == at and json_bytes(there.values[name]) != json_bytes(value):
            return False
    return True


def _sorted(state: EntityState) -> list[Any]:
    return [state.id, state.model, sorted(state.values.items()), sorted(state.times.items())]
