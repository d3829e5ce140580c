"""The client's files as they are sent: compressed once, kept beside what else this program can make again."""

from __future__ import annotations

import gzip
import logging
import os
import shutil
import tempfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import brotli

from twin2multicloud.app.ui.web.client_files import ClientFiles, File

_LOG: Final = logging.getLogger("twin2multicloud.ui")
_BROTLI: Final = 9
"""Higher ones take twenty times as long for a tenth less."""
_GZIP: Final = 6
_KEPT_VERSIONS: Final = 3
_AS_IT_IS: Final = frozenset({".woff2", ".png"})
_ENCODINGS: Final = ("br", "gzip")
"""The better one first."""


class Packed:
    """Compressed files in a directory, one for each version of the client. Processes may share it.

    A file is compressed by a thread of this once it was asked for, and sent as it is until then. `close` it at the end.
    """

    def __init__(self, client: ClientFiles, cache: Path) -> None:
        self._client = client
        self._all = cache / "front-end"
        self._directory = self._all / client.version
        self._ready: dict[tuple[str, str], Path] = {}
        self._asked: set[tuple[str, str]] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="front-end-packing")

    def get(self, file: File, encodings: Collection[str]) -> tuple[str, Path] | None:
        """A file in the best of some encodings, and which that is, if it is there in it yet."""
        encoding = next((each for each in _ENCODINGS if each in encodings), None)
        if encoding is None or Path(file.name).suffix in _AS_IT_IS:
            return None
        key = (file.name, encoding)
        if key not in self._asked:
            self._asked.add(key)
            place = self._place(file, encoding)
            if place.exists():
                self._ready[key] = place
            else:
                self._thread.submit(self._pack, file, encoding)
        return None if key not in self._ready else (encoding, self._ready[key])

    def begin(self) -> None:
        """Compress what every browser asks for first, and forget versions that were served long ago."""
        self._thread.submit(self._forget_old)
        for file in self._client.first:
            self.get(file, _ENCODINGS)

    def close(self) -> None:
        """Compress nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _place(self, file: File, encoding: str) -> Path:
        return self._directory / f"{file.name.replace('/', '~')}.{encoding}"

    def _pack(self, file: File, encoding: str) -> None:
        content = file.content()
        packed = (
            brotli.compress(content, quality=_BROTLI) if encoding == "br" else gzip.compress(content, _GZIP, mtime=0)
        )
        place = self._place(file, encoding)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            # Whole or not at all: another process may look at any time.
            descriptor, draft = tempfile.mkstemp(dir=self._directory)
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(packed)
            Path(draft).replace(place)
        except OSError as error:
            _LOG.warning(
                "files of the front end are sent uncompressed: %s cannot be written (%s); T2M_CACHE says where else",
                self._directory,
                error.strerror,
            )
            return
        self._ready[file.name, encoding] = place

    def _forget_old(self) -> None:
        try:
            others = [each for each in self._all.iterdir() if each != self._directory]
            kept = sorted(others, key=lambda each: each.stat().st_mtime, reverse=True)
        except OSError:
            return  # there is none yet, or another process forgets them
        for old in kept[_KEPT_VERSIONS - 1 :]:
            shutil.rmtree(old, ignore_errors=True)
