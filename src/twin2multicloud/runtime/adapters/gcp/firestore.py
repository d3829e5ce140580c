"""What the adapters on Firestore share: document ids, writes in batches whose entries stand each for itself.

Batches go through the BatchWrite method: one request, up to 500 writes, no locks, and a status for each write. So a
document that is there already costs its batch nothing, and no transaction is ever waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import quote

from google.cloud import firestore
from google.cloud.firestore_v1.base_document import DocumentSnapshot
from google.cloud.firestore_v1.bulk_batch import BulkWriteBatch
from google.cloud.firestore_v1.collection import CollectionReference
from google.cloud.firestore_v1.document import DocumentReference

from twin2multicloud.runtime.adapters.gcp.calls import OK, calling, refused
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError, StoreError

BATCH_WRITES: Final = 400
"""Writes in one request; the service takes 500."""
BATCH_BYTES: Final = 3_500_000
"""Content of one request; the service takes 10 MiB with everything around it, its emulator 4 MiB."""
DISJUNCTIONS: Final = 30
"""Values that one `in` condition may have."""
READ_AT_ONCE: Final = 300
"""Documents that one request reads by their ids."""
DOCUMENT_BYTES: Final = 1_000_000
"""Content of one document; the service takes 1 MiB with names and everything around it."""
_ID_BYTES: Final = 1500

T = TypeVar("T")
Snapshot: TypeAlias = "DocumentSnapshot[Any]"


def document_id(*parts: str) -> str:
    """A document's id from the parts of its key; different keys have different ids, and every key has a legal one.

    Raises `RejectedError` if it were longer than Firestore takes.
    """
    text = "~".join(quote(part, safe="").replace("~", "%7E") for part in parts)
    if text in ("", ".", "..") or text.startswith("__"):
        # `quote` leaves these characters as they are, so nothing else is written like this.
        text = f"%{ord(text[0]):02X}{text[1:]}" if text else "%"
    if len(text) > _ID_BYTES:
        raise RejectedError(
            f"key '{text[:40]}…' has {len(text)} bytes as a Firestore id; at most {_ID_BYTES} are taken"
        )
    return text


def portions(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """The items in order, `most` at a time."""
    portion: list[T] = []
    for item in items:
        portion.append(item)
        if len(portion) == most:
            yield portion
            portion = []
    if portion:
        yield portion


class Write:
    """One write of a batch. `size` is about the bytes of `content`; None deletes the document.

    With `create` the document must not be there, with `version` (an update time) it must not have been written since.
    """

    __slots__ = ("content", "create", "id", "size", "version")

    def __init__(
        self,
        id: str,
        content: Mapping[str, Any] | None,
        *,
        size: int = 100,
        create: bool = False,
        version: Any = None,
    ) -> None:
        self.id = id
        self.content = content
        self.size = size
        self.create = create
        self.version = version


class Collection:
    """One collection of a Firestore database."""

    def __init__(self, client: firestore.Client, name: str, patience: Patience) -> None:
        self._client = client
        self._name = name
        self.patience = patience
        self.what = f"Firestore {name}"

    @property
    def reference(self) -> CollectionReference:
        """For queries."""
        return self._client.collection(self._name)

    def document(self, id: str) -> DocumentReference:
        """A document by an id that `document_id` made."""
        return self.reference.document(id)

    def read(self, id: str) -> Snapshot:
        """One document, which may not exist."""
        with calling(self.what):
            return self.document(id).get(**self.patience.again())

    def read_all(self, ids: Sequence[str]) -> dict[str, Snapshot]:
        """The documents that exist, by id."""
        found = {}
        for portion in portions(dict.fromkeys(ids), READ_AT_ONCE):
            with calling(self.what):
                for snapshot in self._client.get_all([self.document(id) for id in portion], **self.patience.again()):
                    if snapshot.exists:
                        found[snapshot.id] = snapshot
        return found

    def query(self, query: Any) -> list[Snapshot]:
        """The documents that a query finds."""
        with calling(self.what):
            return list(query.get(**self.patience.again()))

    def write(
        self,
        writes: Iterable[Write],
        *passes: int,
        once: bool = False,
        written_at: dict[str, Any] | None = None,
    ) -> list[tuple[str, int]]:
        """Make writes to different documents; returns the ids and codes of those that met one of the codes `passes`.

        All writes are attempted, and then the worst failure is raised: a `StoreError` if repeating may help, a
        `RejectedError` if not. `once`: a request that may have been carried out is not sent again. `written_at`
        is given the update times of the documents that were written.
        """
        passed: list[tuple[str, int]] = []
        failures: list[StoreError | RejectedError] = []
        for portion in _sized(writes):
            for write, code, message, moment in self._send(portion, once):
                if code in passes:
                    passed.append((write.id, code))
                elif code == OK and written_at is not None:
                    written_at[write.id] = moment
                elif code != OK:
                    failures.append(refused(f"{self.what} {write.id}", code, message))
        for failure in sorted(failures, key=lambda failure: not isinstance(failure, StoreError)):
            raise failure
        return passed

    def _send(self, portion: Sequence[Write], once: bool) -> list[tuple[Write, int, str, Any]]:
        batch = BulkWriteBatch(self._client)
        for write in portion:
            document = self.document(write.id)
            if write.content is None:
                batch.delete(document)
            elif write.create:
                batch.create(document, dict(write.content))
            elif write.version is not None:
                batch.update(
                    document, dict(write.content), option=self._client.write_option(last_update_time=write.version)
                )
            else:
                batch.set(document, dict(write.content))
        with calling(self.what):
            answer = batch.commit(**(self.patience.once() if once else self.patience.again()))
        return [
            (write, int(status.code), str(status.message), result.update_time)
            for write, status, result in zip(portion, answer.status, answer.write_results, strict=True)
        ]


def _sized(writes: Iterable[Write]) -> Iterator[list[Write]]:
    portion: list[Write] = []
    size = 0
    for write in writes:
        if portion and (len(portion) == BATCH_WRITES or size + write.size > BATCH_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(write)
        size += write.size
    if portion:
        yield portion
