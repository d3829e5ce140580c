"""Odd prices as alerts of the twins that run where they hold, so that routes tell whoever looks after these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.prices import PriceFindingRecord
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.services import alerts
from twin2multicloud.model.fields import counted
from twin2multicloud.model.slots import Provider

KIND: Final = "prices"
_FOLD: Final = "prices/"


def fold_in(backend: Backend, session: Session, new: Sequence[PriceFindingRecord]) -> None:
    """Take up findings that are `new`, in the transaction that keeps them: an alert for each twin and each of its
    regions where they hold. Alerts about a region in which nothing waits for a decision any more are over.
    """
    fresh = _by_site(new)
    waiting = _by_site(session.scalars(_WAITING).all())
    stood = session.scalars(select(Alert).where(Alert.fold.startswith(_FOLD), ~Alert.over))
    ended = {
        (each.twin_id, each.target, each.fold)
        for each in stood
        if each.twin_id is not None and each.fold.removeprefix(_FOLD) not in waiting
    }
    where = select(Stack.twin_id, Stack.target, Stack.site).where(Stack.site.in_(fresh)).distinct()
    places = [(twin, target, site) for twin, target, site in session.execute(where)] if fresh else []
    for twin_id, target, site in sorted(places):
        twin = session.get_one(Twin, twin_id)
        alerts.fold_in(backend, session, twin, target, [_problem(backend, twin, site, waiting.get(site, fresh[site]))])
    for twin_id, target, fold in sorted(ended):
        over = alerts.Problem(fold=fold, kind=KIND, severity="info", message="", at=backend.now(), over=True)
        alerts.fold_in(backend, session, session.get_one(Twin, twin_id), target, [over])


_WAITING: Final = select(PriceFindingRecord).where(
    PriceFindingRecord.current, PriceFindingRecord.decision.is_(None), PriceFindingRecord.kind != "unreachable"
)


def _by_site(findings: Sequence[PriceFindingRecord]) -> Mapping[str, list[PriceFindingRecord]]:
    """Findings by cloud and region, as stacks name where they are."""
    found: dict[str, list[PriceFindingRecord]] = {}
    for each in findings:
        found.setdefault(f"{each.provider}/{each.region}", []).append(each)
    return found


def _problem(backend: Backend, twin: Twin, site: str, waiting: Sequence[PriceFindingRecord]) -> alerts.Problem:
    provider, _, region = site.partition("/")
    where = f"{Provider(provider).label} {region}, where {twin.name} runs"
    want = "want" if len(waiting) > 1 else "wants"
    return alerts.Problem(
        fold=f"{_FOLD}{site}",
        kind=KIND,
        severity="info",
        message=f"{counted(len(waiting), 'price')} of {where}, {want} a decision; the last good ones hold",
        at=backend.now(),
        cloud=provider,
        data={
            "region": region,
            "findings": [each.id for each in waiting],
            "url": f"{backend.settings.origin}/prices/findings",
        },
    )
