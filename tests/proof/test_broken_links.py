"""Links and stacks that do not fit together, over three clouds: exactly that is found, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from tests.deployer.applied.applying import Applied
from tests.deployer.applied.made import Worlds
from tests.proof.editing import Change, Mutant, put
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.proof import Rule, as_text, prove
from twin2multicloud.model.slots import Provider
from twin2multicloud.runtime.links import Key, LinksDocument, Peer
from twin2multicloud.runtime.wiring import with_new_keys

AWS = Site(Provider.AWS, "eu-central-1")
AZURE = Site(Provider.AZURE, "westeurope")
GCP = Site(Provider.GCP, "europe-west1")
STRANGE = Key("0123456789ab", "c2VjcmV0", 1.0)


def documents(site: Site, change: Callable[[LinksDocument], LinksDocument]) -> Change:
    """With one site's document changed."""

    def changed(applied: Applied) -> Applied:
        return replace(applied, documents={**applied.documents, site: change(applied.documents[site])})

    return changed


def out(site: Site, edge: str, **values: object) -> Change:
    """With a sender's end of a link changed; without `values` it is gone."""

    def change(document: LinksDocument) -> LinksDocument:
        peers = dict(document.out)
        peer = peers.pop(edge)
        if values:
            peers[edge] = msgspec.structs.replace(peer, **values)
        return LinksDocument(peers, document.into)

    return documents(site, change)


def into(site: Site, edge: str, *keys: Key) -> Change:
    """With other keys accepted on a link; without any it is gone."""

    def change(document: LinksDocument) -> LinksDocument:
        accepted = {name: each for name, each in document.into.items() if name != edge}
        if keys:
            accepted[edge] = keys
        return LinksDocument(document.out, accepted)

    return documents(site, change)


def without_stack(name: str) -> Change:
    """As if a stack had never been applied."""

    def change(applied: Applied) -> Applied:
        world = applied.world
        return replace(applied, world=world.at(*(stack for stack in world.stacks if stack != name)))

    return change


def with_stack(name: str) -> Change:
    """With a stack that belongs to nothing."""

    def change(applied: Applied) -> Applied:
        return replace(applied, world=replace(applied.world, stacks=(*applied.world.stacks, name)))

    return change


MUTANTS = (
    Mutant("a key that its receiver does not know", "spread-1", out(AWS, "telemetry", keys=(STRANGE,)), (Rule.LINKS,)),
    Mutant("a key that its sender does not have", "spread-1", into(AZURE, "telemetry", STRANGE), (Rule.LINKS,)),
    Mutant("no key to sign with", "spread-1", out(AZURE, "persist", keys=()), (Rule.LINKS,), "azure"),
    Mutant(
        "the address of another", "spread-1", out(AZURE, "persist", url="https://example.com"), (Rule.LINKS,), "azure"
    ),
    Mutant("a sender without its link", "spread-1", out(AZURE, "persist"), (Rule.LINKS,), "azure"),
    Mutant("a receiver without its link", "spread-1", into(GCP, "persist"), (Rule.LINKS,), "gcp"),
    Mutant(
        "a link that nobody has",
        "spread-1",
        documents(AWS, lambda d: LinksDocument({**d.out, "persist": Peer("https://example.com", (STRANGE,))}, d.into)),
        (Rule.LINKS,),
        "aws",
    ),
    Mutant(
        "keys of a link that is gone",
        "spread-1",
        documents(AZURE, lambda d: LinksDocument(d.out, {**d.into, "history": (STRANGE,)})),
        (Rule.LINKS,),
        "azure",
    ),
    Mutant(
        "a document that was never written",
        "guests",
        documents(AWS, lambda _: LinksDocument()),
        (Rule.LINKS,) * 3,
    ),
    Mutant("a stack that was never applied", "guests", without_stack("L5"), (Rule.STACKS,), "L5"),
    Mutant("a stack of another generation", "spread-1", with_stack("L2-2"), (Rule.STACKS,), "L2-2"),
    Mutant(
        "a receiver that has moved",
        "spread-1",
        put(
            "aws_lambda_function_url",
            "to-cool-receiver",
            function_url="https://moved.lambda-url.eu-central-1.on.aws/",
        ),
        (Rule.LINKS,),
        "gcp",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_does_not_fit_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)


@pytest.mark.slow
def test_nothing_is_wrong_in_the_middle_of_a_rotation(worlds: Worlds) -> None:
    applied = worlds("spread-1")

    named = {str(site): document for site, document in applied.documents.items()}
    sites = {str(site): site for site in applied.documents}
    for step in with_new_keys(named, 2.0):
        rotated = {sites[name]: document for name, document in step.items()}
        found = prove(applied.deployment, applied.world, rotated, applied.packages)
        assert not found, as_text(found)
