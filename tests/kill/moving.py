"""Devices of twins in sandboxes that runs have brought up: what they send while slots move is stored exactly once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack

from tests.kill.bench import TWIN, Bench
from tests.moving.rig import MovingRig, Sending
from tests.sandbox.rig import Run
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.twin.compile import compile_twin
from twin2multicloud.model.twin.reader import parse_twin


class Devices(MovingRig):
    """The devices of a twin, and its stores."""

    def __init__(self, bench: Bench, twin: str, name: str) -> None:
        definition = parse_twin(TWIN.format(name=name), "source", "yaml")
        layout = bench.layout(twin)
        placement = Placement.model_validate(json.loads(layout.placement_file.read_text("utf-8")))
        super().__init__(layout.directory, compile_twin(definition), definition.workload, placement)

    def adopt(self) -> None:
        """Take over where the sandbox has the slots now."""
        document = json.loads(self.layout.placement_file.read_text("utf-8"))
        super().__init__(self.layout.directory, self.spec, self.workload, Placement.model_validate(document))

    def check_at(self, slot: Slot, cloud: str) -> None:
        """The slot is there and nowhere else, and nothing is under way."""
        assert self.cloud_of(slot) == cloud
        self.check_left_nothing_behind()

    def check_stored(self, run: Run) -> None:
        """All that was sent is there once, and nothing else is. Takes the sandbox down."""
        assert run.report.sent > 0
        self.settle(len({entry.id for entry in run.ledger}))
        self.adopt()
        self.check_exact([run])


class AllSend(ExitStack):
    """The devices of all of them send for as long as this lasts."""

    def __init__(self, rigs: Sequence[Devices], interval_s: float) -> None:
        super().__init__()
        self.sendings = [self.enter_context(Sending(rig, interval_s)) for rig in rigs]
