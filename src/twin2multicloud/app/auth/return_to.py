"""Where a browser goes after sign-in: only ever to a page of ours."""

from __future__ import annotations

import re
from typing import Final

HOME: Final = "/"
"""Where browsers go that asked for nothing else: the front end."""
_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1999}")


def is_own_path(given: str) -> bool:
    """Whether this is a path of ours."""
    return _PATH.fullmatch(given) is not None


def own_path(given: str | None) -> str:
    """The path that was asked for if it is one of ours, `HOME` otherwise. Browsers take //host and /\\host for other
    hosts, and drop control characters before they look: none of that passes.
    """
    return given if given is not None and is_own_path(given) else HOME
