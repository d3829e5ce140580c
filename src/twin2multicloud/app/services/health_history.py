"""How a twin did: what its checks find, since when, when that changed, and for what part of the time it was well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.checks import HealthChange, HealthCheck, HealthHour
from twin2multicloud.app.schemas import health_history as shapes
from twin2multicloud.app.schemas.twins import Health, Target

LONGEST_S: Final = 150.0
"""What was found holds for so long at most, unless it says otherwise: after that nobody was there to see."""
KEPT_HOURS: Final = 31 * 24
_PERIODS: Final = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
_MOST_CHANGES: Final = 500
_HOUR: Final = timedelta(hours=1)


CheckKind = Literal["layer", "link", "store", "queue", "function", "graph", "dashboard", "devices", "probe", "letters"]


@dataclass(frozen=True)
class CheckResult:
    """What a check found. `value` was measured against `limit`, both in `unit`; None where nothing is measured. It
    holds for so long at most.
    """

    kind: CheckKind
    subject: str
    health: Health
    problem: str = ""
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    holds_s: float = LONGEST_S

    def lasting(self, holds_s: float) -> CheckResult:
        """The same, which holds for so long."""
        return replace(self, holds_s=holds_s)


# ── Keeping ─────────────────────────────────────────────────────────────────────────────────────────────────
def record(
    session: Session, twin_id: str, target: str, found: Sequence[CheckResult], at: datetime
) -> list[CheckResult]:
    """Keep what checks found at a moment; those that found something else than before. A new check that is well has
    nothing to tell.
    """
    changed = []
    for result in found:
        row = session.get(HealthCheck, (twin_id, target, result.subject))
        before: str = "ok"
        if row is None:
            row = HealthCheck(twin_id=twin_id, target=target, subject=result.subject, since=at, checked_at=at)
            session.add(row)
        else:
            before = row.health
            _count(session, row, at, result.holds_s)
        if result.health != before:
            changed.append(result)
            row.since = at
            session.merge(
                HealthChange(
                    twin_id=twin_id,
                    target=target,
                    subject=result.subject,
                    at=at,
                    before=before,
                    health=result.health,
                    problem=result.problem,
                )
            )
        row.kind, row.health, row.problem = result.kind, result.health, result.problem
        row.value, row.limit, row.unit = result.value, result.limit, result.unit
        row.checked_at = at
    return changed


def layers(session: Session, twin_id: str, target: str) -> dict[str, HealthCheck]:
    """What the checks of a twin's layers found last, by slot."""
    mine = (HealthCheck.twin_id == twin_id) & (HealthCheck.target == target) & (HealthCheck.kind == "layer")
    return {row.subject.partition("/")[2]: row for row in session.scalars(select(HealthCheck).where(mine))}


def prune(session: Session, now: datetime, keep_days: int) -> None:
    """Forget hours that no figure needs, changes that were kept long enough, and checks that nobody makes any more."""
    session.execute(delete(HealthHour).where(HealthHour.hour < now - KEPT_HOURS * _HOUR))
    session.execute(delete(HealthChange).where(HealthChange.at < now - timedelta(days=keep_days)))
    session.execute(delete(HealthCheck).where(HealthCheck.checked_at < now - KEPT_HOURS * _HOUR))


def _count(session: Session, row: HealthCheck, at: datetime, holds_s: float) -> None:
    """Add the time since a check was made before to the hours it lies in, as what was found then."""
    until = min(at, row.checked_at + timedelta(seconds=holds_s))
    for hour, seconds in _hours(row.checked_at, until):
        found = session.get(HealthHour, (row.twin_id, row.target, row.subject, hour))
        if found is None:
            found = HealthHour(
                twin_id=row.twin_id,
                target=row.target,
                subject=row.subject,
                hour=hour,
                ok_s=0.0,
                degraded_s=0.0,
                down_s=0.0,
                unknown_s=0.0,
            )
            session.add(found)
            session.flush()
        column = f"{row.health}_s"
        setattr(found, column, getattr(found, column) + seconds)


def _hours(begun: datetime, until: datetime) -> Iterator[tuple[datetime, float]]:
    """The hours that a stretch of time lies in, and for how many seconds."""
    while begun < until:
        hour = begun.replace(minute=0, second=0, microsecond=0)
        end = min(hour + _HOUR, until)
        yield hour, (end - begun).total_seconds()
        begun = end


# ── Telling ─────────────────────────────────────────────────────────────────────────────────────────────────
def history(backend: Backend, twin_id: str, target: Target, subject: str | None, limit: int) -> shapes.HealthHistory:
    """What the checks of a twin found last, how available each was, and the newest of what changed. `subject` is how
    that of a check begins.
    """
    at = backend.now()
    with backend.database.read() as session:
        mine = (HealthCheck.twin_id == twin_id) & (HealthCheck.target == target)
        query = select(HealthCheck).where(mine).order_by(HealthCheck.subject)
        news = select(HealthChange).where(HealthChange.twin_id == twin_id, HealthChange.target == target)
        if subject is not None:
            query = query.where(HealthCheck.subject.startswith(subject, autoescape=True))
            news = news.where(HealthChange.subject.startswith(subject, autoescape=True))
        rows = _current(session.scalars(query).all())
        parts = {name: _parts(session, twin_id, target, at - length) for name, length in _PERIODS.items()}
        changes = session.scalars(
            news.order_by(HealthChange.at.desc(), HealthChange.subject).limit(min(limit, _MOST_CHANGES))
        ).all()
    return shapes.HealthHistory(
        twin=twin_id,
        target=target,
        at=at,
        checks=[_check(row, {name: part.get(row.subject) for name, part in parts.items()}) for row in rows],
        changes=[
            shapes.HealthChange.model_validate(
                {
                    "subject": each.subject,
                    "at": each.at,
                    "before": each.before,
                    "health": each.health,
                    "problem": each.problem,
                }
            )
            for each in changes
        ],
    )


def _current(rows: Sequence[HealthCheck]) -> Sequence[HealthCheck]:
    """Without those that nobody makes any more, as of what was moved away. Probes may be as rare as one a day."""
    newest = max((row.checked_at for row in rows), default=None)
    if newest is None:
        return rows
    return [row for row in rows if row.checked_at > newest - (25 * _HOUR if row.kind == "probe" else _HOUR)]


def _parts(session: Session, twin_id: str, target: str, since: datetime) -> dict[str, tuple[float, float]]:
    """For how many seconds each check found that its subject answers, and for how many it found anything."""
    well = HealthHour.ok_s + HealthHour.degraded_s
    rows = session.execute(
        select(HealthHour.subject, func.sum(well), func.sum(well + HealthHour.down_s))
        .where(HealthHour.twin_id == twin_id, HealthHour.target == target, HealthHour.hour > since - _HOUR)
        .group_by(HealthHour.subject)
    )
    return {row[0]: (float(row[1]), float(row[2])) for row in rows}


def _check(row: HealthCheck, parts: dict[str, tuple[float, float] | None]) -> shapes.HealthCheck:
    facts: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("subject", "kind", "health", "problem", "value", "limit", "unit", "since", "checked_at")
    }
    return shapes.HealthCheck.model_validate(
        {**facts, "availability": {name: _availability(part) for name, part in parts.items()}}
    )


def _availability(part: tuple[float, float] | None) -> dict[str, float | None]:
    if part is None or not part[1]:
        return {"percent": None, "observed_s": 0.0}
    return {"percent": round(100.0 * part[0] / part[1], 3), "observed_s": round(part[1], 1)}
