"""What has to be copied follows from where the slots are before and after."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.moving.places import places
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.move import Move, Store, StoreKind, after, bucket, transfers

CLOUDS = st.sampled_from(["aws", "azure", "gcp"])


def named(before: dict[Slot, str], slot: Slot, cloud: str) -> dict[str, tuple[str, str]]:
    """Transfers of a move by name: the owners and clouds of either store."""
    old, new = places(before), places({**before, slot: cloud})
    found = transfers(old, new)
    return {
        t.name: (
            f"{t.source.owner.value}@{t.source.place.provider.value}",
            f"{t.target.owner.value}@{t.target.place.provider.value}",
        )
        for t in found
    }


ALL_AWS = dict.fromkeys(Slot, "aws")


def test_most_slots_take_their_store_along() -> None:
    assert named(ALL_AWS, Slot.HOT, "gcp") == {"hot": ("L3.hot@aws", "L3.hot@gcp")}
    assert named(ALL_AWS, Slot.MANAGEMENT, "gcp") == {"graph": ("L4@aws", "L4@gcp")}
    assert set(named(ALL_AWS, Slot.PROCESSING, "gcp")) == {"dead letters", "rule states"}
    assert set(named(ALL_AWS, Slot.ACQUISITION, "gcp")) == {"dead letters"}
    assert named(ALL_AWS, Slot.VISUALIZATION, "gcp") == {}


def test_tiers_that_share_a_bucket_part_and_join() -> None:
    parted = {
        "objects (cool)": ("L3.cool@aws", "L3.cool@gcp"),
        "objects (archive)": ("L3.cool@aws", "L3.archive@aws"),
    }
    assert named(ALL_AWS, Slot.COOL, "gcp") == parted
    apart = ALL_AWS | {Slot.COOL: "gcp"}
    assert named(apart, Slot.COOL, "aws") == {name: (b, a) for name, (a, b) in parted.items()}
    assert named(ALL_AWS, Slot.ARCHIVE, "gcp") == {"objects (archive)": ("L3.cool@aws", "L3.archive@gcp")}
    assert named(apart, Slot.COOL, "azure") == {"objects (cool)": ("L3.cool@gcp", "L3.cool@azure")}
    assert named(apart, Slot.ARCHIVE, "gcp") == {"objects (archive)": ("L3.archive@aws", "L3.cool@gcp")}


@given(before=st.fixed_dictionaries(dict.fromkeys(Slot, CLOUDS)), slot=st.sampled_from(Slot), cloud=CLOUDS)
def test_the_way_back_is_the_way_there_backwards(before: dict[Slot, str], slot: Slot, cloud: str) -> None:
    old, new = places(before), places({**before, slot: cloud})
    there, back = transfers(old, new), transfers(new, old)
    assert sorted(t.back.name for t in there) == sorted(t.name for t in back)
    assert {t.back for t in there} == set(back)
    # Each tier ends in the bucket that is its own.
    for tier, storage_class in ((Slot.COOL, "cool"), (Slot.ARCHIVE, "archive")):
        (target,) = {t.target for t in there if t.storage_class == storage_class} or {bucket(old, tier)}
        assert target == bucket(new, tier)
    move = Move(slot, old[slot], new[slot])
    assert after(old, move) == new
    assert after(new, move.back) == old
    assert move.back.back == move


def test_a_store_of_another_region_is_another_store() -> None:
    here = places("aws")
    there = {slot: type(place)(place.provider, place.offer, "eu-west-1") for slot, place in here.items()}
    (only,) = transfers(here, {**here, Slot.HOT: there[Slot.HOT]})
    assert only.source == Store(StoreKind.HOT, Slot.HOT, here[Slot.HOT])
    assert only.target.place.region == "eu-west-1"
    assert only.target.place.provider is Provider.AWS
