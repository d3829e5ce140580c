"""Runs without processes: stages carried out in this one, at a target that only pretends to do something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select

from tests.app.backends import Site
from twin2multicloud.app.db.tables import Event, Stack, Stage, TwinVersion
from twin2multicloud.app.runs.exits import StageExit
from twin2multicloud.app.runs.stage import carry_out
from twin2multicloud.app.runs.work import Planned, Target, Work
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Provider, Slot

PLACEMENT = Placement(
    {
        slot: SlotChoice(provider=Provider.AWS, offer=offer, region="eu-central-1")
        for slot, offer in {
            Slot.ACQUISITION: "aws.iot-core-basic-ingest",
            Slot.PROCESSING: "aws.lambda-arm64-sqs",
            Slot.HOT: "aws.dynamodb-on-demand",
            Slot.COOL: "aws.s3-standard-ia",
            Slot.ARCHIVE: "aws.s3-glacier-deep-archive",
            Slot.MANAGEMENT: "aws.own-graph",
            Slot.VISUALIZATION: "aws.grafana-oss",
        }.items()
    }
).model_dump(mode="json")


def place(site: Site, twin_id: str, number: int = 1) -> None:
    """Give a version of a twin a placement."""
    with site.backend.database.write() as session:
        session.get_one(TwinVersion, (twin_id, number)).placement = PLACEMENT


@dataclass
class FakeTarget:
    """A target that is nowhere: it writes what a real one would into `stacks`, and says what it is told to say."""

    site: Site
    document: dict[str, Any] = field(default_factory=lambda: {"usd_per_month": 1.0, "stacks": []})
    nothing: bool = False
    before: Callable[[Work], None] = lambda _work: None
    result: dict[str, Any] = field(default_factory=dict)

    def plan(self, work: Work) -> Planned:
        """As `Target.plan`."""
        work.writer.write("said", "planning")
        self.before(work)
        return Planned(self.document, self.nothing)

    def apply(self, work: Work) -> dict[str, Any]:
        """As `Target.apply`."""
        self.before(work)
        with self.site.backend.database.write() as session:
            slots = work.asked.slots or list(Slot)
            mine = (Stack.twin_id == work.twin_id) & (Stack.target == work.run.target)
            session.execute(delete(Stack).where(mine, Stack.slot.in_([slot.value for slot in slots])))
            if work.asked.kind != "destroy":
                for slot in slots:
                    session.add(
                        Stack(
                            twin_id=work.twin_id,
                            target=work.run.target,
                            name=slot.value.replace(".", "-"),
                            slot=slot.value,
                            site="aws/eu-central-1",
                            fingerprint="f",
                            whole=True,
                            applied_at=datetime.fromtimestamp(self.site.clock.now(), UTC),
                        )
                    )
        return {"done": work.asked.kind, **self.result}


def work_off(site: Site, target: Target | None = None, *, run: str | None = None) -> list[StageExit]:
    """Carry out all that is queued, or that is of one `run`, until nothing is."""
    exits: list[StageExit] = []
    made: Target = target or FakeTarget(site)
    while True:
        with site.backend.database.read() as session:
            queued = select(Stage).where(Stage.status == "queued")
            stage = session.scalar(queued if run is None else queued.where(Stage.run_id == run))
        if stage is None:
            return exits
        exits.append(carry_out(site.backend, stage.run_id, stage.name, stage.attempt, lambda _name: made))


def kinds(site: Site, run_id: str) -> list[str]:
    """The kinds of a run's events in order."""
    with site.backend.database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.run_id == run_id).order_by(Event.id)))
