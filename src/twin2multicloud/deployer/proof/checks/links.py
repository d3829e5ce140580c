"""Links: both ends agree. What a sender signs with its receiver accepts, at the address where that receiver is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.proof.view import FunctionView
from twin2multicloud.deployer.stacks import foundation_name
from twin2multicloud.runtime.links import LinksDocument

_REMEDY = "wire the twin again"


class _Link(NamedTuple):
    edge: str
    sender: Site
    receiver: Site
    function: FunctionView | None


def links(deployment: Deployment, sites: Sequence[Seen], documents: Mapping[Site, LinksDocument]) -> Iterator[Finding]:
    """Findings about links documents."""
    planned = list(_planned(deployment, sites))
    for link in planned:
        yield from _ends(link, documents)
    edges = {(link.sender, link.edge) for link in planned}, {(link.receiver, link.edge) for link in planned}
    for site, document in documents.items():
        for ends, known, word in ((document.out, edges[0], "out"), (document.into, edges[1], "into")):
            for edge in sorted(ends):
                if (site, edge) not in known:
                    what = f"'{word}' has keys of {edge}, which is no link of {site}"
                    yield Finding(_secret(site), Rule.LINKS, what, _REMEDY)


def _planned(deployment: Deployment, sites: Sequence[Seen]) -> Iterator[_Link]:
    """Every edge that a function receives is a link, from whoever asks or hands over."""
    for seen in sites:
        for planned in seen.planned:
            function = next(iter(seen.found(planned)), None)
            for edge in planned.plan.receives:
                link = deployment.blueprint.by_edge[edge]
                sender = link.source if link.push else link.target
                yield _Link(edge, deployment.site(sender), seen.site, function)


def _ends(link: _Link, documents: Mapping[Site, LinksDocument]) -> Iterator[Finding]:
    out = documents.get(link.sender, LinksDocument()).out.get(link.edge)
    into = documents.get(link.receiver, LinksDocument()).into.get(link.edge, ())
    if out is None or not out.keys:
        what = f"{link.edge}: its sender has no address and key"
        yield Finding(_secret(link.sender), Rule.LINKS, what, _REMEDY)
    if not into:
        what = f"{link.edge}: its receiver accepts no key"
        yield Finding(_secret(link.receiver), Rule.LINKS, what, _REMEDY)
    if out is None or not out.keys or not into:
        return
    accepted = {(key.id, key.secret) for key in into}
    if (out.keys[0].id, out.keys[0].secret) not in accepted:
        what = f"{link.edge}: its sender signs with the key {out.keys[0].id}, which its receiver does not accept"
        yield Finding(_secret(link.sender), Rule.LINKS, what, _REMEDY)
    if link.function is not None and out.url.rstrip("/") != link.function.url.rstrip("/"):
        what = f"{link.edge}: it leads to {out.url}; its receiver is at {link.function.url or 'no address'}"
        yield Finding(_secret(link.sender), Rule.LINKS, what, _REMEDY)


def _secret(site: Site) -> Where:
    return Where(foundation_name(site), "the secret 'links'")
