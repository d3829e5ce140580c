"""Runs in the sandbox: the twin as processes on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import delete

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.deploying.plan_json import plan_json
from twin2multicloud.app.deploying.refusals import HoldsDataError
from twin2multicloud.app.deploying.sandboxed import in_sandbox, sandbox_plan, stored
from twin2multicloud.app.figures import blueprint_at
from twin2multicloud.app.runs.targets.moving import Intended, agreed_move, asked_move, has_ended, planned_move
from twin2multicloud.app.runs.telling import MoveTeller
from twin2multicloud.app.runs.work import Planned, Work, WorkFailedError
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.app.services.prices import current
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.deployer.stacks import ORDER, slot_name
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.moving.estimate import SANDBOX
from twin2multicloud.moving.steps import Report
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import TwinInSandbox, check, running, same, start_as_it_is, stop
from twin2multicloud.sandbox.launch import launch
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import ProcessLock
from twin2multicloud.sandbox.moving.contents import contents
from twin2multicloud.sandbox.moving.session import SandboxMove, under_way
from twin2multicloud.sandbox.verify import Verification

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

        twin = _wanted(work)
        book = current(work.backend).prices
        placement = _placement(work)
        prices = price(book, twin.blueprint, work.definition.workload, placement, work.definition.assumptions)
        check(layout, twin)
        there = layout.blueprint() if layout.exists else None
        plans = sandbox_plan(twin.blueprint, there, prices)
        nothing = layout.exists and running(layout) and work.asked.kind == "deploy" and same(layout, twin)
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
        twin = _wanted(work)

        def up(cloud: str) -> None:
            work.writer.write("step", f"{cloud} is up", data={"cloud": cloud})

        check(layout, twin)
        # Noted before anything is begun: however this ends, what there is then can be destroyed.
        _note(work, layout.blueprint() if layout.exists else twin.blueprint, whole=False)
        launched = launch(layout, twin, speed=work.asked.speed, progress=up)
        _note(work, layout.blueprint(), whole=True)
        return {"launched": launched.value, "clouds": sorted(layout.config().clouds)}

    def _redeploy(self, work: Work, layout: Layout) -> dict[str, Any]:
        with ProcessLock(layout.setup_lock, _OTHER_S):
            stop(layout)
        work.writer.write("step", "stopped; it starts anew")
        return self._deploy(work, layout)

    def _plan_destroy(self, work: Work, layout: Layout) -> Planned:
        if not layout.exists:
            return Planned(plan_json({}, 0.0), nothing=False)
        held = stored(layout.directory)
        if held and not work.asked.discard_data:
            told = ", ".join(f"{name}: {count:,}" for name, count in held.items())
            raise HoldsDataError(f"its stores hold data ({told}); discard_data destroys them with it")
        return Planned(plan_json(sandbox_plan(None, layout.blueprint(), None), 0.0))

    def _destroy(self, work: Work, layout: Layout) -> dict[str, Any]:
        with ProcessLock(layout.setup_lock, _OTHER_S):
            stopped = stop(layout)
            work.writer.write("step", "stopped" if stopped else "it was not running")
            layout.delete()
        with work.backend.database.write() as session:
            session.execute(delete(Stack).where(Stack.twin_id == work.twin_id, Stack.target == "sandbox"))
        return {"stopped": stopped, "deleted": True}

    # ── Moving ──────────────────────────────────────────────────────────────────────────────────────────────
    def _plan_move(self, work: Work, layout: Layout) -> Planned:
        under = under_way(layout) is not None
        return planned_move(work, under_way=under, intended=lambda: self._intended(work, layout))

    def _intended(self, work: Work, layout: Layout) -> Intended:
        from twin2multicloud.app.deploying.moves import target_placement  # as above
        from twin2multicloud.app.deploying.prices import usd_per_month_at
        from twin2multicloud.app.moves import estimate_move

        slot, to = asked_move(work)
        book, there, now = current(work.backend).prices, layout.blueprint(), _placement_now(layout)
        placement = target_placement(there, now, slot, to, book)
        after = blueprint_at(there, placement)
        held = contents(SandboxClient(layout), after)
        change = usd_per_month_at(after, placement, book) - usd_per_month_at(there, now, book)
        return Intended(estimate_move(there, after, slot, held, SANDBOX, book), placement, change)

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
        _note(work, layout.blueprint(), whole=True)
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


def _wanted(work: Work) -> TwinInSandbox:
    return in_sandbox(work.definition, _placement(work), work.asked.devices)


def _placement(work: Work) -> Placement:
    if work.placement is None:
        raise UsageError("this version of the twin has no placement; optimize it and take the proposal first")
    return work.placement


def _note(work: Work, blueprint: Blueprint, *, whole: bool) -> None:
    """Keep what exists: a stack per slot."""
    backend: Backend = work.backend
    now = backend.now()
    with backend.database.write() as session:
        session.execute(delete(Stack).where(Stack.twin_id == work.twin_id, Stack.target == "sandbox"))
        for slot in ORDER:
            place = blueprint.places[slot]
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
