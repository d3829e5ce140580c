"""Links documents while a slot is at two places."""

from __future__ import annotations

from collections.abc import Mapping

from twin2multicloud.runtime.links import LinksDocument

Documents = dict[str, LinksDocument]
"""Links documents by place."""


def together(first: Mapping[str, LinksDocument], second: Mapping[str, LinksDocument]) -> Documents:
    """What holds while two ends of a slot work beside each other: all links of both. Where one place has the same link
    to two peers, that of the first."""
    both = {}
    for name in {**first, **second}:
        one, other = first.get(name, LinksDocument()), second.get(name, LinksDocument())
        into = {edge: (*one.into.get(edge, ()), *other.into.get(edge, ())) for edge in {**one.into, **other.into}}
        both[name] = LinksDocument(
            {**other.out, **one.out}, {edge: tuple(dict.fromkeys(k)) for edge, k in into.items()}
        )
    return both


def without_unused(documents: Mapping[str, LinksDocument]) -> Documents:
    """Only keys that somebody signs with are accepted; those of a sender that is gone are not."""
    signing = {(edge, key.id) for d in documents.values() for edge, peer in d.out.items() for key in peer.keys}
    return {
        name: LinksDocument(d.out, {e: tuple(k for k in keys if (e, k.id) in signing) for e, keys in d.into.items()})
        for name, d in documents.items()
    }
