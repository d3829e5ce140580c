"""Where a request comes from: the address of the connection, or what a trusted proxy says of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.types import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_MOST_HOPS: Final = 20
_SHARED_BITS: Final = 64
"""What one customer has of IPv6: all of its addresses are theirs to come from."""


def proxies_of(trusted: Sequence[str]) -> tuple[Network, ...]:
    """The networks of `settings.trusted_proxies`."""
    return tuple(ipaddress.ip_network(each, strict=False) for each in trusted)


def client_address(scope: Scope, proxies: Sequence[Network]) -> str:
    """The address of whoever asks. X-Forwarded-For counts only as far as trusted proxies have written it: from its
    end, up to the first address that is no proxy of ours. What comes before that anybody may have made up.
    """
    found: str = (scope.get("client") or ("-", 0))[0]
    address = _address(found)
    if address is None or not _trusted(address, proxies):
        return found
    headers = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop.strip() for hop in ",".join(headers).split(",")][-_MOST_HOPS:]
    for hop in reversed(hops):
        further = _address(hop)
        if further is None:
            break
        found = str(further)
        if not _trusted(further, proxies):
            break
    return found


def neighbourhood(address: str) -> str:
    """What is counted as one: an IPv4 address, the /64 of an IPv6 address."""
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _SHARED_BITS), strict=False))
    return address


def _trusted(address: _Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)


def _address(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    # A socket that takes both kinds tells IPv4 addresses in this form.
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
