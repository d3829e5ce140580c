"""Wiring: who may post what to whom. Writes each cloud's links document, and rotates the keys while all runs."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping

from twin2multicloud.blueprint.plan import Blueprint, PlannedLink
from twin2multicloud.runtime.links import Key, LinksDocument, Peer
from twin2multicloud.sandbox.layout import CloudConfig

Documents = dict[str, LinksDocument]


def new_key(now: float, token: Callable[[int], bytes] = secrets.token_bytes) -> Key:
    """A fresh key of 256 bits."""
    return Key(id=token(6).hex(), secret=base64.b64encode(token(32)).decode(), created=now)


def ends(blueprint: Blueprint, link: PlannedLink) -> tuple[str, str]:
    """The clouds a link's POSTs go from and to. A query is posted by who asks: from the edge's target to its source."""
    source = blueprint.places[link.source].provider.value
    target = blueprint.places[link.target].provider.value
    return (source, target) if link.push else (target, source)


def wire(
    blueprint: Blueprint,
    clouds: Mapping[str, CloudConfig],
    now: float,
    known: Mapping[str, LinksDocument] | None = None,
) -> Documents:
    """Every cloud's links document. Keys that `known` documents have are kept; URLs are those of now.

    Queries are wired even between neighbours, so that dashboards ask the same way wherever they are.
    """
    known = known or {}
    out: dict[str, dict[str, Peer]] = {name: {} for name in clouds}
    into: dict[str, dict[str, tuple[Key, ...]]] = {name: {} for name in clouds}
    for link in blueprint.links:
        if link.push and not link.apart:
            continue
        sender, receiver = ends(blueprint, link)
        kept = known[receiver].into.get(link.edge, ()) if receiver in known else ()
        accepted = kept or (new_key(now),)
        before = known[sender].out.get(link.edge) if sender in known else None
        signing = before.keys if before is not None and before.keys[0] in accepted else accepted
        out[sender][link.edge] = Peer(clouds[receiver].url, signing)
        into[receiver][link.edge] = accepted
    return {name: LinksDocument(out[name], into[name]) for name in clouds}


def with_new_keys(documents: Mapping[str, LinksDocument], now: float) -> tuple[Documents, Documents, Documents]:
    """The three steps of a rotation, to be written one after the other with the receivers' cache age in between.

    First every receiver accepts a new key beside those it knows (two, if a rotation before was interrupted); then
    senders sign with the new one; then no other is accepted any more (give requests under way the time to arrive).
    """
    fresh = {edge: new_key(now) for document in documents.values() for edge in document.into}
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
