"""A sandbox stays where it is: whoever brings it up with another placement is told which slots differ, and in what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.create import check, create


def test_another_offer_at_the_same_place_is_another_placement(tmp_path: Path) -> None:
    rigs = [
        Rig(tmp_path / "sandbox", *small_twin(4), placement_of("aws", {Slot.HOT: offer}))
        for offer in ("aws.dynamodb-on-demand", "aws.dynamodb-provisioned")
    ]
    twin, other = (replace(rig.twin, placement=rig.placement.model_dump(mode="json")) for rig in rigs)
    layout = rigs[0].layout
    create(layout, twin)
    check(layout, twin)
    told = r"L3\.hot is aws\.dynamodb-on-demand@eu-central-1, not aws\.dynamodb-provisioned@eu-central-1$"
    with pytest.raises(UsageError, match=told):
        check(layout, other)
