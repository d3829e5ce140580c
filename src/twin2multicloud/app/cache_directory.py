"""Where this program keeps what it can fetch again, for all that a person does with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

CACHE: Final = "T2M_CACHE"


def cache_directory(environ: Mapping[str, str]) -> Path:
    """The directory, which need not be there: `T2M_CACHE`, or the one in `XDG_CACHE_HOME`, left out `~/.cache`."""
    if environ.get(CACHE):
        return Path(environ[CACHE])
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "twin2multicloud"
