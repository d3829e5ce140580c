"""How a deployed twin does: told from the database, and from its sandbox, which is asked between sessions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.glances import Glance
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.redaction import redacted
from twin2multicloud.app.schemas import operating as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import health, health_history, sandboxes, stacks
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.app.services.life import CHANGING, Operation, life_of


def status(backend: Backend, twin_id: str, target: Target) -> shapes.TwinStatus:
    """What is known of a twin at a target. A sandbox that does not answer is told as such."""
    with backend.database.read() as session:
        known = stacks.states(session, twin_id, target)
        rows = session.scalars(select(Stack).where(Stack.twin_id == twin_id, Stack.target == target)).all()
        run = stacks.busy_run(session, twin_id, target)
        changing = None if run is None or run.kind not in CHANGING else Operation(run.kind)
        life = life_of(rows, changing)
        glance = session.get(Glance, (twin_id, target))
        checked = health_history.layers(session, twin_id, target) if target == "clouds" else {}
    at = backend.now()
    run_id = None if run is None else run.id
    if target != "sandbox" or not rows:
        layers = health.of_checks(known, checked, at, health.FRESH)
        return shapes.TwinStatus(
            twin=twin_id,
            target=target,
            life=life,
            run=run_id,
            health=health.worst(layers),
            at=at,
            stacks=known,
            layers=layers,
            links=[],
            clouds=[],
        )
    seen = sandboxes.look(backend, twin_id)
    before = () if glance is None else glance.layers
    layers = health.with_since(health.of_sandbox(seen, known, at), before)
    clock = None if seen.whole is None else seen.whole.clock
    return shapes.TwinStatus(
        twin=twin_id,
        target=target,
        life=life,
        run=run_id,
        health=health.worst(layers),
        at=at,
        stacks=known,
        layers=layers,
        links=health.links(seen, at),
        clouds=sandboxes.processes(seen),
        twin_time=None if clock is None else sandboxes.moment(clock.now),
        speed=None if clock is None else clock.speed,
        dashboard_url=None if seen.whole is None else seen.whole.dashboard_url or None,
        moving="" if seen.whole is None else seen.whole.moving,
    )


def outputs(backend: Backend, twin_id: str, target: Target) -> shapes.Outputs:
    """What the modules of a twin's stacks put out. Nobody needs secrets among it to find their way: they are masked."""
    home = home_of_twin(backend, twin_id, target)
    with home.store() as store:
        found: dict[str, Any] = home.outputs(store)
    return shapes.Outputs(
        stacks={name: redacted(value) if isinstance(value, dict) else {} for name, value in sorted(found.items())}
    )
