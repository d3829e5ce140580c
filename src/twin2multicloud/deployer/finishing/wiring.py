"""Links documents of the sites, from what is deployed: who posts what to whom, with which keys.

Every site has one document, a secret in its own store. It is written after all stacks are applied, for only then all
URLs are known; functions read it again within `SETTLE_S`, and whoever is refused meanwhile tries again.
"""

from __future__ import annotations

import secrets as tokens
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from twin2multicloud.blueprint.plan import PlannedLink
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.finishing.places import Outputs, described
from twin2multicloud.deployer.finishing.progress import WIRING, Report, StepError, StepProgress, failing_as
from twin2multicloud.deployer.functions import functions_of
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.runtime.links import LINKS_SECRET, LinksDocument
from twin2multicloud.runtime.ports import Secrets
from twin2multicloud.runtime.wiring import Token, Wire, wire

LINKS_CACHE_S: Final = 30.0
"""How long `LinksSource` keeps a document."""
SECRET_CACHE_S: Final = 60.0
"""How long an adapter may answer with a secret's former value (`ports.Secrets.get`)."""
POST_S: Final = 30.0
"""How long a request may be under way that was signed before."""
SETTLE_S: Final = LINKS_CACHE_S + SECRET_CACHE_S + POST_S
"""After so long a document that was written is known to all functions, and nothing older is under way."""

SecretsOf = Callable[[Site], Secrets]
"""The secret store of a site."""
Documents = dict[Site, LinksDocument]


@dataclass(frozen=True)
class Wired:
    """What wiring found and did: sites whose document was written, and those where it was right already.

    `waiting` are edges that are not wired because one of their ends is not deployed.
    """

    written: tuple[Site, ...]
    unchanged: tuple[Site, ...]
    waiting: tuple[str, ...]


def sites_with_secrets(deployment: Deployment, outputs: Outputs) -> tuple[Site, ...]:
    """The sites whose foundation is there."""
    return tuple(site for site in deployment.sites if foundation_name(site) in outputs)


def ends(link: PlannedLink) -> tuple[Slot, Slot]:
    """The slots that a link's POSTs go from and to. A query is posted by who asks: from the edge's target."""
    return (link.source, link.target) if link.push else (link.target, link.source)


def wires_of(deployment: Deployment, outputs: Outputs) -> tuple[list[Wire], tuple[str, ...]]:
    """The links that have both ends, and the edges that wait for one. Where a function receives an edge, it is one."""
    wires, waiting = [], []
    for slot, component, edge in _receivers(deployment):
        link = deployment.blueprint.by_edge[edge]
        sender, _ = ends(link)
        stacks = {name: slot_name(name, deployment.generation(name)) for name in (sender, slot)}
        needed = {*stacks.values(), *(foundation_name(deployment.site(name)) for name in stacks)}
        if not needed <= outputs.keys():
            waiting.append(edge)
            continue
        urls = described(outputs, stacks[slot], "urls")
        if not isinstance(urls.get(component), str):
            raise UsageError(f"stack {stacks[slot]} puts out no URL of {component}, which receives {edge}")
        site, to = deployment.site(sender), deployment.site(slot)
        wires.append(Wire(edge, str(site), str(to), urls[component].rstrip("/")))
    return wires, tuple(waiting)


def _receivers(deployment: Deployment) -> Iterator[tuple[Slot, str, str]]:
    for slot in SLOTS:
        for function in functions_of(deployment.blueprint, deployment.spec, slot):
            for edge in function.receives:
                yield slot, function.component, edge


def read_documents(sites: Iterable[Site], secrets_of: SecretsOf) -> Documents:
    """The documents that exist. One that cannot be read is a `StepError`: its keys would be lost."""
    found: Documents = {}
    for site in sites:
        with failing_as(f"{WIRING} of {site}"):
            try:
                text = secrets_of(site).get(LINKS_SECRET)
            except KeyError:
                continue
        try:
            found[site] = msgspec.json.decode(text, type=LinksDocument)
        except msgspec.DecodeError as error:
            raise StepError(
                f"{WIRING} of {site}",
                f"its secret '{LINKS_SECRET}' is no links document ({error}); delete the secret's value and wire again",
            ) from None
    return found


def write_documents(
    wanted: Mapping[Site, LinksDocument], there: Mapping[Site, LinksDocument], secrets_of: SecretsOf, report: Report
) -> tuple[Site, ...]:
    """Write the documents that differ from those there; at which sites."""
    changed = [site for site, document in wanted.items() if there.get(site) != document]
    for number, site in enumerate(changed, start=1):
        with failing_as(f"{WIRING} of {site}"):
            secrets_of(site).put(LINKS_SECRET, msgspec.json.encode(wanted[site]).decode())
        links = len(wanted[site].out) + len(wanted[site].into)
        report(StepProgress(WIRING, f"{site}: {links} ends of links", number, len(changed)))
    return tuple(changed)


def wire_sites(
    deployment: Deployment,
    outputs: Outputs,
    secrets_of: SecretsOf,
    report: Report,
    *,
    now: float,
    token: Token = tokens.token_bytes,
) -> Wired:
    """Bring every site's document to what is deployed. Keys that both ends of a link have are kept, so that a
    document changes only where a neighbour did. `now` is the wall clock.

    `outputs` without a slot's stack take that slot's links out of its neighbours' documents, before it is destroyed.
    """
    sites = sites_with_secrets(deployment, outputs)
    wires, waiting = wires_of(deployment, outputs)
    known = read_documents(sites, secrets_of)
    named = {str(site): site for site in sites}
    documents = wire(named, wires, now, {str(site): document for site, document in known.items()}, token)
    wanted = {named[name]: document for name, document in documents.items()}
    written = write_documents(wanted, known, secrets_of, report)
    return Wired(written, tuple(site for site in sites if site not in written), waiting)


def without(outputs: Outputs, deployment: Deployment, slots: Iterable[Slot]) -> dict[str, object]:
    """The outputs as they are once these slots are destroyed."""
    gone = {slot_name(slot, deployment.generation(slot)) for slot in slots}
    return {name: value for name, value in outputs.items() if name not in gone}
