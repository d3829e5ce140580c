"""L4 on SQLite: one row per twin with all its values, so that an update is one read and one write.

Operations at the gate: graph.define, graph.put, graph.relate, graph.update, graph.read, graph.delete.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.ports import EntityState, Relation, Update

_SCHEMA: Final = (
    (
        "CREATE TABLE models (id TEXT PRIMARY KEY, model BLOB NOT NULL)",
        "CREATE TABLE entities (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, model TEXT NOT NULL,"
        " state BLOB NOT NULL)",
        "CREATE INDEX entities_by_model ON entities (model, id)",
        "CREATE TABLE relations (source TEXT NOT NULL, name TEXT NOT NULL, target TEXT NOT NULL,"
        " PRIMARY KEY (source, name, target)) WITHOUT ROWID",
        "CREATE INDEX relations_in ON relations (target)",
    ),
)
_NAMED: Final = 20
"""Unknown twins that an error names."""


class _State(msgspec.Struct, array_like=True):
    """Values and their event times, as they are kept."""

    values: dict[str, Any]
    times: dict[str, str]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_State).decode


class LocalTwinGraph:
    """`ports.TwinGraph` in one SQLite file."""

    def __init__(self, path: Path, *, gate: Gate = open_gate) -> None:
        # Small pages: updates are scattered over all twins, and each writes its whole page.
        self.database = Database(path, _SCHEMA, page_bytes=1024, gate=gate)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """As the port says. A model without "@id" is a `RejectedError`."""
        if not models:
            return
        if any(not isinstance(model.get("@id"), str) for model in models):
            raise RejectedError('a DTDL interface has no "@id"; give it a DTMI')
        rows = [(model["@id"], _encode(dict(model))) for model in models]
        self.database.write(
            "graph.define", lambda db: db.executemany("INSERT OR IGNORE INTO models VALUES (?, ?)", rows)
        )

    def models(self) -> list[dict[str, Any]]:
        """The interfaces that are known, by id."""
        rows = self._read("SELECT model FROM models ORDER BY id", ())
        return [msgspec.json.decode(model, type=dict[str, Any]) for (model,) in rows]

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """As the port says; one transaction."""
        rows = [(entity.id, entity.model, _encode(_State(entity.values, entity.times))) for entity in entities]
        if rows:
            query = "INSERT OR IGNORE INTO entities (id, model, state) VALUES (?, ?, ?)"
            self.database.write("graph.put", lambda db: db.executemany(query, rows))

    def relate(self, relations: Sequence[Relation]) -> None:
        """As the port says; one transaction. `RejectedError` (and nothing done) if a twin does not exist."""
        if not relations:
            return
        ends = {end for relation in relations for end in (relation.source, relation.target)}
        rows = [(relation.source, relation.name, relation.target) for relation in relations]

        def work(db: sqlite3.Connection) -> list[str]:
            unknown = [id for id in ends if db.execute("SELECT 1 FROM entities WHERE id = ?", (id,)).fetchone() is None]
            if not unknown:
                db.executemany("INSERT OR IGNORE INTO relations VALUES (?, ?, ?)", rows)
            return unknown

        _refuse_unknown(self.database.write("graph.relate", work))

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """As the port says; one transaction."""
        rows = [(relation.source, relation.name, relation.target) for relation in relations]
        if rows:
            query = "DELETE FROM relations WHERE source = ? AND name = ? AND target = ?"
            self.database.write("graph.relate", lambda db: db.executemany(query, rows))

    def update(self, updates: Sequence[Update]) -> None:
        """As the port says; one transaction."""
        if not updates:
            return
        query = "SELECT row, state FROM entities WHERE id = ?"

        def work(db: sqlite3.Connection) -> list[str]:
            found: dict[str, tuple[int, _State] | None] = {}
            changed: dict[int, _State] = {}
            for update in updates:
                if update.entity in found:
                    entity = found[update.entity]
                else:
                    row = db.execute(query, (update.entity,)).fetchone()
                    entity = found[update.entity] = None if row is None else (row[0], _decode(row[1]))
                if entity is not None and _merge(entity[1], update):
                    changed[entity[0]] = entity[1]
            rows = [(_encode(state), row) for row, state in changed.items()]
            db.executemany("UPDATE entities SET state = ? WHERE row = ?", rows)
            return [id for id, entity in found.items() if entity is None]

        _refuse_unknown(self.database.write("graph.update", work))

    def get(self, entity: str) -> EntityState | None:
        """As the port says."""
        rows = self._read("SELECT id, model, state FROM entities WHERE id = ?", (entity,))
        return _entity(rows[0]) if rows else None

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """As the port says."""
        if model:
            query = "SELECT id, model, state FROM entities WHERE model = ? AND id > ? ORDER BY id LIMIT ?"
            rows = self._read(query, (model, after, max(limit, 0)))
        else:
            rows = self._read(
                "SELECT id, model, state FROM entities WHERE id > ? ORDER BY id LIMIT ?", (after, max(limit, 0))
            )
        return [_entity(row) for row in rows]

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """As the port says."""
        query = (
            "SELECT source, name, target FROM relations WHERE source = ?1 AND ?2 IN ('', name) ORDER BY name, target"
        )
        return [Relation(*row) for row in self._read(query, (source, name))]

    def parents(self, target: str) -> list[Relation]:
        """The relationships that lead to a twin, by source and name."""
        query = "SELECT source, name, target FROM relations WHERE target = ? ORDER BY source, name"
        return [Relation(*row) for row in self._read(query, (target,))]

    def children(self, source: str, name: str = "") -> list[EntityState]:
        """The twins that a twin's relationships lead to, each once, by id."""
        query = (
            "SELECT id, model, state FROM entities WHERE id IN"
            " (SELECT target FROM relations WHERE source = ?1 AND ?2 IN ('', name)) ORDER BY id"
        )
        return [_entity(row) for row in self._read(query, (source, name))]

    def find(
        self, limit: int, *, after: str = "", search: str = "", model: str = "", of: str = "", roots: bool = False
    ) -> list[EntityState]:
        """Twins by id, beginning after `after`: with `search` in their id, whatever its case; of a model; those that
        the relationships of a twin lead to; those that none leads to.
        """
        conditions = {
            "instr(lower(id), lower(:search)) > 0": bool(search),
            "model = :model": bool(model),
            "id IN (SELECT target FROM relations WHERE source = :of)": bool(of),
            "NOT EXISTS (SELECT 1 FROM relations WHERE target = entities.id)": roots,
        }
        where = "".join(f" AND {condition}" for condition, asked in conditions.items() if asked)
        query = f"SELECT id, model, state FROM entities WHERE id > :after{where} ORDER BY id LIMIT :limit"  # noqa: S608
        parameters = {"after": after, "search": search, "model": model, "of": of, "limit": max(limit, 0)}
        rows = self.database.read("graph.read", lambda db: db.execute(query, parameters).fetchall())
        return [_entity(row) for row in rows]

    def some_relations(self, twin: str, limit: int, *, incoming: bool = False) -> tuple[list[Relation], int]:
        """The first relationships that leave a twin, or lead to it, and how many there are."""
        end = "target" if incoming else "source"
        query = f"SELECT source, name, target FROM relations WHERE {end} = ? ORDER BY name, source, target LIMIT ?"  # noqa: S608
        count = f"SELECT count(*) FROM relations WHERE {end} = ?"  # noqa: S608
        found = [Relation(*row) for row in self._read(query, (twin, limit))]
        return found, len(found) if len(found) < limit else int(self._read(count, (twin,))[0][0])

    def count_by_model(self) -> dict[str, int]:
        """How many twins there are of each model."""
        return dict(self._read("SELECT model, count(*) FROM entities GROUP BY model ORDER BY model", ()))

    def count_relations(self) -> int:
        """How many relationships there are."""
        return int(self._read("SELECT count(*) FROM relations", ())[0][0])

    def delete_entities(self, ids: Sequence[str]) -> None:
        """As the port says; one transaction."""
        if not ids:
            return

        def work(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM relations WHERE source = ?1", [(id,) for id in ids])
            db.executemany("DELETE FROM relations WHERE target = ?1", [(id,) for id in ids])
            db.executemany("DELETE FROM entities WHERE id = ?", [(id,) for id in ids])

        self.database.write("graph.delete", work)

    def _read(self, query: str, parameters: tuple[object, ...]) -> list[Any]:
        return self.database.read("graph.read", lambda db: db.execute(query, parameters).fetchall())


def _merge(state: _State, update: Update) -> bool:
    """Take over the values that are newer than those there; whether any is."""
    changed = False
    for name, value in update.values.items():
        if update.time > state.times.get(name, ""):
            state.values[name] = value
            state.times[name] = update.time
            changed = True
    return changed


def _entity(row: tuple[str, str, bytes]) -> EntityState:
    id, model, content = row
    state = _decode(content)
    return EntityState(id, model, state.values, state.times)


def _refuse_unknown(ids: Sequence[str]) -> None:
    if ids:
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        raise RejectedError(f"the twin graph has no {', '.join(sorted(ids)[:_NAMED])}{more}; create them first")
