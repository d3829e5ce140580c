"""Wiring: who may post what to whom. Makes the links documents of all places, and their successors with new keys.

A *place* is wherever one links document lies: a simulated cloud, or a region of a real one. Nothing here reads or
writes a store; what is made of the same wires and documents differs in its keys alone.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from twin2multicloud.runtime.links import Key, LinksDocument, Peer

Token = Callable[[int], bytes]
"""Gives so many random bytes."""


class Wire(NamedTuple):
    """A link to be: POSTs on `edge` go from the place `sender` to the place `receiver`, whose base URL is `url`."""

    edge: str
    sender: str
    receiver: str
    url: str


def new_key(now: float, token: Token = secrets.token_bytes) -> Key:
    """A fresh key of 256 bits. `now` is the wall clock in seconds since 1970."""
    return Key(id=token(6).hex(), secret=base64.b64encode(token(32)).decode(), created=now)


def wire(
    places: Iterable[str],
    wires: Iterable[Wire],
    now: float,
    known: Mapping[str, LinksDocument] | None = None,
    token: Token = secrets.token_bytes,
) -> dict[str, LinksDocument]:
    """Every place's links document. Keys of links that `known` documents have between the same two places are kept,
    URLs are those of now, and links that are no wire any more are gone.

    A link one of whose ends is elsewhere now has a new key: who held the old one is no end of it any more.
    """
    known = known or {}
    out: dict[str, dict[str, Peer]] = {name: {} for name in places}
    into: dict[str, dict[str, tuple[Key, ...]]] = {name: {} for name in out}
    for edge, sender, receiver, url in wires:
        before = known[sender].out.get(edge) if sender in known else None
        kept = known[receiver].into.get(edge, ()) if receiver in known and before is not None else ()
        accepted = kept or (new_key(now, token),)
        # In the middle of a rotation a sender goes on signing with the key it has, as long as it is accepted.
        signing = before.keys if before is not None and before.keys[0] in accepted else accepted
        out[sender][edge] = Peer(url, signing)
        into[receiver][edge] = accepted
    return {name: LinksDocument(out[name], into[name]) for name in out}


def with_new_keys(
    documents: Mapping[str, LinksDocument], now: float, token: Token = secrets.token_bytes
) -> tuple[dict[str, LinksDocument], dict[str, LinksDocument], dict[str, LinksDocument]]:
    """The three steps of a rotation, to be written one after the other with the receivers' cache age in between.

    First every receiver accepts a new key beside those it knows (two, if a rotation before was interrupted); then
    senders sign with the new one; then no other is accepted any more (give requests under way the time to arrive).
    A rotation that was broken off anywhere is simply begun again: the documents themselves say how far it came.
    """
    fresh = {edge: new_key(now, token) for document in documents.values() for edge in document.into}
    both = {
        name: LinksDocument(d.out, {edge: (fresh[edge], *keys) for edge, keys in d.into.items()})
        for name, d in documents.items()
    }
    signing = {
        name: LinksDocument({e: Peer(p.url, (fresh[e],)) if e in fresh else p for e, p in d.out.items()}, d.into)
        for name, d in both.items()
    }
    only_new = {name: LinksDocument(d.out, {edge: (fresh[edge],) for edge in d.into}) for name, d in signing.items()}
    return both, signing, only_new
