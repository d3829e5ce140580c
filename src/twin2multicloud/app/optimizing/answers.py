"""The questions, each a function from a solver and a body to the answer as JSON text. They run in worker processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec

from twin2multicloud.app.errors import describe
from twin2multicloud.app.optimizing.differences import extras, link_rows, meter_rows, slot_rows
from twin2multicloud.app.optimizing.meters import identity
from twin2multicloud.app.optimizing.overriding import check_choices, decide, read_overrides
from twin2multicloud.app.optimizing.published import UNKNOWN, published_document
from twin2multicloud.app.optimizing.reading import Asked, constrained, read, read_placement
from twin2multicloud.app.optimizing.solver import Placed, Solver, exactly
from twin2multicloud.app.schemas.questions import (
    BatchInput,
    Case,
    CompareInput,
    OptimizeInput,
    OverrideInput,
    ReportInput,
    SensitivityInput,
)
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.errors import Finding, InfeasibleError, InvalidInputError, Twin2MultiCloudError
from twin2multicloud.model.fields import number_fields
from twin2multicloud.model.names import unknown
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.model.validation import validated
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.as_json import compact_json, full_json, line_json, link_json, placement_json
from twin2multicloud.optimizer.bill.result import BillResult

Json = dict[str, Any]
_NUMBERS: Final = number_fields(Workload)


def optimize(solver: Solver, given: OptimizeInput) -> bytes:
    """The cheapest placement, as `optimize --json` writes it."""
    asked = read(given)
    if given.model == "edt25":
        _check_published(given)
        return encoded(published_document(asked.workload, asked.constraints, asked.assumptions))
    full = given.detail == "full"
    result = solver.optimum(asked, top=given.top, alternatives=full and given.alternatives)
    return encoded(full_json(result) if full else compact_json(result))


def _check_published(given: OptimizeInput) -> None:
    names = [
        name for name, used in (("top", given.top > 1), ("max_price_age", given.max_price_age is not None)) if used
    ]
    if names:
        raise InvalidInputError("request", [Finding(name, UNKNOWN) for name in names])


def batch(solver: Solver, given: BatchInput) -> bytes:
    """A compact result or an error for each workload, as a list."""
    outcomes: list[Any] = [None] * len(given.items)
    groups: dict[tuple[str, str], list[tuple[int, Asked]]] = {}
    for number, item in enumerate(given.items):
        try:
            asked = read(item)
            asked = asked.under(constrained(asked.constraints, given.constraints))
            if given.model == "edt25":
                outcomes[number] = published_document(asked.workload, asked.constraints, asked.assumptions)
                continue
        except Twin2MultiCloudError as error:
            outcomes[number] = _refusal(error)
            continue
        key = (asked.constraints.model_dump_json(), repr(asked.assumptions))
        groups.setdefault(key, []).append((number, asked))
    for members in groups.values():
        found = _outcomes(solver, members[0][1], [asked.workload for _, asked in members])
        for (number, _), outcome in zip(members, found, strict=True):
            outcomes[number] = compact_json(outcome) if isinstance(outcome, BillResult) else _refusal(outcome)
    return encoded(outcomes)


def _outcomes(
    solver: Solver, asked: Asked, workloads: Sequence[Workload]
) -> list[BillResult | InfeasibleError | Twin2MultiCloudError]:
    try:
        return list(solver.of(asked).outcomes(workloads))
    except Twin2MultiCloudError as error:  # a name that does not exist concerns all of them
        return [error] * len(workloads)


def compare(solver: Solver, given: CompareInput) -> bytes:
    """The same workload placed in several ways, side by side and against the first."""
    asked = read(given)
    found: list[Placed | Twin2MultiCloudError] = []
    for number, case in enumerate(given.cases):
        try:
            found.append(_case(solver, asked, case, f"cases[{number}]"))
        except InfeasibleError as error:
            found.append(error)
    invoices = [each.invoice if isinstance(each, Placed) else None for each in found]
    usd = [each.usd_per_month if isinstance(each, Placed) else None for each in found]
    cases: list[Json] = []
    for case, each, extra in zip(given.cases, found, extras(usd), strict=True):
        if isinstance(each, Placed):
            cases.append(
                {
                    "label": case.label,
                    "placement": placement_json(each.placement),
                    "usd_per_month": each.usd_per_month,
                    "extra_usd": extra,
                    "transit_usd": each.invoice.transit_usd,
                    "links": [link_json(link) for link in each.invoice.links],
                    "warnings": list(each.warnings),
                }
            )
        else:
            cases.append({"label": case.label, **_refusal(each)})
    return encoded(
        {
            "price_book": identity(solver.book),
            "workload": asked.workload.model_dump(mode="json"),
            "cases": cases,
            "slots": slot_rows(invoices),
            "links": link_rows(invoices),
            "meters": meter_rows(invoices),
        }
    )


def _case(solver: Solver, asked: Asked, case: Case, within: str) -> Placed:
    if case.placement is not None:
        placement = read_placement(case.placement, f"{within}.placement")
        pins = {slot: exactly(choice) for slot, choice in placement.items()}
        check_choices(solver.book, pins, f"{within}.placement")
        # A placement is looked at as it is: of the constraints only the prices of traffic concern it.
        free = Constraints(egress_policy=asked.constraints.egress_policy)
        return solver.at(asked.under(free), pins)
    assert case.constraints is not None
    constraints = constrained(asked.constraints, case.constraints, f"{within}.constraints")
    result = solver.optimum(asked.under(constraints))
    return Placed(result.placement, result.usd_per_month, result.invoice, result.warnings)


def override(solver: Solver, given: OverrideInput) -> bytes:
    """What somebody's decision costs, and why."""
    asked = read(given)
    overrides = read_overrides(solver.book, given.overrides)
    if given.placement is None:
        before = solver.optimum(asked).placement
    else:
        before = read_placement(given.placement)
        check_choices(solver.book, {slot: exactly(choice) for slot, choice in before.items()}, "placement")
    decision = decide(solver, asked, before, overrides)
    usd_before = solver.bill(asked, before).usd
    return encoded(
        {
            "price_book": identity(solver.book),
            "workload": asked.workload.model_dump(mode="json"),
            **decision.as_json(),
            "before": {"placement": placement_json(before), "usd_per_month": usd_before},
            "change_usd": decision.placed.usd_per_month - usd_before,
            "bill": [line_json(line) for line in decision.placed.invoice.lines],
        }
    )


