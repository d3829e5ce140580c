"""Dead letters on Firestore. A body that one document cannot hold lies in further ones, written before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from twin2multicloud.runtime.adapters.gcp.firestore import Collection, Write, document_id
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import DeadLetter

_PART_BYTES: Final = 900_000
_TEXT_CHARACTERS: Final = 4000


class FirestoreDeadLetters:
    """`DeadLetters`. Bodies are in `collection` or, beyond 900,000 bytes, also in `collection`-parts."""

    def __init__(self, client: firestore.Client, collection: str, patience: Patience) -> None:
        self._letters = Collection(client, collection, patience)
        self._parts = Collection(client, f"{collection}-parts", patience)

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """A write per letter."""
        unique = {letter.id: letter for letter in letters}.values()
        self._parts.write(write for letter in unique for write in _part_writes(letter))
        self._letters.write(_letter_write(letter) for letter in unique)

    def get(self, id: str) -> DeadLetter | None:
        """One read."""
        found = self._letters.read(document_id(id))
        return self._letter(found) if found.exists else None

    def remove(self, ids: Sequence[str]) -> None:
        """A delete per letter, after a read that tells its parts."""
        names = {document_id(id): id for id in ids}
        parts = [
            part
            for found in self._letters.read_all(list(names)).values()
            for part in _part_ids(names[found.id], found.get("parts"))
        ]
        # The parts last: what breaks off in between leaves a letter that is whole, or parts that nobody sees.
        self._letters.write(Write(name, None) for name in names)
        self._parts.write(Write(part, None) for part in parts)

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """A read per letter."""
        query = self._letters.reference.order_by("id").limit(limit)
        if after:
            query = query.where(filter=FieldFilter("id", ">", after))
        return [self._letter(found) for found in self._letters.query(query)] if limit > 0 else []

    def _letter(self, document: Any) -> DeadLetter:
        content = dict(document.to_dict())
        ids = _part_ids(content["id"], content.pop("parts"))
        parts = self._parts.read_all(ids) if ids else {}
        if len(parts) != len(ids):
            raise StoreError(
                f"dead letter {content['id']} is being removed: {len(parts)} of its {len(ids)} parts remain"
            )
        content["body"] += b"".join(parts[id].get("body") for id in ids)
        return msgspec.convert(content, DeadLetter)


def _part_ids(id: str, count: int) -> list[str]:
    return [document_id(id, str(number)) for number in range(count)]


def _pieces(body: bytes) -> list[bytes]:
    return [body[start : start + _PART_BYTES] for start in range(_PART_BYTES, len(body), _PART_BYTES)]


def _part_writes(letter: DeadLetter) -> Iterable[Write]:
    pieces = _pieces(letter.body)
    for id, piece in zip(_part_ids(letter.id, len(pieces)), pieces, strict=True):
        yield Write(id, {"body": piece}, size=len(piece) + 300)


def _letter_write(letter: DeadLetter) -> Write:
    content = {
        **{
            name: getattr(letter, name)[:_TEXT_CHARACTERS]
            for name in ("topic", "reason", "at", "device", "trace", "component")
        },
        "id": letter.id,
        "body": letter.body[:_PART_BYTES],
        "parts": len(_pieces(letter.body)),
    }
    return Write(document_id(letter.id), content, size=len(content["body"]) + 5000)
