"""What lists tell of twins, in as many statements for thousands as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import Session

from twin2multicloud.app.db.base import UtcDateTime
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.glances import Glance
from twin2multicloud.app.db.tables.runs import Claim, Run
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.schemas import twins as shapes
from twin2multicloud.app.services.alerts import is_open
from twin2multicloud.app.services.life import CHANGING, Operation, Part, life_of
from twin2multicloud.model.slots import PROVIDERS, Provider

# Asked with every look at a twin: put together once, and by columns, since making objects of rows takes longer than
# asking.
_TWINS: Final[BindParameter[Any]] = bindparam("twins", expanding=True)
_TWIN, _OF, _STACK, _CLAIM, _RUN = (each.__table__.c for each in (Twin, TwinVersion, Stack, Claim, Run))
_NEWEST: Final = (
    select(_OF.twin_id, _OF.devices, _OF.usd_per_month, _OF.placement)
    .select_from(Twin.__table__.join(TwinVersion.__table__, (_OF.twin_id == _TWIN.id) & (_OF.number == _TWIN.number)))
    .where(_TWIN.id.in_(_TWINS))
)
_PARTS: Final = select(_STACK.twin_id, _STACK.target, _STACK.slot, _STACK.whole).where(_STACK.twin_id.in_(_TWINS))
_CLAIMS: Final = (
    select(_CLAIM.twin_id, _CLAIM.target, _RUN.kind)
    .select_from(Claim.__table__.join(Run.__table__, _RUN.id == _CLAIM.run_id))
    .where(_CLAIM.twin_id.in_(_TWINS))
)
_CHANGED: Final = (
    select(_RUN.twin_id, func.max(_RUN.number).label("number"))
    .where(_RUN.twin_id.in_(_TWINS), _RUN.kind.in_([each.value for each in CHANGING]), _RUN.ended_at.is_not(None))
    .group_by(_RUN.twin_id)
    .subquery()
)
_FAILED: Final = (
    select(_RUN.twin_id)
    .select_from(
        Run.__table__.join(_CHANGED, (_RUN.twin_id == _CHANGED.c.twin_id) & (_RUN.number == _CHANGED.c.number))
    )
    .where(_RUN.status == "failed")
)
_SEEN: Final = select(Glance.__table__).where(Glance.__table__.c.twin_id.in_(_TWINS))
_OPEN: Final = (
    select(Alert.twin_id, Alert.severity, func.count().label("how_many"))
    .where(Alert.twin_id.in_(_TWINS), is_open(bindparam("at", type_=UtcDateTime())))
    .group_by(Alert.twin_id, Alert.severity)
)


class Newest(NamedTuple):
    """What a list tells of a twin's newest version."""

    devices: int
    usd_per_month: float | None
    placement: Mapping[str, Any] | None


def summaries(session: Session, found: Sequence[Twin], at: datetime) -> list[shapes.TwinSummary]:
    """What a list tells of twins, in their order, as of a moment."""
    newest = {
        row.twin_id: Newest(row.devices, row.usd_per_month, row.placement)
        for row in session.execute(_NEWEST, {"twins": [twin.id for twin in found]})
    }
    return [shapes.TwinSummary(**each) for each in facts(session, found, newest, at)]


def facts(session: Session, found: Sequence[Twin], newest: Mapping[str, Newest], at: datetime) -> list[dict[str, Any]]:
    """What is told of twins whose newest versions are known."""
    asked = {"twins": [twin.id for twin in found]}
    parts: dict[str, dict[str, list[Part]]] = {twin.id: {} for twin in found}
    for row in session.execute(_PARTS, asked):
        parts[row.twin_id].setdefault(row.target, []).append(Part(row.slot, row.whole))
    busy: dict[str, dict[str, Operation]] = {twin.id: {} for twin in found}
    for claim in session.execute(_CLAIMS, asked):
        busy[claim.twin_id][claim.target] = Operation(claim.kind)
    failed = set(session.scalars(_FAILED, asked))
    seen: defaultdict[str, dict[str, shapes.TwinHealth]] = defaultdict(dict)
    metered: dict[str, float | None] = {}
    for glance in session.execute(_SEEN, asked):
        if glance.target in parts[glance.twin_id]:
            seen[glance.twin_id][glance.target] = shapes.TwinHealth(
                health=glance.health, seen_at=glance.seen_at, layers=glance.layers
            )
            if glance.usd_per_month is not None:
                metered[glance.twin_id] = glance.usd_per_month
    waiting: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for count in session.execute(_OPEN, {**asked, "at": at}):
        waiting[count.twin_id][count.severity] = count.how_many
    return [
        {
            **_summary(twin, newest[twin.id], parts[twin.id], busy[twin.id], twin.id in failed),
            "health": seen.get(twin.id, {}),
            "alerts": waiting.get(twin.id, {}),
            "usd_metered": metered.get(twin.id),
        }
        for twin in found
    ]


def _summary(
    twin: Twin,
    newest: Newest,
    parts: Mapping[str, Sequence[Part]],
    busy: Mapping[str, Operation],
    failed: bool,
) -> dict[str, Any]:
    life = {target: life_of(parts.get(target, ()), busy.get(target)) for target in sorted({*parts, *busy})}
    return {
        "id": twin.id,
        "workspace": twin.workspace_id,
        "name": twin.name,
        "description": twin.description,
        "number": twin.number,
        "version": twin.version,
        "devices": newest.devices,
        "clouds": _clouds(newest.placement),
        "usd_per_month": newest.usd_per_month,
        "life": life,
        "attention": failed or "partial" in life.values(),
        "created_at": twin.created_at,
        "updated_at": twin.updated_at,
    }


def _clouds(placement: Mapping[str, Any] | None) -> list[Provider]:
    """The clouds of a placement that is kept: it was checked before, which takes longer than all else about a twin."""
    if placement is None:
        return []
    used = {choice["provider"] for choice in placement.values()}
    return [provider for provider in PROVIDERS if provider.value in used]
