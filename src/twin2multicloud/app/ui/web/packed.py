"""The client's files as they are sent: compressed once, kept beside what else this program can make again."""

from __future__ import annotations

import gzip
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import Final

import brotli

from twin2multicloud.app.ui.web.client_files import ClientFiles, File

_LOG: Final = logging.getLogger("twin2multicloud.ui")
_BROTLI: Final = 9
"""Higher ones take twenty times as long for a tenth less."""
_GZIP: Final = 6
_KEPT_VERSIONS: Final = 3
_AS_IT_IS: Final = frozenset({".woff2", ".png"})
ENCODINGS: Final = ("br", "gzip")
"""The better one first."""


class Packed:
    """Compressed files in a directory, one for each version of the client. Processes may share it."""

    def __init__(self, client: ClientFiles, cache: Path) -> None:
        self._client = client
        self._all = cache / "front-end"
        self._directory = self._all / client.version
        self._ready: dict[tuple[str, str], Path] = {}

    def get(self, file: File, encodings: Iterable[str]) -> tuple[str, Path] | None:
        """A file in the best of some encodings that it is there in yet, and which that is."""
        for encoding in ENCODINGS:
            if encoding in encodings and (found := self._ready.get((file.name, encoding))) is not None:
                return encoding, found
        return None

    def pack(self, stopped: Event) -> None:
        """Compress what is not yet. It takes some seconds the first time; files can be had before, as they are."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._forget_old()
            for encoding in ENCODINGS:
                for file in self._client:
                    if stopped.is_set():
                        return
                    if Path(file.name).suffix not in _AS_IT_IS:
                        self._ready[file.name, encoding] = self._packed(file, encoding)
        except OSError as error:
            _LOG.warning(
                "the front end's files are sent uncompressed: %s cannot be written (%s); T2M_CACHE names another place",
                self._all, error.strerror,
            )  # fmt: skip

    def _packed(self, file: File, encoding: str) -> Path:
        place = self._directory / f"{file.name.replace('/', '~')}.{encoding}"
        if not place.exists():
            content = file.content()
            packed = (
                brotli.compress(content, quality=_BROTLI)
                if encoding == "br"
                else gzip.compress(content, _GZIP, mtime=0)
            )
            # Whole or not at all: another process may look at any time.
            descriptor, draft = tempfile.mkstemp(dir=self._directory)
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(packed)
            Path(draft).replace(place)
        return place

    def _forget_old(self) -> None:
        os.utime(self._directory)
        kept = sorted(self._all.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in kept[_KEPT_VERSIONS:]:
            shutil.rmtree(old, ignore_errors=True)
