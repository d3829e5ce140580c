"""Runs in the sandbox: the twin as processes on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, select

from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.deploying.layering import (
    deploy_slots,
    destroy_slots,
    held_text,
    redeploy_slots,
    there,
    twin_for,
)
from twin2multicloud.app.deploying.plan_json import plan_json
from twin2multicloud.app.deploying.refusals import HoldsDataError
from twin2multicloud.app.deploying.sandboxed import sandbox_plan
from twin2multicloud.app.deploying.slot_progress import SlotProgress
from twin2multicloud.app.figures import blueprint_at
from twin2multicloud.app.runs.targets.moving import Intended, agreed_move, asked_move, has_ended, planned_move
from twin2multicloud.app.runs.telling import MoveTeller
from twin2multicloud.app.runs.work import Planned, Work, WorkFailedError
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.app.services.prices import current
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.deployer.engine.outcome import Action as Deed
from twin2multicloud.deployer.plans import StackPlan
from twin2multicloud.deployer.stacks import ORDER, slot_name
from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.moving.estimate import SANDBOX
from twin2multicloud.moving.steps import Report
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import TwinInSandbox, running, same, start_as_it_is, stop
from twin2multicloud.sandbox.launch import Launched, launch
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import ProcessLock
from twin2multicloud.sandbox.moving.contents import contents
from twin2multicloud.sandbox.moving.session import SandboxMove, under_way
from twin2multicloud.sandbox.verify import Verification

if TYPE_CHECKING:
    from twin2multicloud.app.deploying.prices import Prices

_OTHER_S = 60.0
"""So long another process may be bringing the same sandbox up or down."""


class SandboxTarget:
    """See `Target`."""

    def plan(self, work: Work) -> Planned:
        """As `Target.plan`."""
        layout = sandbox_layout(work.backend, work.twin_id)
        if work.asked.kind == "move":
            return self._plan_move(work, layout)
        if work.asked.kind == "destroy":
            return self._plan_destroy(work, layout)
        # Plans have prices, which take arrays; what carries them out does without.
        from twin2multicloud.app.deploying.prices import price

        twin = _wanted(work, layout)
        book = current(work.backend).prices
        placement = _placement(work)
        prices = price(book, twin.blueprint, work.definition.workload, placement, work.definition.assumptions)
        slots = _slots_to_make(work, layout)
        plans = _plans(layout, slots, twin.blueprint, prices)
        up = layout.exists and running(layout) and same(layout, twin) and set(slots) <= set(there(layout))
        nothing = up and work.asked.kind == "deploy"
        return Planned(plan_json(plans, prices.usd_per_month), nothing=nothing)

    def apply(self, work: Work) -> dict[str, Any]:
        """As `Target.apply`."""
        layout = sandbox_layout(work.backend, work.twin_id)
        does: dict[str, Callable[[Work, Layout], dict[str, Any]]] = {
            "deploy": self._deploy,
            "redeploy": self._redeploy,
            "destroy": self._destroy,
            "move": self._move,
            "drift": self._drift,
            "verify": self._verify,
            "rotate-keys": self._rotate,
        }
        return does[work.asked.kind](work, layout)

    # ── Deploying ───────────────────────────────────────────────────────────────────────────────────────────
    def _deploy(self, work: Work, layout: Layout) -> dict[str, Any]:
        return self._make(
            work,
            layout,
            lambda twin, follows: deploy_slots(layout, twin, work.asked.slots, speed=work.asked.speed, follows=follows),
        )

    def _redeploy(self, work: Work, layout: Layout) -> dict[str, Any]:
        def anew(twin: TwinInSandbox, follows: Callable[[str], None]) -> Launched:
            if work.asked.slots:
                return redeploy_slots(layout, twin, work.asked.slots, follows=follows)
            with ProcessLock(layout.setup_lock, _OTHER_S):
                stop(layout)
            work.writer.write("step", "stopped; it starts anew")
            return launch(layout, twin, speed=work.asked.speed, progress=follows)

        return self._make(work, layout, anew)

    def _make(
        self, work: Work, layout: Layout, make: Callable[[TwinInSandbox, Callable[[str], None]], Launched]
    ) -> dict[str, Any]:
        twin = _wanted(work, layout)
        slots = _slots_to_make(work, layout)
        told = SlotProgress(work.teller, _plans(layout, slots, twin.blueprint, None), Deed.DEPLOY)
        # Noted before anything is begun: however this ends, what there is then can be destroyed.
        _note(work, twin.blueprint, slots, whole=False)
        told.begin()
        try:
            launched = make(twin, told.follows)
        except Twin2MultiCloudError as error:
            told.fail(str(error))
            raise
        told.end()
        _note(work, layout.blueprint(), slots)
        missing = [slot.value for slot in SLOTS if slot not in there(layout)]
        return {"launched": launched.value, "clouds": sorted(layout.config().clouds), "missing": missing}

    def _plan_destroy(self, work: Work, layout: Layout) -> Planned:
        slots = _slots_to_destroy(work, layout)
        if not slots or not layout.exists:
            return Planned(plan_json({}, 0.0), nothing=bool(work.asked.slots) and not slots)
        told = "" if work.asked.discard_data else held_text(layout, slots if work.asked.slots else SLOTS)
        if told:
            raise HoldsDataError(f"stores hold data ({told}); discard_data destroys them with it")
        return Planned(plan_json(_plans(layout, slots, None, None), 0.0))

    def _destroy(self, work: Work, layout: Layout) -> dict[str, Any]:
        slots = _slots_to_destroy(work, layout)
        told = SlotProgress(work.teller, _plans(layout, slots, None, None) if layout.exists else {}, Deed.DESTROY)
        told.begin()
        stays = bool(set(there(layout)) - set(slots))
        stopped = False
        if stays:
            _note(work, layout.blueprint(), slots, whole=False)
            try:
                destroy_slots(layout, slots, discard_data=work.asked.discard_data, follows=told.follows)
            except HoldsDataError as error:
                told.fail(str(error))
                _note(work, layout.blueprint(), slots)
                raise
        else:
            # What is left of a sandbox without slots, too.
            with ProcessLock(layout.setup_lock, _OTHER_S):
                stopped = stop(layout)
                work.writer.write("step", "stopped" if stopped else "it was not running")
                layout.delete()
        told.end()
        _note(work, None, slots if stays else SLOTS)
        return {"stopped": stopped, "deleted": not stays}

    def _plan_move(self, work: Work, layout: Layout) -> Planned:
        under = under_way(layout) is not None
        return planned_move(work, under_way=under, intended=lambda: self._intended(work, layout))

    def _intended(self, work: Work, layout: Layout) -> Intended:
        from twin2multicloud.app.deploying.moves import target_placement  # as above
        from twin2multicloud.app.deploying.prices import usd_per_month_at
        from twin2multicloud.app.moves import estimate_move

        slot, to = asked_move(work)
        client = SandboxClient(layout)
        client.check_whole()
        book, before, now = current(work.backend).prices, layout.blueprint(), _placement_now(layout)
        placement = target_placement(before, now, slot, to, book)
        after = blueprint_at(before, placement)
        held = contents(client, after)
        change = usd_per_month_at(after, placement, book) - usd_per_month_at(before, now, book)
        return Intended(estimate_move(before, after, slot, held, SANDBOX, book), placement, change)

    def _move(self, work: Work, layout: Layout) -> dict[str, Any]:
        with ProcessLock(layout.setup_lock, _OTHER_S):
            if not running(layout):
                start_as_it_is(layout)
                work.writer.write("step", "started again; it was down")
        with SandboxMove(layout, progress=MoveTeller(work.writer, work.backend.clock)) as turn:
            begun = under_way(layout)
            report: Report | None = None
            if begun is not None:  # this run's own, interrupted, or the one that is to be gone on with or back from
                report = turn.abort() if work.asked.abort else turn.resume()
            elif not has_ended(work, layout.blueprint()):
                placement, _ = agreed_move(work, _placement_now(layout))
                after = blueprint_at(layout.blueprint(), placement)
                report = turn.begin(asked_move(work)[0], after, placement.model_dump(mode="json"))
        _note(work, layout.blueprint(), SLOTS)
        told = {} if report is None else {"report": msgspec.to_builtins(report)}
        return {**told, "placement": _placement_now(layout).model_dump(mode="json")}

    # ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────
    def _drift(self, work: Work, layout: Layout) -> dict[str, Any]:
        whole, _ = SandboxClient(layout).status()
        away = [process.cloud for process in whole.clouds if process.state == "stopped"]
        for cloud in away:
            work.writer.write("drift", f"{cloud} does not run", severity="warning", data={"cloud": cloud})
        return {
            "clean": not away,
            "drift": [{"stack": cloud, "changes": [], "error": "it does not run"} for cloud in away],
        }

    def _verify(self, work: Work, layout: Layout) -> dict[str, Any]:
        hops = Verification(SandboxClient(layout)).run()
        for hop in hops:
            work.writer.write(
                "hop",
                f"{hop.name}: {'ok' if hop.ok else hop.detail}",
                severity="info" if hop.ok else "error",
                data={"hop": msgspec.to_builtins(hop)},
            )
        result = {"ok": all(hop.ok for hop in hops), "hops": [msgspec.to_builtins(hop) for hop in hops]}
        if not result["ok"]:
            broken = ", ".join(hop.name for hop in hops if not hop.ok)
            raise WorkFailedError(f"not all hops hold: {broken}", result)
        return result

    def _rotate(self, work: Work, layout: Layout) -> dict[str, Any]:
        count = SandboxClient(layout).rotate_keys(progress=lambda text: work.writer.write("step", text))
        return {"links": count}


def _placement_now(layout: Layout) -> Placement:
    return Placement.model_validate(json.loads(layout.placement_file.read_text("utf-8")))


def _wanted(work: Work, layout: Layout) -> TwinInSandbox:
    """What is to be there. A redeployment of all brings what is there to the definition, whatever it was."""
    slots = work.asked.slots
    return twin_for(layout, work.definition, _placement(work), slots, work.asked.devices)


def _slots_to_make(work: Work, layout: Layout) -> tuple[Slot, ...]:
    """The slots that are deployed, or built anew: those that were asked for; else all, or all that are there."""
    if work.asked.slots:
        return tuple(slot for slot in ORDER if slot in work.asked.slots)
    built = there(layout) if work.asked.kind == "redeploy" else ()
    return tuple(slot for slot in ORDER if slot in (built or SLOTS))


def _slots_to_destroy(work: Work, layout: Layout) -> tuple[Slot, ...]:
    """The slots that go: of those that were asked for (none: all) what is there, or was when a run before ended
    halfway.
    """
    mine = (Stack.twin_id == work.twin_id) & (Stack.target == "sandbox")
    with work.backend.database.read() as session:
        existing = {*there(layout), *map(Slot, session.scalars(select(Stack.slot).where(mine)))}
    return tuple(slot for slot in reversed(ORDER) if slot in existing and slot in (work.asked.slots or SLOTS))


def _plans(
    layout: Layout, slots: Collection[Slot], wanted: Blueprint | None, prices: Prices | None
) -> dict[str, StackPlan]:
    before = layout.blueprint() if layout.exists else None
    return sandbox_plan(wanted, before, prices, slots=slots, built=there(layout))


def _placement(work: Work) -> Placement:
    if work.placement is None:
        raise UsageError("this version of the twin has no placement; optimize it and take the proposal first")
    return work.placement


def _note(work: Work, blueprint: Blueprint | None, slots: Collection[Slot], *, whole: bool = True) -> None:
    """Keep that these slots exist, a stack for each (`blueprint` None: that they do not). Others stay as they are."""
    now = work.backend.now()
    names = [slot.value for slot in slots]
    mine = (Stack.twin_id == work.twin_id) & (Stack.target == "sandbox")
    with work.backend.database.write() as session:
        session.execute(delete(Stack).where(mine & Stack.slot.in_(names)))
        for slot, place in () if blueprint is None else blueprint.places.items():
            if slot not in slots:
                continue
            session.add(
                Stack(
                    twin_id=work.twin_id,
                    target="sandbox",
                    name=slot_name(slot),
                    slot=slot.value,
                    site=f"{place.provider.value}/{place.region}",
                    fingerprint=str(work.run.twin_number),
                    whole=whole,
                    applied_at=now,
                )
            )
