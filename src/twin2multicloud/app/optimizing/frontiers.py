"""The question about cost against carbon or latency, from a body to the answer as JSON text."""

from __future__ import annotations

import re
from typing import Any, Final

from twin2multicloud.app.optimizing.answers import encoded
from twin2multicloud.app.optimizing.meters import identity
from twin2multicloud.app.optimizing.reading import read
from twin2multicloud.app.optimizing.solver import Solver
from twin2multicloud.app.schemas.frontiers import FrontierInput
from twin2multicloud.model.errors import Finding, InfeasibleError, InvalidInputError
from twin2multicloud.model.names import nearest, shown
from twin2multicloud.optimizer.bill.as_json import placement_json
from twin2multicloud.optimizer.frontiers import FrontierPoint, FrontierResult, frontier_of
from twin2multicloud.optimizer.latency.coordinates import Point, load_coordinates, point

Json = dict[str, Any]
_DEGREES: Final = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*")
_UNITS: Final = {"carbon": "gCO2e a month", "latency": "ms"}


def frontier(solver: Solver, given: FrontierInput) -> bytes:
    """The frontier. `InfeasibleError` where nothing is within the bound that is given."""
    asked = read(given)
    devices = None if given.devices_at is None else place_of(given.devices_at, "devices_at", "request")
    found = frontier_of(solver.of(asked), asked.workload, given.against, devices=devices)
    chosen = None
    if given.at_most is not None:
        chosen = found.at_most(given.at_most)
        if chosen is None:
            raise InfeasibleError(_beyond(found, given.at_most))
    return encoded(
        {
            "price_book": identity(solver.book),
            "against": found.against,
            "points": [_point(each) for each in found.points],
            "chosen": None if chosen is None else _point(chosen),
            "left_out": list(found.left_out),
            "assumed": list(found.assumed),
            "workload": asked.workload.model_dump(mode="json"),
        }
    )


def place_of(text: str, field: str, source: str) -> Point:
    """A place by a region's code or by degrees; `InvalidInputError` for what is neither, by the field of its source."""
    degrees = _DEGREES.fullmatch(text)
    if degrees is not None:
        return point(float(degrees[1]), float(degrees[2]), field, source)
    known = {code: where for (_, code), where in load_coordinates().items()}
    where = known.get(text.strip().casefold())
    if where is None:
        guess = nearest(text.strip().casefold(), list(known))
        meant = f"did you mean '{guess}'? Or write" if guess else "write"
        problem = f"{shown(text)} is no region; {meant} degrees north and east, such as 48.2,16.4"
        raise InvalidInputError(source, [Finding(field, problem, text)])
    return where


def _beyond(found: FrontierResult, bound: float) -> str:
    last = found.points[-1]
    value = last.gco2e_per_month if found.against == "carbon" else last.latency_ms
    unit = _UNITS[found.against]
    return (
        f"no placement has at most {bound:g} {unit}; the least is {value or 0.0:.4g} {unit}, "
        f"for ${last.usd_per_month:,.2f} a month"
    )


def _point(each: FrontierPoint) -> Json:
    return {
        "placement": placement_json(each.placement),
        "usd_per_month": each.usd_per_month,
        "gco2e_per_month": each.gco2e_per_month,
        "not_modelled_share": each.not_modelled_share,
        "latency_ms": each.latency_ms,
    }
