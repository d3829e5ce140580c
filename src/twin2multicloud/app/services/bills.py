"""Bills of clouds, kept line by line: one of a cloud's months at a time, and a newer one in place of an older."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.costs import BillImport, BillLine
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import InvalidError
from twin2multicloud.app.events.log import NewEvent, Severity
from twin2multicloud.app.schemas import bills as shapes
from twin2multicloud.app.services import audit
from twin2multicloud.app.services.alerts import Problem
from twin2multicloud.costing.condensing import Condensed, CondensedLine, condensed
from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.costing.reading import read_bill
from twin2multicloud.model.errors import Finding
from twin2multicloud.model.slots import Provider

MOST_LINES: Final = 50_000
"""Condensed lines of one import: thousands are usual."""


def read(given: shapes.BillInput) -> Condensed:
    """The lines of an export. Raises `InvalidInputError` for what is none, `InvalidError` for one without any line."""
    return read_rows(read_bill(io.StringIO(given.content, newline="")), given.usd_per)


def read_rows(rows: Iterable[CostLine | BadLine], usd_per: Mapping[str, float]) -> Condensed:
    """The same for rows that were read; `usd_per` says what a unit of another currency is worth in USD."""
    found = condensed(rows, {currency: Decimal(repr(rate)) for currency, rate in usd_per.items()})
    if not found.lines:
        problems = [Finding(each.column, each.problem, each.value, each.line) for each in found.problems]
        raise InvalidError(
            "content: has no line that can be read", findings=problems or [Finding("content", "has no line")]
        )
    if len(found.lines) > MOST_LINES:
        raise InvalidError(
            f"content: has more than {MOST_LINES:,} lines a day and kind; export one month, or one twin's lines",
            findings=[Finding("content", "is too much at once")],
        )
    return found


def take_up(
    backend: Backend,
    session: Session,
    principal: Principal | None,
    twin: Twin,
    target: str,
    source: str,
    bill: Condensed,
) -> list[shapes.Bill]:
    """Keep a bill: of every cloud and month on it what was kept before is replaced, so that corrections that come late
    are never counted besides. What it says, cloud by cloud and month by month.
    """
    backend.database.take_turns(session, f"bills/{twin.id}")
    parts: dict[tuple[Provider, str], list[CondensedLine]] = defaultdict(list)
    for each in bill.lines:
        parts[each.line.provider, each.line.period].append(each)
    rows = [
        _replaced(backend, session, principal, twin, target, source, bill, *key, some) for key, some in parts.items()
    ]
    told = ", ".join(f"{Provider(row.provider).label} {row.period}" for row in rows)
    message = f"the bill of {twin.name} was read: {told}"
    data: dict[str, Any] = {"lines": sum(row.lines for row in rows), "bad_lines": bill.bad_lines}
    severity: Severity = "warning" if bill.bad_lines else "info"
    backend.events.add(
        session, NewEvent(twin.workspace_id, "bill.read", message, twin_id=twin.id, severity=severity, data=data)
    )
    audit.note(backend, session, principal, "bill.read", twin.id, workspace_id=twin.workspace_id, source=source, **data)
    return [_shown(row) for row in rows]


def import_problem(
    provider: Provider, at: datetime, problem: str, data: Mapping[str, Any] | None = None, *, over: bool = False
) -> Problem:
    """That a cloud's bill could not be read, or (`over`) that it can be again."""
    message = f"the bill of {provider.label} cannot be read: {problem}"
    fold = f"bill-import|{provider.value}"
    return Problem(fold, "bill-import", "error", message, at, cloud=provider.value, over=over, data=data or {})


def kept(session: Session, twin_id: str, target: str) -> list[shapes.Bill]:
    """The bills that are kept of a twin, the newest month first."""
    rows = session.scalars(
        select(BillImport)
        .where(BillImport.twin_id == twin_id, BillImport.target == target)
        .order_by(BillImport.period.desc(), BillImport.provider)
    )
    return [_shown(row) for row in rows]


def newest_period(session: Session, twin_id: str, target: str) -> str | None:
    """The newest month of which a bill is kept."""
    found: str | None = session.scalar(
        select(BillImport.period)
        .where(BillImport.twin_id == twin_id, BillImport.target == target)
        .order_by(BillImport.period.desc())
        .limit(1)
    )
    return found


def lines_of(session: Session, twin_id: str, target: str, period: str) -> list[CostLine]:
    """The lines that are kept of a month."""
    rows = session.scalars(
        select(BillLine)
        .where(BillLine.twin_id == twin_id, BillLine.target == target, BillLine.period == period)
        .order_by(BillLine.id)
    )
    return [_line(row) for row in rows]


def _replaced(
    backend: Backend,
    session: Session,
    principal: Principal | None,
    twin: Twin,
    target: str,
    source: str,
    bill: Condensed,
    provider: Provider,
    period: str,
    lines: Iterable[CondensedLine],
) -> BillImport:
    for table in (BillLine, BillImport):
        session.execute(
            delete(table).where(
                table.twin_id == twin.id,
                table.target == target,
                table.provider == provider.value,
                table.period == period,
            )
        )
    rows = [_row(twin.id, target, each) for each in lines]
    session.add_all(rows)
    row = BillImport(
        twin_id=twin.id,
        target=target,
        provider=provider.value,
        period=period,
        source=source,
        imported_at=backend.now(),
        imported_by=principal.user_id if principal else None,
        lines=sum(each.lines for each in rows),
        bad_lines=bill.bad_lines,
        problems=[
            {"line": each.line, "column": each.column, "problem": each.problem, "value": each.value}
            for each in bill.problems
        ],
        usd=format(sum((Decimal(each.usd) for each in rows), Decimal(0)), "f"),
    )
    session.add(row)
    session.flush()
    return row


def _row(twin_id: str, target: str, each: CondensedLine) -> BillLine:
    line = each.line
    return BillLine(
        twin_id=twin_id,
        target=target,
        provider=line.provider.value,
        period=line.period,
        begins=line.period_begins,
        ends=line.period_ends,
        day=line.charged_from,
        account=line.account,
        category=line.category.value,
        service=line.service,
        usage=line.usage,
        region=line.region,
        unit=line.unit,
        quantity=None if line.quantity is None else format(line.quantity, "f"),
        usd=format(line.cost, "f"),
        correction=line.correction,
        committed=line.committed,
        run=line.tags.get("run", ""),
        twin=line.tags.get("twin", ""),
        lines=each.lines,
    )


def _line(row: BillLine) -> CostLine:
    return CostLine(
        provider=Provider(row.provider),
        period_begins=row.begins,
        period_ends=row.ends,
        charged_from=row.day,
        charged_to=row.day,
        category=Category(row.category),
        service=row.service,
        usage=row.usage,
        cost=Decimal(row.usd),
        quantity=None if row.quantity is None else Decimal(row.quantity),
        unit=row.unit,
        region=row.region,
        account=row.account,
        correction=row.correction,
        committed=row.committed,
        tags={name: value for name, value in (("run", row.run), ("twin", row.twin)) if value},
    )


def _shown(row: BillImport) -> shapes.Bill:
    return shapes.Bill.model_validate(
        {
            "target": row.target,
            "cloud": row.provider,
            "period": row.period,
            "source": row.source,
            "imported_at": row.imported_at,
            "lines": row.lines,
            "bad_lines": row.bad_lines,
            "problems": row.problems,
            "usd": row.usd,
        }
    )
