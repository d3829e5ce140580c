"""Every link of a deployment has two ends that share a key, before, during and after whatever changes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.finishing.rig import Stores, Told, deployment, outputs_of
from tests.sandbox.twins import ring
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.finishing.progress import StepError
from twin2multicloud.deployer.finishing.rotation import rotate_keys
from twin2multicloud.deployer.finishing.wiring import Wired, read_documents, wire_sites, without
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.runtime.link_client import LinkClient
from twin2multicloud.runtime.links import LinkRefusedError, LinksDocument, LinksSource, sign, verify

CLOUDS = ("aws", "azure", "gcp")
placements = st.fixed_dictionaries({slot: st.sampled_from(CLOUDS) for slot in Slot})
FIRST = Site(Provider.AWS, "eu-central-1")


def wired(deployed: Deployment, stores: Stores, now: float = 1.0, slots: tuple[Slot, ...] = SLOTS) -> Wired:
    return wire_sites(deployed, outputs_of(deployed, slots), stores, Told(), now=now)


def documents(deployed: Deployment, stores: Stores) -> dict[Site, LinksDocument]:
    return read_documents(deployed.sites, stores)


def receives(link_edge: str, deployed: Deployment) -> Slot:
    link = deployed.blueprint.by_edge[link_edge]
    return link.target if link.push else link.source


class _Fresh:
    def first_use(self, link: str, nonce: str, until: float) -> bool:
        return True


def check_post(edge: str, sender: LinksDocument, receiver: LinksDocument) -> None:
    """A POST signed with what the sender knows is accepted with what the receiver knows."""
    headers = sign(edge, sender.out[edge].keys[0], b"body", now=1000.0, nonce="n" * 24)
    verify(edge, headers, b"body", receiver.into[edge], now=1000.0, nonces=_Fresh())


def check(deployed: Deployment, found: Mapping[Site, LinksDocument]) -> set[str]:
    """Every link that is there has one sender and one receiver, at the right sites; which links there are."""
    edges = {edge for document in found.values() for edge in document.out}
    assert edges == {edge for document in found.values() for edge in document.into}
    for edge in edges:
        (sender,) = (site for site, document in found.items() if edge in document.out)
        (receiver,) = (site for site, document in found.items() if edge in document.into)
        link = deployed.blueprint.by_edge[edge]
        assert {sender, receiver} == {deployed.site(link.source), deployed.site(link.target)}
        assert receiver == deployed.site(receives(edge, deployed))
        assert receiver.region in found[sender].out[edge].url
        assert not found[sender].out[edge].url.endswith("/")
        check_post(edge, found[sender], found[receiver])
    return edges


@settings(deadline=None, max_examples=25)
@given(placements, st.sets(st.sampled_from(list(Slot))))
def test_links_lead_to_where_their_edge_is_received(clouds: Mapping[Slot, str], elsewhere: set[Slot]) -> None:
    deployed = deployment(clouds, elsewhere=elsewhere)
    with tempfile.TemporaryDirectory() as directory:
        stores = Stores(Path(directory))
        result = wired(deployed, stores)
        edges = check(deployed, documents(deployed, stores))
        apart = {link.edge for link in deployed.blueprint.links if link.apart}
        # No device of this twin gets commands from a rule, so nobody receives any.
        assert edges == (apart | {"history", "state"}) - {"commands"}
        assert result.waiting == ()
        stores.close()


def test_what_did_not_change_is_not_written(stores: Stores) -> None:
    deployed = deployment(ring(0, 1))
    assert len(wired(deployed, stores).written) == 3
    stores.forget_writes()
    again = wired(deployed, stores, 2.0)
    assert (again.written, len(again.unchanged), stores.writes) == ((), 3, [])


def test_a_link_waits_for_both_its_ends(stores: Stores) -> None:
    deployed = deployment(ring(0, 1))
    first = wired(deployed, stores, slots=(Slot.ARCHIVE, Slot.COOL, Slot.HOT))
    assert set(first.waiting) == {"telemetry", "persist", "twin-updates", "history", "state"}
    before = documents(deployed, stores)
    assert check(deployed, before) == {"to-cool", "to-archive"}
    assert wired(deployed, stores, 2.0).waiting == ()
    after = documents(deployed, stores)
    assert "persist" in check(deployed, after)
    for site, document in before.items():  # the first links keep their keys
        assert document.into.items() <= after[site].into.items()


def test_a_moved_slot_gets_new_keys_and_other_links_keep_theirs(stores: Stores) -> None:
    clouds = ring(0, 1)
    before = deployment(clouds)
    wired(before, stores)
    old = documents(before, stores)
    moved = deployment({**clouds, Slot.HOT: "azure"}, generations={Slot.HOT: 2})
    wired(moved, stores, 2.0)
    new = documents(moved, stores)
    check(moved, new)
    keys = {edge: keys for document in new.values() for edge, keys in document.into.items()}
    former = {edge: keys for document in old.values() for edge, keys in document.into.items()}
    kept = {edge for edge in keys if keys[edge] == former.get(edge)}
    touched = {link.edge for link in moved.blueprint.links if Slot.HOT in (link.source, link.target)}
    assert kept == keys.keys() - touched
    assert ".2." in next(document.out["history"].url for document in new.values() if "history" in document.out)


def test_a_slot_to_be_destroyed_leaves_its_neighbours_documents(stores: Stores) -> None:
    deployed = deployment(ring(0, 1))
    wired(deployed, stores)
    outputs = without(outputs_of(deployed), deployed, [Slot.MANAGEMENT])
    wire_sites(deployed, outputs, stores, Told(), now=2.0)
    assert check(deployed, documents(deployed, stores)) == {"telemetry", "persist", "to-cool", "to-archive", "history"}


def test_a_document_that_is_none_is_not_overwritten(stores: Stores) -> None:
    deployed = deployment("aws")
    stores(FIRST).put("links", "{]")
    with pytest.raises(StepError, match=r"wiring of aws/eu-central-1: its secret 'links' is no links document"):
        wired(deployed, stores)
    assert stores(FIRST).get("links") == "{]"


# ── Rotation ────────────────────────────────────────────────────────────────────────────────────────────────
class BrokenOffError(Exception):
    pass


@pytest.mark.parametrize("breaks_at", range(9))
def test_a_rotation_broken_off_anywhere_never_parts_sender_and_receiver(stores: Stores, breaks_at: int) -> None:
    """Before each write the links are checked with every mixture of documents that functions may have cached."""
    deployed = deployment(ring(0, 1))
    wired(deployed, stores)
    cached = {site: [document] for site, document in documents(deployed, stores).items()}
    writes = 0

    def look(_progress: object) -> None:
        nonlocal writes
        for site, document in documents(deployed, stores).items():
            if cached[site][-1] != document:
                cached[site].append(document)
        check_all_mixtures(deployed, cached)
        writes += 1
        if writes == breaks_at + 1:
            raise BrokenOffError

    def settled(_seconds: float) -> None:
        for site in cached:
            del cached[site][:-1]

    outputs = outputs_of(deployed)
    with pytest.raises(BrokenOffError):
        rotate_keys(deployed, outputs, stores, look, now=2.0, sleep=settled)
    writes = -100
    assert rotate_keys(deployed, outputs, stores, look, now=3.0, sleep=settled) > 0
    created = {k.created for d in documents(deployed, stores).values() for keys in d.into.values() for k in keys}
    assert created == {3.0}


def check_all_mixtures(deployed: Deployment, cached: Mapping[Site, list[LinksDocument]]) -> None:
    for versions in cached.values():
        for edge in versions[-1].out:
            to = deployed.site(receives(edge, deployed))
            for sender in versions:
                for receiver in cached[to]:
                    check_post(edge, sender, receiver)


def test_a_rotation_waits_longer_than_anything_is_cached(stores: Stores, told: Told) -> None:
    deployed = deployment(ring(0, 1))
    wired(deployed, stores)
    waits: list[float] = []
    assert rotate_keys(deployed, outputs_of(deployed), stores, told, now=2.0, sleep=waits.append) == 7
    assert waits == [120.0, 120.0]
    texts = [each.text for each in told.all if each.step == "rotate-keys"]
    assert texts == ["receivers accept the new keys", "senders sign with them", "the old keys are gone"]


def test_a_compromised_key_is_refused_at_once(stores: Stores, told: Told) -> None:
    deployed = deployment(ring(0, 1))
    wired(deployed, stores)
    stolen = documents(deployed, stores)
    waits: list[float] = []
    rotate_keys(deployed, outputs_of(deployed), stores, told, now=2.0, at_once=True, sleep=waits.append)
    assert waits == []
    new = documents(deployed, stores)
    check(deployed, new)
    for document in stolen.values():
        for edge in document.out:
            with pytest.raises(LinkRefusedError):
                check_post(edge, document, new[deployed.site(receives(edge, deployed))])
    assert stolen.keys() == new.keys()


def test_there_is_nothing_to_rotate_before_the_first_wiring(stores: Stores, told: Told) -> None:
    deployed = deployment("gcp")
    with pytest.raises(StepError, match="there are no links yet; deploy the twin first"):
        rotate_keys(deployed, outputs_of(deployed), stores, told, now=2.0)


def test_no_key_is_in_any_report(stores: Stores, told: Told) -> None:
    deployed = deployment(ring(1, 2))
    result = wire_sites(deployed, outputs_of(deployed), stores, told, now=1.0)
    rotate_keys(deployed, outputs_of(deployed), stores, told, now=2.0, sleep=lambda _s: None)
    shown = repr((result, told.all, documents(deployed, stores)))
    for document in documents(deployed, stores).values():
        for keys in document.into.values():
            assert all(key.secret not in shown for key in keys)


def test_functions_find_their_peers_in_the_document(stores: Stores) -> None:
    """The runtime's own reader and client take what is written."""
    deployed = deployment(ring(0, 1))
    wired(deployed, stores)
    site = deployed.site(Slot.ACQUISITION)
    source = LinksSource(stores(site), lambda: 0.0)
    assert source.document().out["telemetry"].url.startswith("https://telemetry-receiver.")
    LinkClient(source).close()