def sensitivity(solver: Solver, given: SensitivityInput) -> bytes:
    """The optimum for each of several sizes of the workload."""
    asked = read(given)
    known = list(_NUMBERS)
    findings = [
        Finding(f"fields[{number}]", unknown("number of the workload", name, known), name)
        for number, name in enumerate(given.fields)
        if name not in _NUMBERS
    ]
    if findings:
        raise InvalidInputError("request", findings)
    points: list[Json] = []
    before: BillResult | None = None
    for factor in given.factors:
        scaled, values, problems = _scaled(asked.workload, given.fields, factor)
        point: Json = {"factor": factor, "values": values}
        points.append(point)
        if scaled is None:
            point |= _refusal(InvalidInputError(f"factor {factor:g}", problems))
            continue
        (outcome,) = _outcomes(solver, asked, [scaled])
        if not isinstance(outcome, BillResult):
            if not isinstance(outcome, InfeasibleError):
                raise outcome
            point |= _refusal(outcome)
            continue
        point |= {
            "usd_per_month": outcome.usd_per_month,
            "placement": placement_json(outcome.placement),
            "baselines": compact_json(outcome)["baselines"],
            "slot_usd": {slot.value: outcome.invoice.slots[slot] for slot in SLOTS},
            "changed": []
            if before is None
            else [slot.value for slot in SLOTS if outcome.placement[slot] != before.placement[slot]],
        }
        before = outcome
    return encoded(
        {
            "price_book": identity(solver.book),
            "workload": asked.workload.model_dump(mode="json"),
            "fields": given.fields,
            "points": points,
        }
    )


def _scaled(
    workload: Workload, names: Sequence[str], factor: float
) -> tuple[Workload | None, dict[str, float], list[Finding]]:
    values: dict[str, float] = {}
    for name in names:
        value = getattr(workload, name) * factor
        values[name] = round(value) if _NUMBERS[name].whole else value
    scaled, findings = validated(Workload, {**workload.model_dump(), **values})
    return scaled, values, findings


def report(solver: Solver, given: ReportInput, today: date) -> bytes:
    """The report as an HTML document."""
    from twin2multicloud.app.report.html import render_report

    asked = read(given)
    result = solver.optimum(asked, top=given.top, alternatives=True)
    return render_report(result, title=given.title or asked.title, generated_on=today, book=solver.book).encode()


def encoded(value: object) -> bytes:
    """An answer as JSON text."""
    return msgspec.json.encode(value)


def _refusal(error: Twin2MultiCloudError) -> Json:
    refusal = describe(error)
    return {
        "error": {
            "type": refusal.type,
            "detail": str(error),
            "errors": [msgspec.to_builtins(finding) for finding in refusal.findings],
            "details": dict(refusal.details),
            "exit_code": error.exit_code,
        }
    }
