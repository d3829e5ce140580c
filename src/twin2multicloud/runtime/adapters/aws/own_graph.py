"""L4 as our own twin graph: one DynamoDB table with keys `k` and `s`.

| k            | s                     | what                                                              |
|--------------|-----------------------|-------------------------------------------------------------------|
| twin/{id}    | state                 | `m` model; `v` and `t`, maps from property to value (JSON), time  |
| twin/{id}    | out/{name}/{target}   | a relationship that leaves the twin                               |
| twin/{id}    | in/{name}/{source}    | the same one at its target, so that a deletion finds it           |
| twins        | {id}                  | all twins by id                                                   |
| model/{dtmi} | {id}                  | the twins of a model by id                                        |
| models       | {dtmi}                | `b`: the interface (JSON)                                         |
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.adapters.aws.clients import AwsError, Clients, answer_of, calling, code_of
from twin2multicloud.runtime.adapters.aws.tables import Item, Table
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import EntityState, Relation, Update

_STATE: Final = "state"
_PROPERTIES_PER_WRITE: Final = 50
"""An update expression has at most 300 operators; a property takes five."""
_ATTEMPTS: Final = 12
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder()

Values = dict[str, tuple[Any, str]]
"""New values by property, with their event times."""


class DynamoTwinGraph:
    """`consistent`: reads see every acknowledged write, at twice the read units."""

    def __init__(self, clients: Clients, table: str, *, consistent: bool = False) -> None:
        self._clients = clients
        self._table = Table(clients, table, keys=("k", "s"), consistent=consistent)

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """As the port says."""
        self._clients.each(
            lambda model: self._table.insert(
                {**self._table.key("models", str(model["@id"])), "b": {"S": _ENCODER.encode(model).decode()}}
            ),
            models,
        )

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """As the port says; three writes each, the twin first, so that what is listed exists."""
        self._clients.each(self._put, entities)

    def relate(self, relations: Sequence[Relation]) -> None:
        """As the port says; `RejectedError` if an end does not exist, and nothing is written."""
        ends = dict.fromkeys(end for relation in relations for end in (relation.source, relation.target))
        keys = [self._table.key(f"twin/{end}", _STATE) for end in ends]
        there = {item["k"]["S"] for item in self._table.get_many(keys, attributes="k", consistent=True)}
        missing = [end for end in ends if f"twin/{end}" not in there]
        if missing:
            raise RejectedError(f"no twin {', '.join(missing[:10])}: create it before its relationships")
        self._table.write_many(
            {"PutRequest": {"Item": self._table.key(*key)}} for each in dict.fromkeys(relations) for key in _keys(each)
        )

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """As the port says; both sides of each."""
        self._table.delete_many([key for each in dict.fromkeys(relations) for key in _keys(each)])

    def update(self, updates: Sequence[Update]) -> None:
        """As the port says; one conditional write per twin, a further one for what turns out to be late."""
        latest: dict[str, Values] = {}
        for update in updates:
            values = latest.setdefault(update.entity, {})
            for name, value in update.values.items():
                if name not in values or values[name][1] < update.time:
                    values[name] = (value, update.time)
        found = self._clients.each(lambda change: self._set(*change), latest.items())
        missing = [entity for entity, exists in zip(latest, found, strict=True) if not exists]
        if missing:
            raise RejectedError(f"no twin {', '.join(missing[:10])}")

    def get(self, entity: str) -> EntityState | None:
        """As the port says."""
        item = self._table.get(f"twin/{entity}", _STATE)
        return None if item is None else _state(item)

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """As the port says; the ids from the list, then the twins, a hundred a request."""
        listed = self._ids(model, after)
        found: list[EntityState] = []
        while len(found) < limit:
            ids = list(itertools.islice(listed, limit - len(found)))
            if not ids:
                break
            items = self._table.get_many([self._table.key(f"twin/{id}", _STATE) for id in ids])
            found += sorted((_state(item) for item in items), key=lambda state: state.id)
        return found

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """As the port says."""
        prefix = f"out/{name}/" if name else "out/"
        items = self._table.query(f"twin/{source}", "begins_with(s, :out)", {":out": prefix}, attributes="s")
        found = [Relation(source, *item["s"]["S"].split("/", 2)[1:]) for item in items]
        return sorted(found, key=lambda relation: (relation.name, relation.target))

    def delete_entities(self, ids: Sequence[str]) -> None:
        """As the port says; a twin's own items last, so that a repetition finds what is left."""
        for id in dict.fromkeys(ids):
            partition = f"twin/{id}"
            own: list[tuple[str, str]] = []
            others = [("twins", id)]
            for item in self._table.query(partition):
                sort = item["s"]["S"]
                own.append((partition, sort))
                if sort == _STATE:
                    others.append((f"model/{item['m']['S']}", id))
                else:
                    side, name, end = sort.split("/", 2)
                    others.append((f"twin/{end}", f"{'in' if side == 'out' else 'out'}/{name}/{id}"))
            if own:
                self._table.delete_many(others)
                self._table.delete_many(own)

    def _put(self, entity: EntityState) -> None:
        there = self._table.insert(
            {
                **self._table.key(f"twin/{entity.id}", _STATE),
                "m": {"S": entity.model},
                "v": {"M": {name: _json(value) for name, value in entity.values.items()}},
                "t": {"M": {name: {"S": time} for name, time in entity.times.items()}},
            }
        )
        model = there["m"]["S"] if there else entity.model
        lists = (self._table.key("twins", entity.id), self._table.key(f"model/{model}", entity.id))
        self._table.write_many({"PutRequest": {"Item": key}} for key in lists)

    def _set(self, entity: str, values: Values) -> bool:
        """Set what is newer; False if the twin does not exist."""
        if not values:
            return self._table.get(f"twin/{entity}", _STATE) is not None
        names = list(values)
        for start in range(0, len(names), _PROPERTIES_PER_WRITE):
            part = {name: values[name] for name in names[start : start + _PROPERTIES_PER_WRITE]}
            if not self._set_part(entity, part):
                return False
        return True

    def _set_part(self, entity: str, values: Values) -> bool:
        for attempt in range(1, _ATTEMPTS + 1):
            there = self._try(entity, values)
            if there is None:
                return True
            if not there:
                return False
            # Somebody wrote a later value of one of them: the others are tried again without it.
            times = {name: time["S"] for name, time in there["t"]["M"].items()}
            values = {name: each for name, each in values.items() if each[1] > times.get(name, "")}
            if not values:
                return True
            if attempt > 2:
                self._clients.pause(attempt - 2)
        raise StoreError(f"twin {entity} is written too often at the same time")

    def _try(self, entity: str, values: Values) -> Item | None:
        """Write if every value is later than what is there; else the item that is there ({} = none)."""
        numbered = list(enumerate(values.items()))
        newer = (f"(attribute_not_exists(t.#n{n}) OR t.#n{n} < :t{n})" for n, _ in numbered)
        sets = (f"v.#n{n} = :v{n}, t.#n{n} = :t{n}" for n, _ in numbered)
        with calling(f"updating twin {entity} in table {self._table.name}"):
            try:
                self._clients.get("dynamodb").update_item(
                    TableName=self._table.name,
                    Key=self._table.key(f"twin/{entity}", _STATE),
                    UpdateExpression=f"SET {', '.join(sets)}",
                    ConditionExpression=" AND ".join(("attribute_exists(k)", *newer)),
                    ExpressionAttributeNames={f"#n{n}": name for n, (name, _) in numbered},
                    ExpressionAttributeValues={
                        **{f":v{n}": _json(value) for n, (_, (value, _)) in numbered},
                        **{f":t{n}": {"S": time} for n, (_, (_, time)) in numbered},
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except AwsError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return dict(answer_of(error).get("Item") or {})
        return None

    def _ids(self, model: str, after: str) -> Iterator[str]:
        condition = ("s > :after", {":after": after}) if after else ()
        items = self._table.query(f"model/{model}" if model else "twins", *condition, attributes="s")
        return (item["s"]["S"] for item in items)


def _keys(relation: Relation) -> Iterable[tuple[str, str]]:
    yield f"twin/{relation.source}", f"out/{relation.name}/{relation.target}"
    yield f"twin/{relation.target}", f"in/{relation.name}/{relation.source}"


def _json(value: Any) -> dict[str, str]:
    return {"S": _ENCODER.encode(value).decode()}


def _state(item: Item) -> EntityState:
    return EntityState(
        id=item["k"]["S"].removeprefix("twin/"),
        model=item["m"]["S"],
        values={name: _DECODER.decode(value["S"]) for name, value in item["v"]["M"].items()},
        times={name: time["S"] for name, time in item["t"]["M"].items()},
    )
