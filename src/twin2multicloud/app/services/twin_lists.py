"""Which twins a list holds, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from twin2multicloud.app.auth.access import Principal, visible_twins
from twin2multicloud.app.db.base import UtcDateTime
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.glances import Glance
from twin2multicloud.app.db.tables.runs import Claim, Run
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.schemas.twins import Health, Life
from twin2multicloud.app.services.alerts import is_open
from twin2multicloud.app.services.life import BUSY, CHANGING
from twin2multicloud.model.slots import Provider, Slot

_SLOTS: Final = [slot.value for slot in Slot]
_OPEN_ALERTS: Final = (
    select(func.count())
    .select_from(Alert)
    .where(Alert.twin_id == Twin.id, is_open(bindparam("at", type_=UtcDateTime())))
    .scalar_subquery()
)
SORTS: Final[Mapping[str, ColumnElement[Any] | InstrumentedAttribute[Any]]] = {
    "name": Twin.name,
    "created_at": Twin.created_at,
    "updated_at": Twin.updated_at,
    "usd": func.coalesce(TwinVersion.usd_per_month, -1.0),
    "devices": TwinVersion.devices,
    "alerts": _OPEN_ALERTS,
}
"""What twins can be sorted by."""
_OF_NEWEST: Final = frozenset(("usd", "devices"))
"""What their newest versions tell."""


@dataclass(frozen=True)
class Wanted:
    """Which twins: None for all. `search` is part of a name; `life` and `health` hold at any target."""

    workspace: str | None = None
    name: str | None = None
    search: str | None = None
    cloud: Provider | None = None
    life: Life | None = None
    attention: bool | None = None
    health: Health | None = None


def listed(principal: Principal, wanted: Wanted, sort: str | None, at: datetime) -> Select[Twin]:
    """Those of the twins that somebody may see, as of a moment, with what they are sorted by; every twin once."""
    query = select(Twin).where(visible_twins(principal), *_conditions(wanted))
    name = (sort or "").removeprefix("-")
    if wanted.cloud is not None or name in _OF_NEWEST:
        query = query.join(TwinVersion, (TwinVersion.twin_id == Twin.id) & (TwinVersion.number == Twin.number))
    return query.params(at=at) if name == "alerts" else query


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.workspace is not None:
        found.append(Twin.workspace_id == wanted.workspace)
    if wanted.name is not None:
        found.append(Twin.name == wanted.name)
    if wanted.search is not None:
        found.append(Twin.name.icontains(wanted.search, autoescape=True))
    if wanted.cloud is not None:
        found.append(
            or_(*(TwinVersion.placement[slot]["provider"].as_string() == wanted.cloud.value for slot in _SLOTS))
        )
    if wanted.life is not None:
        found.append(_lives(wanted.life))
    if wanted.attention is not None:
        needed = or_(Twin.id.in_(_failed()), _lives("partial"))
        found.append(needed if wanted.attention else ~needed)
    if wanted.health is not None:
        there = select(Stack.twin_id).where(Stack.twin_id == Glance.twin_id, Stack.target == Glance.target).exists()
        found.append(Twin.id.in_(select(Glance.twin_id).where(Glance.health == wanted.health, there)))
    return found


def _lives(life: Life) -> ColumnElement[bool]:
    """The condition that a twin's life is this at a target: what `life.life_of` tells of rows, asked of all at once."""
    doing = (
        select(Claim.twin_id, Claim.target)
        .join(Run, Run.id == Claim.run_id)
        .where(
            Run.kind.in_([each.value for each, word in BUSY.items() if life in (word, "draft", "deployed", "partial")])
        )
    )
    if life in BUSY.values():
        return Twin.id.in_(doing.with_only_columns(Claim.twin_id))
    if life == "draft":
        return Twin.id.not_in(select(Stack.twin_id)) & Twin.id.not_in(doing.with_only_columns(Claim.twin_id))
    slots = func.count(func.distinct(case((and_(Stack.whole, Stack.slot.in_(_SLOTS)), Stack.slot))))
    whole = and_(func.min(cast(Stack.whole, Integer)) == 1, slots == len(_SLOTS))
    busy = doing.where(Claim.twin_id == Stack.twin_id, Claim.target == Stack.target).exists()
    there = select(Stack.twin_id).where(~busy).group_by(Stack.twin_id, Stack.target)
    return Twin.id.in_(there.having(whole if life == "deployed" else ~whole))


def _failed() -> Select[Any]:
    """Twins whose last changing run failed."""
    changed = (
        select(Run.twin_id, func.max(Run.number).label("number"))
        .where(Run.kind.in_([each.value for each in CHANGING]), Run.ended_at.is_not(None), Run.twin_id.is_not(None))
        .group_by(Run.twin_id)
        .subquery()
    )
    return (
        select(Run.twin_id)
        .join(changed, (Run.twin_id == changed.c.twin_id) & (Run.number == changed.c.number))
        .where(Run.status == "failed")
    )
