"""Links: each has one sender and one receiver that share a key, at any placement and at every moment of a rotation."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.wiring import with_new_keys
from twin2multicloud.sandbox.layout import CloudConfig
from twin2multicloud.sandbox.wiring import Documents, ends, wire

CLOUDS = ("aws", "azure", "gcp")
placements = st.fixed_dictionaries({slot: st.sampled_from(CLOUDS) for slot in Slot})


def blueprint(clouds: Mapping[Slot, str]) -> Blueprint:
    return blueprint_of(small_twin(5)[1], placement_of(clouds))


def configs(clouds: Mapping[Slot, str], first_port: int = 20_000) -> dict[str, CloudConfig]:
    return {name: CloudConfig(first_port + n) for n, name in enumerate(sorted(set(clouds.values())))}


def check_links(plan: Blueprint, documents: Documents, clouds: Mapping[str, CloudConfig]) -> None:
    """Every link that there is leads from one cloud to one other, where its key is accepted; there are no others."""
    wired = [link for link in plan.links if link.apart or not link.push]
    assert {edge for document in documents.values() for edge in document.out} == {link.edge for link in wired}
    for link in wired:
        (sender,) = (name for name, document in documents.items() if link.edge in document.out)
        (receiver,) = (name for name, document in documents.items() if link.edge in document.into)
        assert (sender, receiver) == ends(plan, link)
        assert documents[sender].out[link.edge].url == clouds[receiver].url
        assert documents[sender].out[link.edge].keys[0] in documents[receiver].into[link.edge]


@given(placements)
def test_every_link_has_two_ends_and_a_key(clouds: Mapping[Slot, str]) -> None:
    plan = blueprint(clouds)
    documents = wire(plan, configs(clouds), 1.0)
    check_links(plan, documents, configs(clouds))
    keys = [key for document in documents.values() for keys in document.into.values() for key in keys]
    assert len({key.secret for key in keys}) == len({key.id for key in keys}) == len(keys)  # no two links share one


@given(placements)
def test_new_ports_keep_the_keys(clouds: Mapping[Slot, str]) -> None:
    plan = blueprint(clouds)
    before = wire(plan, configs(clouds), 1.0)
    after = wire(plan, configs(clouds, 30_000), 2.0, before)
    check_links(plan, after, configs(clouds, 30_000))
    assert {name: document.into for name, document in after.items()} == {name: d.into for name, d in before.items()}


@given(placements, st.data())
def test_every_moment_of_a_rotation_has_a_common_key(clouds: Mapping[Slot, str], data: st.DataObject) -> None:
    """Clouds get the next documents one after the other, and any two rotations may be broken off anywhere."""
    plan = blueprint(clouds)
    documents = dict(wire(plan, configs(clouds), 1.0))
    for at in (2.0, 3.0, 4.0):
        steps = with_new_keys(documents, at)
        whole = at == 4.0
        for step in steps[: len(steps) if whole else data.draw(st.integers(0, len(steps)))]:
            for name in data.draw(st.permutations(sorted(step))):
                documents[name] = step[name]
                check_links(plan, documents, configs(clouds))
    check_links(plan, dict(wire(plan, configs(clouds), 5.0, documents)), configs(clouds))
    created = {key.created for document in documents.values() for keys in document.into.values() for key in keys}
    assert created <= {4.0}  # in the end only the newest are accepted


def test_keys_do_not_show() -> None:
    clouds = dict.fromkeys(Slot, "aws") | {Slot.HOT: "gcp"}
    for document in wire(blueprint(clouds), configs(clouds), 1.0).values():
        assert document.into
        for keys in document.into.values():
            assert all(key.secret not in repr(document) for key in keys)
