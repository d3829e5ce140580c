"""Dead letters as blobs: one each, named by the letter's id, in the storage account that every function app has."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec
from azure.core.exceptions import ResourceNotFoundError

from twin2multicloud.runtime.adapters.azure.calls import Pool, calling, service_code
from twin2multicloud.runtime.ports import DeadLetter

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_LETTER: Final = msgspec.json.Decoder(DeadLetter)


class BlobDeadLetters:
    """`DeadLetters` on one container. A letter that is put again replaces the earlier one."""

    def __init__(self, container: ContainerClient, pool: Pool) -> None:
        self._container = container
        self._pool = pool

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """See `DeadLetters.put`."""

        def write(letter: DeadLetter) -> None:
            with calling("keep a dead letter"):
                self._container.upload_blob(letter.id, msgspec.json.encode(letter), overwrite=True)

        self._pool.each(write, list({letter.id: letter for letter in letters}.values()))

    def get(self, id: str) -> DeadLetter | None:
        """See `DeadLetters.get`."""
        with calling("read a dead letter"):
            try:
                return _LETTER.decode(self._container.download_blob(id, max_concurrency=1).readall())
            except ResourceNotFoundError as error:
                if service_code(error) == "ContainerNotFound":
                    raise
                return None

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """See `DeadLetters.list`. One that is removed meanwhile is left out."""
        options: dict[str, Any] = {"start_from": after} if after else {}
        with calling("list dead letters"):
            names = (blob.name for blob in self._container.list_blobs(**options))
            page = list(islice((name for name in names if name > after), max(limit, 0)))
        return [letter for letter in self._pool.each(self.get, page) if letter is not None]

    def remove(self, ids: Sequence[str]) -> None:
        """See `DeadLetters.remove`."""

        def drop(id: str) -> None:
            with calling("remove a dead letter"):
                try:
                    self._container.delete_blob(id)
                except ResourceNotFoundError as error:
                    if service_code(error) == "ContainerNotFound":
                        raise

        self._pool.each(drop, builtins.list(ids))
