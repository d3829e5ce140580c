"""What is odd about fetched prices, kept for people to decide about; what they decided holds for as long as the same
price is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.prices import PriceFindingRecord
from twin2multicloud.app.errors import ConflictError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import price_findings as shapes
from twin2multicloud.app.services import audit
from twin2multicloud.model.fields import counted
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.findings import ABSENT, KINDS, PriceFinding, is_decidable

if TYPE_CHECKING:
    from twin2multicloud.optimizer.pricing.meters import Meter

_TURNS: Final = "price findings"
"""Refreshes that end at the same time take turns at keeping what they found."""


def accepted(session: Session) -> frozenset[str]:
    """Ids of the findings that were accepted, whenever."""
    return frozenset(session.scalars(select(PriceFindingRecord.id).where(PriceFindingRecord.decision == "accept")))


@dataclass(frozen=True)
class Found:
    """What a refresh came to where it `looked_at` (regions of a cloud): its findings, which prices (meter, region) the
    lists had, and of which they could not be `unread`.
    """

    findings: Sequence[PriceFinding]
    looked_at: Mapping[Provider, Sequence[str]]
    priced: Set[tuple[str, str]] = frozenset()
    unread: Set[tuple[str, str]] = frozenset()


def keep(backend: Backend, session: Session, found: Found) -> list[PriceFindingRecord]:
    """Keep what a refresh found; those are returned that were not seen in the refresh before and wait for a decision.

    What was not found again is not current any more, unless its part of the list could not be read. That a list has no
    price is decided until it has one: a decision about that is forgotten then.
    """
    backend.database.take_turns(session, _TURNS)
    seen = {finding.id: finding for finding in found.findings}
    known = {record.id: record for record in session.scalars(select(PriceFindingRecord))}
    before = {identity for identity, record in known.items() if record.current}
    for record in known.values():
        regions = found.looked_at.get(Provider(record.provider))
        if regions is None or (record.region and record.region not in regions):
            continue
        if (record.meter, record.region) not in found.unread:
            record.current = record.id in seen
        if record.kind in ABSENT and (record.meter, record.region) in found.priced:
            record.decision = record.decided_by = record.decided_at = None
            record.note = ""
    kept = []
    for finding in seen.values():
        record = known.get(finding.id) or _new(backend, session, finding)
        record.current = True
        record.kind = finding.kind
        record.message = finding.message
        record.before = [list(tier) for tier in finding.before]
        record.last_seen_at = backend.now()
        if finding.id not in before and record.decision is None and finding.kind != "unreachable":
            kept.append(record)
    return kept


def tell(backend: Backend, session: Session, workspace_id: str, new: Sequence[PriceFindingRecord]) -> None:
    """An event for each cloud and region in which prices newly want a decision."""
    places: dict[tuple[Provider, str], list[PriceFindingRecord]] = {}
    for record in new:
        places.setdefault((Provider(record.provider), record.region), []).append(record)
    for (provider, region), records in sorted(places.items()):
        where = " ".join(each for each in (provider.label, region) if each)
        text = f"{counted(len(records), 'price')} of {where} {'want' if len(records) > 1 else 'wants'} a decision"
        data = {
            "provider": provider.value,
            "region": region,
            "findings": [record.id for record in records],
            "meters": sorted({record.meter for record in records}),
            "url": f"{backend.settings.origin}/prices/findings",
        }
        backend.events.add(session, NewEvent(workspace_id, "prices.findings", text, "warning", data=data))


def _new(backend: Backend, session: Session, finding: PriceFinding) -> PriceFindingRecord:
    record = PriceFindingRecord(
        id=finding.id,
        kind=finding.kind,
        provider=finding.provider.value,
        meter=finding.meter,
        service=finding.service,
        region=finding.region,
        message=finding.message,
        before=[],
        after=[list(tier) for tier in finding.after],
        rows=list(finding.rows),
        skus=list(finding.skus),
        current=True,
        decision=None,
        note="",
        first_seen_at=backend.now(),
        last_seen_at=backend.now(),
    )
    session.add(record)
    return record


@dataclass(frozen=True)
class Wanted:
    """Which findings: None for all."""

    provider: Provider | None = None
    region: str | None = None
    meter: str | None = None
    kinds: Sequence[str] | None = None
    decided: bool | None = None
    current: bool | None = True


def listed(wanted: Wanted) -> Select[PriceFindingRecord]:
    """The findings that are wanted."""
    query = select(PriceFindingRecord)
    if wanted.provider is not None:
        query = query.where(PriceFindingRecord.provider == wanted.provider.value)
    if wanted.region is not None:
        query = query.where(PriceFindingRecord.region == wanted.region)
    if wanted.meter is not None:
        query = query.where(PriceFindingRecord.meter.contains(wanted.meter, autoescape=True))
    if wanted.kinds:
        query = query.where(PriceFindingRecord.kind.in_(wanted.kinds))
    if wanted.decided is not None:
        decided = PriceFindingRecord.decision.is_not(None)
        query = query.where(decided if wanted.decided else ~decided)
    if wanted.current is not None:
        query = query.where(PriceFindingRecord.current.is_(wanted.current))
    return query


def decide(
    backend: Backend, session: Session, principal: Principal, finding_id: str, given: shapes.DecideFinding
) -> PriceFindingRecord:
    """Accept or reject a finding; the next refresh goes by it. `NotFoundError` for one that is not there,
    `ConflictError` for one that has no price that could be accepted.
    """
    record = session.get(PriceFindingRecord, finding_id, with_for_update=True)
    if record is None:
        raise NotFoundError(f"there is no price finding {finding_id}")
    if given.decision == "accept" and not is_decidable(record.kind, record.after):
        raise ConflictError(
            f"{KINDS[record.kind]}: there is no price that could be accepted; the last good one holds until the list "
            "has one, or price it in a book of your own (docs/pricing.md)"
        )
    record.decision, record.note = given.decision, given.note
    record.decided_by, record.decided_at = principal.user_id, backend.now()
    details = {"meter": record.meter, "region": record.region, "kind": record.kind, "decision": given.decision}
    audit.note(backend, session, principal, "prices.finding_decided", record.id, **details)
    return record


def shown(record: PriceFindingRecord, meters: Mapping[str, Meter]) -> shapes.PriceFinding:
    """A finding as it is answered; `meters` are those of the book in use."""
    meter = meters.get(record.meter)
    return shapes.PriceFinding.model_validate(
        {
            **{name: getattr(record, name) for name in shapes.PriceFinding.model_fields if hasattr(record, name)},
            "unit": "" if meter is None else meter.unit,
            "decidable": is_decidable(record.kind, record.after),
        }
    )
