"""By which names this installation may be called, and from which pages."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from twin2multicloud.app.settings import LOOPBACK, Settings

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def own_origins(settings: Settings) -> frozenset[str]:
    """Origins of our own pages: the one people use and, for the local user, other names of this machine."""
    parts = urlsplit(settings.origin)
    found = {_origin(parts.scheme, parts.hostname or "", parts.port)}
    if settings.auth == "local":
        found |= {_origin(parts.scheme, name, parts.port) for name in LOOPBACK}
    return frozenset(found)


def own_hosts(settings: Settings) -> frozenset[str]:
    """What a request's Host may be. Anything else is a page elsewhere that made its own name lead here (DNS
    rebinding), or a proxy that does not pass the name on.
    """
    return frozenset(origin.partition("://")[2] for origin in own_origins(settings))


def _origin(scheme: str, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{shown}:{port}"
